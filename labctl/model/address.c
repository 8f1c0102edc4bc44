/* By which address one node reaches another. */
#include <string.h>

#include "model/topology.h"

/* How good an address is as a destination, best first. */
enum reach { REACH_SEGMENT, REACH_VPC, REACH_CONNECTED, REACH_PUBLIC, REACH_ROUTED, REACH_NONE };

/* What lies between two VPCs: the private address is meant where they are peered or attached to one transit gateway,
 * whether routes lead there or not. */
static enum reach vpcs_between(const struct topology *topology, const struct vpc *from, const struct vpc *to)
{
    if (from == to)
        return REACH_VPC;
    if (topology_peering_between(topology, from, to))
        return REACH_CONNECTED;
    for (size_t i = 0; i < topology->transit_gateway_count; i++)
        if (transit_gateway_attaches(topology->transit_gateways[i], from) &&
            transit_gateway_attaches(topology->transit_gateways[i], to))
            return REACH_CONNECTED;
    return REACH_NONE;
}

/* What lies between two interfaces. */
static enum reach reach_between(const struct topology *topology, const struct interface *from,
                                const struct interface *to)
{
    if (from->attachment != to->attachment)
        return REACH_NONE;
    switch (from->attachment) {
    case ATTACH_BRIDGE:
        return from->bridge == to->bridge && from->bridge != NULL ? REACH_SEGMENT : REACH_NONE;
    case ATTACH_LINK:
        return from->link == to->link && from->link != NULL ? REACH_SEGMENT : REACH_NONE;
    case ATTACH_SUBNET:
        return from->subnet != NULL && to->subnet != NULL ? vpcs_between(topology, from->subnet->vpc, to->subnet->vpc)
                                                          : REACH_NONE;
    case ATTACH_INTERNET:
        return REACH_PUBLIC;
    case ATTACH_NONE:
    case ATTACH_COUNT:
        break;
    }
    return REACH_NONE;
}

/* The first address of the family on an interface. */
static struct addr own_address(const struct interface *interface, unsigned family)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (family == 0 || interface->addresses[i].addr.family == family)
            return interface->addresses[i].addr;
    return (struct addr){0};
}

/* The best address of one interface of the target, and how good it is. */
static struct addr best_of(const struct topology *topology, const struct node *from, const struct interface *to,
                           unsigned family, enum reach *out)
{
    struct addr own = own_address(to, family);
    *out = REACH_NONE;
    for (size_t i = 0; addr_is_set(&own) && i < from->interface_count; i++) {
        enum reach reach = from == to->node ? REACH_SEGMENT : reach_between(topology, from->interfaces[i], to);
        if (reach < *out)
            *out = reach;
    }
    if (*out != REACH_NONE)
        return own;
    if (to->attachment == ATTACH_SUBNET && own.family == 6) { /* every one of them is public */
        *out = REACH_PUBLIC;
        return own;
    }
    if (to->attachment == ATTACH_SUBNET) {
        bool usable = addr_is_set(&to->public_ip) && (family == 0 || family == to->public_ip.family);
        *out = usable ? REACH_PUBLIC : REACH_NONE;
        return usable ? to->public_ip : (struct addr){0};
    }
    if (addr_is_set(&own))
        *out = to->attachment == ATTACH_INTERNET ? REACH_PUBLIC : REACH_ROUTED;
    return own;
}

/* The address for one family (0: any). */
static struct addr address_of(const struct topology *topology, const struct node *from, const struct node *to,
                              const struct interface *interface, unsigned family)
{
    struct addr best = {0};
    enum reach reached = REACH_NONE;
    for (size_t i = 0; i < to->interface_count; i++) {
        enum reach reach;
        if (interface != NULL && to->interfaces[i] != interface)
            continue;
        struct addr addr = best_of(topology, from, to->interfaces[i], family, &reach);
        if (reach < reached) {
            best = addr;
            reached = reach;
        }
    }
    return best;
}

struct addr topology_address_of(const struct topology *topology, const struct node *from, const struct node *to,
                                const struct interface *interface, unsigned family)
{
    if (family != 0)
        return address_of(topology, from, to, interface, family);
    struct addr addr = address_of(topology, from, to, interface, 4);
    return addr_is_set(&addr) ? addr : address_of(topology, from, to, interface, 6);
}

bool interface_misread(const struct interface *interface)
{
    const struct subnet *subnet = interface->subnet;
    const struct network *network = interface->bridge ? interface->bridge->network : NULL;
    return interface->unread || interface->attachment == ATTACH_NONE ||
           (subnet && (subnet->unread || subnet->vpc->unread || !addr_is_set(&subnet->cidr.addr))) ||
           (network && !addr_is_set(&network->cidr.addr));
}

bool node_misread(const struct node *node)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (interface_misread(node->interfaces[i]))
            return true;
    return false;
}
