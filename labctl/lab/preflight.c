/* What a plan asks of the machine: capabilities that not every kernel has; and room in the neighbour table, which is
 * one for the whole machine: a warning where a plan leaves more to it than it holds. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "kernel/capability.h"
#include "lab/internal.h"

#define GC_THRESH3       "/proc/sys/net/ipv4/neigh/default/gc_thresh3"
#define GC_THRESH3_USUAL 1024 /* net/ipv4/arp.c; the key shows in the first network namespace only */

static uint64_t room(void)
{
    STR_AUTO text = STR_INIT;
    if (file_read(AT_FDCWD, GC_THRESH3, &text, 64) != 0)
        return GC_THRESH3_USUAL;
    uint64_t value = strtoull(str_text(&text), NULL, 10);
    return value ? value : GC_THRESH3_USUAL;
}

/* Does this interface have permanent entries?  Then its segment is one of those that need no others. */
static bool has_permanent(const struct plan *plan, struct plan_group neighbours, const char *interface)
{
    for (size_t g = 0; g < neighbours.count; g++)
        if (!plan->neighbours[neighbours.items[g]].proxy &&
            str_equal(plan->neighbours[neighbours.items[g]].interface, interface))
            return true;
    return false;
}

static bool filters(const struct plan *plan)
{
    for (size_t i = 0; plan && i < plan->bridge_count; i++)
        if (plan->bridges[i].vlan_filtering)
            return true;
    return false;
}

static bool has_device(const struct plan *plan, enum plan_device_kind kind)
{
    for (size_t i = 0; plan && i < plan->device_count; i++)
        if (plan->devices[i].kind == kind)
            return true;
    return false;
}

int lab_capable(const struct plan *before, const struct plan *plan, struct error *err)
{
    if (filters(plan) && !filters(before) && capability_try("bridge-vlan-filtering", err) != 0)
        return -1;
    for (int kind = 0; kind < PLAN_DEVICE_KIND_COUNT; kind++)
        if (has_device(plan, kind) && !has_device(before, kind) &&
            capability_try(plan_device_kind_name(kind), err) != 0)
            return -1;
    return 0;
}

bool lab_preflight(const struct plan *plan, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct plan_index *index = plan_index_new(plan, arena);
    struct plan_group bridges = plan_index_group(index, 0, ITEM_BRIDGE), links = plan_index_group(index, 0, ITEM_LINK);
    uint64_t total = 0, have = room();
    const char *worst = NULL;
    uint64_t worst_entries = 0;
    for (size_t b = 0; b < bridges.count; b++) {
        const struct plan_bridge *bridge = &plan->bridges[bridges.items[b]];
        uint64_t ports = 0, dynamic = 0;
        for (size_t g = 0; g < links.count; g++) {
            const struct plan_link_end *far = &plan->links[links.items[g] / 2].end[links.items[g] % 2];
            const struct plan_link_end *near = &plan->links[links.items[g] / 2].end[!(links.items[g] % 2)];
            if (!str_equal(far->master, bridge->name))
                continue;
            ports++;
            dynamic += !has_permanent(plan, plan_index_group(index, near->ns, ITEM_NEIGHBOUR), near->name);
        }
        uint64_t entries = ports > 1 ? dynamic * (ports - 1) : 0;
        total += entries;
        if (entries > worst_entries) {
            worst_entries = entries;
            worst = bridge->origin ? bridge->origin : bridge->name;
        }
    }
    if (total <= have)
        return false;
    str_printf(out,
               "when every node talks to every other, up to %llu neighbour entries are needed (%llu of them on %s), "
               "and this machine "
               "has room for %llu in all (net.ipv4.neigh.default.gc_thresh3): connections may fail with \"No buffer "
               "space available\"",
               (unsigned long long)total, (unsigned long long)worst_entries, worst, (unsigned long long)have);
    return true;
}
