/* Waiting for what the network does by itself: who is told that the lab is up may expect it to carry packets.
 *
 * A port of a bridge with a spanning tree listens and learns for two seconds each before it forwards.  An interface
 * that listens to router advertisements (accept_ra) has its address when it has heard the first one. */
#include <linux/if_addr.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
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

static int bridges_settle(struct lab *lab, const struct plan *plan, const struct plan_index *index, int64_t deadline,
                          struct error *err)
{
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

/* ---- router advertisements ----------------------------------------------------------------------------------------
 */

/* "net/ipv6/conf/eth0/accept_ra" with a value that is not "0": eth0, in `name`. */
static bool listens(const struct plan_sysctl *sysctl, char name[static 16])
{
    static const char prefix[] = "net/ipv6/conf/";
    if (!str_starts(sysctl->key, prefix) || !str_ends(sysctl->key, "/accept_ra") || str_equal(sysctl->value, "0"))
        return false;
    const char *start = sysctl->key + strlen(prefix);
    size_t length = strlen(start) - strlen("/accept_ra");
    if (length >= 16)
        return false;
    memcpy(name, start, length);
    name[length] = '\0';
    return true;
}

/* Has it no address yet that it made of an advertisement?  One that is down hears nothing. */
static bool is_deaf(const struct observation *o, const char *name)
{
    const struct observed_link *link = observed_link_by_name(o, name);
    if (!link || !link->up || !link->carrier)
        return false;
    for (size_t i = 0; i < o->address_count; i++)
        if (o->addresses[i].interface == link->index && o->addresses[i].address.addr.family == 6 &&
            !o->addresses[i].linklocal && !(o->addresses[i].flags & IFA_F_TENTATIVE))
            return false;
    return true;
}

/* Does an interface of the namespace wait for a router?  1, 0, or -1 with err. */
static int waits(struct lab *lab, const struct plan *plan, struct plan_group sysctls, uint32_t ns, struct error *err)
{
    char name[16];
    struct observation *o = NULL;
    bool found = false;
    for (size_t g = 0; g < sysctls.count && !found; g++) {
        if (!listens(&plan->sysctls[sysctls.items[g]], name))
            continue;
        int netns = o ? 0 : space_netns(space_of(lab, plan, ns), err);
        if (netns < 0 || (!o && observe(netns, &o, err) != 0))
            return -1;
        found = is_deaf(o, name);
    }
    observation_free(o);
    return found;
}

static int advertisements_settle(struct lab *lab, const struct plan *plan, const struct plan_index *index,
                                 int64_t deadline, struct error *err)
{
    for (uint32_t ns = 0; ns < plan->namespace_count; ns++) {
        struct plan_group sysctls = plan_index_group(index, ns, ITEM_SYSCTL);
        if (plan->namespaces[ns].kind != NAMESPACE_NODE)
            continue;
        do { /* where nobody advertises, that is the lab's own affair */
            int waiting = waits(lab, plan, sysctls, ns, err);
            if (waiting < 0)
                return -1;
            if (!waiting)
                break;
            if (keeper_dispatch(lab->keeper, SETTLE_PAUSE, err) < 0)
                return -1;
        } while (clock_boot() < deadline);
    }
    return 0;
}

int network_settle(struct lab *lab, const struct plan *plan, const struct plan_index *index, struct error *err)
{
    int64_t deadline = clock_boot() + SETTLE_DEADLINE;
    if (bridges_settle(lab, plan, index, deadline, err) != 0)
        return -1;
    return advertisements_settle(lab, plan, index, deadline, err);
}
