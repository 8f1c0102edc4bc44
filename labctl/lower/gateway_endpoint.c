/* Gateway endpoints: a wire from a VPC's router into the internet core, to the machines of one service.
 *
 * The route tables that name the endpoint get a route to each public address of the service; one that is written out
 * wins.  The service sees the private address of who asks.  As VPCs may overlap, the core remembers by which endpoint a
 * flow came and sends its answers back there; nothing else finds a private address there, so nobody comes in.  Only the
 * VPC's own machines get through: what came from a peer or a transit gateway does not. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

#define PRIORITY_ANSWER 100

static bool is_gateway(const struct endpoint *endpoint)
{
    return endpoint->type == ENDPOINT_GATEWAY && endpoint->service;
}

void lower_gateway_endpoint_ports(struct lowering *l)
{
    for (size_t i = 0; i < l->topology->vpc_count; i++) {
        struct router *router = &l->routers[i];
        for (size_t k = 0; k < router->vpc->endpoint_count; k++) {
            const struct endpoint *endpoint = router->vpc->endpoints[k];
            if (!is_gateway(endpoint) || l->internet == UINT32_MAX)
                continue;
            struct gateway_port *port = ARENA_PUSH(l->scratch, router->gateways, router->gateway_count);
            port->endpoint = endpoint;
            port->origin = arena_printf(l->arena, "%s/endpoint/%s", router->origin, endpoint->name);
            port->name = lower_device(l, router->ns, arena_printf(l->scratch, "vpce-%s", endpoint->name));
            port->far_name = lower_device(l, l->internet, port->origin);
            port->mark = lower_number(l, port->origin);
        }
    }
}

static bool is_written_out(const struct route_table *table, const struct prefix *destination)
{
    for (size_t i = 0; i < table->route_count; i++)
        if (prefix_equal(&table->routes[i].destination, destination))
            return true;
    return false;
}

static bool leads_from(const struct endpoint *endpoint, const struct route_table *table)
{
    for (size_t i = 0; i < endpoint->route_table_count; i++)
        if (endpoint->route_tables[i] == table)
            return true;
    return false;
}

void lower_gateway_endpoint_routes(struct lowering *l, const struct router *router, const struct route_table *table,
                                   uint32_t number)
{
    for (size_t i = 0; i < router->gateway_count; i++) {
        const struct gateway_port *port = &router->gateways[i];
        const struct cloud_service *service = port->endpoint->service;
        if (!leads_from(port->endpoint, table))
            continue;
        for (size_t t = 0; t < service->target_count; t++) {
            const struct interface *target = service->targets[t].interface;
            if (target->attachment != ATTACH_INTERNET || target->address_count == 0)
                continue;
            struct prefix to = prefix_of_addr(target->addresses[0].addr);
            if (!is_written_out(table, &to))
                add_unicast(l, router->ns, to, number, &cloud_next_hop, port->name, port->origin)->onlink = true;
        }
    }
}

/* What passes at the router: nothing for itself, nothing from other VPCs. */
static void guard_router(struct lowering *l, const struct router *router)
{
    STR_AUTO body = STR_INIT;
    str_append(&body, "\tchain forward {\n\t\ttype filter hook forward priority -30; policy accept;\n");
    for (size_t i = 0; i < router->gateway_count; i++)
        for (size_t t = 0; t < router->transit_port_count; t++)
            str_printf(&body, "\t\tiifname \"%s\" oifname \"%s\" drop\n", router->transit_ports[t].name,
                       router->gateways[i].name);
    str_append(&body, "\t}\n\tchain input {\n\t\ttype filter hook input priority -10; policy accept;\n");
    for (size_t i = 0; i < router->gateway_count; i++)
        str_printf(&body, "\t\tiifname \"%s\" drop\n", router->gateways[i].name);
    str_append(&body, "\t}\n");
    add_nft(l, router->ns, "ip", "gateway_endpoints", &body, router->origin);
}

static void connect_port(struct lowering *l, const struct router *router, const struct gateway_port *port)
{
    add_link(l, (struct plan_link_end){.ns = router->ns, .name = port->name, .mac = router->mac},
             (struct plan_link_end){.ns = l->internet, .name = port->far_name, .mac = l->internet_mac},
             lower_mtu(l, MTU_WIRE), port->origin);
    add_neighbour(l, router->ns, port->name, cloud_next_hop, l->internet_mac, port->origin);
    add_neighbour(l, l->internet, port->far_name, cloud_next_hop, router->mac, port->origin);
    cloud_port(l, router->ns, port->name, false, port->origin);
    cloud_port(l, l->internet, port->far_name, false, port->origin);
    add_unicast(l, l->internet, prefix_any(4), port->mark, &cloud_next_hop, port->far_name, port->origin)->onlink =
        true;
    add_rule(l, l->internet, PRIORITY_ANSWER, port->mark, NULL, port->mark, port->origin);
}

/* From an endpoint to the machines of its service, and to nobody else on the internet. */
static void write_limit(struct str *body, const struct gateway_port *port)
{
    char text[ADDR_TEXT_MAX];
    const struct cloud_service *service = port->endpoint->service;
    str_printf(body, "\t\tiifname \"%s\" ip daddr != { ", port->far_name);
    size_t count = 0;
    for (size_t i = 0; i < service->target_count; i++) {
        const struct interface *target = service->targets[i].interface;
        if (target->attachment == ATTACH_INTERNET && target->address_count > 0)
            str_printf(body, "%s%s", count++ ? ", " : "", addr_format(&target->addresses[0].addr, text));
    }
    str_printf(body, " } drop comment \"%s\"\n", port->origin);
}

void lower_gateway_endpoints(struct lowering *l)
{
    STR_AUTO limits = STR_INIT;
    STR_AUTO body = STR_INIT;
    struct elements marks = {.out = &body};
    str_append(&body, "\tmap marks {\n\t\ttype ifname : mark\n");
    for (size_t i = 0; i < l->topology->vpc_count; i++) {
        const struct router *router = &l->routers[i];
        for (size_t k = 0; k < router->gateway_count; k++) {
            connect_port(l, router, &router->gateways[k]);
            element(&marks, "\"%s\" : 0x%x", router->gateways[k].far_name, router->gateways[k].mark);
            write_limit(&limits, &router->gateways[k]);
        }
        if (router->gateway_count > 0)
            guard_router(l, router);
    }
    if (limits.length == 0)
        return;
    elements_end(&marks);
    str_append(&body, "\t}\n\tchain prerouting {\n\t\ttype filter hook prerouting priority -150; policy accept;\n"
                      "\t\tct state new ct mark set iifname map @marks\n"
                      "\t\tct direction reply ct mark != 0 meta mark set ct mark\n\t}\n"
                      "\tchain forward {\n\t\ttype filter hook forward priority -30; policy accept;\n");
    str_append(&body, str_text(&limits));
    str_append(&body, "\t}\n");
    add_nft(l, l->internet, "ip", "gateway_endpoints", &body, "internet");
}
