/* Routers that learn from each other. */
#include <string.h>

#include "model/topology.h"

const struct service *node_service_of(const struct node *node, enum service_kind kind)
{
    for (size_t i = 0; i < node->service_count; i++)
        if (node->services[i]->kind == kind)
            return node->services[i];
    return NULL;
}

bool bgp_agreed(const struct service *service, const struct bgp_neighbour *neighbour)
{
    const struct service *peer = neighbour->node ? node_service_of(neighbour->node, SERVICE_BGP) : NULL;
    if (!peer || peer->routing->bgp.as != neighbour->as)
        return false;
    for (size_t i = 0; i < peer->routing->bgp.neighbour_count; i++) {
        const struct bgp_neighbour *back = &peer->routing->bgp.neighbours[i];
        for (unsigned f = 0; f < 2; f++)
            if (back->node == service->node && back->as == service->routing->bgp.as &&
                addr_is_set(&neighbour->own[f]) && addr_equal(&back->addr[f], &neighbour->own[f]))
                return true;
    }
    return false;
}

static bool talks_in(const struct node *node, uint32_t area, const struct ospf_interface *with)
{
    const struct service *service = node_service_of(node, SERVICE_OSPF);
    for (size_t a = 0; service && a < service->routing->ospf.area_count; a++)
        for (size_t i = 0; i < service->routing->ospf.areas[a].interface_count; i++) {
            const struct ospf_interface *other = &service->routing->ospf.areas[a].interfaces[i];
            if (service->routing->ospf.areas[a].id == area && other->interface && !other->passive &&
                !other->interface->down && share_wire(other->interface, with->interface))
                return true;
        }
    return false;
}

bool ospf_agreed(const struct topology *topology, const struct ospf_area *area, const struct ospf_interface *interface)
{
    if (!interface->interface || interface->passive || interface->interface->down)
        return false;
    for (size_t n = 0; n < topology->node_count; n++)
        if (topology->nodes[n] != interface->interface->node && talks_in(topology->nodes[n], area->id, interface))
            return true;
    return false;
}

struct addr router_id(const struct node *node)
{
    for (size_t i = 0; i < node->service_count; i++)
        if (node->services[i]->routing && addr_is_set(&node->services[i]->routing->router_id))
            return node->services[i]->routing->router_id;
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++)
            if (node->interfaces[i]->addresses[a].addr.family == 4)
                return node->interfaces[i]->addresses[a].addr;
    return (struct addr){0};
}
