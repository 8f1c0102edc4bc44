/* Route tables: each is a routing table of the VPC's router, chosen by the mark that a packet gets from the port it
 * came in by.  A route to an interface whose source/destination check is on leads nowhere: what is not for that
 * interface's own addresses (which the local route knows) does not get there; its other half, what it may send, is the
 * strict reverse path filter of its port (vpc.c).  The rules, in order: (0, the kernel's: local) 100: overrides of
 * whole subnets, 200: main, which holds the local route, 300: the marks.  What finds no route is dropped: the router
 * sends no "unreachable" (vpc.c). */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

#define PRIORITY_OVERRIDE 100
#define PRIORITY_LOCAL    200
#define PRIORITY_TABLE    300
#define TABLE_MAIN        254

static const char *nat_gateway_port(const struct router *router, const struct nat_gateway *gateway)
{
    for (size_t i = 0; i < router->nat_gateway_count; i++)
        if (router->nat_gateways[i].gateway == gateway)
            return router->nat_gateways[i].name;
    return NULL;
}

static void blackhole(struct lowering *l, uint32_t ns, const struct vpc_route *route, uint32_t table,
                      const char *origin)
{
    add_route(l, ns, route->destination, table, PLAN_ROUTE_BLACKHOLE, origin);
}

/* What leads nowhere as the interface's check is on leads there nevertheless where it is for the interface itself. */
static void own_addresses(struct lowering *l, const struct router *router, const struct vpc_route *route,
                          uint32_t table, const char *origin)
{
    const struct port *port = pointers_get(l->ports, route->interface);
    for (size_t i = 0; port && i < route->interface->address_count; i++) {
        struct addr addr = route->interface->addresses[i].addr;
        if (prefix_contains(&route->destination, &addr))
            add_unicast(l, router->ns, prefix_of_addr(addr), table, NULL, port->far_name, origin);
    }
}

static const struct addr *address_of(const struct interface *interface, unsigned family)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].addr.family == family)
            return &interface->addresses[i].addr;
    return NULL;
}

/* A route to an interface; NULL where it leads nowhere. */
static struct plan_route *lower_node_target(struct lowering *l, struct router *router, const struct vpc_route *route,
                                            uint32_t table, const char *origin)
{
    const struct port *port = pointers_get(l->ports, route->interface);
    const struct addr *via = route->interface ? address_of(route->interface, route->destination.addr.family) : NULL;
    /* Outside of the VPC's networks the local route comes first anyway. */
    if (route->interface && route->interface->source_dest_check && vpc_covers(router->vpc, &route->destination))
        own_addresses(l, router, route, table, origin);
    if (!port || !via || route->interface->source_dest_check)
        return NULL;
    return add_unicast(l, router->ns, route->destination, table, via, port->far_name, origin);
}

static void lower_vpc_route(struct lowering *l, struct router *router, const struct vpc_route *route, uint32_t table,
                            const char *origin)
{
    unsigned family = route->destination.addr.family;
    struct plan_route *item = NULL;
    switch (route->target) {
    case TARGET_INTERNET_GATEWAY:
        if (router->internet_gateway == UINT32_MAX)
            break;
        item = add_unicast(l, router->ns, route->destination, table, cloud_hop(family), "igw", origin);
        break;
    case TARGET_EGRESS_ONLY_GATEWAY:
        if (router->egress_only_gateway == UINT32_MAX || family != 6)
            break;
        item = add_unicast(l, router->ns, route->destination, table, cloud_hop(family), "eigw", origin);
        break;
    case TARGET_NAT_GATEWAY:
        if (family == 4)
            item = add_unicast(l, router->ns, route->destination, table, &route->nat_gateway->address,
                               nat_gateway_port(router, route->nat_gateway), origin);
        break;
    case TARGET_NODE:
        item = lower_node_target(l, router, route, table, origin);
        break;
    case TARGET_LOCAL:
        return; /* every table has it */
    case TARGET_PEERING:
        item = add_unicast(l, router->ns, route->destination, table, cloud_hop(family),
                           peering_port(router, route->peering), origin);
        break;
    case TARGET_TRANSIT_GATEWAY:
        item = add_unicast(l, router->ns, route->destination, table, cloud_hop(family),
                           transit_port(router, route->transit_gateway), origin);
        break;
    case TARGET_BLACKHOLE:
    case TARGET_MISSING:
    case TARGET_KIND_COUNT:
        break;
    }
    if (item)
        item->onlink = true;
    else
        blackhole(l, router->ns, route, table, origin);
}

static uint32_t lower_route_table(struct lowering *l, struct router *router, const struct route_table *table,
                                  unsigned family)
{
    const char *origin = arena_printf(l->arena, "%s/route_table/%s", router->origin, table->name);
    uint32_t number = lower_number(l, origin);
    for (size_t i = 0; i < table->route_count; i++) {
        const struct vpc_route *route = &table->routes[i];
        if (route->destination.addr.family != family)
            continue;
        lower_vpc_route(l, router, route, number, origin);
        if (route->target != TARGET_LOCAL && vpc_covers(router->vpc, &route->destination))
            add_family_rule(l, router->ns, family, PRIORITY_OVERRIDE, number, &route->destination, number, origin);
    }
    if (family == 4)
        lower_gateway_endpoint_routes(l, router, table, number);
    add_family_rule(l, router->ns, family, PRIORITY_TABLE, number, NULL, number, origin);
    return number;
}

/* IPv6 has no reverse path filter: the source/destination check of ports (vpc.c) as a rule. */
static void check_sources(struct str *body, const struct router *router)
{
    struct elements set = {.out = body};
    str_append(body, "\tset checked {\n\t\ttype ifname\n");
    for (size_t i = 0; i < router->port_count; i++)
        if (router->ports[i]->interface->source_dest_check)
            element(&set, "\"%s\"", router->ports[i]->far_name);
    elements_end(&set);
    str_append(body, "\t}\n\tchain source {\n\t\ttype filter hook prerouting priority -310; policy accept;\n"
                     "\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
                     "\t\tiifname @checked fib saddr . iif oif missing drop\n\t}\n");
}

void lower_route_tables(struct lowering *l, struct router *router, const struct ip_words *ip)
{
    const struct vpc *vpc = router->vpc;
    for (size_t i = 0; i < vpc_network_count(vpc); i++)
        if (vpc_network(vpc, i).addr.family == ip->family)
            add_route(l, router->ns, vpc_network(vpc, i), 0, PLAN_ROUTE_BLACKHOLE, router->origin);
    add_family_rule(l, router->ns, ip->family, PRIORITY_LOCAL, 0, NULL, TABLE_MAIN, router->origin);

    struct pointers *numbers = pointers_new(l->scratch, vpc->route_table_count);
    for (size_t i = 0; i < vpc->route_table_count; i++)
        pointers_set(numbers, vpc->route_tables[i],
                     (void *)(uintptr_t)lower_route_table(l, router, vpc->route_tables[i], ip->family));

    STR_AUTO body = STR_INIT;
    struct elements map = {.out = &body};
    str_append(&body, "\tmap ports {\n\t\ttype ifname : mark\n");
    for (size_t i = 0; i < router->edge_count; i++) {
        const struct edge *edge = &router->edges[i];
        if (edge->subnet->route_table)
            element(&map, "\"%s\" : 0x%x", edge->port,
                    (unsigned)(uintptr_t)pointers_get(numbers, edge->subnet->route_table));
    }
    const struct route_table *main = vpc_route_table(vpc, "main");
    for (size_t i = 0; main && i < router->transit_port_count; i++)
        element(&map, "\"%s\" : 0x%x", router->transit_ports[i].name, (unsigned)(uintptr_t)pointers_get(numbers, main));
    elements_end(&map);
    str_append(&body, "\t}\n\tchain prerouting {\n\t\ttype filter hook prerouting priority -300; policy accept;\n"
                      "\t\tmeta mark set iifname map @ports\n\t}\n");
    if (ip->family == 6)
        check_sources(&body, router);
    add_nft(l, router->ns, ip->name, "route_tables", &body, router->origin);
}
