/* Links: two veth pairs and a bridge of two ports in the fabric, so that what happens on the wire (loss, capture, a
 * pulled cable) happens where neither end can see it. */
#include "base/arena.h"
#include "lower/lowering.h"
#include "plan/impairment.h"

void lower_links(struct lowering *l)
{
    for (size_t i = 0; i < l->topology->link_count; i++) {
        const struct link *link = l->topology->links[i];
        struct segment *segment = &l->links[i];
        segment->device = lower_device(l, 0, arena_printf(l->scratch, "ln-%s", link->name));
        struct plan_bridge *item = ARENA_PUSH(l->arena, l->plan->bridges, l->plan->bridge_count);
        *item = (struct plan_bridge){
            .name = segment->device, .mtu = segment->mtu, .origin = arena_printf(l->arena, "link/%s", link->name)};
    }
}

/* What one end sends is impaired where it leaves the fabric towards the other: the sender's socket has long seen it
 * leave. */
void lower_link_impairments(struct lowering *l)
{
    for (size_t i = 0; i < l->topology->link_count; i++) {
        const struct link *link = l->topology->links[i];
        const char *origin = arena_printf(l->arena, "link/%s", link->name);
        for (size_t e = 0; e < link->end_count && link->end_count == 2; e++) {
            const struct impairment *is = link->from_declared[e] ? &link->from_end[e] : &link->both;
            const struct port *port = pointers_get(l->ports, link->ends[!e]);
            if (port)
                plan_add_impairment(l->plan, port->far_ns, port->far_name, PLAN_RECEIVED, is, origin);
        }
    }
}
