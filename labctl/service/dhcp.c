/* dhcp: dnsmasq without names, for each wire whose network has a range or a reservation; and its router advertisements
 * (RFC 4861), from which hosts make their addresses themselves. */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "service/lowering.h"

/* The netmask of an interface's network that has the address. */
static struct addr netmask(const struct interface *interface, const struct addr *addr)
{
    for (size_t i = 0; i < interface->address_count; i++) {
        struct prefix network = prefix_network(interface->addresses[i]);
        if (prefix_contains(&network, addr))
            return addr_from_ipv4(network.length ? ~UINT32_C(0) << (32 - network.length) : 0);
    }
    return addr_from_ipv4(~UINT32_C(0));
}

static void put_range(struct str *out, const struct service *service, const struct dhcp_range *range)
{
    char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX], mask[ADDR_TEXT_MAX];
    const struct interface *interface = dhcp_interface(service, &range->first);
    if (!interface)
        return;
    struct addr own = netmask(interface, &range->first);
    str_printf(out, "dhcp-range=set:%s,%s,%s,%s,%u\n", interface->name, addr_format(&range->first, first),
               addr_format(&range->last, last), addr_format(&own, mask), service->dhcp->lease);
}

/* A wire that has only reservations: nobody else gets an address there. */
static void put_reserved_only(struct str *out, const struct service *service, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX], mask[ADDR_TEXT_MAX];
    const struct dhcp *dhcp = service->dhcp;
    for (size_t i = 0; i < dhcp->range_count; i++)
        if (dhcp_interface(service, &dhcp->ranges[i].first) == interface)
            return;
    for (size_t i = 0; i < dhcp->reservation_count; i++) {
        if (dhcp_interface(service, &dhcp->reservations[i].addr) != interface)
            continue;
        struct addr own = netmask(interface, &dhcp->reservations[i].addr);
        struct addr network = addr_from_ipv4(addr_ipv4(&dhcp->reservations[i].addr) & addr_ipv4(&own));
        str_printf(out, "dhcp-range=set:%s,%s,static,%s,%u\n", interface->name, addr_format(&network, text),
                   addr_format(&own, mask), dhcp->lease);
        return;
    }
}

/* Without a value an option is not sent: dnsmasq would else name itself. */
static void put_told(struct str *out, const struct service *service, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX];
    struct addr router = dhcp_router(service, interface), server;
    str_printf(out, "dhcp-option=tag:%s,option:router%s%s\n", interface->name, addr_is_set(&router) ? "," : "",
               addr_is_set(&router) ? addr_format(&router, text) : "");
    str_printf(out, "dhcp-option=tag:%s,option:dns-server", interface->name);
    for (size_t i = 0; server = dhcp_name_server(service, interface, i), addr_is_set(&server); i++)
        str_printf(out, ",%s", addr_format(&server, text));
    str_append_char(out, '\n');
    if (service->dhcp->domain)
        str_printf(out, "dhcp-option=tag:%s,option:domain-name,%s\n", interface->name, service->dhcp->domain);
}

static bool serves(const struct service *service, const struct interface *interface)
{
    const struct dhcp *dhcp = service->dhcp;
    bool found = false;
    for (size_t i = 0; i < dhcp->range_count; i++)
        found = found || dhcp_interface(service, &dhcp->ranges[i].first) == interface;
    for (size_t i = 0; i < dhcp->reservation_count; i++)
        found = found || dhcp_interface(service, &dhcp->reservations[i].addr) == interface;
    return found;
}

static void put_wire(struct str *out, const struct service *service, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX];
    bool addresses = serves(service, interface);
    struct prefix network = advertised_network(interface);
    bool advertises = service->dhcp->router_advertisements && addr_is_set(&network.addr);
    if (!addresses && !advertises)
        return;
    str_printf(out, "\ninterface=%s\n", interface->name);
    for (size_t i = 0; i < service->dhcp->range_count; i++)
        if (dhcp_interface(service, &service->dhcp->ranges[i].first) == interface)
            put_range(out, service, &service->dhcp->ranges[i]);
    if (addresses) {
        put_reserved_only(out, service, interface);
        put_told(out, service, interface);
    }
    if (advertises)
        str_printf(out, "dhcp-range=%s,ra-only,64,%u\nra-param=%s,10,1800\n", addr_format(&network.addr, text),
                   service->dhcp->lease, interface->name);
}

void service_lower_dhcp(struct service_context *context)
{
    char mac[ADDR_TEXT_MAX], addr[ADDR_TEXT_MAX];
    const struct service *service = context->service;
    const struct dhcp *dhcp = service->dhcp;
    struct arena *arena = context->plan->arena;
    STR_AUTO text = STR_INIT;
    str_printf(&text,
               "port=0\nno-resolv\nno-hosts\nno-ping\ndhcp-authoritative\nbind-dynamic\nlog-dhcp\nlog-facility=-\n"
               "pid-file=\nuser=\ngroup=\ndhcp-leasefile=/var/lib/misc/%s.leases\n",
               service->name);
    if (dhcp->router_advertisements)
        str_append(&text, "enable-ra\n");
    for (size_t i = 0; i < service->node->interface_count; i++)
        put_wire(&text, service, service->node->interfaces[i]);
    for (size_t i = 0; i < dhcp->reservation_count; i++)
        str_printf(&text, "dhcp-host=%s,%s\n", mac_format(&dhcp->reservations[i].mac, mac),
                   addr_format(&dhcp->reservations[i].addr, addr));
    const char *path = arena_printf(arena, "/etc/dnsmasq.d/%s.conf", service->name);
    const char *const argv[] = {"dnsmasq", "--keep-in-foreground", arena_printf(arena, "--conf-file=%s", path)};
    service_argv(context, argv, ARRAY_SIZE(argv));
    service_configuration_file(context, path, &text);
    if (dhcp->range_count + dhcp->reservation_count > 0)
        service_ready(context, READY_UDP_BOUND, service->port);
}
