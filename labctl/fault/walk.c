/* Follows declared routes from machine to machine: policy rules, longest prefix, least metric, as the kernel does. */
#include "fault/walk.h"

#include "base/str.h"

enum { TABLE_MAIN = 254, RULES_MAX = 256 };

struct choice {
    bool found;
    struct prefix destination;
    bool connected;
    uint32_t metric;
    const struct interface *out;
    struct addr next;
};

struct prefix interface_address(const struct interface *interface, unsigned family)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].addr.family == family)
            return interface->addresses[i];
    return (struct prefix){0};
}

/* The interface by which an address is on link. */
static const struct interface *on_link(const struct node *node, const struct addr *addr)
{
    const struct interface *best = NULL;
    uint8_t length = 0;
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        for (size_t a = 0; !interface->down && a < interface->address_count; a++) {
            struct prefix network = prefix_network(interface->addresses[a]);
            if (!prefix_contains(&network, addr) || (best && network.length <= length))
                continue;
            best = interface;
            length = network.length;
        }
    }
    return best;
}

static void consider(struct choice *best, struct choice offer, const struct addr *destination)
{
    if (offer.destination.addr.family != destination->family || !prefix_contains(&offer.destination, destination))
        return;
    bool better = !best->found || offer.destination.length > best->destination.length ||
                  (offer.destination.length == best->destination.length && offer.metric < best->metric);
    if (!better)
        return;
    *best = offer;
    best->found = true;
}

static void consider_interface(struct choice *best, const struct interface *interface, const struct addr *destination)
{
    for (size_t a = 0; a < interface->address_count; a++) {
        struct prefix network = prefix_network(interface->addresses[a]);
        consider(best,
                 (struct choice){.destination = network, .connected = true, .out = interface, .next = *destination},
                 destination);
    }
    if (interface->gateway.family == destination->family)
        consider(best,
                 (struct choice){
                     .destination = prefix_any(destination->family), .out = interface, .next = interface->gateway},
                 destination);
}

static struct choice look_up(const struct node *node, uint32_t table, const struct addr *destination)
{
    struct choice best = {0};
    for (size_t i = 0; table == TABLE_MAIN && i < node->interface_count; i++)
        if (!node->interfaces[i]->down)
            consider_interface(&best, node->interfaces[i], destination);
    for (size_t i = 0; i < node->route_count; i++) {
        const struct node_route *route = &node->routes[i];
        if ((route->table ? route->table : TABLE_MAIN) != table)
            continue;
        struct choice offer = {.destination = route->destination, .metric = route->metric, .next = route->via};
        if (route->device)
            offer.out = node_interface(node, route->device);
        else if (addr_is_set(&route->via))
            offer.out = on_link(node, &route->via);
        if (!addr_is_set(&offer.next))
            offer.next = *destination;
        if (route->type != ROUTE_UNICAST)
            offer.out = NULL;
        consider(&best, offer, destination);
    }
    return best;
}

/* Policy rules by rising priority, then the main table. */
static struct choice choose(const struct node *node, const struct interface *in, const struct addr *source,
                            const struct addr *destination, uint32_t *table)
{
    uint64_t floor = 0;
    for (size_t tried = 0; tried < node->rule_count && tried < RULES_MAX; tried++) {
        const struct node_rule *next = NULL;
        for (size_t i = 0; i < node->rule_count; i++) {
            const struct node_rule *rule = &node->rules[i];
            if (rule->priority >= floor && (!next || rule->priority < next->priority))
                next = rule;
        }
        if (!next || next->priority >= 32766)
            break;
        floor = (uint64_t)next->priority + 1;
        bool matches = !next->mark_mask && (!next->from.addr.family || prefix_contains(&next->from, source)) &&
                       (!next->to.addr.family || prefix_contains(&next->to, destination)) &&
                       (!next->input_interface || (in && str_equal(in->name, next->input_interface)));
        if (!matches)
            continue;
        *table = next->table ? next->table : TABLE_MAIN;
        struct choice choice = look_up(node, *table, destination);
        if (choice.found)
            return choice;
    }
    *table = TABLE_MAIN;
    return look_up(node, TABLE_MAIN, destination);
}

static bool owns(const struct node *node, const struct addr *addr)
{
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        for (size_t a = 0; a < interface->address_count; a++)
            if (addr_equal(&interface->addresses[a].addr, addr))
                return true;
    }
    return false;
}

static bool same_segment(const struct interface *a, const struct interface *b)
{
    if (a == b || a->attachment != b->attachment || a->down || b->down)
        return false;
    if (a->attachment == ATTACH_BRIDGE)
        return a->bridge == b->bridge;
    if (a->attachment == ATTACH_LINK)
        return a->link == b->link;
    return a->attachment == ATTACH_INTERNET;
}

/* Who has the address on the segment of `out`; on the internet the core hands on by the packet's own destination. */
static const struct interface *receiver(const struct topology *topology, const struct interface *out, struct addr next,
                                        const struct addr *destination)
{
    if (out->attachment == ATTACH_INTERNET)
        next = *destination;
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++) {
            const struct interface *interface = topology->nodes[n]->interfaces[i];
            if (!same_segment(out, interface))
                continue;
            for (size_t a = 0; a < interface->address_count; a++)
                if (addr_equal(&interface->addresses[a].addr, &next))
                    return interface;
        }
    return NULL;
}

void walk_route(const struct topology *topology, const struct node *from, struct addr source, struct addr destination,
                struct walk *out)
{
    const struct interface *in = NULL;
    *out = (struct walk){0};
    for (const struct node *node = from; node && out->count < WALK_MAX;) {
        if (walk_passes(out, node))
            return; /* a loop */
        struct hop *hop = &out->hops[out->count++];
        *hop = (struct hop){.node = node, .in = in};
        if (owns(node, &destination)) {
            out->arrived = true;
            return;
        }
        if (in && !node->forwarding)
            return;
        struct choice choice = choose(node, in, &source, &destination, &hop->table);
        if (!choice.found || !choice.out)
            return;
        hop->out = choice.out;
        hop->next = choice.next;
        hop->destination = choice.destination;
        hop->connected = choice.connected;
        in = receiver(topology, choice.out, choice.next, &destination);
        node = in ? in->node : NULL;
    }
}

bool walk_passes(const struct walk *walk, const struct node *node)
{
    for (size_t i = 0; i < walk->count; i++)
        if (walk->hops[i].node == node)
            return true;
    return false;
}

bool walk_shared(const struct node *node, const struct node *other, unsigned family, const struct interface **mine,
                 const struct interface **theirs, struct addr *their_address)
{
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t j = 0; j < other->interface_count; j++) {
            const struct interface *a = node->interfaces[i], *b = other->interfaces[j];
            if (!same_segment(a, b) || a->attachment == ATTACH_INTERNET)
                continue;
            struct prefix own = interface_address(a, family), far = interface_address(b, family);
            struct prefix network = prefix_network(own);
            if (own.addr.family != family || far.addr.family != family || !prefix_contains(&network, &far.addr))
                continue;
            *mine = a;
            *theirs = b;
            *their_address = far.addr;
            return true;
        }
    return false;
}
