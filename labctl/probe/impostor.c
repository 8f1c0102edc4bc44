/* Does the prober's own node answer for the target?  The kernel's routing is asked, not the interfaces: a local route
 * in any table does what an address on the loopback device does. */
#include "probe/impostor.h"

#include <string.h>

#include "kernel/route.h"
#include "model/topology.h"
#include "probe/engine.h"

const struct node *address_owner(const struct topology *topology, const struct addr *addr)
{
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        for (size_t j = 0; j < node->interface_count; j++) {
            const struct interface *interface = node->interfaces[j];
            if (addr_is_set(&interface->public_ip) && addr_equal(&interface->public_ip, addr))
                return node;
            for (size_t k = 0; k < interface->address_count; k++)
                if (addr_equal(&interface->addresses[k].addr, addr))
                    return node;
        }
    }
    return NULL;
}

bool impostor_found(const struct attempt *attempt, const struct node **owner)
{
    const struct node *from = attempt->check->from;
    const struct addr *target = &attempt->fact.target;
    if (!from || !attempt->world->topology || !addr_is_set(target))
        return false;
    int netns = attempt->world->netns(attempt->world->context, from->name);
    if (netns < 0 || route_is_local(netns, target) != 1)
        return false;
    *owner = address_owner(attempt->world->topology, target);
    return *owner && strcmp((*owner)->name, from->name) != 0;
}
