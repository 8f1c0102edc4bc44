/* A peering: a wire between the routers of two VPCs.
 *
 * Each side's route tables lead into it where they say so, and only there: the answer needs a route as well.  What
 * comes out of it must be from an address of the other VPC, so that nothing gets through that came from a third one; it
 * carries no mark of a route table (route_table.c) and finds the local route only: there is no way to another VPC, to
 * an internet or NAT gateway, or to a gateway endpoint.  Nothing of it is for the router itself and its resolver. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

const char *peering_port(const struct router *router, const struct peering *peering)
{
    for (size_t i = 0; i < router->peering_count; i++)
        if (router->peerings[i].peering == peering)
            return router->peerings[i].name;
    return NULL;
}

void lower_peering_ports(struct lowering *l)
{
    for (size_t i = 0; i < l->topology->peering_count; i++) {
        const struct peering *peering = l->topology->peerings[i];
        for (size_t side = 0; side < 2; side++) {
            struct router *router = router_of(l, peering->vpcs[side]);
            struct peering_port *port = ARENA_PUSH(l->scratch, router->peerings, router->peering_count);
            port->peering = peering;
            port->far = router_of(l, peering->vpcs[!side]);
            port->name = lower_device(l, router->ns, arena_printf(l->scratch, "pcx-%s", peering->name));
        }
    }
}

/* What may come out of a router's ports to its peers. */
static void filter(struct lowering *l, const struct router *router, const struct ip_words *ip)
{
    STR_AUTO body = STR_INIT;
    str_append(&body, "\tchain forward {\n\t\ttype filter hook forward priority -30; policy accept;\n");
    for (size_t i = 0; i < router->peering_count; i++) {
        const struct peering_port *port = &router->peerings[i];
        str_printf(&body, "\t\tiifname \"%s\" ", port->name);
        if (ip->family == 4 || vpc_has_ipv6(port->far->vpc))
            str_printf(&body, "%s saddr != %s ", ip->name, vpc_networks(l, port->far->vpc, ip->family));
        str_printf(&body, "drop comment \"peering/%s\"\n", port->peering->name);
    }
    str_append(&body, "\t}\n\tchain input {\n\t\ttype filter hook input priority -10; policy accept;\n");
    for (size_t i = 0; i < router->peering_count; i++)
        str_printf(&body, "\t\tiifname \"%s\" drop\n", router->peerings[i].name);
    str_append(&body, "\t}\n");
    add_nft(l, router->ns, ip->name, "peerings", &body, router->origin);
}

static void connect_side(struct lowering *l, const struct router *router, const struct router *far,
                         const struct peering *peering, const char *origin)
{
    const char *port = peering_port(router, peering);
    add_neighbour(l, router->ns, port, cloud_next_hop, far->mac, origin);
    if (vpc_has_ipv6(router->vpc))
        add_neighbour(l, router->ns, port, cloud_next_hop_ipv6, far->mac, origin);
    cloud_port(l, router->ns, port, false, origin);
}

void lower_peerings(struct lowering *l)
{
    for (size_t i = 0; i < l->topology->peering_count; i++) {
        const struct peering *peering = l->topology->peerings[i];
        const char *origin = arena_printf(l->arena, "peering/%s", peering->name);
        const struct router *a = router_of(l, peering->vpcs[0]), *b = router_of(l, peering->vpcs[1]);
        add_link(l, (struct plan_link_end){.ns = a->ns, .name = peering_port(a, peering), .mac = a->mac},
                 (struct plan_link_end){.ns = b->ns, .name = peering_port(b, peering), .mac = b->mac},
                 lower_mtu(l, MTU_VPC), origin);
        connect_side(l, a, b, peering, origin);
        connect_side(l, b, a, peering, origin);
    }
    for (size_t i = 0; i < l->topology->vpc_count; i++) {
        const struct router *router = &l->routers[i];
        if (router->peering_count > 0)
            filter(l, router, &ip_words[0]);
        if (router->peering_count > 0 && vpc_has_ipv6(router->vpc))
            filter(l, router, &ip_words[1]);
    }
}
