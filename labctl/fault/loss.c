/* loss: packets get lost on the wire of an interface or link. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"
#include "plan/impairment.h"
#include "plan/plan.h"

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    uint32_t parts = 0;
    (void)topology;
    share_parse(fault_text(fault, "loss"), &parts);
    if (!parts)
        findings_add(findings, FINDING_ERROR, "loss", fault_mark(fault, "loss"), "a loss of 0%% is no fault");
    if (things[0].kind == THING_LINK && things[0].link->end_count != 2)
        findings_add(findings, FINDING_ERROR, "loss", fault->at_marks ? fault->at_marks[0] : fault->mark,
                     "link '%s' does not join two interfaces", things[0].link->name);
}

/* On top of what the wire loses already: a packet arrives where it survives both. */
static int add_loss(struct plan *plan, const struct interface *interface, enum plan_direction direction, uint32_t parts,
                    const char *origin, struct error *err)
{
    uint32_t ns;
    if (fault_namespace(plan, interface->node, &ns, err))
        return -1;
    uint64_t before = plan_get_loss(plan, ns, interface->name, direction);
    uint64_t survive = (SHARE_WHOLE - before) * (SHARE_WHOLE - (uint64_t)parts) / SHARE_WHOLE;
    if (!plan_set_loss(plan, ns, interface->name, direction, (uint32_t)(SHARE_WHOLE - survive), origin))
        return error_set(err, ERR_ABSENT, "%s/%s has no wire", interface->node->name, interface->name);
    return 0;
}

static int rewrite_plan(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err)
{
    uint32_t parts = 0;
    const char *direction = fault_text(fault, "direction"), *origin = thing_name(topology, &things[0]);
    bool out = !str_equal(direction, "in"), in = !str_equal(direction, "out");
    share_parse(fault_text(fault, "loss"), &parts);
    if (things[0].kind == THING_LINK) {
        /* Out is what the first end sends; each direction is lost where it enters the wire. */
        const struct link *link = things[0].link;
        if (out && add_loss(plan, link->ends[0], PLAN_SENT, parts, origin, err))
            return -1;
        return in ? add_loss(plan, link->ends[1], PLAN_SENT, parts, origin, err) : 0;
    }
    if (out && add_loss(plan, things[0].interface, PLAN_SENT, parts, origin, err))
        return -1;
    return in ? add_loss(plan, things[0].interface, PLAN_RECEIVED, parts, origin, err) : 0;
}

static const struct fault_target_row targets[] = {{THING_INTERFACE, FAULT_PLAN}, {THING_LINK, FAULT_PLAN}};
static const char *const directions[] = {"in", "out", "both"};
static const struct fault_parameter_row parameters[] = {
    {.key = "loss", .type = PARAMETER_SHARE, .required = true, .doc = "the share of packets that is lost, such as 5%"},
    {.key = "direction",
     .type = PARAMETER_WORD,
     .words = directions,
     .word_count = ARRAY_SIZE(directions),
     .fallback = "both",
     .doc = "of an interface: what it receives, sends, or both; of a link: out is what its first end sends"},
};
const struct fault_kind fault_loss = {
    .name = "loss",
    .summary = "packets are lost at random on a link or at an interface",
    .family = FAMILY_IMPAIRMENT,
    .layer = 1,
    .things = 1,
    .targets = targets,
    .target_count = ARRAY_SIZE(targets),
    .parameters = parameters,
    .parameter_count = ARRAY_SIZE(parameters),
    .symptom = "some packets never arrive: pings are missing, transfers stall and are slow",
    .tools = "ping, ss -ti (retransmissions), nstat, tcpdump at both ends, mtr",
    .set_key = "loss",
    .validate = validate,
    .rewrite_plan = rewrite_plan,
};
