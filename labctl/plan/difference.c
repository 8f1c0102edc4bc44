/* The difference of two plans.
 *
 * Theory of operation.  Things are matched by key (plan/key.c) through one open hash table for each kind of item, so
 * the work is proportional to the plans' sizes.  Namespaces are matched first, by name and kind, and give every item an
 * identity that both plans share.  What lies in a namespace or on an interface that goes away goes with it: such
 * removals are implied and not listed; if the same interface comes back by another link, the items on it are listed as
 * added, though they stand in both plans.  Removals come first, leaves before roots; then additions and changes, roots
 * before leaves. */
#include "plan/difference.h"

#include <string.h>

#include "base/arena.h"
#include "plan/index.h"
#include "plan/key.h"
#include "plan/plan.h"

#define NONE UINT32_MAX

/* A set of 64-bit hashes; 0 stands for an empty slot. */
struct set {
    uint64_t *slots;
    size_t mask;
};

/* The networks of addresses that went with a removed interface, one list for each namespace that survives. */
struct lost_network {
    struct prefix network;
    struct lost_network *next;
};

struct comparison {
    struct arena *arena; /* scratch */
    struct side before, after;
    uint32_t *to_before[ITEM_COUNT]; /* by index of the new plan; NONE = new */
    uint32_t *to_after[ITEM_COUNT];  /* by index of the old plan; NONE = gone */
    struct set lost_interfaces;      /* hash_interface of what a removed link or bridge takes along */
    bool any_lost;
    struct lost_network **lost_networks; /* by namespace of the old plan */
    struct set changed_networks[2];      /* by action: networks whose address is added, removed */
};

static struct set set_new(struct arena *arena, size_t expected)
{
    size_t size = 16;
    while (size < expected * 2)
        size *= 2;
    return (struct set){arena_alloc(arena, size * sizeof(uint64_t)), size - 1};
}

static void set_add(struct set *set, uint64_t hash)
{
    hash = hash ? hash : 1;
    size_t at = hash & set->mask;
    while (set->slots[at] && set->slots[at] != hash)
        at = (at + 1) & set->mask;
    set->slots[at] = hash;
}

static bool set_has(const struct set *set, uint64_t hash)
{
    hash = hash ? hash : 1;
    for (size_t at = hash & set->mask; set->slots[at]; at = (at + 1) & set->mask)
        if (set->slots[at] == hash)
            return true;
    return false;
}

/* Matches the items of one kind: fills to_before and to_after.  Equal keys within a plan pair up in their order. */
static void match(struct comparison *c, enum plan_item item)
{
    size_t before = plan_item_count(c->before.plan, item), after = plan_item_count(c->after.plan, item);
    uint32_t *to_before = c->to_before[item] = arena_alloc(c->arena, (after + 1) * sizeof *to_before);
    uint32_t *to_after = c->to_after[item] = arena_alloc(c->arena, (before + 1) * sizeof *to_after);
    size_t size = 16;
    while (size < before * 2)
        size *= 2;
    struct slot {
        uint64_t hash;
        uint32_t entry; /* index + 1 */
    } *slots = arena_alloc(c->arena, size * sizeof *slots);
    for (size_t i = 0; i < before; i++) {
        to_after[i] = NONE;
        uint64_t hash = key_hash(&c->before, item, i);
        size_t at = hash & (size - 1);
        while (slots[at].entry)
            at = (at + 1) & (size - 1);
        slots[at] = (struct slot){hash, (uint32_t)i + 1};
    }
    for (size_t j = 0; j < after; j++) {
        to_before[j] = NONE;
        uint64_t hash = key_hash(&c->after, item, j);
        for (size_t at = hash & (size - 1); slots[at].entry; at = (at + 1) & (size - 1)) {
            uint32_t i = slots[at].entry - 1;
            if (slots[at].hash != hash || to_after[i] != NONE || !key_same(&c->before, i, &c->after, j, item))
                continue;
            to_before[j] = i;
            to_after[i] = (uint32_t)j;
            break;
        }
    }
}

/* Namespaces keep their identity where name and kind are the same. */
static void match_namespaces(struct comparison *c, const struct plan *before, const struct plan *after)
{
    uint32_t *old = arena_alloc(c->arena, (before->namespace_count + 1) * sizeof *old);
    uint32_t *new = arena_alloc(c->arena, (after->namespace_count + 1) * sizeof *new);
    size_t size = 16;
    while (size < before->namespace_count * 2)
        size *= 2;
    uint32_t *slots = arena_alloc(c->arena, size * sizeof *slots);
    for (size_t i = 0; i < before->namespace_count; i++) {
        old[i] = (uint32_t)i;
        size_t at = hash_text(before->namespaces[i].kind, before->namespaces[i].name) & (size - 1);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = (uint32_t)i + 1;
    }
    for (size_t j = 0; j < after->namespace_count; j++) {
        const struct plan_namespace *ns = &after->namespaces[j];
        new[j] = (uint32_t)(before->namespace_count + j);
        for (size_t at = hash_text(ns->kind, ns->name) & (size - 1); slots[at]; at = (at + 1) & (size - 1)) {
            const struct plan_namespace *candidate = &before->namespaces[slots[at] - 1];
            if (candidate->kind != ns->kind || strcmp(candidate->name, ns->name) != 0)
                continue;
            new[j] = slots[at] - 1;
            break;
        }
    }
    c->before.identity = old;
    c->after.identity = new;
}

/* A view of the new plan is that view of the old one which its first surviving node had, unless another took it. */
static void match_views(struct comparison *c, const struct plan *before, const struct plan *after)
{
    uint32_t *old = arena_alloc(c->arena, (before->hosts_view_count + 1) * sizeof *old);
    uint32_t *new = arena_alloc(c->arena, (after->hosts_view_count + 1) * sizeof *new);
    bool *taken = arena_alloc(c->arena, before->hosts_view_count + 1);
    for (size_t i = 0; i < before->hosts_view_count; i++)
        old[i] = (uint32_t)i;
    for (size_t j = 0; j < after->hosts_view_count; j++)
        new[j] = NONE;
    for (size_t n = 0; n < after->namespace_count; n++) {
        const struct plan_namespace *ns = &after->namespaces[n];
        uint32_t identity = c->after.identity[n];
        if (ns->kind != NAMESPACE_NODE || identity >= before->namespace_count ||
            ns->hosts_view >= after->hosts_view_count)
            continue;
        uint32_t was = before->namespaces[identity].hosts_view;
        if (new[ns->hosts_view] != NONE || was >= before->hosts_view_count || taken[was])
            continue;
        new[ns->hosts_view] = was;
        taken[was] = true;
    }
    for (size_t j = 0; j < after->hosts_view_count; j++) {
        if (new[j] != NONE)
            continue;
        if (j < before->hosts_view_count && !taken[j]) { /* no node in common: by place */
            new[j] = (uint32_t)j;
            taken[j] = true;
        } else {
            new[j] = (uint32_t)(before->hosts_view_count + j);
        }
    }
    c->before.view = old;
    c->after.view = new;
}

static bool namespace_gone(const struct comparison *c, uint32_t ns)
{
    return c->to_after[ITEM_NAMESPACE][ns] == NONE;
}

static bool link_gone_with_namespace(const struct comparison *c, const struct plan_link *link)
{
    return namespace_gone(c, link->end[0].ns) || namespace_gone(c, link->end[1].ns);
}

static bool interface_lost(const struct comparison *c, uint32_t ns, const char *name)
{
    return name && set_has(&c->lost_interfaces, hash_interface(ns, name));
}

/* Notes which interfaces and networks go away with removed links and bridges. */
static void find_lost(struct comparison *c)
{
    const struct plan *plan = c->before.plan;
    c->lost_interfaces = set_new(c->arena, plan->link_count * 2 + plan->bridge_count + plan->device_count);
    for (size_t i = 0; i < plan->link_count; i++) {
        if (c->to_after[ITEM_LINK][i] != NONE)
            continue;
        for (int e = 0; e < 2; e++)
            set_add(&c->lost_interfaces, hash_interface(plan->links[i].end[e].ns, plan->links[i].end[e].name));
        c->any_lost = true;
    }
    for (size_t i = 0; i < plan->bridge_count; i++) {
        if (c->to_after[ITEM_BRIDGE][i] != NONE)
            continue;
        set_add(&c->lost_interfaces, hash_interface(plan->bridges[i].ns, plan->bridges[i].name));
        c->any_lost = true;
    }
    for (size_t i = 0; i < plan->device_count; i++) { /* by itself, or with the interface that it stands on */
        const struct plan_device *device = &plan->devices[i];
        if (c->to_after[ITEM_DEVICE][i] != NONE && !interface_lost(c, device->ns, device->parent))
            continue;
        set_add(&c->lost_interfaces, hash_interface(device->ns, device->name));
        c->any_lost = true;
    }
    c->lost_networks = arena_alloc(c->arena, (plan->namespace_count + 1) * sizeof *c->lost_networks);
    for (size_t i = 0; c->any_lost && i < plan->address_count; i++) {
        const struct plan_address *address = &plan->addresses[i];
        if (namespace_gone(c, address->ns) ||
            !set_has(&c->lost_interfaces, hash_interface(address->ns, address->interface)))
            continue;
        struct lost_network *lost = ARENA_NEW(c->arena, struct lost_network);
        lost->network = prefix_network(address->address);
        lost->next = c->lost_networks[address->ns];
        c->lost_networks[address->ns] = lost;
    }
}

static bool route_lost(const struct comparison *c, const struct plan_route *route)
{
    for (size_t n = 0; n < route->nexthop_count; n++) {
        const struct plan_nexthop *nexthop = &route->nexthops[n];
        if (nexthop->interface) {
            if (interface_lost(c, route->ns, nexthop->interface))
                return true;
            continue;
        }
        for (struct lost_network *l = c->lost_networks[route->ns]; l; l = l->next)
            if (addr_is_set(&nexthop->via) && prefix_contains(&l->network, &nexthop->via))
                return true;
    }
    if (route->connected && route->nexthop_count == 0)
        for (struct lost_network *l = c->lost_networks[route->ns]; l; l = l->next)
            if (prefix_equal(&l->network, &route->destination))
                return true;
    return false;
}

/* "net/ipv4/conf/eth0/rp_filter" goes with eth0. */
static bool sysctl_lost(const struct comparison *c, const struct plan_sysctl *sysctl)
{
    const char *rest = sysctl->key;
    if (strncmp(rest, "net/ipv4/", 9) != 0 && strncmp(rest, "net/ipv6/", 9) != 0)
        return false;
    rest += 9;
    if (strncmp(rest, "conf/", 5) == 0)
        rest += 5;
    else if (strncmp(rest, "neigh/", 6) == 0)
        rest += 6;
    else
        return false;
    char name[16];
    size_t length = strcspn(rest, "/");
    if (length >= sizeof name)
        return false;
    memcpy(name, rest, length);
    name[length] = '\0';
    return interface_lost(c, sysctl->ns, name);
}

/* Does item i of the old plan vanish by another removal? */
static bool implied(const struct comparison *c, enum plan_item item, size_t i)
{
    const struct plan *plan = c->before.plan;
    uint32_t ns = plan_item_namespace(plan, item, i);
    if (item == ITEM_NAMESPACE || item == ITEM_HOSTS_VIEW)
        return false;
    if (item == ITEM_LINK)
        return link_gone_with_namespace(c, &plan->links[i]);
    if (namespace_gone(c, ns)) /* a process of a cloud namespace has no container that would end it */
        return item != ITEM_PROCESS || plan->namespaces[ns].kind == NAMESPACE_NODE;
    if (!c->any_lost)
        return false;
    switch (item) {
    case ITEM_DEVICE:
        return interface_lost(c, ns, plan->devices[i].parent);
    case ITEM_SYSCTL:
        return sysctl_lost(c, &plan->sysctls[i]);
    case ITEM_ADDRESS:
        return interface_lost(c, ns, plan->addresses[i].interface);
    case ITEM_NEIGHBOUR:
        return interface_lost(c, ns, plan->neighbours[i].interface);
    case ITEM_IMPAIRMENT:
        return interface_lost(c, ns, plan->impairments[i].interface);
    case ITEM_ROUTE:
        return route_lost(c, &plan->routes[i]);
    default:
        return false;
    }
}

static uint64_t network_hash(uint32_t identity, struct prefix prefix)
{
    uint64_t words[2] = {0};
    prefix = prefix_network(prefix);
    memcpy(words, prefix.addr.bytes, prefix.addr.family == 4 ? 4 : sizeof words);
    return hash_mix(hash_mix(hash_mix(hash_mix(identity, prefix.length), prefix.addr.family), words[0]), words[1]);
}

/* A connected route comes and goes with its address; it is listed only where it changes alone. */
static bool goes_with_address(const struct comparison *c, const struct side *side, size_t route,
                              enum plan_action action)
{
    const struct plan_route *r = &side->plan->routes[route];
    return r->connected && set_has(&c->changed_networks[action], network_hash(side->identity[r->ns], r->destination));
}

/* Is item j of the new plan to be made, though it may have stood in the old one? */
static bool added(const struct comparison *c, enum plan_item item, size_t j)
{
    uint32_t i = c->to_before[item][j];
    return i == NONE || (item != ITEM_RUN && implied(c, item, i));
}

static void find_changed_networks(struct comparison *c)
{
    const struct plan *before = c->before.plan, *after = c->after.plan;
    c->changed_networks[ACTION_ADD] = set_new(c->arena, after->address_count);
    c->changed_networks[ACTION_REMOVE] = set_new(c->arena, before->address_count);
    for (size_t j = 0; j < after->address_count; j++)
        if (added(c, ITEM_ADDRESS, j))
            set_add(&c->changed_networks[ACTION_ADD],
                    network_hash(c->after.identity[after->addresses[j].ns], after->addresses[j].address));
    for (size_t i = 0; i < before->address_count; i++)
        if (c->to_after[ITEM_ADDRESS][i] == NONE)
            set_add(&c->changed_networks[ACTION_REMOVE],
                    network_hash(c->before.identity[before->addresses[i].ns], before->addresses[i].address));
}

struct operations {
    struct arena *arena;
    struct plan_operation *items;
    size_t count;
};

static void emit(struct operations *out, enum plan_action action, enum plan_item item, size_t before, size_t after,
                 bool in_place)
{
    struct plan_operation *operation = ARENA_PUSH(out->arena, out->items, out->count);
    *operation = (struct plan_operation){action, item, before, after, in_place};
}

static void emit_removals(struct comparison *c, enum plan_item item, struct operations *out)
{
    for (size_t i = 0; i < plan_item_count(c->before.plan, item); i++) {
        if (c->to_after[item][i] != NONE || implied(c, item, i))
            continue;
        if (item == ITEM_ROUTE && goes_with_address(c, &c->before, i, ACTION_REMOVE))
            continue;
        emit(out, ACTION_REMOVE, item, i, 0, false);
    }
}

static void emit_additions(struct comparison *c, enum plan_item item, struct operations *out)
{
    for (size_t j = 0; j < plan_item_count(c->after.plan, item); j++) {
        uint32_t i = c->to_before[item][j];
        if (added(c, item, j)) {
            if (item != ITEM_ROUTE || !goes_with_address(c, &c->after, j, ACTION_ADD))
                emit(out, ACTION_ADD, item, 0, j, false);
        } else if (!content_equal(&c->before, i, &c->after, j, item)) {
            emit(out, ACTION_CHANGE, item, i, j, content_in_place(&c->before, i, &c->after, j, item));
        }
    }
}

struct plan_operation *plan_difference(const struct plan *before, const struct plan *after, struct arena *arena,
                                       size_t *count)
{
    ARENA_AUTO scratch = arena_new();
    struct comparison c = {.arena = scratch, .before.plan = before, .after.plan = after};
    match_namespaces(&c, before, after);
    match_views(&c, before, after);
    for (int item = 0; item < ITEM_COUNT; item++)
        match(&c, item);
    find_lost(&c);
    find_changed_networks(&c);
    struct operations out = {.arena = arena};
    for (int item = ITEM_COUNT; item-- > 0;)
        if (item != ITEM_RUN) /* what was run cannot be taken back */
            emit_removals(&c, item, &out);
    for (int item = 0; item < ITEM_COUNT; item++)
        emit_additions(&c, item, &out);
    *count = out.count;
    return out.items;
}
