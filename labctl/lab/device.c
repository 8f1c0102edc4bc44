/* VLANs of ports, and devices: as messages, and against what is there. */
#include "kernel/dump.h"
#include "kernel/link.h"
#include "kernel/netlink.h"
#include "lab/internal.h"

void device_put(struct batch *batch, const struct plan *plan, size_t i, uint32_t index, uint32_t parent)
{
    const struct plan_device *device = &plan->devices[i];
    struct link_tunnel tunnel = {device->id, device->local, device->remote, device->port};
    uint32_t mtu = device->mtu ? device->mtu : 1500;
    uint64_t tag = item_tag(VERB_ADD, ITEM_DEVICE, i);
    if (device->kind == PLAN_DEVICE_VLAN)
        link_vlan(batch, tag, index, device->name, parent, (uint16_t)device->id, &device->mac, mtu);
    else
        link_vxlan(batch, tag, index, device->name, &tunnel, &device->mac, mtu);
}

void port_put_vlans(struct batch *batch, const struct plan *plan, size_t link, uint32_t index)
{
    const struct plan_link_end *far = &plan->links[link].end[1];
    for (size_t v = 0; v < far->vlan_count; v++)
        link_port_vlan(batch, item_tag(VERB_ADD, ITEM_LINK, link), index, far->vlans[v].id, far->vlans[v].untagged,
                       true);
}

bool port_filters(const struct plan *plan, const struct plan_link_end *end)
{
    for (size_t i = 0; end->master && i < plan->bridge_count; i++)
        if (plan->bridges[i].ns == end->ns && str_equal(plan->bridges[i].name, end->master))
            return plan->bridges[i].vlan_filtering;
    return false;
}

bool vlan_among(const struct plan_vlan *vlan, const struct observed_vlan *seen, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (seen[i].id == vlan->id)
            return seen[i].untagged == vlan->untagged;
    return false;
}

static bool wanted(const struct plan_link_end *end, uint16_t vlan)
{
    for (size_t v = 0; v < end->vlan_count; v++)
        if (end->vlans[v].id == vlan)
            return true;
    return false;
}

int port_change_vlans(const struct plan *plan, size_t link, int netns, uint32_t index, struct batch *batch,
                      struct error *err)
{
    const struct plan_link_end *end = &plan->links[link].end[1];
    struct observed_vlan seen[VLANS_MOST];
    int count = observe_vlans(netns, index, seen, VLANS_MOST, err);
    if (count < 0)
        return -1;
    for (size_t i = 0; i < (size_t)count; i++)
        if (!wanted(end, seen[i].id))
            link_port_vlan(batch, item_tag(VERB_REPLACE, ITEM_LINK, link), index, seen[i].id, false, false);
    for (size_t v = 0; v < end->vlan_count; v++)
        if (!vlan_among(&end->vlans[v], seen, (size_t)count))
            link_port_vlan(batch, item_tag(VERB_REPLACE, ITEM_LINK, link), index, end->vlans[v].id,
                           end->vlans[v].untagged, true);
    return 0;
}
