/* What a node's tables say of a packet: rules by priority, in each table the longest prefix, then the smallest metric.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "explain/walk.h"

/* Numbers of the kernel's own (rt_names). */
#define TABLE_MAIN     254
#define RULE_MAIN      32766
#define IPV6_CONNECTED 256 /* IP6_RT_PRIO_ADDRCONF */

const char *node_sysctl(const struct node *node, const char *key)
{
    for (size_t i = node->sysctl_count; i-- > 0;) {
        const char *own = node->sysctls[i].key;
        size_t n = 0;
        while (own[n] && (own[n] == key[n] || (own[n] == '/' && key[n] == '.')))
            n++;
        if (!own[n] && !key[n])
            return node->sysctls[i].value;
    }
    return NULL;
}

struct addr interface_source(const struct interface *interface, const struct addr *neighbour)
{
    struct addr first = {0};
    for (size_t i = 0; i < interface->address_count; i++) {
        struct prefix network = prefix_network(interface->addresses[i]);
        if (network.addr.family != neighbour->family)
            continue;
        if (prefix_contains(&network, neighbour))
            return interface->addresses[i].addr;
        if (!addr_is_set(&first))
            first = interface->addresses[i].addr;
    }
    return first;
}

static bool usable(const struct interface *interface)
{
    return !interface->down && interface->attachment != ATTACH_NONE;
}

/* The interface whose network a neighbour is in; down ones only where asked for. */
static const struct interface *connected_to(const struct node *node, const struct addr *addr, bool down)
{
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++) {
            struct prefix network = prefix_network(node->interfaces[i]->addresses[a]);
            if (usable(node->interfaces[i]) != down && prefix_contains(&network, addr))
                return node->interfaces[i];
        }
    return NULL;
}

/* The best route so far. */
struct best {
    struct node_hop hop;
    uint32_t metric;
    bool weighted;
};

static uint32_t metric_of(const struct prefix *destination, uint32_t metric)
{
    return metric || destination->addr.family == 4 ? metric : IPV6_METRIC;
}

static bool is_better(const struct best *best, const struct prefix *destination, uint32_t metric)
{
    if (best->hop.type == HOP_NONE || destination->length > best->hop.destination.length)
        return true;
    return destination->length == best->hop.destination.length && metric < best->metric;
}

static void offer_connected(struct best *best, const struct interface *interface, const struct addr *destination)
{
    for (size_t i = 0; i < interface->address_count; i++) {
        struct prefix network = prefix_network(interface->addresses[i]);
        uint32_t metric = network.addr.family == 6 ? IPV6_CONNECTED : 0;
        if (network.length == addr_bits(&network.addr) || !prefix_contains(&network, destination) ||
            !is_better(best, &network, metric))
            continue;
        *best = (struct best){.hop = {.type = HOP_UNICAST,
                                      .interface = interface,
                                      .next = *destination,
                                      .source = interface->addresses[i].addr,
                                      .destination = network,
                                      .mark = interface->address_marks ? interface->address_marks[i] : interface->mark},
                              .metric = metric};
    }
}

/* A default route by a router beyond that interface; toward: whose neighbour the source is. */
static void offer_default(struct best *best, const struct interface *interface, const struct addr *router,
                          const struct addr *toward, uint32_t metric, struct mark mark)
{
    struct prefix any = prefix_any(router->family);
    metric = metric_of(&any, metric);
    if (is_better(best, &any, metric))
        *best = (struct best){.hop = {.type = HOP_UNICAST,
                                      .interface = interface,
                                      .next = *router,
                                      .source = interface_source(interface, toward),
                                      .destination = any,
                                      .mark = mark},
                              .metric = metric};
}

static void offer_gateways(struct best *best, const struct node *node, const struct addr *destination)
{
    unsigned family = destination->family;
    uint32_t earlier = 0;
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        if (interface->gateway.family == family && usable(interface) &&
            (interface->gateway_mark.line != 0 || !node_declares_default(node, family)))
            offer_default(best, interface, &interface->gateway, &interface->gateway, gateway_metric(family, earlier++),
                          interface->gateway_mark);
    }
    /* The router that it heard of; a gateway that is written out goes before. */
    for (size_t i = 0; i < node->interface_count && family == 6; i++)
        if (addr_is_set(&node->interfaces[i]->ipv6_gateway) && usable(node->interfaces[i]))
            offer_default(best, node->interfaces[i], &node->interfaces[i]->ipv6_gateway, destination, IPV6_METRIC,
                          node->interfaces[i]->slaac_mark);
}

/* In a cloud and on the internet, beyond the interface; gives way to any that is written out. */
static void offer_ipv6_gateways(struct best *best, const struct node *node)
{
    uint32_t earlier = 0;
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        struct addr router = interface_ipv6_router(interface);
        bool none = interface->gateway_mark.line != 0 && !addr_is_set(&interface->gateway);
        if (addr_is_set(&router) && usable(interface) && !none)
            offer_default(best, interface, &router, &router, gateway_metric(6, earlier++), interface->mark);
    }
}

/* The interface of a written route, or NULL where that is down: then the route is not there. */
static const struct interface *device_of(const struct node *node, const struct node_route *route)
{
    const struct interface *interface =
        route->device ? node_interface(node, route->device) : connected_to(node, &route->via, false);
    return interface && usable(interface) ? interface : NULL;
}

static void offer_route(struct best *best, const struct node *node, const struct node_route *route,
                        const struct addr *destination)
{
    struct prefix network = prefix_network(route->destination);
    const struct interface *interface = NULL;
    if (!prefix_contains(&network, destination))
        return;
    if (route->type == ROUTE_UNICAST && !(interface = device_of(node, route)))
        return;
    uint32_t metric = metric_of(&network, route->metric);
    bool same =
        best->weighted && route->weight && best->metric == metric && prefix_equal(&best->hop.destination, &network);
    if (same && interface)
        best->hop.shared = true;
    if (!is_better(best, &network, metric))
        return;
    static const int types[] = {[ROUTE_UNICAST] = HOP_UNICAST,
                                [ROUTE_BLACKHOLE] = HOP_BLACKHOLE,
                                [ROUTE_UNREACHABLE] = HOP_UNREACHABLE,
                                [ROUTE_PROHIBIT] = HOP_PROHIBIT};
    *best = (struct best){.hop = {.type = types[route->type],
                                  .interface = interface,
                                  .next = addr_is_set(&route->via) ? route->via : *destination,
                                  .source = route->source,
                                  .destination = network,
                                  .mark = route->mark},
                          .metric = metric,
                          .weighted = route->weight != 0};
    if (interface && !addr_is_set(&route->source))
        best->hop.source = interface_source(interface, &best->hop.next);
}

static struct node_hop look_up(const struct node *node, uint32_t table, const struct addr *destination)
{
    struct best best = {0};
    bool is_main = table == 0 || table == TABLE_MAIN;
    for (size_t i = 0; is_main && i < node->interface_count; i++)
        if (usable(node->interfaces[i]))
            offer_connected(&best, node->interfaces[i], destination);
    for (size_t i = 0; i < node->route_count; i++)
        if ((node->routes[i].table == 0 || node->routes[i].table == TABLE_MAIN) ? is_main
                                                                                : node->routes[i].table == table)
            offer_route(&best, node, &node->routes[i], destination);
    if (is_main)
        offer_gateways(&best, node, destination);
    if (is_main && destination->family == 6 && !node_declares_default(node, 6))
        offer_ipv6_gateways(&best, node);
    return best.hop;
}

static bool rule_applies(const struct node_rule *rule, const struct addr *source, const struct addr *destination,
                         const struct interface *in)
{
    if (rule->mark_mask)
        return false; /* only the node's own ruleset could set a mark */
    if (rule->input_interface && (!in || strcmp(rule->input_interface, in->name) != 0))
        return false;
    if (rule->from.addr.family && (!source || !prefix_contains(&rule->from, source)))
        return false;
    return !rule->to.addr.family || prefix_contains(&rule->to, destination);
}

/* The rule that comes next: smallest priority from `least` on, in the order of the file. */
static size_t next_rule(const struct node *node, const bool *done, uint32_t *priority)
{
    size_t found = node->rule_count;
    for (size_t i = 0; i < node->rule_count; i++)
        if (!done[i] && node->rules[i].priority < RULE_MAIN &&
            (found == node->rule_count || node->rules[i].priority < *priority)) {
            found = i;
            *priority = node->rules[i].priority;
        }
    return found;
}

#define RULES_MAX 256

struct node_hop node_lookup(const struct node *node, const struct addr *source, const struct addr *destination,
                            const struct interface *in)
{
    bool done[RULES_MAX] = {false};
    uint32_t priority = 0;
    if (source && !addr_is_set(source))
        source = NULL;
    for (size_t i; node->rule_count && node->rule_count <= RULES_MAX;) {
        i = next_rule(node, done, &priority);
        if (i == node->rule_count)
            break;
        done[i] = true;
        struct node_hop hop = {.type = HOP_NONE};
        if (rule_applies(&node->rules[i], source, destination, in))
            hop = look_up(node, node->rules[i].table, destination);
        if (hop.type != HOP_NONE)
            return hop;
    }
    return look_up(node, TABLE_MAIN, destination);
}
