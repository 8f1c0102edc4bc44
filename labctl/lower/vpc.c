/* A VPC is a router: a cloud namespace `vpc/NAME` with one port for each interface.
 *
 * Theory of operation (packets of an instance, in the order in which the router's hooks see them):
 *
 * - prerouting -300: the TTL goes up by one, so that forwarding leaves it as it was (hop.c); the port that the packet
 *   came in by chooses a mark, the mark of its subnet's route table (route_table.c).
 * - routing, table local: the router's own addresses (base + 1 of each subnet, the resolver).
 * - then a route table's override of a whole subnet, towards a middlebox.
 * - then table main: one /32 for each private address, and a blackhole for the rest of the VPC's CIDR: the local route,
 *   which wins over everything else.
 * - then the route table of the mark.
 * - forward -15: security groups of the sender, by the port in (security_group.c).
 * - forward -5: security groups of the receiver, by the port out.
 * - input: what is addressed to the router meets no group: the resolver, and ping.
 *
 * Instances believe that they share a wire with their subnet.  The router answers ARP for all of them (proxy ARP) with
 * one MAC, and no broadcast passes.  It never speaks for itself: no redirects, no "unreachable"; what has no route or
 * is not allowed disappears. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

const struct addr cloud_next_hop = {.family = 4, .bytes = {169, 254, 0, 1}};
const struct addr cloud_next_hop_ipv6 = {.family = 6, .bytes = {0xfe, 0x80, [15] = 1}};

const struct addr *cloud_hop(unsigned family)
{
    return family == 4 ? &cloud_next_hop : &cloud_next_hop_ipv6;
}

struct addr subnet_router(const struct subnet *subnet)
{
    return prefix_host(&subnet->cidr, 1);
}

struct addr vpc_resolver(const struct vpc *vpc)
{
    return prefix_host(&vpc->cidr, 2);
}

static void nat_gateway_namespaces(struct lowering *l, struct router *router)
{
    const struct vpc *vpc = router->vpc;
    router->nat_gateway_count = vpc->nat_gateway_count;
    router->nat_gateways = arena_alloc(l->scratch, vpc->nat_gateway_count * sizeof router->nat_gateways[0]);
    for (size_t i = 0; i < vpc->nat_gateway_count; i++) {
        const char *name = arena_printf(l->scratch, "%s/nat_gateway/%s", router->origin, vpc->nat_gateways[i]->name);
        router->nat_gateways[i].ns = add_namespace(l, NAMESPACE_CLOUD, name, name);
        router->nat_gateways[i].gateway = vpc->nat_gateways[i];
        router->nat_gateways[i].mac = lower_mac(name);
        router->nat_gateways[i].name =
            lower_device(l, router->ns, arena_printf(l->scratch, "ngw-%s", vpc->nat_gateways[i]->name));
    }
}

void lower_vpc_namespaces(struct lowering *l)
{
    const struct topology *topology = l->topology;
    l->routers = arena_alloc(l->scratch, topology->vpc_count * sizeof l->routers[0]);
    for (size_t i = 0; i < topology->vpc_count; i++) {
        struct router *router = &l->routers[i];
        *router = (struct router){
            .vpc = topology->vpcs[i], .internet_gateway = UINT32_MAX, .egress_only_gateway = UINT32_MAX};
        router->origin = arena_printf(l->arena, "vpc/%s", router->vpc->name);
        router->mac = lower_mac(router->origin);
        router->ns = add_namespace(l, NAMESPACE_CLOUD, router->origin, router->origin);
        if (router->vpc->internet_gateway) {
            const char *name = arena_printf(l->scratch, "%s/internet_gateway", router->origin);
            router->internet_gateway = add_namespace(l, NAMESPACE_CLOUD, name, name);
        }
        if (router->vpc->egress_only_gateway && vpc_has_ipv6(router->vpc)) {
            const char *name = arena_printf(l->scratch, "%s/egress_only_gateway", router->origin);
            router->egress_only_gateway = add_namespace(l, NAMESPACE_CLOUD, name, name);
        }
        nat_gateway_namespaces(l, router);
        pointers_set(l->vpcs, router->vpc, router);
    }
}

/* One instance: the router knows its addresses by their port and MAC, and the instance the router's. */
void lower_vpc_port(struct lowering *l, struct port *port)
{
    const struct interface *interface = port->interface;
    struct router *router = router_of(l, interface->subnet->vpc);
    struct addr own = subnet_router(interface->subnet);
    *ARENA_PUSH(l->scratch, router->ports, router->port_count) = port;
    add_edge(l, router, interface->subnet, port->far_name);
    subnet_port(l, router->ns, port->far_name, interface->source_dest_check, port->origin);
    for (size_t i = 0; i < interface->address_count; i++) {
        struct addr addr = interface->addresses[i].addr;
        if (addr.family != 4)
            continue;
        add_unicast(l, router->ns, prefix_of_addr(addr), 0, NULL, port->far_name, port->origin)->source = own;
        add_neighbour(l, router->ns, port->far_name, addr, interface->mac, port->origin);
    }
    if (!port->down)
        add_neighbour(l, port->ns, port->name, own, router->mac, port->origin);
}

static void own_addresses(struct lowering *l, const struct router *router)
{
    const struct vpc *vpc = router->vpc;
    for (size_t i = 0; i < vpc->subnet_count; i++)
        add_address(l, router->ns, "lo", prefix_of_addr(subnet_router(vpc->subnets[i])),
                    arena_printf(l->arena, "%s/subnet/%s", router->origin, vpc->subnets[i]->name));
    if (!vpc->dns_support)
        return;
    add_address(l, router->ns, "lo", prefix_of_addr(vpc_resolver(vpc)), router->origin);
    add_address(l, router->ns, "lo", prefix_of_addr(link_local_resolver), router->origin);
}

/* What reaches the router itself, and what it says. */
static void own_traffic(struct lowering *l, const struct router *router)
{
    STR_AUTO body = STR_INIT;
    str_append(&body, "\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n"
                      "\t\tiifname \"lo\" accept\n"
                      "\t\tiifname \"igw\" drop\n"
                      "\t\ticmp type echo-request accept\n"
                      "\t\tmeta l4proto { tcp, udp } th dport 53 accept\n"
                      "\t\tct state established,related accept\n\t}\n"
                      "\tchain output {\n\t\ttype filter hook output priority 0; policy accept;\n"
                      "\t\ticmp type { redirect, time-exceeded } drop\n"
                      "\t\ticmp type destination-unreachable icmp code != 4 oifname != \"lo\" drop\n\t}\n");
    add_nft(l, router->ns, "ip", "router", &body, router->origin);
}

void lower_vpc(struct lowering *l, struct router *router)
{
    cloud_forwards(l, router->ns, true, router->origin);
    own_addresses(l, router);
    own_traffic(l, router);
    lower_hidden_hop(l, router->ns, router->origin);
    if (router->vpc->internet_gateway)
        lower_internet_gateway(l, router);
    for (size_t i = 0; i < router->nat_gateway_count; i++)
        lower_nat_gateway(l, router, i);
    lower_route_tables(l, router, &ip_words[0]);
    lower_security_groups(l, router, &ip_words[0]);
    lower_network_acls(l, router, &ip_words[0]);
    if (vpc_has_ipv6(router->vpc))
        lower_vpc_ipv6(l, router);
    if (router->vpc->dns_support)
        lower_vpc_resolver(l, router);
}
