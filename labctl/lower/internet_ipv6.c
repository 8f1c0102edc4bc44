/* The internet's IPv6: a /128 for each machine, a /64 for each subnet that leads to a gateway (vpc_ipv6.c).  Machines
 * have the core as their router, at an address of the internet's own; all that they say goes there. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

static void connect_port(struct lowering *l, const struct port *port)
{
    struct addr core = interface_ipv6_router(port->interface);
    for (size_t i = 0; addr_is_set(&core) && i < port->interface->address_count; i++) {
        struct addr addr = port->interface->addresses[i].addr;
        if (addr.family != 6)
            continue;
        add_unicast(l, l->internet, prefix_of_addr(addr), 0, NULL, port->far_name, port->origin);
        add_neighbour(l, l->internet, port->far_name, addr, port->interface->mac, port->origin);
    }
    if (addr_is_set(&core) && !port->down)
        add_neighbour(l, port->ns, port->name, core, l->internet_mac, port->origin);
}

void lower_internet_ipv6(struct lowering *l)
{
    bool any = topology_uses_ipv6(l->topology);
    for (size_t i = 0; i < l->internet_segment.port_count; i++) {
        struct addr core = interface_ipv6_router(l->internet_segment.ports[i]->interface);
        any = any || addr_is_set(&core);
    }
    if (!any)
        return;
    const char *origin = l->plan->namespaces[l->internet].origin;
    cloud_forwards_ipv6(l, l->internet, origin);
    add_address(l, l->internet, "lo", prefix_of_addr(internet_ipv6_core), origin);
    add_route(l, l->internet, prefix_any(6), 0, PLAN_ROUTE_BLACKHOLE, origin);
    for (size_t i = 0; i < l->internet_segment.port_count; i++)
        connect_port(l, l->internet_segment.ports[i]);
    STR_AUTO body = STR_INIT;
    str_append(&body, "\tchain forward {\n\t\ttype filter hook forward priority 0; policy accept;\n"
                      "\t\tip6 saddr { fc00::/7, fe80::/10 } drop\n\t}\n" /* RFC 4193, RFC 4291 */
                      "\tchain output {\n\t\ttype filter hook output priority 0; policy accept;\n"
                      "\t\ticmpv6 type nd-redirect drop\n\t}\n");
    add_nft(l, l->internet, "ip6", "internet", &body, origin);
}
