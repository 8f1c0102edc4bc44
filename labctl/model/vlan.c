/* VLANs and tunnels: segments that share a wire with others. */
#include "base/str.h"
#include "model/topology.h"

/* What a tunnel adds to a packet: Ethernet inside, VXLAN, UDP, and IP outside (RFC 7348, 5). */
#define VXLAN_HEADERS_IPV4 (14 + 8 + 8 + 20)
#define VXLAN_HEADERS_IPV6 (14 + 8 + 8 + 40)

struct bridge *bridge_whole(const struct bridge *bridge)
{
    return bridge->vlan_of != NULL ? bridge->vlan_of : (struct bridge *)bridge;
}

bool interface_carries(const struct interface *interface, uint16_t vlan)
{
    bool port = interface->attachment == ATTACH_BRIDGE && interface->bridge != NULL;
    if (!port || !bridge_whole(interface->bridge)->vlan_filtering)
        return true;
    for (size_t i = 0; i < interface->tagged_count; i++)
        if (interface->tagged[i] == vlan)
            return true;
    return false;
}

void interface_vlan_text(const struct interface *interface, struct str *out)
{
    if (interface->vlan != 0)
        str_printf(out, " vlan %u", interface->vlan);
    for (size_t i = 0; i < interface->tagged_count; i++)
        str_printf(out, "%s%u", i ? "," : interface->vlan ? " + " : " vlan ", interface->tagged[i]);
    if (interface->tagged_count > 0)
        str_append(out, " tagged");
}

/* ---- tunnels ----------------------------------------------------------------------------------------------------- */

int vxlan_end(const struct bridge *bridge, const struct node *node)
{
    for (size_t e = 0; bridge->vxlan != NULL && e < bridge->vxlan->end_count; e++)
        if (bridge->vxlan->ends[e].node == node)
            return (int)e;
    return -1;
}

/* Can a tunnel's packets leave by it: is it none of a tunnel itself, with an address of that family? */
static bool carries_tunnel(const struct interface *interface, unsigned family, struct addr *out)
{
    if (interface->attachment == ATTACH_BRIDGE && (interface->bridge == NULL || interface->bridge->vxlan != NULL))
        return false;
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].addr.family == family) {
            *out = interface->addresses[i].addr;
            return true;
        }
    return false;
}

/* The first pair of interfaces, of one wire or of any. */
static bool find_pair(const struct vxlan *vxlan, unsigned family, bool one_wire, struct interface *pair[2],
                      struct addr out[2])
{
    const struct node *a = vxlan->ends[0].node, *b = vxlan->ends[1].node;
    for (size_t i = 0; i < a->interface_count; i++)
        for (size_t k = 0; k < b->interface_count; k++) {
            pair[0] = a->interfaces[i];
            pair[1] = b->interfaces[k];
            bool named = (!vxlan->ends[0].interface || vxlan->ends[0].interface == pair[0]) &&
                         (!vxlan->ends[1].interface || vxlan->ends[1].interface == pair[1]);
            if (named && (!one_wire || share_wire(pair[0], pair[1])) && carries_tunnel(pair[0], family, &out[0]) &&
                carries_tunnel(pair[1], family, &out[1]))
                return true;
        }
    return false;
}

static bool find_way(const struct bridge *bridge, struct interface *pair[2], struct addr out[2])
{
    const struct vxlan *vxlan = bridge->vxlan;
    if (vxlan == NULL || vxlan->end_count != 2 || vxlan->ends[0].node == NULL || vxlan->ends[1].node == NULL)
        return false;
    return find_pair(vxlan, 4, true, pair, out) || find_pair(vxlan, 6, true, pair, out) ||
           find_pair(vxlan, 4, false, pair, out) || find_pair(vxlan, 6, false, pair, out);
}

bool vxlan_addresses(const struct bridge *bridge, struct addr out[2])
{
    struct interface *pair[2];
    return find_way(bridge, pair, out);
}

uint32_t vxlan_mtu(const struct topology *topology, const struct bridge *bridge)
{
    struct interface *pair[2];
    struct addr ends[2];
    if (bridge->mtu != 0)
        return bridge->mtu;
    if (!find_way(bridge, pair, ends))
        return default_mtu(&topology->defaults, MTU_WIRE);
    uint32_t a = interface_mtu(topology, pair[0]), b = interface_mtu(topology, pair[1]);
    uint32_t whole = a < b ? a : b, headers = ends[0].family == 4 ? VXLAN_HEADERS_IPV4 : VXLAN_HEADERS_IPV6;
    return whole > headers + 68 ? whole - headers : 68;
}
