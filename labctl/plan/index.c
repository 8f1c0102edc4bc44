/* The items of a plan, grouped by namespace: one counting sort for each kind of item. */
#include "plan/index.h"

#include "base/arena.h"

struct plan_index {
    size_t namespace_count;
    uint32_t *start[ITEM_COUNT]; /* namespace_count + 1 offsets into list */
    uint32_t *list[ITEM_COUNT];
};

size_t plan_item_count(const struct plan *plan, enum plan_item item)
{
    switch (item) {
    case ITEM_NAMESPACE:
        return plan->namespace_count;
    case ITEM_BRIDGE:
        return plan->bridge_count;
    case ITEM_LINK:
        return plan->link_count;
    case ITEM_DEVICE:
        return plan->device_count;
    case ITEM_SYSCTL:
        return plan->sysctl_count;
    case ITEM_ADDRESS:
        return plan->address_count;
    case ITEM_NEIGHBOUR:
        return plan->neighbour_count;
    case ITEM_ROUTE:
        return plan->route_count;
    case ITEM_RULE:
        return plan->rule_count;
    case ITEM_NFT:
        return plan->nft_count;
    case ITEM_IMPAIRMENT:
        return plan->impairment_count;
    case ITEM_FILE:
        return plan->file_count;
    case ITEM_HOSTS_VIEW:
        return plan->hosts_view_count;
    case ITEM_PROCESS:
        return plan->process_count;
    case ITEM_RUN:
        return plan->run_count;
    case ITEM_COUNT:
        break;
    }
    return 0;
}

uint32_t plan_item_namespace(const struct plan *plan, enum plan_item item, size_t i)
{
    switch (item) {
    case ITEM_NAMESPACE:
        return (uint32_t)i;
    case ITEM_BRIDGE:
        return plan->bridges[i].ns;
    case ITEM_LINK:
        return plan->links[i].end[0].ns;
    case ITEM_DEVICE:
        return plan->devices[i].ns;
    case ITEM_SYSCTL:
        return plan->sysctls[i].ns;
    case ITEM_ADDRESS:
        return plan->addresses[i].ns;
    case ITEM_NEIGHBOUR:
        return plan->neighbours[i].ns;
    case ITEM_ROUTE:
        return plan->routes[i].ns;
    case ITEM_RULE:
        return plan->rules[i].ns;
    case ITEM_NFT:
        return plan->nfts[i].ns;
    case ITEM_IMPAIRMENT:
        return plan->impairments[i].ns;
    case ITEM_FILE:
        return plan->files[i].ns;
    case ITEM_PROCESS:
        return plan->processes[i].ns;
    case ITEM_RUN:
        return plan->runs[i].ns;
    case ITEM_HOSTS_VIEW:
    case ITEM_COUNT:
        break;
    }
    return UINT32_MAX;
}

/* The namespace under which entry e of an item's list is filed: a link has two entries, one for each end. */
static uint32_t entry_namespace(const struct plan *plan, enum plan_item item, size_t e)
{
    return item == ITEM_LINK ? plan->links[e / 2].end[e % 2].ns : plan_item_namespace(plan, item, e);
}

static void sort_item(struct plan_index *index, const struct plan *plan, enum plan_item item, struct arena *arena)
{
    size_t entries = plan_item_count(plan, item) * (item == ITEM_LINK ? 2 : 1);
    uint32_t *start = arena_alloc(arena, (plan->namespace_count + 2) * sizeof *start);
    uint32_t *list = arena_alloc(arena, (entries + 1) * sizeof *list);
    /* start[ns + 2] counts first; after the sums start[ns + 1] is where the next entry of ns goes, and ends as its end.
     */
    for (size_t e = 0; e < entries; e++)
        start[entry_namespace(plan, item, e) + 2]++;
    for (size_t ns = 2; ns < plan->namespace_count + 2; ns++)
        start[ns] += start[ns - 1];
    for (size_t e = 0; e < entries; e++)
        list[start[entry_namespace(plan, item, e) + 1]++] = (uint32_t)e;
    index->start[item] = start;
    index->list[item] = list;
}

struct plan_index *plan_index_new(const struct plan *plan, struct arena *arena)
{
    struct plan_index *index = ARENA_NEW(arena, struct plan_index);
    index->namespace_count = plan->namespace_count;
    for (int item = 0; item < ITEM_COUNT; item++)
        if (item != ITEM_HOSTS_VIEW)
            sort_item(index, plan, item, arena);
    return index;
}

struct plan_group plan_index_group(const struct plan_index *index, uint32_t ns, enum plan_item item)
{
    if (ns >= index->namespace_count || !index->start[item])
        return (struct plan_group){NULL, 0};
    const uint32_t *start = index->start[item];
    return (struct plan_group){index->list[item] + start[ns], start[ns + 1] - start[ns]};
}
