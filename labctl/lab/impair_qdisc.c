/* tbf and netem: root qdiscs of the far end for what the node receives; for what it sends, of a pair of devices that
 * packets are led through. */
#include <errno.h>

#include "base/error.h"
#include "kernel/dump.h"
#include "kernel/qdisc.h"
#include "lab/impair.h"
#include "link/relay.h"

#define FULL_FRAME 1514u
#define WAITING    1000u
/* Below that, what a token bucket lets pass at once is more than a wire of that rate would: a full frame takes longer
 * than a tenth of a millisecond. */
#define TBF_LEAST 100000000u

/* Asked once: 0 not yet, 1 yes, -1 no. */
static bool known(int *answer, const char *kind)
{
    if (!*answer)
        *answer = qdisc_known(kind) ? 1 : -1;
    return *answer > 0;
}

static int put(const struct impaired *wire, const char *device, bool netem, struct error *err)
{
    BATCH_AUTO batch = BATCH_INIT;
    struct observed_link seen;
    uint64_t waiting = (wire->is.limit ? wire->is.limit : WAITING) * (uint64_t)FULL_FRAME;
    int found = observe_link(space_netns(wire->space, err), device, &seen, err);
    if (found <= 0)
        return found < 0 ? -1 : error_set(err, ERR_SYSTEM, "%s is not there", device);
    if (netem)
        qdisc_netem(&batch, 1, seen.index, &wire->is);
    else
        qdisc_tbf(&batch, 1, seen.index, wire->is.rate, waiting);
    return impair_commit(wire, &batch, netem ? "add qdisc netem" : "add qdisc tbf", err);
}

static int take_away(const struct impaired *wire, struct hooks *hooks, struct error *err)
{
    (void)hooks;
    BATCH_AUTO batch = BATCH_INIT;
    NETLINK_AUTO netlink = NETLINK_INIT;
    struct observed_link seen;
    int netns = space_netns(wire->space, err);
    int found = netns < 0 ? -1 : observe_link(netns, wire->interface, &seen, err);
    if (found <= 0)
        return found;
    qdisc_remove(&batch, 1, seen.index); /* which may not be there */
    return netlink_open(netns, &netlink, err) == 0 ? netlink_commit(&netlink, &batch, err) : -1;
}

static bool any_kind(struct lab *lab, const struct impaired *wire)
{
    (void)lab;
    return wire->direction == PLAN_RECEIVED || way_stands(wire);
}

/* `drops`: what it counts by what it drops, WIRE_COUNTS_LOST or WIRE_COUNTS_OVERFLOWED. */
static unsigned count_by(const struct impaired *wire, const char *kind, unsigned drops, struct relay_statistics *out)
{
    struct way way = way_of(wire);
    struct observed_link device;
    struct qdisc_counters seen = {0};
    const char *name = wire->direction == PLAN_RECEIVED ? wire->interface : way.out;
    int netns = space_netns(wire->space, NULL);
    if (netns < 0 || observe_link(netns, name, &device, NULL) <= 0 ||
        qdisc_observe(netns, device.index, kind, &seen, NULL) <= 0)
        return 0;
    out->counters.passed = seen.passed;
    out->counters.bytes = seen.bytes;
    out->counters.entered = seen.passed + seen.dropped + seen.waiting;
    *(drops == WIRE_COUNTS_LOST ? &out->counters.lost : &out->counters.overflowed) = seen.dropped;
    out->held = seen.waiting;
    return WIRE_COUNTS_PASSED | WIRE_COUNTS_QUEUE | drops;
}

/* ---- tbf ------------------------------------------------------------------------------------------------------- */

static bool tbf_serves(struct lab *lab, const struct impaired *wire)
{
    struct impairment rest = wire->is;
    rest.rate = rest.limit = 0;
    return wire->direction == PLAN_RECEIVED && wire->is.rate >= TBF_LEAST && !impairment_any(&rest) &&
           known(&lab->tbf, "tbf");
}

static int tbf_engage(const struct impaired *wire, struct hooks *hooks, struct error *err)
{
    (void)hooks;
    return put(wire, wire->interface, false, err);
}

static unsigned tbf_count(struct lab *lab, const struct impaired *wire, struct relay_statistics *out)
{
    (void)lab;
    return count_by(wire, "tbf", WIRE_COUNTS_OVERFLOWED, out);
}

const struct impair_backend impair_tbf = {
    .name = "tbf",
    .fidelity = "token bucket: what passes in a millisecond may pass at once",
    .serves = tbf_serves,
    .engage = tbf_engage,
    .release = take_away,
    .stands = any_kind,
    .count = tbf_count,
};

/* ---- netem ------------------------------------------------------------------------------------------------------ */

static bool netem_serves(struct lab *lab, const struct impaired *wire)
{
    return !wire->is.loss_every && !wire->is.trace && !wire->is.seed && known(&lab->netem, "netem");
}

static int netem_prepare(const struct impaired *wire, struct hooks *hooks, struct error *err)
{
    (void)hooks;
    struct way way = way_of(wire);
    if (wire->direction == PLAN_RECEIVED)
        return 0;
    return way_make(wire, err) == 0 && put(wire, way.out, true, err) == 0 ? way_back(wire, way.in, err) : -1;
}

static int netem_engage(const struct impaired *wire, struct hooks *hooks, struct error *err)
{
    return wire->direction == PLAN_RECEIVED ? put(wire, wire->interface, true, err)
                                            : way_lead(wire, WAY_OUT_MARKED, hooks, err);
}

static int netem_release(const struct impaired *wire, struct hooks *hooks, struct error *err)
{
    return wire->direction == PLAN_RECEIVED ? take_away(wire, hooks, err) : way_close(wire, hooks, err);
}

/* It does not tell what was lost at random from what found it full. */
static unsigned netem_count(struct lab *lab, const struct impaired *wire, struct relay_statistics *out)
{
    (void)lab;
    return count_by(wire, "netem", WIRE_COUNTS_LOST, out);
}

const struct impair_backend impair_netem = {
    .name = "netem",
    .fidelity = "the reference: the kernel's own, late by some microseconds",
    .serves = netem_serves,
    .prepare = netem_prepare,
    .engage = netem_engage,
    .release = netem_release,
    .leads_aside = true,
    .stands = any_kind,
    .count = netem_count,
};
