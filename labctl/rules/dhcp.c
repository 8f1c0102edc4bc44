/* Rules of addresses that come from the wire: ranges, reservations, who hands them out. */
#include <string.h>

#include "rules/check.h"

/* ---- what is handed out -------------------------------------------------------------------------------------------
 */

/* Reports that an address is in no network of the node's wires. */
static void report_outside(struct rules *rules, const struct service *service, const struct addr *addr,
                           struct mark mark)
{
    char text[ADDR_TEXT_MAX];
    if (node_misread(service->node))
        return;
    remedy(rules,
           broken(rules, mark, "%s of service '%s' is in no network of node '%s'", addr_format(addr, text),
                  service->name, service->node->name),
           "it must lie in the network of one of its interfaces on a bridge or a link");
}

static void check_range(struct rules *rules, const struct service *service, size_t i)
{
    char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
    const struct dhcp_range *range = &service->dhcp->ranges[i];
    const struct interface *interface = dhcp_interface(service, &range->first);
    addr_format(&range->first, first);
    addr_format(&range->last, last);
    if (!interface)
        report_outside(rules, service, &range->first, range->mark);
    else if (dhcp_interface(service, &range->last) != interface)
        broken(rules, range->mark, "%s is not in the network of '%s/%s', where the range begins", last,
               service->node->name, interface->name);
    else if (addr_compare(&range->first, &range->last) > 0)
        remedy(rules, broken(rules, range->mark, "a range begins with its lower address"), "write %s-%s", last, first);
    for (size_t k = 0; k < i; k++) {
        const struct dhcp_range *earlier = &service->dhcp->ranges[k];
        if (addr_compare(&range->first, &earlier->last) > 0 || addr_compare(&earlier->first, &range->last) > 0)
            continue;
        elsewhere(broken(rules, range->mark, "range %s-%s overlaps with another", first, last), earlier->mark,
                  "the other range");
        break;
    }
}

static void ranges(struct rules *rules, const struct node *node)
{
    for (size_t s = 0; s < node->service_count; s++) {
        const struct service *service = node->services[s];
        if (!service->dhcp)
            continue;
        bool advertises = false;
        for (size_t i = 0; i < service->dhcp->range_count; i++)
            check_range(rules, service, i);
        for (size_t i = 0; i < node->interface_count; i++) {
            struct prefix network = advertised_network(node->interfaces[i]);
            advertises = advertises || addr_is_set(&network.addr);
        }
        if (service->dhcp->router_advertisements && !advertises)
            remedy(rules, broken(rules, service->mark, "service '%s' has no network to advertise", service->name),
                   "give an interface of node '%s' on a bridge or a link an IPv6 address with the length /64",
                   node->name);
        if (service->dhcp->range_count + service->dhcp->reservation_count == 0 && !service->dhcp->unread &&
            !service->dhcp->router_advertisements)
            remedy(rules, broken(rules, service->mark, "service '%s' has nothing to hand out", service->name),
                   "give it `range`, `reservations` or `router_advertisements: true`");
    }
}

void check_dhcp_range(struct rules *rules)
{
    each_node(rules, ranges);
}

static void check_reservation(struct rules *rules, const struct service *service, size_t i)
{
    static const struct mac unknown;
    char text[ADDR_TEXT_MAX];
    const struct dhcp_reservation *reservation = &service->dhcp->reservations[i];
    const struct interface *interface = dhcp_interface(service, &reservation->addr);
    if (!interface) {
        report_outside(rules, service, &reservation->addr, reservation->addr_mark);
        return;
    }
    for (size_t k = 0; !reservation->client && k < interface->address_count; k++)
        if (addr_equal(&interface->addresses[k].addr, &reservation->addr))
            elsewhere(broken(rules, reservation->addr_mark, "%s is the server's own address",
                             addr_format(&reservation->addr, text)),
                      address_mark(interface, k), "here");
    for (size_t k = 0; k < i; k++) {
        const struct dhcp_reservation *earlier = &service->dhcp->reservations[k];
        if (addr_equal(&earlier->addr, &reservation->addr))
            elsewhere(
                broken(rules, reservation->addr_mark, "%s is reserved twice", addr_format(&reservation->addr, text)),
                earlier->addr_mark, "the first");
        else if (memcmp(&reservation->mac, &unknown, sizeof unknown) != 0 &&
                 memcmp(&earlier->mac, &reservation->mac, sizeof earlier->mac) == 0 &&
                 dhcp_interface(service, &earlier->addr) == interface)
            elsewhere(broken(rules, reservation->mark, "'%s' has a reservation already", reservation->name),
                      earlier->mark, "the first");
    }
}

static void reservations(struct rules *rules, const struct node *node)
{
    for (size_t s = 0; s < node->service_count; s++)
        for (size_t i = 0; node->services[s]->dhcp && i < node->services[s]->dhcp->reservation_count; i++)
            check_reservation(rules, node->services[s], i);
}

void check_dhcp_reservation(struct rules *rules)
{
    each_node(rules, reservations);
}

/* ---- who asks -----------------------------------------------------------------------------------------------------
 */

static bool hears_a_router(const struct topology *topology, const struct interface *client)
{
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++) {
            const struct interface *router = topology->nodes[n]->interfaces[i];
            struct prefix network = advertised_network(router);
            if (router != client && addr_is_set(&network.addr) && share_wire(router, client))
                return true;
        }
    return false;
}

static void client(struct rules *rules, const struct interface *interface)
{
    const struct interface *server;
    if (interface->attachment != ATTACH_BRIDGE && interface->attachment != ATTACH_LINK)
        return;
    if (interface->dhcp && !dhcp_server(rules->topology, interface, 0, &server))
        remedy(rules,
               broken(rules, interface->dhcp_mark, "nobody hands out addresses on the wire of '%s/%s'",
                      interface->node->name, interface->name),
               "give a node on it a service of kind dhcp with a range");
    if (interface->slaac && !hears_a_router(rules->topology, interface))
        remedy(rules,
               broken(rules, interface->slaac_mark, "nobody advertises a router on the wire of '%s/%s'",
                      interface->node->name, interface->name),
               "give a node on it a service of kind dhcp with `router_advertisements: true`");
}

void check_dhcp_client(struct rules *rules)
{
    each_interface(rules, client);
}
