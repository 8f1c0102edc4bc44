/* Waiting for the spanning tree.  A port of a bridge with STP listens and learns for two seconds each before it
 * forwards: who is told that the lab is up may expect it to carry packets. */
#include "base/clock.h"
#include "base/units.h"
#include "kernel/dump.h"
#include "lab/internal.h"
#include "lab/keeper.h"

#define SETTLE_DEADLINE (10 * NANOSECONDS_PER_SECOND)
#define SETTLE_PAUSE    50 /* ms */

static bool has_stp(const struct plan *plan, struct plan_group bridges)
{
    for (size_t g = 0; g < bridges.count; g++)
        if (plan->bridges[bridges.items[g]].stp)
            return true;
    return false;
}

/* Is a port of this namespace on its way?  1, 0, or -1 with err. */
static int unsettled(struct lab *lab, const struct plan *plan, uint32_t ns, struct error *err)
{
    struct observation *o;
    int found = 0;
    int netns = space_netns(space_of(lab, plan, ns), err);
    if (netns < 0 || observe_links(netns, &o, err) != 0)
        return -1;
    for (size_t i = 0; i < o->link_count; i++)
        found |= o->links[i].port == PORT_LISTENING || o->links[i].port == PORT_LEARNING;
    observation_free(o);
    return found;
}

int bridges_settle(struct lab *lab, const struct plan *plan, const struct plan_index *index, struct error *err)
{
    int64_t deadline = clock_boot() + SETTLE_DEADLINE;
    for (uint32_t ns = 0; ns < plan->namespace_count; ns++) {
        if (!has_stp(plan, plan_index_group(index, ns, ITEM_BRIDGE)))
            continue;
        /* A tree that never settles (somebody makes and breaks a loop) is the lab's own affair. */
        while (clock_boot() < deadline) {
            int waiting = unsettled(lab, plan, ns, err);
            if (waiting < 0)
                return -1;
            if (!waiting)
                break;
            if (keeper_dispatch(lab->keeper, SETTLE_PAUSE, err) < 0)
                return -1;
        }
    }
    return 0;
}
