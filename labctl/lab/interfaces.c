/* The interfaces of a plan by (namespace, name): their indices, chosen beforehand so that nothing need be asked for.
 *
 * Pairs are asked for in the fabric, wherever they are to stand.  Kernels up to 6.14 look there, not where it is to
 * stand, whether something has the index that the second end is to have (rtnl_newlink), and refuse the pair: EEXIST. So
 * such an end that stands elsewhere has an index that nothing in the fabric has. */
#include <string.h>

#include "base/arena.h"
#include "lab/internal.h"

struct entry {
    const char *name; /* NULL: free */
    uint32_t ns, index;
    bool down;
};

struct interfaces {
    struct entry *entries;
    size_t mask;
};

static size_t hash(uint32_t ns, const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (ns * UINT64_C(0x9e3779b97f4a7c15));
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32);
}

static struct entry *find(const struct interfaces *table, uint32_t ns, const char *name)
{
    size_t at = hash(ns, name) & table->mask;
    while (table->entries[at].name && (table->entries[at].ns != ns || strcmp(table->entries[at].name, name) != 0))
        at = (at + 1) & table->mask;
    return &table->entries[at];
}

static void add(struct interfaces *table, uint32_t *next, uint32_t ns, const char *name, bool down)
{
    struct entry *entry = find(table, ns, name);
    if (!entry->name)
        *entry = (struct entry){name, ns, next[ns]++, down};
}

/* No interface that is made in the fabric with the lab has a higher index. */
static uint32_t last_in_fabric(const struct plan *plan)
{
    uint32_t last = 1;
    for (size_t i = 0; i < plan->bridge_count; i++)
        last += plan->namespaces[plan->bridges[i].ns].kind == NAMESPACE_FABRIC;
    for (size_t i = 0; i < plan->link_count; i++)
        for (int e = 0; e < 2; e++)
            last += plan->namespaces[plan->links[i].end[e].ns].kind == NAMESPACE_FABRIC;
    for (size_t i = 0; i < plan->device_count; i++)
        last += plan->namespaces[plan->devices[i].ns].kind == NAMESPACE_FABRIC;
    return last;
}

static void add_link(struct interfaces *table, const struct plan *plan, uint32_t *next, const struct plan_link *link,
                     uint32_t last)
{
    for (int e = 0; e < 2; e++) {
        const struct plan_link_end *end = &link->end[e];
        if (e == 1 && next[end->ns] <= last && plan->namespaces[end->ns].kind != NAMESPACE_FABRIC)
            next[end->ns] = last + 1;
        add(table, next, end->ns, end->name, end->down);
    }
}

struct interfaces *interfaces_new(const struct plan *plan, struct arena *arena)
{
    struct interfaces *table = ARENA_NEW(arena, struct interfaces);
    size_t size = 64;
    while (size < 2 * (plan->namespace_count + plan->bridge_count + 2 * plan->link_count + plan->device_count))
        size *= 2;
    table->entries = arena_alloc(arena, size * sizeof *table->entries);
    table->mask = size - 1;
    uint32_t *next = arena_alloc(arena, plan->namespace_count * sizeof *next);
    for (uint32_t ns = 0; ns < plan->namespace_count; ns++) {
        next[ns] = 1; /* lo is the first in every namespace */
        add(table, next, ns, "lo", false);
    }
    for (size_t i = 0; i < plan->bridge_count; i++)
        add(table, next, plan->bridges[i].ns, plan->bridges[i].name, false);
    uint32_t last = last_in_fabric(plan);
    for (size_t i = 0; i < plan->link_count; i++)
        add_link(table, plan, next, &plan->links[i], last);
    for (size_t i = 0; i < plan->device_count; i++)
        add(table, next, plan->devices[i].ns, plan->devices[i].name, plan->devices[i].down);
    return table;
}

uint32_t interfaces_index(const struct interfaces *table, uint32_t ns, const char *name)
{
    const struct entry *entry = find(table, ns, name);
    return entry->name ? entry->index : 0;
}

bool interfaces_down(const struct interfaces *table, uint32_t ns, const char *name)
{
    const struct entry *entry = find(table, ns, name);
    return entry->name && entry->down;
}

void interfaces_set_index(struct interfaces *table, uint32_t ns, const char *name, uint32_t index)
{
    struct entry *entry = find(table, ns, name);
    if (entry->name)
        entry->index = index;
}
