/* Rules of a node's gateways, routes and routing rules. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "rules/check.h"

#define TABLE_MAIN 254

static void gateway(struct rules *rules, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX], own[ADDR_TEXT_MAX];
    const struct addr *addr = &interface->gateway;
    if (!addr_is_set(addr) || interface->gateway_mark.line == 0 || interface->attachment == ATTACH_NONE)
        return;
    addr_format(addr, text);
    for (size_t i = 0; i < interface->address_count; i++)
        if (addr_equal(&interface->addresses[i].addr, addr)) {
            broken(rules, interface->gateway_mark, "gateway %s is the address of '%s/%s' itself", text,
                   interface->node->name, interface->name);
            return;
        }
    if (on_link(interface, addr) || interface_misread(interface))
        return;
    if (interface->address_count == 0) {
        broken(rules, interface->gateway_mark, "gateway %s is out of reach: '%s/%s' has no address", text,
               interface->node->name, interface->name);
        return;
    }
    struct prefix network = prefix_network(interface->addresses[0]);
    struct finding *finding =
        broken(rules, interface->gateway_mark, "gateway %s is not in a network of '%s/%s' (%s)", text,
               interface->node->name, interface->name, prefix_format(&interface->addresses[0], own));
    remedy(rules, finding, "a gateway is a neighbour: an address in %s", prefix_format(&network, own));
}

void check_gateway(struct rules *rules)
{
    each_interface(rules, gateway);
}

static void several_gateways(struct rules *rules, const struct node *node)
{
    const struct interface *first[2] = {NULL, NULL};
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        if (!addr_is_set(&interface->gateway) || interface->gateway_mark.line == 0)
            continue;
        const struct interface **known = &first[interface->gateway.family == 6];
        if (*known)
            elsewhere(broken(rules, interface->gateway_mark,
                             "node '%s' has a default gateway already: this one only stands by", node->name),
                      (*known)->gateway_mark, "the first");
        else
            *known = interface;
    }
}

void check_several_gateways(struct rules *rules)
{
    each_node(rules, several_gateways);
}

/* Is there an interface, or a route without a next hop, by which `via` is a neighbour? */
static bool is_neighbour(const struct node *node, const struct node_route *route)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if ((!route->device || str_equal(route->device, node->interfaces[i]->name)) &&
            on_link(node->interfaces[i], &route->via))
            return true;
    for (size_t i = 0; i < node->route_count; i++)
        if (!addr_is_set(&node->routes[i].via) && node->routes[i].device &&
            prefix_contains(&node->routes[i].destination, &route->via))
            return true;
    return node_misread(node);
}

static void next_hop(struct rules *rules, const struct node *node)
{
    char text[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    for (size_t i = 0; i < node->route_count; i++) {
        const struct node_route *route = &node->routes[i];
        bool has_via = addr_is_set(&route->via), unicast = route->type == ROUTE_UNICAST;
        prefix_format(&route->destination, to);
        if (unicast && !has_via && !route->device)
            remedy(rules, broken(rules, route->mark, "the route to %s leads nowhere", to),
                   "give it 'via' or 'dev', or another 'type'");
        else if (!unicast && (has_via || route->device))
            broken(rules, route->mark, "a %s route has neither 'via' nor 'dev'", route_type_name(route->type));
        else if (has_via && route->via.family != route->destination.addr.family)
            broken(rules, route->mark, "next hop %s is of another family than %s", addr_format(&route->via, text), to);
        else if (has_via && !is_neighbour(node, route))
            broken(rules, route->mark, "next hop %s is not in a network of %s '%s%s%s'", addr_format(&route->via, text),
                   route->device ? "interface" : "node", node->name, route->device ? "/" : "",
                   route->device ? route->device : "");
    }
}

void check_next_hop(struct rules *rules)
{
    each_node(rules, next_hop);
}

static void route_device(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->route_count; i++)
        if (node->routes[i].device && !str_equal(node->routes[i].device, "lo"))
            known_interface(rules, node, node->routes[i].device, node->routes[i].mark);
}

void check_route_device(struct rules *rules)
{
    each_node(rules, route_device);
}

static void rule_device(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->rule_count; i++)
        if (node->rules[i].input_interface && !str_equal(node->rules[i].input_interface, "lo"))
            known_interface(rules, node, node->rules[i].input_interface, node->rules[i].mark);
}

void check_rule_device(struct rules *rules)
{
    each_node(rules, rule_device);
}

static bool has_address(const struct node *node, const struct addr *addr)
{
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++)
            if (addr_equal(&node->interfaces[i]->addresses[a].addr, addr))
                return true;
    return false;
}

static void route_source(struct rules *rules, const struct node *node)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < node->route_count; i++)
        if (addr_is_set(&node->routes[i].source) && !has_address(node, &node->routes[i].source))
            broken(rules, node->routes[i].mark, "source %s is not an address of node '%s'",
                   addr_format(&node->routes[i].source, text), node->name);
}

void check_route_source(struct rules *rules)
{
    each_node(rules, route_source);
}

static uint32_t table_of(const struct node_route *route)
{
    return route->table ? route->table : TABLE_MAIN;
}

static const char *table_name(struct rules *rules, const struct node_route *route)
{
    return table_of(route) == TABLE_MAIN ? "the main table" : arena_printf(rules->scratch, "table %u", route->table);
}

static int by_destination(const void *a, const void *b)
{
    const struct node_route *x = *(const struct node_route *const *)a, *y = *(const struct node_route *const *)b;
    int order = prefix_compare(&x->destination, &y->destination);
    if (order != 0)
        return order;
    if (table_of(x) != table_of(y))
        return table_of(x) < table_of(y) ? -1 : 1;
    if (x->metric != y->metric)
        return x->metric < y->metric ? -1 : 1;
    return mark_compare(x->mark, y->mark);
}

static bool same_route(const struct node_route *a, const struct node_route *b)
{
    bool multipath = a->weight && b->weight;
    return !multipath && prefix_equal(&a->destination, &b->destination) && table_of(a) == table_of(b) &&
           a->metric == b->metric;
}

/* A default route written out beside the gateway of an interface. */
static void default_twice(struct rules *rules, const struct node *node, const struct node_route *route)
{
    if (route->destination.length != 0 || table_of(route) != TABLE_MAIN || route->metric != 0)
        return;
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        if (interface->gateway.family != route->destination.addr.family || interface->gateway_mark.line == 0)
            continue;
        elsewhere(broken(rules, route->mark, "node '%s' has two default routes of the same metric", node->name),
                  interface->gateway_mark, "the gateway of an interface");
        return;
    }
}

static void duplicate_route(struct rules *rules, const struct node *node)
{
    char text[ADDR_TEXT_MAX];
    const struct node_route **sorted = arena_alloc(rules->scratch, (node->route_count + 1) * sizeof *sorted);
    for (size_t i = 0; i < node->route_count; i++) {
        sorted[i] = &node->routes[i];
        default_twice(rules, node, sorted[i]);
    }
    qsort(sorted, node->route_count, sizeof *sorted, by_destination);
    for (size_t i = 1; i < node->route_count; i++)
        if (sorted[i]->destination.addr.family && same_route(sorted[i - 1], sorted[i]))
            elsewhere(broken(rules, sorted[i]->mark, "node '%s' has two routes to %s in %s", node->name,
                             prefix_format(&sorted[i]->destination, text), table_name(rules, sorted[i])),
                      sorted[i - 1]->mark, "the first");
}

void check_duplicate_route(struct rules *rules)
{
    each_node(rules, duplicate_route);
}
