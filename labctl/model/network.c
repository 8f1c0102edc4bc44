/* Docker-like networks: who is in one, and where published ports lead. */
#include <stddef.h>

#include "base/map.h"
#include "model/topology.h"

const char *bridge_kind(const struct bridge *bridge)
{
    return bridge->network != NULL ? "network" : bridge->vlan_of_link != NULL ? "link" : "bridge";
}

struct network *topology_network(const struct topology *topology, const char *name)
{
    return map_get(topology->network_by_name, name);
}

struct network *interface_network(const struct interface *interface)
{
    return interface->attachment == ATTACH_BRIDGE && interface->bridge != NULL ? interface->bridge->network : NULL;
}

static bool is_member(const struct interface *interface)
{
    const struct network *network = interface_network(interface);
    return network != NULL && network->host != interface->node;
}

bool node_is_member(const struct node *node)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (is_member(node->interfaces[i]))
            return true;
    return false;
}

bool node_is_container(const struct node *node)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (!is_member(node->interfaces[i]))
            return false;
    return node->interface_count > 0;
}

struct addr published_target(const struct published *published)
{
    for (size_t i = 0; published->target != NULL && i < published->target->address_count; i++)
        if (published->target->addresses[i].addr.family == 4)
            return published->target->addresses[i].addr;
    return (struct addr){0};
}
