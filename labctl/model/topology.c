/* Look-ups by name. */
#include "model/topology.h"

#include <string.h>

#include "base/map.h"

struct node *topology_node(const struct topology *topology, const char *name)
{
    return topology->node_by_name != NULL ? map_get(topology->node_by_name, name) : NULL;
}

struct vpc *topology_vpc(const struct topology *topology, const char *name)
{
    return topology->vpc_by_name != NULL ? map_get(topology->vpc_by_name, name) : NULL;
}

struct bridge *topology_bridge(const struct topology *topology, const char *name)
{
    return topology->bridge_by_name != NULL ? map_get(topology->bridge_by_name, name) : NULL;
}

struct link *topology_link(const struct topology *topology, const char *name)
{
    return topology->link_by_name != NULL ? map_get(topology->link_by_name, name) : NULL;
}

/* The thing of that name in a short array of pointers to things. */
#define FIND(array, count, wanted)                                                                                     \
    do {                                                                                                               \
        for (size_t i = 0; i < (count); i++)                                                                           \
            if (strcmp((array)[i]->name, (wanted)) == 0)                                                               \
                return (array)[i];                                                                                     \
        return NULL;                                                                                                   \
    } while (0)

struct interface *node_interface(const struct node *node, const char *name)
{
    FIND(node->interfaces, node->interface_count, name);
}

struct service *node_service(const struct node *node, const char *name)
{
    FIND(node->services, node->service_count, name);
}

struct subnet *vpc_subnet(const struct vpc *vpc, const char *name)
{
    FIND(vpc->subnets, vpc->subnet_count, name);
}

struct route_table *vpc_route_table(const struct vpc *vpc, const char *name)
{
    FIND(vpc->route_tables, vpc->route_table_count, name);
}

struct nat_gateway *vpc_nat_gateway(const struct vpc *vpc, const char *name)
{
    FIND(vpc->nat_gateways, vpc->nat_gateway_count, name);
}

struct security_group *vpc_security_group(const struct vpc *vpc, const char *name)
{
    FIND(vpc->security_groups, vpc->security_group_count, name);
}

bool topology_uses_internet(const struct topology *topology)
{
    for (size_t i = 0; i < topology->vpc_count; i++)
        if (topology->vpcs[i]->internet_gateway)
            return true;
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t j = 0; j < topology->nodes[i]->interface_count; j++)
            if (topology->nodes[i]->interfaces[j]->attachment == ATTACH_INTERNET)
                return true;
    return false;
}
