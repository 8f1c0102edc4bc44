/* link-flapping: a cable with a loose contact.  A process of the lab's own takes the far end of the wire down and up by
 * the clock: the node sees a carrier that comes and goes, and nothing of why. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"
#include "link/relay.h"
#include "plan/plan.h"

#define LEAST       (NANOSECONDS_PER_SECOND / 10) /* the kernel tells of carriers late, and of none shorter */
#define PERIOD_MOST NANOSECONDS_PER_HOUR

struct rhythm {
    int64_t period, down;
};

/* down: half of the period where it is not given. */
static struct rhythm rhythm_of(const struct fault *fault)
{
    struct rhythm rhythm = {0};
    duration_parse(fault_text(fault, "period"), &rhythm.period);
    rhythm.down = rhythm.period / 2;
    if (fault_text(fault, "down"))
        duration_parse(fault_text(fault, "down"), &rhythm.down);
    return rhythm;
}

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    const struct rhythm rhythm = rhythm_of(fault);
    const struct interface *interface = things[0].interface;
    (void)topology;
    if (interface->down)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' is down when healthy",
                     fault->at.items[0]);
    if (rhythm.period < 2 * LEAST || rhythm.period > PERIOD_MOST)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "period"),
                     "period of fault %s is from 200ms to 1h, not %s", fault->kind, fault_text(fault, "period"));
    else if (rhythm.down < LEAST || rhythm.period - rhythm.down < LEAST)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "down"),
                     "down of fault %s is 100ms at least, and 100ms less than the period at most, not %s", fault->kind,
                     fault_text(fault, "down"));
}

static int rewrite(struct plan *plan, const struct topology *topology, const struct fault *fault,
                   const struct thing *things, struct error *err)
{
    const struct rhythm rhythm = rhythm_of(fault);
    const int64_t millisecond = NANOSECONDS_PER_SECOND / 1000;
    uint32_t ns;
    unsigned end;
    (void)topology;
    const struct plan_link *link = fault_link(plan, fault, things[0].interface, &ns, &end, err);
    if (!link)
        return -1;
    const char *arguments[] = {
        arena_printf(plan->arena, "%lld", (long long)(rhythm.down / millisecond)),
        arena_printf(plan->arena, "%lld", (long long)((rhythm.period - rhythm.down) / millisecond)),
    };
    return fault_add_wire_process(plan, fault, &link->end[!end], RELAY_FLAP, arguments, ARRAY_SIZE(arguments), err);
}

static const struct fault_target_row targets[] = {{THING_INTERFACE, FAULT_PLAN}};
static const struct fault_parameter_row parameters[] = {
    {.key = "period", .type = PARAMETER_DURATION, .fallback = "2s", .doc = "how long one round of down and up takes"},
    {.key = "down", .type = PARAMETER_DURATION, .doc = "how much of it the link is down; half of it where not given"},
};
const struct fault_kind fault_link_flapping = {
    .name = "link-flapping",
    .summary = "the carrier of an interface comes and goes, as with a loose contact",
    .family = FAMILY_LINK,
    .layer = 1,
    .things = 1,
    .wire = true,
    FAULT_TARGETS(targets),
    FAULT_PARAMETERS(parameters),
    .symptom =
        "packets are lost for a while and then all is well, over and over; long transfers stall, sessions are reset",
    .tools = "ip monitor link, ip -s -s link (carrier changes), ping -D -O, journal of whoever routes",
    .validate = validate,
    .rewrite_plan = rewrite,
};
