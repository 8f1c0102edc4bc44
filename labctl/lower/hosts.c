/* Hosts files: every node resolves every node's short name to the address by which it would reach it.
 *
 * A container has its own name service for the other names, as Docker gives it, and only this machine in its file.
 *
 * Nodes on the same networks see the same addresses, so there is one view for each set of networks, and views of equal
 * content are one.  In a very large lab, where nearly every node is on networks of its own, exact views would grow with
 * the square of the nodes: there a view goes by the node's first network, and at last by its VPC alone. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "lower/lowering.h"

#define LINES_MAX 400000 /* of all views together, before they become coarser */

enum precision { BY_NETWORKS, BY_FIRST_NETWORK, BY_VPC };

static const void *network_of(const struct interface *interface, enum precision precision)
{
    switch (interface->attachment) {
    case ATTACH_SUBNET:
        return interface->subnet->vpc;
    case ATTACH_BRIDGE:
        return precision == BY_VPC ? NULL : interface->bridge;
    case ATTACH_LINK:
        return precision == BY_VPC ? NULL : interface->link;
    case ATTACH_INTERNET: /* sees public addresses, as anybody outside */
    case ATTACH_NONE:
    case ATTACH_COUNT:
        break;
    }
    return NULL;
}

static int compare_pointers(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (const void *const *)a, y = (uintptr_t) * (const void *const *)b;
    return (x > y) - (x < y);
}

/* The networks of a node as a text that is equal for nodes on the same ones. */
static const char *view_key(struct lowering *l, const struct node *node, enum precision precision)
{
    STR_AUTO key = STR_INIT;
    const void **networks = arena_alloc(l->scratch, (node->interface_count + 1) * sizeof *networks);
    size_t count = 0;
    for (size_t i = 0; i < node->interface_count; i++) {
        const void *network = network_of(node->interfaces[i], precision);
        if (network)
            networks[count++] = network;
        if (precision != BY_NETWORKS)
            break;
    }
    qsort(networks, count, sizeof *networks, compare_pointers);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || networks[i] != networks[i - 1])
            str_printf(&key, "%p ", networks[i]);
    return arena_strdup(l->scratch, str_text(&key));
}

static bool fits(struct lowering *l, enum precision precision)
{
    struct map *seen = map_new(l->scratch);
    const struct topology *topology = l->topology;
    for (size_t i = 0; i < topology->node_count; i++) {
        map_set(seen, view_key(l, topology->nodes[i], precision), seen);
        if (map_count(seen) * topology->node_count > LINES_MAX)
            return false;
    }
    return true;
}

static struct addr any_address(const struct node *node)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->address_count > 0)
            return node->interfaces[i]->addresses[0].addr;
    return (struct addr){0};
}

/* The lines of all nodes as seen from one of them. */
static const char *write_view(struct lowering *l, const struct node *from)
{
    STR_AUTO out = STR_INIT;
    char text[ADDR_TEXT_MAX];
    const struct topology *topology = l->topology;
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *to = topology->nodes[i];
        struct addr v4 = topology_address_of(topology, from, to, NULL, 4);
        struct addr v6 = topology_address_of(topology, from, to, NULL, 6);
        if (!addr_is_set(&v4) && !addr_is_set(&v6))
            v4 = any_address(to);
        if (addr_is_set(&v4))
            str_printf(&out, "%s\t%s\n", addr_format(&v4, text), to->name);
        if (addr_is_set(&v6))
            str_printf(&out, "%s\t%s\n", addr_format(&v6, text), to->name);
    }
    return arena_strndup(l->scratch, str_text(&out), out.length);
}

/* The whole file: this machine, what the author adds (first match wins), the nodes. */
static uint32_t add_view(struct lowering *l, struct map *views, const struct node *node, const char *nodes)
{
    STR_AUTO out = STR_INIT;
    char text[ADDR_TEXT_MAX];
    str_append(&out, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    for (size_t i = 0; i < node->host_count; i++)
        str_printf(&out, "%s\t%s\n", addr_format(&node->hosts[i].addr, text), node->hosts[i].name);
    str_append(&out, nodes);
    uintptr_t known = (uintptr_t)map_get(views, str_text(&out));
    if (known)
        return (uint32_t)known - 1;
    struct plan_hosts_view *view = ARENA_PUSH(l->arena, l->plan->hosts_views, l->plan->hosts_view_count);
    view->content = arena_strndup(l->arena, out.data, out.length);
    map_set(views, view->content, (void *)(uintptr_t)l->plan->hosts_view_count);
    return (uint32_t)l->plan->hosts_view_count - 1;
}

struct seen_view {
    const char *nodes;
    uint32_t index;
};

void lower_hosts(struct lowering *l)
{
    enum precision precision = BY_NETWORKS;
    while (precision < BY_VPC && !fits(l, precision))
        precision++;
    struct map *by_key = map_new(l->scratch), *views = map_new(l->scratch);
    for (size_t i = 0; i < l->topology->node_count; i++) {
        const struct node *node = l->topology->nodes[i];
        bool alone = node_is_container(node);
        const char *key = alone ? "container" : view_key(l, node, precision);
        struct seen_view *seen = map_get(by_key, key);
        if (!seen) {
            seen = ARENA_NEW(l->scratch, struct seen_view);
            *seen = (struct seen_view){.nodes = alone ? "" : write_view(l, node), .index = UINT32_MAX};
            map_set(by_key, key, seen);
        }
        uint32_t index =
            node->host_count || seen->index == UINT32_MAX ? add_view(l, views, node, seen->nodes) : seen->index;
        if (node->host_count == 0)
            seen->index = index;
        l->plan->namespaces[l->first_node + i].hosts_view = index;
    }
}
