/* Whom BGP neighbours and OSPF interfaces are, when all nodes have their addresses. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "load/loader.h"

/* Ends of a session between two interfaces on one wire, by each family that both have. */
static bool meet(struct bgp_neighbour *neighbour, const struct interface *own, const struct interface *peer)
{
    bool found = false;
    for (size_t a = 0; a < peer->address_count; a++)
        for (size_t b = 0; b < own->address_count; b++) {
            struct prefix network = prefix_network(own->addresses[b]);
            unsigned f = network.addr.family == 6;
            if (addr_is_set(&neighbour->addr[f]) || !prefix_contains(&network, &peer->addresses[a].addr))
                continue;
            neighbour->addr[f] = peer->addresses[a].addr;
            neighbour->own[f] = own->addresses[b].addr;
            found = true;
        }
    return found;
}

static bool meet_node(struct bgp_neighbour *neighbour, const struct node *node, const struct node *peer,
                      const char *interface)
{
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t k = 0; k < peer->interface_count; k++)
            if (share_wire(node->interfaces[i], peer->interfaces[k]) &&
                (!interface || str_equal(interface, peer->interfaces[k]->name)) &&
                meet(neighbour, node->interfaces[i], peer->interfaces[k]))
                return true;
    return false;
}

/* The node's address in the network of `addr`, or the first of its family. */
static struct addr own_end(const struct node *node, const struct addr *addr, bool *on_wire)
{
    struct addr first = {0};
    *on_wire = true;
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++) {
            const struct prefix *own = &node->interfaces[i]->addresses[a];
            struct prefix network = prefix_network(*own);
            if (prefix_contains(&network, addr))
                return own->addr;
            if (!addr_is_set(&first) && own->addr.family == addr->family)
                first = own->addr;
        }
    *on_wire = false;
    return first;
}

static const struct node *owner(const struct topology *topology, const struct addr *addr)
{
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++)
            for (size_t a = 0; a < topology->nodes[n]->interfaces[i]->address_count; a++)
                if (addr_equal(&topology->nodes[n]->interfaces[i]->addresses[a].addr, addr))
                    return topology->nodes[n];
    return NULL;
}

static void finish_neighbour(struct loader *loader, const struct node *node, struct bgp_neighbour *neighbour)
{
    struct addr addr;
    const struct topology *topology = loader->topology;
    if (addr_parse(neighbour->name, &addr)) {
        neighbour->addr[addr.family == 6] = addr;
        neighbour->own[addr.family == 6] = own_end(node, &addr, &neighbour->on_wire);
        neighbour->node = owner(topology, &addr);
        return;
    }
    const char *slash = strchr(neighbour->name, '/'), *name = neighbour->name;
    if (slash)
        name = arena_strndup(loader->decoder.arena, name, (size_t)(slash - name));
    neighbour->node = topology_node(topology, name);
    neighbour->on_wire = true;
    if (!neighbour->node)
        report_dangling(loader, "node", name, "", neighbour->mark,
                        names_of(loader, topology->nodes, topology->node_count), topology->node_count);
    else if (!meet_node(neighbour, node, neighbour->node, slash ? slash + 1 : NULL))
        findings_add(loader->decoder.findings, FINDING_ERROR, "dangling-reference", neighbour->mark,
                     "'%.80s' and '%s' share no wire with addresses of one network", neighbour->name, node->name)
            ->hint = "name an address of it, where routes lead there";
}

static void finish_service(struct loader *loader, struct service *service)
{
    struct routing *routing = service->routing;
    for (size_t i = 0; i < routing->bgp.neighbour_count; i++)
        finish_neighbour(loader, service->node, &routing->bgp.neighbours[i]);
    for (size_t a = 0; a < routing->ospf.area_count; a++)
        for (size_t i = 0; i < routing->ospf.areas[a].interface_count; i++) {
            struct ospf_interface *interface = &routing->ospf.areas[a].interfaces[i];
            interface->interface = node_interface(service->node, interface->name);
        }
}

void finish_routing(struct loader *loader)
{
    for (size_t n = 0; n < loader->topology->node_count; n++)
        for (size_t s = 0; s < loader->topology->nodes[n]->service_count; s++)
            if (loader->topology->nodes[n]->services[s]->routing)
                finish_service(loader, loader->topology->nodes[n]->services[s]);
}
