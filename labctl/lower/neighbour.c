/* Permanent neighbours.
 *
 * The kernel's neighbour table is one for the whole machine and holds some thousand entries; permanent ones do not
 * count. So: in a segment of up to 32 interfaces everybody knows everybody; in a larger one, each interface knows its
 * routers and they know it.  Behind a cloud's router all addresses have the router's MAC.  `arp: dynamic` leaves it to
 * ARP. */
#include "base/arena.h"
#include "base/map.h"
#include "lower/lowering.h"

#define WHOLE_SEGMENT_MAX 32

static bool on_link(const struct interface *interface, const struct addr *addr)
{
    for (size_t i = 0; i < interface->address_count; i++) {
        struct prefix network = prefix_network(interface->addresses[i]);
        if (prefix_contains(&network, addr))
            return true;
    }
    return false;
}

/* `a` knows all addresses of `b` that it would look for on the wire. */
static void know(struct lowering *l, const struct segment *segment, const struct port *a, const struct port *b)
{
    if (a->down)
        return;
    for (size_t i = 0; i < b->interface->address_count; i++) {
        struct addr addr = b->interface->addresses[i].addr;
        if (on_link(a->interface, &addr))
            add_neighbour(l, a->ns, a->name, addr, segment->router ? *segment->router : b->interface->mac, a->origin);
    }
}

/* Same, once for each pair. */
static void know_once(struct lowering *l, const struct segment *segment, struct map *known, const struct port *a,
                      const struct port *b)
{
    const char *key = arena_printf(l->scratch, "%p %p", (const void *)a, (const void *)b);
    if (a == b || map_get(known, key))
        return;
    map_set(known, key, known);
    know(l, segment, a, b);
}

/* A large segment: who is used as a router, and by whom. */
static void know_routers(struct lowering *l, const struct segment *segment)
{
    char text[ADDR_TEXT_MAX];
    struct map *by_addr = map_new(l->scratch), *known = map_new(l->scratch);
    for (size_t i = 0; i < segment->port_count; i++)
        for (size_t a = 0; a < segment->ports[i]->interface->address_count; a++)
            map_set(by_addr, addr_format(&segment->ports[i]->interface->addresses[a].addr, text), segment->ports[i]);
    for (size_t i = 0; i < segment->port_count; i++) {
        const struct port *port = segment->ports[i];
        const struct node *node = port->interface->node;
        for (size_t r = 0; r <= node->route_count; r++) {
            const struct addr *via = r < node->route_count ? &node->routes[r].via : &port->interface->gateway;
            const struct port *router = addr_is_set(via) ? map_get(by_addr, addr_format(via, text)) : NULL;
            if (!router)
                continue;
            know_once(l, segment, known, port, router);
            know_once(l, segment, known, router, port);
        }
    }
}

static void lower_segment(struct lowering *l, const struct segment *segment)
{
    if (segment->arp_dynamic)
        return;
    if (segment->port_count > WHOLE_SEGMENT_MAX) {
        if (!segment->router)
            know_routers(l, segment);
        return;
    }
    for (size_t a = 0; a < segment->port_count; a++)
        for (size_t b = 0; b < segment->port_count; b++)
            if (a != b)
                know(l, segment, segment->ports[a], segment->ports[b]);
}

void lower_neighbours(struct lowering *l)
{
    for (size_t i = 0; i < l->topology->bridge_count; i++)
        lower_segment(l, &l->bridges[i]);
    for (size_t i = 0; i < l->topology->vlan_count; i++)
        lower_segment(l, &l->vlans[i]);
    for (size_t i = 0; i < l->topology->link_count; i++)
        lower_segment(l, &l->links[i]);
    for (size_t i = 0; i < l->topology->vpc_count; i++)
        for (size_t s = 0; s < l->topology->vpcs[i]->subnet_count; s++)
            lower_segment(l, pointers_get(l->segments, l->topology->vpcs[i]->subnets[s]));
    lower_segment(l, &l->internet_segment);
}
