/* A VPC's IPv6: the same router in the other family (vpc.c), and what differs.
 *
 * An instance has its address with a length of 128, as in a cloud: all others are beyond the router, also those of its
 * subnet, so there is nobody to look for but the router, base + 1 of the subnet's /64.  Nothing is translated: an
 * internet gateway routes, an egress-only gateway lets out what begins inside, and answers in.  The internet sends what
 * is for a subnet to the gateway that the subnet's own table leads to; where it leads to none there is no way in. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

#define IP (&ip_words[1])

static void connect_ports(struct lowering *l, const struct router *router)
{
    for (size_t i = 0; i < router->port_count; i++) {
        const struct port *port = router->ports[i];
        struct addr own = interface_ipv6_router(port->interface);
        for (size_t a = 0; addr_is_set(&own) && a < port->interface->address_count; a++) {
            struct addr addr = port->interface->addresses[a].addr;
            if (addr.family != 6)
                continue;
            add_unicast(l, router->ns, prefix_of_addr(addr), 0, NULL, port->far_name, port->origin);
            add_neighbour(l, router->ns, port->far_name, addr, port->interface->mac, port->origin);
        }
        if (addr_is_set(&own) && !port->down)
            add_neighbour(l, port->ns, port->name, own, router->mac, port->origin);
    }
}

static void own_traffic(struct lowering *l, const struct router *router)
{
    STR_AUTO body = STR_INIT;
    str_append(&body, "\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n"
                      "\t\tiifname \"lo\" accept\n"
                      "\t\tiifname { \"igw\", \"eigw\" } drop\n"
                      "\t\ticmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert } accept\n"
                      "\t\tct state established,related accept\n\t}\n"
                      "\tchain output {\n\t\ttype filter hook output priority 0; policy accept;\n"
                      "\t\ticmpv6 type { nd-redirect, time-exceeded, destination-unreachable } oifname != \"lo\" drop\n"
                      "\t}\n");
    add_nft(l, router->ns, IP->name, "router", &body, router->origin);
}

/* A gateway's two wires, and the internet's way back to the subnets that lead to it. */
static void connect_gateway(struct lowering *l, const struct router *router, uint32_t ns, const char *port,
                            const char *outside, enum route_target_kind target, const char *origin)
{
    const struct vpc *vpc = router->vpc;
    const char *name = l->plan->namespaces[ns].name;
    struct mac inner = lower_mac(arena_printf(l->scratch, "%s/vpc", name));
    struct mac outer = lower_mac(arena_printf(l->scratch, "%s/internet", name));
    cloud_forwards_ipv6(l, ns, origin);
    lower_hidden_hop_ipv6(l, ns, origin);
    add_neighbour(l, router->ns, port, cloud_next_hop_ipv6, inner, origin);
    add_neighbour(l, ns, "vpc", cloud_next_hop_ipv6, router->mac, origin);
    add_neighbour(l, ns, "internet", cloud_next_hop_ipv6, l->internet_mac, origin);
    add_neighbour(l, l->internet, outside, cloud_next_hop_ipv6, outer, origin);
    add_unicast(l, ns, vpc->ipv6_cidr, 0, &cloud_next_hop_ipv6, "vpc", origin)->onlink = true;
    add_unicast(l, ns, prefix_any(6), 0, &cloud_next_hop_ipv6, "internet", origin)->onlink = true;
    for (size_t i = 0; i < vpc->subnet_count; i++)
        if (addr_is_set(&vpc->subnets[i]->ipv6_cidr.addr) && subnet_ipv6_gateway(vpc->subnets[i]) == target)
            add_unicast(l, l->internet, vpc->subnets[i]->ipv6_cidr, 0, &cloud_next_hop_ipv6, outside, origin)->onlink =
                true;
}

/* filter: what passes, as rules of a forward chain that drops. */
static void write_filter(struct lowering *l, uint32_t ns, const char *table, const char *filter, const char *origin)
{
    STR_AUTO body = STR_INIT;
    str_printf(&body, "\tchain forward {\n\t\ttype filter hook forward priority 0; policy drop;\n%s\t}\n", filter);
    str_append(&body, "\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n"
                      "\tchain output {\n\t\ttype filter hook output priority 0; policy accept;\n"
                      "\t\ticmpv6 type { nd-redirect, time-exceeded, destination-unreachable } drop\n\t}\n");
    add_nft(l, ns, IP->name, table, &body, origin);
}

static void lower_internet_gateway_ipv6(struct lowering *l, const struct router *router)
{
    uint32_t ns = router->internet_gateway;
    const char *origin = l->plan->namespaces[ns].origin, *networks = vpc_networks(l, router->vpc, 6);
    const char *outside = router->internet_port;
    connect_gateway(l, router, ns, "igw", outside, TARGET_INTERNET_GATEWAY, origin);
    write_filter(l, ns, "internet_gateway",
                 arena_printf(l->scratch,
                              "\t\tiifname \"vpc\" ip6 saddr %s accept\n\t\tiifname \"internet\" ip6 daddr %s accept\n",
                              networks, networks),
                 origin);
}

void lower_egress_only_gateway(struct lowering *l, struct router *router)
{
    uint32_t ns = router->egress_only_gateway;
    const char *origin = l->plan->namespaces[ns].origin, *name = l->plan->namespaces[ns].name;
    const char *outside = lower_device(l, l->internet, arena_printf(l->scratch, "eigw-%s", router->vpc->name));
    add_link(
        l, (struct plan_link_end){.ns = router->ns, .name = "eigw", .mac = router->mac},
        (struct plan_link_end){.ns = ns, .name = "vpc", .mac = lower_mac(arena_printf(l->scratch, "%s/vpc", name))},
        lower_mtu(l, MTU_WIRE), origin);
    add_link(l,
             (struct plan_link_end){
                 .ns = ns, .name = "internet", .mac = lower_mac(arena_printf(l->scratch, "%s/internet", name))},
             (struct plan_link_end){.ns = l->internet, .name = outside, .mac = l->internet_mac}, lower_mtu(l, MTU_WIRE),
             origin);
    connect_gateway(l, router, ns, "eigw", outside, TARGET_EGRESS_ONLY_GATEWAY, origin);
    write_filter(l, ns, "egress_only_gateway",
                 arena_printf(l->scratch,
                              "\t\tct state established,related accept\n"
                              "\t\tct state new tcp flags & (fin | syn | rst | ack) != syn drop\n"
                              "\t\tiifname \"vpc\" ip6 saddr %s accept\n",
                              vpc_networks(l, router->vpc, 6)),
                 origin);
}

void lower_vpc_ipv6(struct lowering *l, struct router *router)
{
    const struct vpc *vpc = router->vpc;
    cloud_forwards_ipv6(l, router->ns, router->origin);
    for (size_t i = 0; i < vpc->subnet_count; i++)
        if (addr_is_set(&vpc->subnets[i]->ipv6_cidr.addr))
            add_address(l, router->ns, "lo", prefix_of_addr(prefix_host(&vpc->subnets[i]->ipv6_cidr, 1)),
                        arena_printf(l->arena, "%s/subnet/%s", router->origin, vpc->subnets[i]->name));
    connect_ports(l, router);
    own_traffic(l, router);
    lower_hidden_hop_ipv6(l, router->ns, router->origin);
    if (router->internet_gateway != UINT32_MAX)
        lower_internet_gateway_ipv6(l, router);
    if (router->egress_only_gateway != UINT32_MAX)
        lower_egress_only_gateway(l, router);
    lower_route_tables(l, router, IP);
    lower_security_groups(l, router, IP);
    lower_network_acls(l, router, IP);
}
