/* A node that the keeper has made anew, as after a reboot: its links, its configuration, its processes; and at the far
 * ends of its links what went with them. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "kernel/link.h"
#include "kernel/sysctl.h"
#include "lab/apply.h"

struct rebuild {
    struct apply apply; /* a difference from nothing, for the parts that it shares */
    uint32_t ns;
    struct space *space;
};

/* The far end may still be there for a moment, without its peer. */
static int remove_stale(struct rebuild *r, const struct plan_link_end *end)
{
    struct apply *a = &r->apply;
    struct space *space = space_of(a->lab, a->after, end->ns);
    struct observed_link seen;
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    int found = observe_link(space_netns(space, a->err), end->name, &seen, a->err);
    if (found <= 0)
        return found;
    link_delete(&batch, 0, seen.index);
    if (netlink_open(space_netns(space, a->err), &netlink, a->err) != 0)
        return -1;
    return netlink_commit(&netlink, &batch, a->err); /* whether it was still there or not */
}

/* Does this sysctl belong to the interface ("net/ipv4/conf/NAME/…")? */
static bool sysctl_of(const struct plan_sysctl *sysctl, const char *name)
{
    const char *found = strstr(sysctl->key, "/conf/");
    found = found ? found + 6 : strstr(sysctl->key, "/neigh/") ? strstr(sysctl->key, "/neigh/") + 7 : NULL;
    size_t length = strlen(name);
    return found && strncmp(found, name, length) == 0 && found[length] == '/';
}

static bool route_by(const struct plan_route *route, const char *name)
{
    for (size_t n = 0; n < route->nexthop_count; n++)
        if (str_equal(route->nexthops[n].interface, name))
            return true;
    return false;
}

static bool belongs(const struct plan *plan, enum plan_item item, uint32_t i, const char *name)
{
    switch (item) {
    case ITEM_SYSCTL:
        return sysctl_of(&plan->sysctls[i], name);
    case ITEM_ADDRESS:
        return str_equal(plan->addresses[i].interface, name);
    case ITEM_NEIGHBOUR:
        return str_equal(plan->neighbours[i].interface, name);
    case ITEM_ROUTE:
        return route_by(&plan->routes[i], name) && !plan->routes[i].connected;
    default:
        return false;
    }
}

/* What the far side lost with the interface. */
static int restore_far(struct rebuild *r, const struct plan_link_end *end)
{
    static const enum plan_item items[] = {ITEM_SYSCTL, ITEM_ADDRESS, ITEM_NEIGHBOUR, ITEM_ROUTE};
    struct apply *a = &r->apply;
    apply_unsee(a, NULL);
    for (size_t k = 0; k < sizeof items / sizeof items[0]; k++) {
        struct plan_group group = plan_index_group(a->after_index, end->ns, items[k]);
        for (size_t g = 0; g < group.count; g++) {
            struct plan_operation operation = {ACTION_ADD, items[k], 0, group.items[g], false};
            if (!belongs(a->after, items[k], group.items[g], end->name))
                continue;
            if ((items[k] == ITEM_SYSCTL ? change_sysctl(a, &operation) : change_network(a, &operation)) != 0)
                return -1;
        }
    }
    return nft_reload_device(a->lab, a->after, a->after_index, end, a->err);
}

static int rebuild_links(struct rebuild *r)
{
    struct apply *a = &r->apply;
    struct plan_group links = plan_index_group(a->after_index, r->ns, ITEM_LINK);
    for (size_t g = 0; g < links.count; g++) {
        uint32_t link = links.items[g] / 2;
        const struct plan_link_end *end = a->after->links[link].end;
        if (end[0].ns == end[1].ns && links.items[g] % 2)
            continue;
        if (remove_stale(r, &end[links.items[g] % 2 ? 0 : 1]) != 0 || link_make(a, link) != 0)
            return -1;
        for (int e = 0; e < 2; e++) {
            struct observed_link seen;
            if (observe_link(space_netns(space_of(a->lab, a->after, end[e].ns), a->err), end[e].name, &seen, a->err) !=
                1)
                return -1;
            interfaces_set_index(a->interfaces, end[e].ns, end[e].name, seen.index);
        }
    }
    return 0;
}

static int rebuild_processes(struct rebuild *r)
{
    struct apply *a = &r->apply;
    struct plan_group processes = plan_index_group(a->after_index, r->ns, ITEM_PROCESS);
    struct plan_group runs = plan_index_group(a->after_index, r->ns, ITEM_RUN);
    for (size_t g = 0; g < processes.count; g++)
        if (process_start(a->lab, a->after, &a->after->processes[processes.items[g]], a->err) != 0)
            return -1;
    if (processes_await(a->lab, a->after, processes.items, processes.count, NULL, NULL, a->err) != 0)
        return -1;
    for (size_t g = 0; g < runs.count; g++)
        if (run_command(a->lab, a->after, runs.items[g], a->err) != 0)
            return -1;
    return 0;
}

static int rebuild(struct rebuild *r)
{
    struct apply *a = &r->apply;
    struct configuration c;
    a->interfaces = interfaces_new(a->after, a->arena);
    configuration_init(&c, a->lab, a->after, a->after_index, a->interfaces, a->arena, a->err);
    int result = configure_bridges(&c, r->ns);
    if (result == 0)
        result = rebuild_links(r);
    if (result == 0)
        result = configure(&c, r->ns);
    configuration_end(&c);
    struct plan_group links = plan_index_group(a->after_index, r->ns, ITEM_LINK);
    for (size_t g = 0; result == 0 && g < links.count; g++)
        result = restore_far(r, &a->after->links[links.items[g] / 2].end[links.items[g] % 2 ? 0 : 1]);
    return result == 0 ? rebuild_processes(r) : -1;
}

int lab_rebuild_node(struct lab *lab, const char *node, struct error *err)
{
    static const struct lab_apply_options options;
    struct space *space = space_find(lab, node);
    if (!space || space->kind != NAMESPACE_NODE || !lab->plan)
        return error_set(err, ERR_ABSENT, "there is no node '%s' in this lab", node);
    ARENA_AUTO arena = arena_new();
    struct error own = ERROR_INIT;
    struct rebuild r = {.space = space, .ns = plan_find_namespace(lab->plan, node)};
    r.apply = (struct apply){.lab = lab,
                             .before = lab->plan,
                             .after = lab->plan,
                             .before_index = lab->index,
                             .after_index = lab->index,
                             .arena = arena,
                             .options = &options,
                             .err = err ? err : &own};
    space->rebuild = false;
    if (r.ns == UINT32_MAX)
        return 0;
    int result = lost_open(lab, &r.apply.lost, r.apply.err);
    if (result == 0)
        result = rebuild(&r);
    if (result == 0)
        result = journal_clear(r.apply.lost, r.apply.err);
    if (result == 0)
        result = lab_record(lab, r.apply.err);
    apply_unsee(&r.apply, NULL);
    lost_close(r.apply.lost);
    return result == 0 ? 0 : error_wrap(r.apply.err, "rebuild node %s", node);
}
