/* A transit gateway: a namespace `transit_gateway/NAME` with one port for each attached VPC.
 *
 * A packet looks up the route table that its attachment is associated with, by the port it came in by; an attachment
 * without one gets nowhere.  A VPC's side is a port of its router, to which route tables lead; what comes out of it
 * takes the VPC's main table, as if it came from a subnet that names none: so a hub can lead others to its NAT gateway
 * or through its firewall.  The gateway is no hop, has no voice of its own, and filters nothing.  As in a cloud, it
 * lowers the segment size that the ends of a TCP flow tell each other to what passes it. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

#define PRIORITY_TABLE 300

const char *transit_port(const struct router *router, const struct transit_gateway *gateway)
{
    for (size_t i = 0; i < router->transit_port_count; i++)
        if (router->transit_ports[i].gateway == gateway)
            return router->transit_ports[i].name;
    return NULL;
}

void lower_transit_namespaces(struct lowering *l)
{
    const struct topology *topology = l->topology;
    l->transit_namespaces = arena_alloc(l->scratch, topology->transit_gateway_count * sizeof *l->transit_namespaces);
    for (size_t i = 0; i < topology->transit_gateway_count; i++) {
        const struct transit_gateway *gateway = topology->transit_gateways[i];
        const char *name = arena_printf(l->scratch, "transit_gateway/%s", gateway->name);
        l->transit_namespaces[i] = add_namespace(l, NAMESPACE_CLOUD, name, name);
        for (size_t a = 0; a < gateway->attachment_count; a++) {
            struct router *router = router_of(l, gateway->attachments[a].vpc);
            struct transit_port *port = ARENA_PUSH(l->scratch, router->transit_ports, router->transit_port_count);
            port->gateway = gateway;
            port->name = lower_device(l, router->ns, arena_printf(l->scratch, "tgw-%s", gateway->name));
        }
    }
}

static void attach(struct lowering *l, uint32_t ns, const char *port, const struct router *router,
                   const struct transit_gateway *gateway, const char *origin)
{
    const char *far = transit_port(router, gateway);
    struct mac mac = lower_mac(arena_printf(l->scratch, "%s/%s", origin, router->vpc->name));
    add_link(l, (struct plan_link_end){.ns = ns, .name = port, .mac = mac},
             (struct plan_link_end){.ns = router->ns, .name = far, .mac = router->mac},
             lower_mtu(l, MTU_TRANSIT_GATEWAY), origin);
    add_neighbour(l, ns, port, cloud_next_hop, router->mac, origin);
    add_neighbour(l, router->ns, far, cloud_next_hop, mac, origin);
    if (vpc_has_ipv6(router->vpc)) {
        add_neighbour(l, ns, port, cloud_next_hop_ipv6, router->mac, origin);
        add_neighbour(l, router->ns, far, cloud_next_hop_ipv6, mac, origin);
    }
    cloud_port(l, ns, port, false, origin);
    cloud_port(l, router->ns, far, false, origin);
}

/* The name of each attachment's port, in their order. */
static const char **port_names(struct lowering *l, uint32_t ns, const struct transit_gateway *gateway)
{
    const char **names = arena_alloc(l->scratch, (gateway->attachment_count + 1) * sizeof *names);
    for (size_t i = 0; i < gateway->attachment_count; i++)
        names[i] = lower_device(l, ns, arena_printf(l->scratch, "vpc-%s", gateway->attachments[i].vpc->name));
    return names;
}

static const char *port_of(const struct transit_gateway *gateway, const char *const *ports, const struct vpc *vpc)
{
    for (size_t i = 0; i < gateway->attachment_count; i++)
        if (gateway->attachments[i].vpc == vpc)
            return ports[i];
    return NULL;
}

static void lower_table(struct lowering *l, uint32_t ns, const struct transit_table *table, const char *const *ports,
                        bool ipv6, const char *gateway_origin)
{
    const char *origin = arena_printf(l->arena, "%s/route_table/%s", gateway_origin, table->name);
    uint32_t number = lower_number(l, origin);
    struct transit_route *routes;
    size_t count = transit_table_routes(table, l->scratch, &routes);
    for (size_t i = 0; i < count; i++) {
        const char *port = routes[i].vpc ? port_of(table->gateway, ports, routes[i].vpc) : NULL;
        unsigned family = routes[i].destination.addr.family;
        if (port && (family == 4 || vpc_has_ipv6(routes[i].vpc)))
            add_unicast(l, ns, routes[i].destination, number, cloud_hop(family), port, origin)->onlink = true;
        else
            add_route(l, ns, routes[i].destination, number, PLAN_ROUTE_BLACKHOLE, origin);
    }
    for (size_t i = 0; i < table->association_count; i++) {
        const char *port = port_of(table->gateway, ports, table->associations[i].vpc);
        add_family_rule(l, ns, 4, PRIORITY_TABLE, 0, NULL, number, origin)->input_interface = port;
        if (ipv6)
            add_family_rule(l, ns, 6, PRIORITY_TABLE, 0, NULL, number, origin)->input_interface = port;
    }
}

static void silence(struct lowering *l, uint32_t ns, const struct ip_words *ip, const char *origin)
{
    STR_AUTO body = STR_INIT;
    str_append(&body, "\tchain forward {\n\t\ttype filter hook forward priority 0; policy accept;\n"
                      "\t\ttcp flags syn tcp option maxseg size set rt mtu\n\t}\n"
                      "\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n"
                      "\tchain output {\n\t\ttype filter hook output priority 0; policy drop;\n\t}\n");
    add_nft(l, ns, ip->name, "transit_gateway", &body, origin);
}

static bool carries_ipv6(const struct transit_gateway *gateway)
{
    for (size_t i = 0; i < gateway->attachment_count; i++)
        if (vpc_has_ipv6(gateway->attachments[i].vpc))
            return true;
    return false;
}

static void lower_gateway(struct lowering *l, const struct transit_gateway *gateway, uint32_t ns)
{
    const char *origin = l->plan->namespaces[ns].origin;
    const char **ports = port_names(l, ns, gateway);
    bool ipv6 = carries_ipv6(gateway);
    cloud_forwards(l, ns, false, origin);
    lower_hidden_hop(l, ns, origin);
    silence(l, ns, &ip_words[0], origin);
    if (ipv6) {
        cloud_forwards_ipv6(l, ns, origin);
        lower_hidden_hop_ipv6(l, ns, origin);
        silence(l, ns, &ip_words[1], origin);
    }
    for (size_t i = 0; i < gateway->attachment_count; i++)
        attach(l, ns, ports[i], router_of(l, gateway->attachments[i].vpc), gateway, origin);
    for (size_t i = 0; i < gateway->route_table_count; i++)
        lower_table(l, ns, gateway->route_tables[i], ports, ipv6, origin);
}

/* What comes out of it is never for the router itself. */
static void guard_router(struct lowering *l, const struct router *router, const struct ip_words *ip)
{
    STR_AUTO body = STR_INIT;
    str_append(&body, "\tchain input {\n\t\ttype filter hook input priority -10; policy accept;\n");
    for (size_t i = 0; i < router->transit_port_count; i++)
        str_printf(&body, "\t\tiifname \"%s\" drop\n", router->transit_ports[i].name);
    str_append(&body, "\t}\n");
    add_nft(l, router->ns, ip->name, "transit_gateways", &body, router->origin);
}

void lower_transit_gateways(struct lowering *l)
{
    for (size_t i = 0; i < l->topology->transit_gateway_count; i++)
        lower_gateway(l, l->topology->transit_gateways[i], l->transit_namespaces[i]);
    for (size_t i = 0; i < l->topology->vpc_count; i++) {
        const struct router *router = &l->routers[i];
        if (router->transit_port_count > 0)
            guard_router(l, router, &ip_words[0]);
        if (router->transit_port_count > 0 && vpc_has_ipv6(router->vpc))
            guard_router(l, router, &ip_words[1]);
    }
}
