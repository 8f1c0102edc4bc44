/* dns-slow: a name server that answers late.
 *
 * No name server can be told to be slow, so what it is asked comes late: queries wait at the far end of the server's
 * wires, beyond its view, and nothing else of the machine waits.  A capture shows it: the query that a client has sent
 * is at the server only later, and the answer follows at once. */
#include "base/error.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"
#include "link/impairment.h"
#include "plan/impairment.h"
#include "plan/plan.h"

#define DELAY_MOST (60 * NANOSECONDS_PER_SECOND)

/* A tagged interface has none of its own: its packets are on its parent's. */
static bool has_wire(const struct interface *interface)
{
    return !interface->parent && interface->attachment != ATTACH_NONE;
}

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    const struct service *service = things[0].service;
    int64_t delay = 0;
    size_t wires = 0;
    (void)topology;
    duration_parse(fault_text(fault, "delay"), &delay);
    if (delay < 1 || delay > DELAY_MOST)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "delay"),
                     "delay of fault %s is more than 0 and at most 60s, not %s", fault->kind,
                     fault_text(fault, "delay"));
    if (!fault_is_dns(fault, &things[0], findings))
        return;
    for (size_t i = 0; i < service->node->interface_count; i++)
        wires += has_wire(service->node->interfaces[i]);
    if (!wires)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "nobody else asks '%s': its node has no wire", fault->at.items[0]);
    else if (service->bind.family == 4 && service->bind.bytes[0] == 127)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "nobody else asks '%s': it listens on loopback alone", fault->at.items[0]);
}

static int rewrite(struct plan *plan, const struct topology *topology, const struct fault *fault,
                   const struct thing *things, struct error *err)
{
    const struct service *service = things[0].service;
    struct impairment more = {0};
    uint32_t ns;
    size_t slowed = 0;
    if (fault_namespace(plan, service->node, &ns, err))
        return -1;
    duration_parse(fault_text(fault, "delay"), &more.delay);
    for (size_t i = 0; i < service->node->interface_count; i++)
        slowed += plan_impair_port(plan, ns, service->node->interfaces[i]->name, service->port, &more,
                                   thing_name(topology, &things[0]));
    return slowed ? 0 : error_set(err, ERR_ABSENT, "fault '%s': %s has no wire", fault->id, service->node->name);
}

static const struct fault_target_row targets[] = {{THING_SERVICE, FAULT_PLAN}};
static const struct fault_parameter_row parameters[] = {
    {.key = "delay", .type = PARAMETER_DURATION, .fallback = "2s", .doc = "how much later each answer comes"},
};
const struct fault_kind fault_dns_slow = {
    .name = "dns-slow",
    .summary = "a name server answers late",
    .family = FAMILY_DNS,
    .layer = 7,
    .things = 1,
    FAULT_TARGETS(targets),
    FAULT_PARAMETERS(parameters),
    .symptom = "whatever is asked for by name begins late, and is fast from then on; by address all is well",
    .tools = "dig (Query time), curl -w '%{time_namelookup} %{time_connect}', time getent hosts, tcpdump port 53 at "
             "both ends",
    .validate = validate,
    .rewrite_plan = rewrite,
};
