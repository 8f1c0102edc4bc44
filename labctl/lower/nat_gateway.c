/* A NAT gateway: a namespace with one port in its subnet.
 *
 * The router sends it what a route table gives it; it answers with its own private address as the source, out of the
 * same port, and so its packets take the route table of ITS subnet: to the internet gateway, which knows its public
 * address, or, in a subnet without that route, nowhere.  Only flows that began inside pass (what is for its own address
 * ends here), those of another VPC as well, where a transit gateway leads them here; it has no security group.
 * To a traceroute it is a hop with its private address.  A TCP flow that was idle for too long is forgotten, and a
 * later packet of it from inside is answered with a RST. */
#include "base/arena.h"
#include "base/str.h"
#include "base/units.h"
#include "lower/lowering.h"

#define PORT "eth0"

static void translation(struct lowering *l, uint32_t ns, const struct router *router, const struct nat_gateway *gateway,
                        const char *origin)
{
    char own[ADDR_TEXT_MAX];
    STR_AUTO body = STR_INIT;
    const char *inside = vpc_networks(l, router->vpc, 4);
    addr_format(&gateway->address, own);
    str_printf(&body,
               "\tct timeout idle {\n\t\tprotocol tcp\n\t\tl3proto ip\n\t\tpolicy = { established : %lld }\n\t}\n",
               (long long)((gateway->idle_timeout + NANOSECONDS_PER_SECOND - 1) / NANOSECONDS_PER_SECOND));
    str_append(&body, "\tchain prerouting {\n\t\ttype filter hook prerouting priority -150; policy accept;\n"
                      "\t\tmeta l4proto tcp ct timeout set \"idle\"\n\t}\n");
    str_printf(&body,
               "\tchain forward {\n\t\ttype filter hook forward priority 0; policy drop;\n"
               "\t\tct state new tcp flags & (syn | ack) != syn reject with tcp reset\n"
               "\t\tct state established,related accept\n"
               "\t\tct state new ip daddr != %s meta l4proto { tcp, udp, icmp } accept\n\t}\n",
               inside);
    str_printf(&body,
               "\tchain postrouting {\n\t\ttype nat hook postrouting priority 100; policy accept;\n"
               "\t\tiifname \"" PORT "\" meta l4proto { tcp, udp } snat to %s:%u-%u\n"
               "\t\tiifname \"" PORT "\" snat to %s\n\t}\n",
               own, gateway->ports.first, gateway->ports.last, own);
    str_append(&body, "\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n"
                      "\tchain output {\n\t\ttype filter hook output priority 0; policy accept;\n"
                      "\t\ticmp type redirect drop\n\t}\n");
    add_nft(l, ns, "ip", "nat_gateway", &body, origin);
}

void lower_nat_gateway(struct lowering *l, struct router *router, size_t i)
{
    const struct nat_gateway *gateway = router->nat_gateways[i].gateway;
    const char *port = router->nat_gateways[i].name;
    struct mac mac = router->nat_gateways[i].mac;
    struct addr next_hop = subnet_router(gateway->subnet);
    uint32_t ns = router->nat_gateways[i].ns;
    const char *origin = l->plan->namespaces[ns].origin;
    add_link(l, (struct plan_link_end){.ns = ns, .name = PORT, .mac = mac},
             (struct plan_link_end){.ns = router->ns, .name = port, .mac = router->mac}, lower_mtu(l, MTU_VPC), origin);
    add_edge(l, router, gateway->subnet, port);
    add_address(l, ns, PORT, prefix_of_addr(gateway->address), origin);
    add_neighbour(l, ns, PORT, next_hop, router->mac, origin);
    add_neighbour(l, router->ns, port, gateway->address, mac, origin);
    add_unicast(l, ns, prefix_any(4), 0, &next_hop, PORT, origin)->onlink = true;
    add_unicast(l, router->ns, prefix_of_addr(gateway->address), 0, NULL, port, origin)->source = next_hop;
    cloud_forwards(l, ns, false, origin);
    cloud_port(l, ns, PORT, false, origin);
    subnet_port(l, router->ns, port, false, origin);
    add_sysctl(l, ns, "net/ipv4/icmp_ratelimit", "0", origin);
    translation(l, ns, router, gateway, origin);
}
