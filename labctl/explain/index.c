/* Who has which address, and where the range of the asker's ports is cut. */
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "explain/walk.h"

static size_t slot_of(const struct explainer *explainer, const void *scope, const struct addr *addr)
{
    uint64_t hash = (uintptr_t)scope >> 4;
    for (size_t i = 0; i < sizeof addr->bytes; i += sizeof hash) {
        uint64_t part;
        memcpy(&part, addr->bytes + i, sizeof part);
        hash = (hash ^ part) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 divided by the golden ratio */
        hash ^= hash >> 29;
    }
    return (size_t)hash & (explainer->slots - 1);
}

static struct known *find(const struct explainer *explainer, const void *scope, const struct addr *addr)
{
    size_t slot = slot_of(explainer, scope, addr);
    while (explainer->known[slot].scope &&
           (explainer->known[slot].scope != scope || !addr_equal(&explainer->known[slot].addr, addr)))
        slot = (slot + 1) & (explainer->slots - 1);
    return &explainer->known[slot];
}

const struct owner *owner_of(const struct explainer *explainer, const void *scope, const struct addr *addr)
{
    const struct known *known = scope ? find(explainer, scope, addr) : NULL;
    return known && known->scope ? &known->owner : NULL;
}

static void learn(struct explainer *explainer, const void *scope, const struct addr *addr, struct owner owner)
{
    if (!scope || !addr_is_set(addr))
        return;
    struct known *known = find(explainer, scope, addr);
    if (!known->scope)
        *known = (struct known){scope, *addr, owner};
}

const void *wire_of(const struct topology *topology, const struct interface *interface)
{
    switch (interface->attachment) {
    case ATTACH_SUBNET:
        return interface->subnet->vpc;
    case ATTACH_BRIDGE:
        return interface->bridge;
    case ATTACH_LINK:
        return interface->link;
    case ATTACH_INTERNET:
        return topology;
    case ATTACH_NONE:
    case ATTACH_COUNT:
        break;
    }
    return NULL;
}

bool interface_has(const struct interface *interface, const struct addr *addr)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (addr_equal(&interface->addresses[i].addr, addr))
            return true;
    return false;
}

const struct interface *node_owner(const struct node *node, const struct addr *addr)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (interface_has(node->interfaces[i], addr))
            return node->interfaces[i];
    return NULL;
}

/* RFC 1918, RFC 6598, loopback and link-local: what no provider carries. */
bool is_private(const struct addr *addr)
{
    static const struct prefix prefixes[] = {
        {{4, {10}}, 8},        {{4, {100, 64}}, 10}, {{4, {127}}, 8},
        {{4, {169, 254}}, 16}, {{4, {172, 16}}, 12}, {{4, {192, 168}}, 16},
    };
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (prefix_contains(&prefixes[i], addr))
            return true;
    return false;
}

static void learn_interface(struct explainer *explainer, const struct interface *interface,
                            const struct endpoint *endpoint, const struct cloud_service *service)
{
    struct owner owner = {.interface = interface, .endpoint = endpoint, .service = service};
    for (size_t i = 0; i < interface->address_count; i++) {
        const struct addr *addr = &interface->addresses[i].addr;
        learn(explainer, wire_of(explainer->topology, interface), addr, owner);
        if (addr->family == 6 && interface->attachment == ATTACH_SUBNET) /* every one of them is public */
            learn(explainer, explainer->topology, addr, owner);
    }
    learn(explainer, explainer->topology, &interface->public_ip, owner);
}

static void learn_vpc(struct explainer *explainer, const struct vpc *vpc)
{
    for (size_t i = 0; i < vpc->nat_gateway_count; i++) {
        struct owner owner = {.gateway = vpc->nat_gateways[i]};
        learn(explainer, vpc, &vpc->nat_gateways[i]->address, owner);
        learn(explainer, explainer->topology, &vpc->nat_gateways[i]->public_ip, owner);
    }
    for (size_t i = 0; i < vpc->endpoint_count; i++)
        for (size_t n = 0; n < vpc->endpoints[i]->interface_count; n++)
            learn_interface(explainer, vpc->endpoints[i]->interfaces[n], vpc->endpoints[i], NULL);
}

/* How many addresses there are, at most. */
static size_t count_addresses(const struct topology *topology)
{
    size_t count = 0;
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t n = 0; n < topology->nodes[i]->interface_count; n++)
            count += topology->nodes[i]->interfaces[n]->address_count * 2 + 1;
    for (size_t i = 0; i < topology->vpc_count; i++) {
        count += topology->vpcs[i]->nat_gateway_count * 2;
        for (size_t n = 0; n < topology->vpcs[i]->endpoint_count; n++)
            count += topology->vpcs[i]->endpoints[n]->interface_count * 3;
    }
    for (size_t i = 0; i < topology->cloud_service_count; i++)
        count += topology->cloud_services[i]->interface_count * 3;
    return count;
}

static void learn_all(struct explainer *explainer)
{
    const struct topology *topology = explainer->topology;
    size_t count = count_addresses(topology);
    while (explainer->slots < count * 2)
        explainer->slots *= 2;
    explainer->known = arena_alloc(explainer->arena, explainer->slots * sizeof explainer->known[0]);
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t n = 0; n < topology->nodes[i]->interface_count; n++)
            learn_interface(explainer, topology->nodes[i]->interfaces[n], NULL, NULL);
    for (size_t i = 0; i < topology->vpc_count; i++)
        learn_vpc(explainer, topology->vpcs[i]);
    for (size_t i = 0; i < topology->cloud_service_count; i++)
        for (size_t n = 0; n < topology->cloud_services[i]->interface_count; n++)
            learn_interface(explainer, topology->cloud_services[i]->interfaces[n], NULL, topology->cloud_services[i]);
}

/* ---- the asker's ports -------------------------------------------------------------------------------------- */

struct cuts {
    uint16_t *items;
    size_t count;
    struct arena *arena;
};

static void cut(struct cuts *cuts, unsigned port)
{
    if (port > EPHEMERAL_FIRST && port <= EPHEMERAL_LAST)
        *ARENA_PUSH(cuts->arena, cuts->items, cuts->count) = (uint16_t)port;
}

static void cut_around(struct cuts *cuts, const struct port_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cut(cuts, ranges[i].first);
        cut(cuts, ranges[i].last + 1u);
    }
}

static void cut_rules(struct cuts *cuts, const struct security_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cut_around(cuts, rules[i].ports, rules[i].port_count);
}

static void cut_acl(struct cuts *cuts, const struct acl_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cut_around(cuts, rules[i].match.ports, rules[i].match.port_count);
}

static int compare_ports(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void cut_source_ports(struct explainer *explainer)
{
    struct cuts cuts = {.arena = explainer->arena};
    *ARENA_PUSH(cuts.arena, cuts.items, cuts.count) = EPHEMERAL_FIRST;
    for (size_t i = 0; i < explainer->topology->vpc_count; i++) {
        const struct vpc *vpc = explainer->topology->vpcs[i];
        for (size_t g = 0; g < vpc->security_group_count; g++) {
            cut_rules(&cuts, vpc->security_groups[g]->ingress, vpc->security_groups[g]->ingress_count);
            cut_rules(&cuts, vpc->security_groups[g]->egress, vpc->security_groups[g]->egress_count);
        }
        for (size_t a = 0; a < vpc->network_acl_count; a++) {
            cut_acl(&cuts, vpc->network_acls[a]->ingress, vpc->network_acls[a]->ingress_count);
            cut_acl(&cuts, vpc->network_acls[a]->egress, vpc->network_acls[a]->egress_count);
        }
        for (size_t n = 0; n < vpc->nat_gateway_count; n++)
            cut_around(&cuts, &vpc->nat_gateways[n]->ports, 1);
    }
    qsort(cuts.items, cuts.count, sizeof cuts.items[0], compare_ports);
    size_t count = 0;
    for (size_t i = 0; i < cuts.count; i++)
        if (count == 0 || cuts.items[i] != cuts.items[count - 1])
            cuts.items[count++] = cuts.items[i];
    explainer->source_ports = cuts.items;
    explainer->source_port_count = count;
}

static void learn_transit(struct explainer *explainer)
{
    const struct topology *topology = explainer->topology;
    for (size_t i = 0; i < topology->transit_gateway_count; i++)
        for (size_t t = 0; t < topology->transit_gateways[i]->route_table_count; t++) {
            struct transit_table_view *view =
                ARENA_PUSH(explainer->arena, explainer->transit_tables, explainer->transit_table_count);
            view->table = topology->transit_gateways[i]->route_tables[t];
            view->count = transit_table_routes(view->table, explainer->arena, &view->routes);
        }
}

struct explainer *explainer_new(const struct topology *topology, struct arena *arena)
{
    struct explainer *explainer = ARENA_NEW(arena, struct explainer);
    *explainer = (struct explainer){.topology = topology, .arena = arena, .slots = 64};
    learn_all(explainer);
    learn_transit(explainer);
    cut_source_ports(explainer);
    return explainer;
}
