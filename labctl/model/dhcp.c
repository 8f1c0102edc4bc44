/* Addresses from the wire: who hands them out, and which. */
#include <string.h>

#include "model/topology.h"

bool share_wire(const struct interface *a, const struct interface *b)
{
    if (a->attachment != b->attachment)
        return false;
    return (a->attachment == ATTACH_BRIDGE && a->bridge && a->bridge == b->bridge) ||
           (a->attachment == ATTACH_LINK && a->link && a->link == b->link);
}

static bool on_wire(const struct interface *interface)
{
    return interface->attachment == ATTACH_BRIDGE || interface->attachment == ATTACH_LINK;
}

/* The first network of a family that an interface has by its file. */
static const struct prefix *own_address(const struct interface *interface, unsigned family)
{
    for (size_t i = 0; i + interface->added_count < interface->address_count; i++)
        if (interface->addresses[i].addr.family == family)
            return &interface->addresses[i];
    return NULL;
}

const struct interface *dhcp_interface(const struct service *service, const struct addr *addr)
{
    const struct node *node = service->node;
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; on_wire(node->interfaces[i]) && a < node->interfaces[i]->address_count; a++) {
            struct prefix network = prefix_network(node->interfaces[i]->addresses[a]);
            if (prefix_contains(&network, addr))
                return node->interfaces[i];
        }
    return NULL;
}

struct addr dhcp_router(const struct service *service, const struct interface *interface)
{
    const struct dhcp *dhcp = service->dhcp;
    const struct prefix *own = own_address(interface, 4);
    struct prefix network = own ? prefix_network(*own) : (struct prefix){0};
    if (addr_is_set(&dhcp->router) && prefix_contains(&network, &dhcp->router))
        return dhcp->router;
    bool none = dhcp->router_mark.line > 0 && !addr_is_set(&dhcp->router);
    return own && !none && service->node->forwarding ? own->addr : (struct addr){0};
}

struct addr dhcp_name_server(const struct service *service, const struct interface *interface, size_t i)
{
    const struct prefix *own = own_address(interface, 4);
    if (service->dhcp->dns_count > 0)
        return i < service->dhcp->dns_count ? service->dhcp->dns[i] : (struct addr){0};
    for (size_t k = 0; i == 0 && own && k < service->node->service_count; k++)
        if (service->node->services[k]->kind == SERVICE_DNS)
            return own->addr;
    return (struct addr){0};
}

/* Whether it has something to give on the wire of its interface. */
static bool serves(const struct service *service, const struct interface *interface)
{
    const struct dhcp *dhcp = service->dhcp;
    for (size_t i = 0; i < dhcp->range_count; i++)
        if (dhcp_interface(service, &dhcp->ranges[i].first) == interface)
            return true;
    for (size_t i = 0; i < dhcp->reservation_count; i++)
        if (dhcp_interface(service, &dhcp->reservations[i].addr) == interface)
            return true;
    return false;
}

/* Whether the i-th of those services of a node is found; counts `i` down. */
static const struct service *server_of(const struct node *node, const struct interface *client, size_t *i,
                                       const struct interface **server)
{
    for (size_t s = 0; s < node->service_count; s++)
        for (size_t k = 0; node->services[s]->dhcp && k < node->interface_count; k++) {
            *server = node->interfaces[k];
            if (*server != client && share_wire(*server, client) && serves(node->services[s], *server) && (*i)-- == 0)
                return node->services[s];
        }
    return NULL;
}

const struct service *dhcp_server(const struct topology *topology, const struct interface *client, size_t i,
                                  const struct interface **server)
{
    const struct service *found = NULL;
    for (size_t n = 0; !found && n < topology->node_count; n++)
        found = server_of(topology->nodes[n], client, &i, server);
    return found;
}

bool node_waits_for_lease(const struct node *node)
{
    bool waits = false;
    for (size_t i = 0; i < node->interface_count; i++) {
        if (node->interfaces[i]->address_count > 0)
            return false;
        waits = waits || node->interfaces[i]->dhcp;
    }
    return waits;
}

static bool in_ranges(const struct service *service, const struct addr *addr)
{
    for (size_t i = 0; i < service->dhcp->range_count; i++) {
        const struct dhcp_range *range = &service->dhcp->ranges[i];
        if (addr->family == range->first.family && memcmp(addr->bytes, range->first.bytes, sizeof addr->bytes) >= 0 &&
            memcmp(addr->bytes, range->last.bytes, sizeof addr->bytes) <= 0)
            return true;
    }
    return false;
}

bool dhcp_hands_out(const struct topology *topology, const struct interface *interface, const struct addr *addr)
{
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t s = 0; s < topology->nodes[n]->service_count; s++) {
            const struct service *service = topology->nodes[n]->services[s];
            const struct interface *server = service->dhcp ? dhcp_interface(service, addr) : NULL;
            if (server && (server == interface || share_wire(server, interface)) && in_ranges(service, addr))
                return true;
        }
    return false;
}

struct prefix advertised_network(const struct interface *interface)
{
    const struct prefix *own = own_address(interface, 6);
    for (size_t s = 0; own && on_wire(interface) && s < interface->node->service_count; s++) {
        const struct service *service = interface->node->services[s];
        if (service->dhcp && service->dhcp->router_advertisements && own->length == 64)
            return prefix_network(*own);
    }
    return (struct prefix){0};
}

struct addr slaac_address(const struct prefix *network, const struct mac *mac)
{
    struct addr addr = network->addr;
    memcpy(addr.bytes + 8, mac->bytes, 3);
    addr.bytes[8] ^= 2; /* universal or local */
    addr.bytes[11] = 0xff;
    addr.bytes[12] = 0xfe;
    memcpy(addr.bytes + 13, mac->bytes + 3, 3);
    return addr;
}

struct prefix link_local_address(const struct mac *mac)
{
    static const struct prefix network = {{6, {0xfe, 0x80}}, 64};
    return (struct prefix){slaac_address(&network, mac), 64};
}
