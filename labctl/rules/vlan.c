/* Rules of VLANs and tunnels. */
#include "base/str.h"
#include "rules/check.h"

/* ---- VLANs ------------------------------------------------------------------------------------------------------- */

static void vlan_carried(struct rules *rules, const struct interface *interface)
{
    const struct bridge *segment = interface->attachment == ATTACH_BRIDGE ? interface->bridge : NULL;
    if (!segment || segment->vlan || (!segment->vlan_of && !segment->vlan_of_link))
        return;
    const char *node = interface->node->name;
    if (interface->parent)
        broken(rules, interface->vlan_mark,
               "VLAN %u of '%s/%s' is none of those that the port of '%s' carries with a tag", interface->vlan, node,
               interface->name, interface->parent->name);
    else if (interface->address_count > 0)
        broken(rules, address_mark(interface, 0),
               "the port of '%s/%s' carries nothing without a tag: nobody reaches this address", node, interface->name);
}

void check_vlan_carried(struct rules *rules)
{
    each_interface(rules, vlan_carried);
}

/* ---- tunnels ----------------------------------------------------------------------------------------------------- */

/* The interfaces at the bridge: one of each end's node, and no other. */
static void check_members(struct rules *rules, const struct bridge *bridge)
{
    const struct vxlan *vxlan = bridge->vxlan;
    const struct interface *found[2] = {NULL, NULL};
    for (size_t n = 0; n < rules->topology->node_count; n++)
        for (size_t i = 0; i < rules->topology->nodes[n]->interface_count; i++) {
            const struct interface *interface = rules->topology->nodes[n]->interfaces[i];
            if (interface->attachment != ATTACH_BRIDGE || interface->bridge != bridge)
                continue;
            int end = vxlan_end(bridge, interface->node);
            if (end < 0)
                elsewhere(broken(rules, interface->attachment_mark,
                                 "bridge '%s' is a tunnel, and node '%s' is none of its ends: it cannot hang there",
                                 bridge->name, interface->node->name),
                          vxlan->mark, "the tunnel is here");
            else if (found[end])
                elsewhere(broken(rules, interface->attachment_mark, "node '%s' has two interfaces at tunnel '%s'",
                                 interface->node->name, bridge->name),
                          found[end]->attachment_mark, "the first is here");
            else
                found[end] = interface;
        }
    for (size_t e = 0; e < 2; e++)
        if (!found[e])
            remedy(rules,
                   broken(rules, vxlan->ends[e].mark, "node '%s' is an end of tunnel '%s', and has no interface at it",
                          vxlan->ends[e].node->name, bridge->name),
                   "give it an interface with bridge: %s", bridge->name);
}

static void check_tunnel(struct rules *rules, const struct bridge *bridge)
{
    const struct vxlan *vxlan = bridge->vxlan;
    struct addr ends[2];
    if (bridge->stp || bridge->vlan_filtering) {
        broken(rules, vxlan->mark, "a tunnel is no switch: '%s' of bridge '%s' means nothing there",
               bridge->stp ? "stp" : "vlan_filtering", bridge->name);
        return;
    }
    if (vxlan->end_count != 2 || !vxlan->ends[0].node || !vxlan->ends[1].node) /* reported when it was read */
        return;
    if (vxlan->ends[0].node == vxlan->ends[1].node) {
        broken(rules, vxlan->ends[1].mark, "both ends of tunnel '%s' are node '%s'", bridge->name,
               vxlan->ends[0].node->name);
        return;
    }
    check_members(rules, bridge);
    if (!vxlan_addresses(bridge, ends))
        broken(rules, vxlan->mark,
               "tunnel '%s' has nothing to go by: its nodes have no addresses of one family elsewhere", bridge->name);
}

void check_vxlan_ends(struct rules *rules)
{
    for (size_t i = 0; i < rules->topology->bridge_count; i++)
        if (rules->topology->bridges[i]->vxlan)
            check_tunnel(rules, rules->topology->bridges[i]);
}
