/* Rules of wires: networks, MACs and MTUs. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "rules/check.h"

/* ---- networks -------------------------------------------------------------------------------------------------- */

struct population {
    size_t interfaces; /* on this wire, with an address of that family; or: in this network of the wire */
};

static struct population *population(struct rules *rules, struct map *counts, const void *scope,
                                     const struct prefix *network)
{
    char text[ADDR_TEXT_MAX];
    const char *key = arena_printf(rules->scratch, "%p %s", scope, prefix_format(network, text));
    struct population *found = map_get(counts, key);
    if (!found) {
        found = ARENA_NEW(rules->scratch, struct population);
        map_set(counts, key, found);
    }
    return found;
}

static bool on_wire(const struct interface *interface)
{
    return (interface->attachment == ATTACH_BRIDGE && interface->bridge) ||
           (interface->attachment == ATTACH_LINK && interface->link);
}

static void count_networks(struct rules *rules, struct map *counts, const struct interface *interface)
{
    bool seen[2] = {false};
    const void *scope = scope_of(rules, interface);
    for (size_t i = 0; i < interface->address_count; i++) {
        struct prefix network = prefix_network(interface->addresses[i]), all = prefix_any(network.addr.family);
        bool again = false;
        for (size_t k = 0; k < i && !again; k++) {
            struct prefix earlier = prefix_network(interface->addresses[k]);
            again = prefix_equal(&earlier, &network);
        }
        if (!again)
            population(rules, counts, scope, &network)->interfaces++;
        if (!seen[network.addr.family == 6])
            population(rules, counts, scope, &all)->interfaces++;
        seen[network.addr.family == 6] = true;
    }
}

/* Alone in all its networks, while others on the wire have addresses too. */
static void report_alone(struct rules *rules, struct map *counts, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX];
    const void *scope = scope_of(rules, interface);
    bool company = false, others = false;
    for (size_t i = 0; i < interface->address_count; i++) {
        struct prefix network = prefix_network(interface->addresses[i]), all = prefix_any(network.addr.family);
        company = company || population(rules, counts, scope, &network)->interfaces > 1;
        others = others || population(rules, counts, scope, &all)->interfaces > 1;
    }
    if (company || !others)
        return;
    bool link = interface->attachment == ATTACH_LINK;
    broken(rules, address_mark(interface, 0),
           "%s of '%s/%s' is in a network of its own on %s '%s'%s: it reaches nobody there",
           prefix_format(&interface->addresses[0], text), interface->node->name, interface->name,
           link ? "link" : bridge_kind(interface->bridge), link ? interface->link->name : interface->bridge->name,
           link || !interface->bridge->vlan ? ""
                                            : arena_printf(rules->scratch, " in VLAN %u", interface->bridge->vlan));
}

void check_different_networks(struct rules *rules)
{
    const struct topology *topology = rules->topology;
    struct map *counts = map_new(rules->scratch);
    for (int pass = 0; pass < 2; pass++)
        for (size_t n = 0; n < topology->node_count; n++)
            for (size_t k = 0; k < topology->nodes[n]->interface_count; k++) {
                const struct interface *interface = topology->nodes[n]->interfaces[k];
                if (on_wire(interface))
                    (pass ? report_alone : count_networks)(rules, counts, interface);
            }
}

/* ---- MAC addresses --------------------------------------------------------------------------------------------- */

static int by_mac(const void *a, const void *b)
{
    const struct interface *x = *(const struct interface *const *)a, *y = *(const struct interface *const *)b;
    const void *scope_x = x->attachment == ATTACH_LINK ? (void *)x->link : (void *)x->bridge;
    const void *scope_y = y->attachment == ATTACH_LINK ? (void *)y->link : (void *)y->bridge;
    if (scope_x != scope_y)
        return (uintptr_t)scope_x < (uintptr_t)scope_y ? -1 : 1;
    int order = memcmp(&x->mac, &y->mac, sizeof x->mac);
    return order != 0 ? order : mark_compare(x->mark, y->mark);
}

void check_duplicate_mac(struct rules *rules)
{
    const struct topology *topology = rules->topology;
    const struct interface **all = NULL;
    char text[ADDR_TEXT_MAX];
    size_t count = 0;
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t k = 0; k < topology->nodes[n]->interface_count; k++)
            if (on_wire(topology->nodes[n]->interfaces[k]))
                *ARENA_PUSH(rules->scratch, all, count) = topology->nodes[n]->interfaces[k];
    if (count > 1)
        qsort(all, count, sizeof *all, by_mac);
    for (size_t i = 1; i < count; i++)
        if (scope_of(rules, all[i]) == scope_of(rules, all[i - 1]) &&
            memcmp(&all[i]->mac, &all[i - 1]->mac, sizeof all[i]->mac) == 0)
            elsewhere(broken(rules, all[i]->mark, "MAC address %s of '%s/%s' is that of '%s/%s' on the same wire",
                             mac_format(&all[i]->mac, text), all[i]->node->name, all[i]->name, all[i - 1]->node->name,
                             all[i - 1]->name),
                      all[i - 1]->mark, "used here");
}

/* ---- MTU ------------------------------------------------------------------------------------------------------- */

/* That of the wire, whatever the interface says. */
static uint32_t segment_mtu(struct rules *rules, const struct interface *interface)
{
    struct interface plain = *interface;
    plain.mtu = 0;
    return interface_mtu(rules->topology, &plain);
}

static void mtu_ipv6(struct rules *rules, const struct interface *interface)
{
    uint32_t mtu = interface_mtu(rules->topology, interface);
    for (size_t i = 0; mtu < 1280 && i < interface->address_count; i++)
        if (interface->addresses[i].addr.family == 6) {
            broken(rules, interface->mark, "MTU %u of '%s/%s' is too small for IPv6: at least 1280", mtu,
                   interface->node->name, interface->name);
            return;
        }
}

void check_mtu_ipv6(struct rules *rules)
{
    each_interface(rules, mtu_ipv6);
}

static void mtu_mismatch(struct rules *rules, const struct interface *interface)
{
    uint32_t wire = segment_mtu(rules, interface);
    if (!on_wire(interface) || interface->mtu == 0 || interface->mtu == wire)
        return;
    bool link = interface->attachment == ATTACH_LINK;
    broken(rules, interface->mark,
           "MTU %u of '%s/%s' is not that of %s '%s' (%u): packets that one side takes for fitting are lost",
           interface->mtu, interface->node->name, interface->name, link ? "link" : "bridge",
           link ? interface->link->name : interface->bridge->name, wire);
}

void check_mtu_mismatch(struct rules *rules)
{
    each_interface(rules, mtu_mismatch);
}
