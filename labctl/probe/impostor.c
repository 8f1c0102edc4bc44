/* Does the prober's own node answer for the target?  The kernel's routing is asked, not the interfaces: a local route
 * in any table does what an address on the loopback device does. */
#include "probe/impostor.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "kernel/route.h"
#include "model/topology.h"
#include "probe/engine.h"

const struct interface *address_interface(const struct node *node, const struct addr *addr)
{
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        if (addr_is_set(&interface->public_ip) && addr_equal(&interface->public_ip, addr))
            return interface;
        for (size_t k = 0; k < interface->address_count; k++)
            if (addr_equal(&interface->addresses[k].addr, addr))
                return interface;
    }
    return NULL;
}

const struct node *address_owner(const struct topology *topology, const struct addr *addr)
{
    for (size_t i = 0; i < topology->node_count; i++)
        if (address_interface(topology->nodes[i], addr))
            return topology->nodes[i];
    return NULL;
}

#define ALIASES_MAX 8

/* Is this the full name of the record? */
static bool is_record(const struct dns_zone *zone, const struct dns_record *record, const char *name)
{
    size_t own = strlen(record->name), length = strlen(name);
    length -= length > 1 && name[length - 1] == '.';
    if (str_equal(record->name, "@"))
        return strlen(zone->name) == length && strncasecmp(name, zone->name, length) == 0;
    return length == own + 1 + strlen(zone->name) && strncasecmp(name, record->name, own) == 0 && name[own] == '.' &&
           strncasecmp(name + own + 1, zone->name, length - own - 1) == 0;
}

/* The record of that name in any zone of the lab's. */
static const struct dns_record *find_record(const struct topology *topology, const char *name)
{
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t k = 0; k < topology->nodes[i]->service_count; k++) {
            const struct service *service = topology->nodes[i]->services[k];
            for (size_t z = 0; z < service->zone_count; z++)
                for (size_t r = 0; r < service->zones[z].record_count; r++)
                    if (is_record(&service->zones[z], &service->zones[z].records[r], name))
                        return &service->zones[z].records[r];
        }
    return NULL;
}

const struct node *name_owner(const struct topology *topology, const char *name)
{
    for (int i = 0; i < ALIASES_MAX; i++) {
        const struct node *node = topology_node(topology, name);
        const struct dns_record *record = node ? NULL : find_record(topology, name);
        struct addr addr;
        if (!record)
            return node;
        if (record->type != RECORD_CNAME)
            return addr_parse(record->value, &addr) ? address_owner(topology, &addr) : NULL;
        name = record->value;
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
