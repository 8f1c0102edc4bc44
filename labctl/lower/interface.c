/* Interfaces: a veth pair each, whose far end is a port of the fabric's bridge, of the VPC's router or of the internet;
 * but those that stand on others, by a tag or as a tunnel, are devices of their node alone. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

/* Where the far end lies, by what the interface is attached to; NULL where it is attached to nothing. */
static struct segment *find_segment(struct lowering *l, const struct interface *interface, uint32_t *far_ns)
{
    *far_ns = 0;
    switch (interface->attachment) {
    case ATTACH_BRIDGE:
        return pointers_get(l->segments, interface->bridge);
    case ATTACH_LINK:
        return pointers_get(l->segments, interface->link);
    case ATTACH_SUBNET:
        *far_ns = router_of(l, interface->subnet->vpc)->ns;
        return pointers_get(l->segments, interface->subnet);
    case ATTACH_INTERNET:
        *far_ns = l->internet;
        return &l->internet_segment;
    case ATTACH_NONE:
    case ATTACH_COUNT:
        break;
    }
    return NULL;
}

static struct mac far_mac(const struct segment *segment, const char *origin)
{
    return segment->router ? *segment->router : lower_mac(origin);
}

/* The VLANs of its port: the one without a tag, then the others, by number. */
static const struct plan_vlan *port_vlans(struct lowering *l, const struct interface *interface, size_t *count)
{
    struct plan_vlan *vlans = NULL;
    *count = 0;
    if (interface->attachment != ATTACH_BRIDGE || !bridge_whole(interface->bridge)->vlan_filtering)
        return NULL;
    if (interface->vlan)
        *ARENA_PUSH(l->arena, vlans, *count) = (struct plan_vlan){interface->vlan, true};
    for (size_t i = 0; i < interface->tagged_count; i++)
        *ARENA_PUSH(l->arena, vlans, *count) = (struct plan_vlan){interface->tagged[i], false};
    return vlans;
}

/* It stands on another one of its node, with a tag. */
static void place_tagged(struct lowering *l, const struct port *port)
{
    const struct interface *interface = port->interface;
    struct plan_device *device = add_device(l, port->ns, PLAN_DEVICE_VLAN, port->name, port->origin);
    device->id = interface->vlan;
    device->parent = arena_strdup(l->arena, interface->parent->name);
    device->mac = interface->mac;
    device->mtu = interface_mtu(l->topology, interface);
    device->down = interface->down;
}

/* It is the end of a tunnel. */
static void place_tunnel(struct lowering *l, const struct port *port)
{
    const struct interface *interface = port->interface;
    const struct vxlan *vxlan = interface->bridge->vxlan;
    struct addr ends[2] = {0};
    int end = vxlan_end(interface->bridge, interface->node);
    if (end < 0 || !vxlan_addresses(interface->bridge, ends))
        return;
    struct plan_device *device = add_device(l, port->ns, PLAN_DEVICE_VXLAN, port->name, port->origin);
    device->id = vxlan->id;
    device->local = ends[end];
    device->remote = ends[!end];
    device->port = vxlan->port;
    device->mac = interface->mac;
    device->mtu = interface_mtu(l->topology, interface);
    device->down = interface->down;
}

static void place_wire(struct lowering *l, const struct port *port, const struct segment *segment)
{
    const struct interface *interface = port->interface;
    struct plan_link_end near = {.ns = port->ns, .name = port->name, .mac = interface->mac, .down = interface->down};
    struct plan_link_end far = {
        .ns = port->far_ns, .name = port->far_name, .master = segment->device, .mac = far_mac(segment, port->origin)};
    far.vlans = port_vlans(l, interface, &far.vlan_count);
    add_link(l, near, far, interface->mtu ? interface->mtu : segment->mtu, port->origin);
}

static struct port *place(struct lowering *l, const struct node *node, const struct interface *interface, uint32_t ns)
{
    uint32_t far_ns;
    struct segment *segment = find_segment(l, interface, &far_ns);
    if (!segment)
        return NULL;
    struct port *port = ARENA_NEW(l->scratch, struct port);
    *port = (struct port){.interface = interface, .ns = ns, .far_ns = far_ns, .down = interface->down};
    port->name = arena_strdup(l->arena, interface->name);
    port->origin = arena_printf(l->arena, "node/%s/%s", node->name, interface->name);
    pointers_set(l->ports, interface, port);
    *ARENA_PUSH(l->scratch, segment->ports, segment->port_count) = port;
    if (interface->parent || (interface->attachment == ATTACH_BRIDGE && interface->bridge->vxlan)) {
        (interface->parent ? place_tagged : place_tunnel)(l, port);
        return port;
    }
    port->far_name = lower_device(l, far_ns, arena_printf(l->scratch, "%s.%s", node->name, interface->name));
    place_wire(l, port, segment);
    return port;
}

static void add_connected_network(struct lowering *l, const struct port *port, struct prefix address)
{
    struct plan_route *route = add_unicast(l, port->ns, prefix_network(address), 0, NULL, port->name, port->origin);
    route->connected = true;
    route->congestion_control = lower_congestion_control(l, port->interface->node);
    route->source = address.addr;
}

/* The route that the kernel makes with an address (one for each network of an interface that is up). */
static void add_connected(struct lowering *l, const struct port *port, size_t i)
{
    const struct interface *interface = port->interface;
    struct prefix network = prefix_network(interface->addresses[i]);
    if (port->down || network.length == addr_bits(&network.addr))
        return;
    for (size_t earlier = 0; earlier < i; earlier++) {
        struct prefix other = prefix_network(interface->addresses[earlier]);
        if (prefix_equal(&other, &network))
            return;
    }
    add_connected_network(l, port, interface->addresses[i]);
}

/* What it gets from the wire is not put there. */
static bool comes_by_wire(const struct interface *interface, const struct prefix *address)
{
    return address->addr.family == 4 ? interface->dhcp : interface->slaac;
}

/* Routers advertise, and their hosts listen, by link-local addresses, which the lab's other interfaces do not have.  A
 * machine that forwards does not listen to routers unless it is told to (accept_ra 2). */
static void lower_advertisements(struct lowering *l, const struct port *port)
{
    const struct interface *interface = port->interface;
    struct prefix network = advertised_network(interface);
    if (!interface->slaac && !addr_is_set(&network.addr))
        return;
    struct prefix own = link_local_address(&interface->mac);
    add_address(l, port->ns, port->name, own, port->origin);
    if (!port->down)
        add_connected_network(l, port, own);
    if (!interface->slaac)
        return;
    const char *settings = arena_printf(l->arena, "net/ipv6/conf/%s", port->name);
    add_sysctl(l, port->ns, arena_printf(l->arena, "%s/accept_ra", settings), interface->node->forwarding ? "2" : "1",
               port->origin);
    /* MACs are the lab's, so nobody has the address that follows from one */
    add_sysctl(l, port->ns, arena_printf(l->arena, "%s/dad_transmits", settings), "0", port->origin);
    /* the router may begin later than its hosts: they ask every second, not every four */
    add_sysctl(l, port->ns, arena_printf(l->arena, "%s/router_solicitation_interval", settings), "1", port->origin);
}

void lower_interfaces(struct lowering *l, const struct node *node, uint32_t ns)
{
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        struct port *port = place(l, node, interface, ns);
        if (!port)
            continue;
        lower_advertisements(l, port);
        for (size_t a = 0; a < interface->address_count; a++) {
            if (comes_by_wire(interface, &interface->addresses[a]))
                continue;
            add_address(l, ns, port->name, interface->addresses[a], port->origin);
            add_connected(l, port, a);
        }
        if (interface->attachment == ATTACH_SUBNET)
            lower_vpc_port(l, port);
        if (interface->attachment == ATTACH_INTERNET)
            lower_internet_port(l, port);
    }
}
