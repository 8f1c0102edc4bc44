/* An internet gateway: a namespace between the VPC's router and the internet that translates one private address to one
 * public address, both ways, and nothing else.
 *
 * A packet from the VPC must come from an address that has a public one; a packet from outside must be for one (after
 * translation its destination is private).  An instance that calls its neighbour by the public address is translated
 * twice and sent back into the VPC (hairpin): the neighbour sees a public address.  The gateway is no hop and has no
 * voice of its own. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

struct pair {
    struct addr private, public;
};

static struct pair *public_pairs(struct lowering *l, const struct router *router, size_t *count)
{
    struct pair *pairs = NULL;
    *count = 0;
    for (size_t i = 0; i < router->port_count; i++) {
        const struct interface *interface = router->ports[i]->interface;
        if (interface->public_ip.family == 4 && interface->address_count > 0)
            *ARENA_PUSH(l->scratch, pairs, *count) = (struct pair){interface->addresses[0].addr, interface->public_ip};
    }
    for (size_t i = 0; i < router->nat_gateway_count; i++) {
        const struct nat_gateway *gateway = router->nat_gateways[i].gateway;
        if (gateway->public_ip.family == 4)
            *ARENA_PUSH(l->scratch, pairs, *count) = (struct pair){gateway->address, gateway->public_ip};
    }
    return pairs;
}

static void translation(struct lowering *l, uint32_t ns, const struct pair *pairs, size_t count, const char *origin)
{
    char private[ADDR_TEXT_MAX], public[ADDR_TEXT_MAX];
    STR_AUTO body = STR_INIT;
    struct elements list = {.out = &body};
    str_append(&body, "\tmap inward {\n\t\ttype ipv4_addr : ipv4_addr\n");
    for (size_t i = 0; i < count; i++)
        element(&list, "%s : %s", addr_format(&pairs[i].public, public), addr_format(&pairs[i].private, private));
    elements_end(&list);
    str_append(&body, "\t}\n\tmap outward {\n\t\ttype ipv4_addr : ipv4_addr\n");
    for (size_t i = 0; i < count; i++)
        element(&list, "%s : %s", addr_format(&pairs[i].private, private), addr_format(&pairs[i].public, public));
    elements_end(&list);
    str_append(&body, "\t}\n\tset private {\n\t\ttype ipv4_addr\n");
    for (size_t i = 0; i < count; i++)
        element(&list, "%s", addr_format(&pairs[i].private, private));
    elements_end(&list);
    str_append(&body, "\t}\n"
                      "\tchain prerouting {\n\t\ttype nat hook prerouting priority -100; policy accept;\n"
                      "\t\tdnat to ip daddr map @inward\n\t}\n"
                      "\tchain postrouting {\n\t\ttype nat hook postrouting priority 100; policy accept;\n"
                      "\t\tsnat to ip saddr map @outward\n\t}\n"
                      "\tchain forward {\n\t\ttype filter hook forward priority 0; policy drop;\n"
                      "\t\tct state related accept\n"
                      "\t\tiifname \"vpc\" ip saddr @private accept\n"
                      "\t\tiifname \"internet\" ip daddr @private accept\n\t}\n"
                      "\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n"
                      "\tchain output {\n\t\ttype filter hook output priority 0; policy accept;\n"
                      "\t\ticmp type { redirect, time-exceeded } drop\n"
                      "\t\ticmp type destination-unreachable icmp code != 4 drop\n\t}\n");
    add_nft(l, ns, "ip", "internet_gateway", &body, origin);
}

/* Two ports, towards the router and the internet, each with a next hop that is but a MAC. */
static void connect_gateway(struct lowering *l, const struct router *router, const char *outside, const char *origin)
{
    uint32_t ns = router->internet_gateway;
    const char *name = l->plan->namespaces[ns].name;
    struct mac inner = lower_mac(arena_printf(l->scratch, "%s/vpc", name));
    struct mac outer = lower_mac(arena_printf(l->scratch, "%s/internet", name));
    add_link(l, (struct plan_link_end){.ns = router->ns, .name = "igw", .mac = router->mac},
             (struct plan_link_end){.ns = ns, .name = "vpc", .mac = inner}, lower_mtu(l, MTU_WIRE), origin);
    add_link(l, (struct plan_link_end){.ns = ns, .name = "internet", .mac = outer},
             (struct plan_link_end){.ns = l->internet, .name = outside, .mac = l->internet_mac}, lower_mtu(l, MTU_WIRE),
             origin);
    add_neighbour(l, router->ns, "igw", cloud_next_hop, inner, origin);
    add_neighbour(l, ns, "vpc", cloud_next_hop, router->mac, origin);
    add_neighbour(l, ns, "internet", cloud_next_hop, l->internet_mac, origin);
    add_neighbour(l, l->internet, outside, cloud_next_hop, outer, origin);
    cloud_port(l, router->ns, "igw", false, origin);
    cloud_port(l, ns, "vpc", false, origin);
    cloud_port(l, ns, "internet", false, origin);
    cloud_port(l, l->internet, outside, false, origin);
    lower_internet_delay(l, outside, origin);
    for (size_t i = 0; i < vpc_network_count(router->vpc); i++)
        if (vpc_network(router->vpc, i).addr.family == 4)
            add_unicast(l, ns, vpc_network(router->vpc, i), 0, &cloud_next_hop, "vpc", origin)->onlink = true;
    add_unicast(l, ns, prefix_any(4), 0, &cloud_next_hop, "internet", origin)->onlink = true;
}

void lower_internet_gateway(struct lowering *l, struct router *router)
{
    uint32_t ns = router->internet_gateway;
    const char *origin = l->plan->namespaces[ns].origin;
    const char *outside = lower_device(l, l->internet, arena_printf(l->scratch, "vpc-%s", router->vpc->name));
    router->internet_port = outside;
    size_t count;
    struct pair *pairs = public_pairs(l, router, &count);
    cloud_forwards(l, ns, false, origin);
    connect_gateway(l, router, outside, origin);
    lower_hidden_hop(l, ns, origin);
    translation(l, ns, pairs, count, origin);
    for (size_t i = 0; i < count; i++) {
        struct prefix around = prefix_network((struct prefix){pairs[i].public, 24});
        struct plan_route *route =
            add_unicast(l, l->internet, prefix_of_addr(pairs[i].public), 0, &cloud_next_hop, outside, origin);
        route->onlink = true;
        route->source = prefix_host(&around, 1);
    }
}
