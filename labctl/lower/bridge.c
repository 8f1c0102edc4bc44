/* Segments and their devices: a bridge of the topology is a bridge in the fabric, with one port for each interface. */
#include "base/arena.h"
#include "lower/lowering.h"

static void note_segments(struct lowering *l)
{
    const struct topology *topology = l->topology;
    for (size_t i = 0; i < topology->bridge_count; i++) {
        const struct bridge *bridge = topology->bridges[i];
        uint32_t mtu = bridge->vxlan ? vxlan_mtu(topology, bridge) : bridge->mtu;
        l->bridges[i] = (struct segment){.mtu = mtu ? mtu : lower_mtu(l, MTU_WIRE), .arp_dynamic = bridge->arp_dynamic};
        pointers_set(l->segments, bridge, &l->bridges[i]);
    }
    for (size_t i = 0; i < topology->vlan_count; i++) {
        const struct bridge *vlan = topology->vlans[i];
        l->vlans[i] =
            (struct segment){.mtu = vlan->mtu ? vlan->mtu : lower_mtu(l, MTU_WIRE), .arp_dynamic = vlan->arp_dynamic};
        pointers_set(l->segments, vlan, &l->vlans[i]);
    }
    for (size_t i = 0; i < topology->link_count; i++) {
        const struct link *link = topology->links[i];
        l->links[i] = (struct segment){.mtu = link->mtu ? link->mtu : lower_mtu(l, MTU_WIRE)};
        pointers_set(l->segments, link, &l->links[i]);
    }
    for (size_t i = 0; i < topology->vpc_count; i++)
        for (size_t s = 0; s < topology->vpcs[i]->subnet_count; s++) {
            struct segment *segment = ARENA_NEW(l->scratch, struct segment);
            *segment = (struct segment){.mtu = lower_mtu(l, MTU_VPC), .router = &l->routers[i].mac};
            pointers_set(l->segments, topology->vpcs[i]->subnets[s], segment);
        }
}

void lower_segments(struct lowering *l)
{
    const struct topology *topology = l->topology;
    size_t count = topology->bridge_count + topology->vlan_count + topology->link_count;
    for (size_t i = 0; i < topology->vpc_count; i++)
        count += topology->vpcs[i]->subnet_count;
    l->segments = pointers_new(l->scratch, count);
    l->bridges = arena_alloc(l->scratch, topology->bridge_count * sizeof l->bridges[0]);
    l->vlans = arena_alloc(l->scratch, topology->vlan_count * sizeof l->vlans[0]);
    l->links = arena_alloc(l->scratch, topology->link_count * sizeof l->links[0]);
    l->internet_segment = (struct segment){.mtu = lower_mtu(l, MTU_WIRE), .router = &l->internet_mac};
    note_segments(l);
}

void lower_bridges(struct lowering *l)
{
    for (size_t i = 0; i < l->topology->bridge_count; i++) {
        const struct bridge *bridge = l->topology->bridges[i];
        struct segment *segment = &l->bridges[i];
        if (bridge->vxlan) /* a device at each end, and nothing in between */
            continue;
        segment->device =
            lower_device(l, 0, arena_printf(l->scratch, "%s-%s", bridge->network ? "nw" : "br", bridge->name));
        struct plan_bridge *item = ARENA_PUSH(l->arena, l->plan->bridges, l->plan->bridge_count);
        *item = (struct plan_bridge){.name = segment->device,
                                     .stp = bridge->stp,
                                     .vlan_filtering = bridge->vlan_filtering,
                                     .mtu = segment->mtu,
                                     .origin = arena_printf(l->arena, "%s/%s", bridge_kind(bridge), bridge->name)};
    }
    for (size_t i = 0; i < l->topology->vlan_count; i++) {
        const struct bridge *whole = l->topology->vlans[i]->vlan_of;
        if (whole)
            l->vlans[i].device = ((struct segment *)pointers_get(l->segments, whole))->device;
    }
}
