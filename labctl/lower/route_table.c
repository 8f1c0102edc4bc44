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

static void lower_vpc_route(struct lowering *l, struct router *router, const struct vpc_route *route, uint32_t table,
                            const char *origin)
{
    const struct port *port = NULL;
    struct plan_route *item = NULL;
    switch (route->target) {
    case TARGET_INTERNET_GATEWAY:
        if (router->internet_gateway == UINT32_MAX)
            break;
        item = add_unicast(l, router->ns, route->destination, table, &cloud_next_hop, "igw", origin);
        break;
    case TARGET_NAT_GATEWAY:
        item = add_unicast(l, router->ns, route->destination, table, &route->nat_gateway->address,
                           nat_gateway_port(router, route->nat_gateway), origin);
        break;
    case TARGET_NODE:
        port = pointers_get(l->ports, route->interface);
        /* Outside of the VPC's networks the local route comes first anyway. */
        if (route->interface && route->interface->source_dest_check && vpc_covers(router->vpc, &route->destination))
            own_addresses(l, router, route, table, origin);
        if (!port || route->interface->address_count == 0 || route->interface->source_dest_check)
            break;
        item = add_unicast(l, router->ns, route->destination, table, &route->interface->addresses[0].addr,
                           port->far_name, origin);
        break;
    case TARGET_LOCAL:
        return; /* every table has it */
    case TARGET_PEERING:
        item = add_unicast(l, router->ns, route->destination, table, &cloud_next_hop,
                           peering_port(router, route->peering), origin);
        break;
    case TARGET_TRANSIT_GATEWAY:
        item = add_unicast(l, router->ns, route->destination, table, &cloud_next_hop,
                           transit_port(router, route->transit_gateway), origin);
        break;
    case TARGET_EGRESS_ONLY_GATEWAY:
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

static uint32_t lower_route_table(struct lowering *l, struct router *router, const struct route_table *table)
{
    const char *origin = arena_printf(l->arena, "%s/route_table/%s", router->origin, table->name);
    uint32_t number = lower_number(l, origin);
    for (size_t i = 0; i < table->route_count; i++) {
        const struct vpc_route *route = &table->routes[i];
        lower_vpc_route(l, router, route, number, origin);
        if (route->target != TARGET_LOCAL && vpc_covers(router->vpc, &route->destination))
            add_rule(l, router->ns, PRIORITY_OVERRIDE, number, &route->destination, number, origin);
    }
    lower_gateway_endpoint_routes(l, router, table, number);
    add_rule(l, router->ns, PRIORITY_TABLE, number, NULL, number, origin);
    return number;
}

void lower_route_tables(struct lowering *l, struct router *router)
{
    const struct vpc *vpc = router->vpc;
    for (size_t i = 0; i < vpc_network_count(vpc); i++)
        if (vpc_network(vpc, i).addr.family == 4)
            add_route(l, router->ns, vpc_network(vpc, i), 0, PLAN_ROUTE_BLACKHOLE, router->origin);
    add_rule(l, router->ns, PRIORITY_LOCAL, 0, NULL, TABLE_MAIN, router->origin);

    struct pointers *numbers = pointers_new(l->scratch, vpc->route_table_count);
    for (size_t i = 0; i < vpc->route_table_count; i++)
        pointers_set(numbers, vpc->route_tables[i],
                     (void *)(uintptr_t)lower_route_table(l, router, vpc->route_tables[i]));

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
    add_nft(l, router->ns, "ip", "route_tables", &body, router->origin);
}
