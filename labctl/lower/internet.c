/* The internet: a routed core with a /32 for each public address.
 *
 * The first address of each public /24 is the core's: the gateway of the machines there, which answers ping and stands
 * in their traceroutes.  Machines of one /24 reach each other through it as well (proxy ARP).  Private sources are
 * dropped, as the real one does, unless they come by a gateway endpoint (gateway_endpoint.c), and what nobody has leads
 * nowhere, without a word. */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "lower/lowering.h"
#include "plan/impairment.h"

#define NAME "internet"

static const struct prefix public_prefixes[] = {
    {{4, {192, 0, 2, 0}}, 24},
    {{4, {198, 51, 100, 0}}, 24},
    {{4, {203, 0, 113, 0}}, 24}, /* RFC 5737 */
};

void lower_internet_namespace(struct lowering *l)
{
    if (!topology_uses_internet(l->topology))
        return;
    l->internet = add_namespace(l, NAMESPACE_CLOUD, NAME, NAME);
    l->internet_mac = lower_mac(NAME);
}

void lower_internet_delay(struct lowering *l, const char *port, const char *origin)
{
    const struct impairment is = {.delay = l->topology->internet.delay};
    plan_add_impairment(l->plan, l->internet, port, PLAN_RECEIVED, &is, origin);
    plan_add_impairment(l->plan, l->internet, port, PLAN_SENT, &is, origin);
}

void lower_internet_port(struct lowering *l, struct port *port)
{
    const struct interface *interface = port->interface;
    cloud_port(l, l->internet, port->far_name, true, port->origin);
    lower_internet_delay(l, port->far_name, port->origin);
    for (size_t i = 0; i < interface->address_count; i++) {
        struct addr addr = interface->addresses[i].addr;
        if (addr.family != 4)
            continue;
        struct prefix around = prefix_network((struct prefix){addr, 24});
        struct addr gateway = prefix_host(&around, 1);
        add_unicast(l, l->internet, prefix_of_addr(addr), 0, NULL, port->far_name, port->origin)->source = gateway;
        add_neighbour(l, l->internet, port->far_name, addr, interface->mac, port->origin);
        bool known = port->down;
        for (size_t earlier = 0; earlier < i && !known; earlier++)
            known = prefix_contains(&around, &interface->addresses[earlier].addr);
        if (!known)
            add_neighbour(l, port->ns, port->name, gateway, l->internet_mac, port->origin);
    }
}

void lower_internet(struct lowering *l)
{
    if (l->internet == UINT32_MAX)
        return;
    cloud_forwards(l, l->internet, true, NAME);
    add_sysctl(l, l->internet, "net/ipv4/icmp_ratelimit", "0", NAME);
    for (size_t i = 0; i < ARRAY_SIZE(public_prefixes); i++)
        add_address(l, l->internet, "lo", prefix_of_addr(prefix_host(&public_prefixes[i], 1)), NAME);
    add_route(l, l->internet, prefix_any(4), 0, PLAN_ROUTE_BLACKHOLE, NAME);
    STR_AUTO body = STR_INIT;
    str_append(&body,
               "\tchain prerouting {\n\t\ttype filter hook prerouting priority -300; policy accept;\n"
               "\t\tip saddr { 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 }"
               " iifname != { \"lo\"");
    for (size_t i = 0; i < l->topology->vpc_count; i++)
        for (size_t k = 0; k < l->routers[i].gateway_count; k++)
            str_printf(&body, ", \"%s\"", l->routers[i].gateways[k].far_name);
    str_append(&body, " } drop\n\t}\n"
                      "\tchain output {\n\t\ttype filter hook output priority 0; policy accept;\n"
                      "\t\ticmp type redirect drop\n\t}\n");
    add_nft(l, l->internet, "ip", "internet", &body, NAME);
    lower_internet_ipv6(l);
}
