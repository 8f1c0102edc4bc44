/* Addresses in Docker-like networks: the host's is the first one, those of members functions of their names.  When they
 * are there, members get their gateway. */
#include "base/arena.h"
#include "load/loader.h"
#include "load/pool.h"

#define PLACES_MAX (UINT32_C(1) << 16) /* of the largest network; more members nobody has */

static uint32_t place_of(const struct network *network, const struct addr *addr)
{
    bool inside = addr->family == 4 && prefix_contains(&network->cidr, addr);
    return inside ? addr_ipv4(addr) - addr_ipv4(&network->cidr.addr) : UINT32_MAX;
}

static void take_declared(const struct network *network, const struct interface *interface, struct pool *pool)
{
    for (size_t i = 0; i < interface->address_count; i++)
        pool_take(pool, place_of(network, &interface->addresses[i].addr));
}

static void give(struct loader *loader, const struct network *network, struct interface *interface, struct pool *pool)
{
    char text[ADDR_TEXT_MAX];
    uint32_t place;
    if (interface == network->gateway) {
        allot_give(loader, interface, prefix_host(&network->cidr, 1), network->cidr.length);
    } else if (pool_probe(pool, allot_hash_interface(interface), &place)) {
        allot_give(loader, interface, prefix_host(&network->cidr, place), network->cidr.length);
    } else {
        findings_add(loader->decoder.findings, FINDING_ERROR, "no-free-address", interface->mark,
                     "no free address in network '%s' (%s) for node/%s", network->name,
                     prefix_format(&network->cidr, text), interface->node->name);
    }
}

static void keep(struct loader *loader, const struct network *network, struct interface *interface, struct pool *pool)
{
    const struct addr *kept = allot_kept(loader, interface, "");
    if (kept != NULL && interface != network->gateway && !interface_has_ipv4(interface) &&
        pool_take(pool, place_of(network, kept)))
        allot_give(loader, interface, *kept, network->cidr.length);
}

enum pass { DECLARED, KEPT, NEW };

/* Made when the first member comes by. */
static struct pool *pool_of(struct loader *loader, struct pool *pools, const struct network *network)
{
    struct pool *pool = &pools[network->index];
    if (pool->size > 0)
        return pool;
    uint32_t size = UINT32_C(1) << (32 - network->cidr.length);
    *pool = pool_new(loader->decoder.arena, size < PLACES_MAX ? size : PLACES_MAX);
    pool_take(pool, 0);
    pool_take(pool, 1);
    pool_take(pool, size - 1);
    return pool;
}

static void allot_interface(struct loader *loader, struct interface *interface, struct pool *pools, enum pass pass)
{
    const struct network *network = interface_network(interface);
    if (network == NULL || network->cidr.addr.family != 4)
        return;
    struct pool *pool = pool_of(loader, pools, network);
    if (pass == DECLARED)
        take_declared(network, interface, pool);
    else if (pass == KEPT)
        keep(loader, network, interface, pool);
    else if (!interface_has_ipv4(interface))
        give(loader, network, interface, pool);
}

/* The host of its first network that leads anywhere, unless something else gives it a way out. */
static void give_gateway(struct node *node)
{
    struct interface *first = NULL;
    for (size_t i = 0; i < node->interface_count; i++) {
        struct interface *interface = node->interfaces[i];
        const struct network *network = interface_network(interface);
        if (interface->gateway_mark.line > 0 || addr_is_set(&interface->gateway) ||
            interface->attachment == ATTACH_INTERNET)
            return;
        bool way = network != NULL && network->gateway != NULL && network->host != node && !network->internal &&
                   interface_has_ipv4(network->gateway);
        if (way && first == NULL)
            first = interface;
    }
    for (size_t i = 0; first != NULL && i < interface_network(first)->gateway->address_count; i++)
        if (interface_network(first)->gateway->addresses[i].addr.family == 4 && !addr_is_set(&first->gateway))
            first->gateway = interface_network(first)->gateway->addresses[i].addr;
}

void allot_networks(struct loader *loader)
{
    const struct topology *topology = loader->topology;
    if (topology->network_count == 0)
        return;
    struct pool *pools = arena_alloc(loader->decoder.arena, topology->network_count * sizeof *pools);
    for (enum pass pass = DECLARED; pass <= NEW; pass++)
        for (size_t i = 0; i < topology->node_count; i++)
            for (size_t k = 0; k < topology->nodes[i]->interface_count; k++)
                allot_interface(loader, topology->nodes[i]->interfaces[k], pools, pass);
    for (size_t i = 0; i < topology->node_count; i++)
        give_gateway(topology->nodes[i]);
}
