/* A node's routes and rules.
 *
 * Order: what is on link first, as the kernel takes a next hop only if it can reach it already.  The interface's
 * `gateway` is a default route; where several interfaces have one, the first counts and the others stand by with a
 * larger metric.  A gateway that the author did not write (subnet, internet) gives way to any default route that he
 * did. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

static void lower_gateways(struct lowering *l, const struct node *node, uint32_t ns)
{
    uint32_t count[2] = {0}; /* IPv4, IPv6 */
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        const struct port *port = pointers_get(l->ports, interface);
        unsigned family = interface->gateway.family;
        if (family == 0 || !port || port->down || (family == 4 && interface->dhcp))
            continue;
        if (interface->gateway_mark.line == 0 && node_declares_default(node, family))
            continue;
        struct plan_route *route =
            add_unicast(l, ns, prefix_any(family), 0, &interface->gateway, port->name, port->origin);
        route->metric = gateway_metric(family, count[family == 6]++);
    }
}

/* The way out of IPv6 in a cloud and on the internet: beyond the interface, as its addresses stand alone. */
static void lower_ipv6_gateways(struct lowering *l, const struct node *node, uint32_t ns)
{
    uint32_t earlier = 0;
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        const struct port *port = pointers_get(l->ports, interface);
        struct addr router = interface_ipv6_router(interface);
        bool none = interface->gateway_mark.line != 0 && !addr_is_set(&interface->gateway);
        if (!addr_is_set(&router) || !port || port->down || none || node_declares_default(node, 6))
            continue;
        struct plan_route *route = add_unicast(l, ns, prefix_any(6), 0, &router, port->name, port->origin);
        route->onlink = true;
        route->metric = gateway_metric(6, earlier++);
    }
}

/* A route through an interface that is down cannot be added, as on any machine. */
static bool is_dead(struct lowering *l, const struct node *node, const struct node_route *route)
{
    bool dead = false;
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        const struct port *port = pointers_get(l->ports, interface);
        bool concerned = false;
        if (route->device) {
            concerned = str_equal(route->device, interface->name);
        } else {
            for (size_t a = 0; a < interface->address_count && !concerned; a++) {
                struct prefix network = prefix_network(interface->addresses[a]);
                concerned = addr_is_set(&route->via) && prefix_contains(&network, &route->via);
            }
        }
        if (concerned && port && !port->down)
            return false;
        if (concerned)
            dead = true;
    }
    return dead;
}

static bool same_route(const struct node_route *a, const struct node_route *b)
{
    return a->weight && b->weight && a->type == ROUTE_UNICAST && b->type == ROUTE_UNICAST && a->table == b->table &&
           a->metric == b->metric && prefix_equal(&a->destination, &b->destination);
}

/* Routes of one destination with weights are one route of several next hops: all at the place of the first. */
static void add_nexthops(struct lowering *l, const struct node *node, size_t first, struct plan_route *item)
{
    for (size_t i = first; i < node->route_count; i++) {
        const struct node_route *route = &node->routes[i];
        if (i != first && !same_route(&node->routes[first], route))
            continue;
        if (i != first && is_dead(l, node, route))
            continue;
        struct plan_nexthop *hop = ARENA_PUSH(l->arena, item->nexthops, item->nexthop_count);
        *hop = (struct plan_nexthop){.via = route->via, .weight = route->weight};
        if (route->device)
            hop->interface = arena_strdup(l->arena, route->device);
    }
    if (item->nexthop_count == 1)
        item->nexthops[0].weight = 0;
}

static bool is_merged(struct lowering *l, const struct node *node, size_t i)
{
    for (size_t earlier = 0; earlier < i && node->routes[i].weight; earlier++)
        if (same_route(&node->routes[earlier], &node->routes[i]) && !is_dead(l, node, &node->routes[earlier]))
            return true;
    return false;
}

static void lower_route(struct lowering *l, const struct node *node, uint32_t ns, size_t i, const char *origin)
{
    static const enum plan_route_type types[] = {
        [ROUTE_UNICAST] = PLAN_ROUTE_UNICAST,
        [ROUTE_BLACKHOLE] = PLAN_ROUTE_BLACKHOLE,
        [ROUTE_UNREACHABLE] = PLAN_ROUTE_UNREACHABLE,
        [ROUTE_PROHIBIT] = PLAN_ROUTE_PROHIBIT,
    };
    _Static_assert(sizeof types / sizeof types[0] == ROUTE_TYPE_COUNT, "one for each type");
    const struct node_route *route = &node->routes[i];
    if (is_dead(l, node, route) || is_merged(l, node, i))
        return;
    struct plan_route *item =
        add_route(l, ns, prefix_network(route->destination), route->table, types[route->type], origin);
    item->metric = route->metric;
    item->source = route->source;
    if (route->type == ROUTE_UNICAST)
        add_nexthops(l, node, i, item);
}

static void lower_rules(struct lowering *l, const struct node *node, uint32_t ns, const char *origin)
{
    for (size_t i = 0; i < node->rule_count; i++) {
        const struct node_rule *rule = &node->rules[i];
        unsigned families[2] = {rule->from.addr.family ? rule->from.addr.family : rule->to.addr.family, 0};
        if (families[0] == 0) {
            families[0] = 4;
            if (l->plan->namespaces[ns].ipv6)
                families[1] = 6;
        }
        for (size_t f = 0; f < 2 && families[f] != 0; f++) {
            struct plan_rule *item = ARENA_PUSH(l->arena, l->plan->rules, l->plan->rule_count);
            *item = (struct plan_rule){.ns = ns,
                                       .family = families[f],
                                       .priority = rule->priority,
                                       .from = rule->from,
                                       .to = rule->to,
                                       .mark_value = rule->mark_value,
                                       .mark_mask = rule->mark_mask,
                                       .table = rule->table,
                                       .origin = origin};
            if (rule->input_interface)
                item->input_interface = arena_strdup(l->arena, rule->input_interface);
        }
    }
}

const char *lower_congestion_control(struct lowering *l, const struct node *node)
{
    return arena_strdup(l->arena, node_congestion_control(l->topology, node));
}

void lower_node_routes(struct lowering *l, const struct node *node, uint32_t ns)
{
    const char *origin = l->plan->namespaces[ns].origin;
    size_t first = l->plan->route_count;
    for (size_t i = 0; i < node->route_count; i++)
        if (!addr_is_set(&node->routes[i].via))
            lower_route(l, node, ns, i, origin);
    lower_gateways(l, node, ns);
    lower_ipv6_gateways(l, node, ns);
    for (size_t i = 0; i < node->route_count; i++)
        if (addr_is_set(&node->routes[i].via))
            lower_route(l, node, ns, i, origin);
    lower_rules(l, node, ns, origin);
    const char *control = NULL;
    for (size_t i = first; i < l->plan->route_count; i++)
        if (l->plan->routes[i].type == PLAN_ROUTE_UNICAST)
            l->plan->routes[i].congestion_control = control ? control : (control = lower_congestion_control(l, node));
}
