/* one-way-link, port-isolated, mac-duplicate, mtu-wrong: what is wrong with a wire that has a carrier. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"
#include "fault/walk.h"
#include "plan/impairment.h"
#include "plan/plan.h"

/* ---- one direction is dead ---- */

static int rewrite_one_way(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    const struct interface *interface = things[0].interface;
    enum plan_direction direction = str_equal(fault_text(fault, "direction"), "in") ? PLAN_RECEIVED : PLAN_SENT;
    uint32_t ns;
    if (fault_namespace(plan, interface->node, &ns, err))
        return -1;
    struct impairment is = plan_get_impairment(plan, ns, interface->name, direction);
    is.loss = SHARE_WHOLE;
    if (!plan_set_impairment(plan, ns, interface->name, direction, &is, thing_name(topology, &things[0])))
        return error_set(err, ERR_ABSENT, "%s/%s has no wire", interface->node->name, interface->name);
    return 0;
}

/* ---- the port is in no network ---- */

static void validate_at_bridge(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct findings *findings)
{
    (void)topology;
    if (things[0].interface->attachment != ATTACH_BRIDGE && things[0].interface->attachment != ATTACH_LINK)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' is at no switch",
                     fault->at.items[0]);
}

static int rewrite_isolated(struct plan *plan, const struct topology *topology, const struct fault *fault,
                            const struct thing *things, struct error *err)
{
    uint32_t ns;
    unsigned end;
    struct plan_link *link = fault_link(plan, fault, things[0].interface, &ns, &end, err);
    (void)topology;
    if (!link)
        return -1;
    link->end[!end].master = NULL;
    return 0;
}

/* ---- one MAC twice ---- */

static void validate_mac(const struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct findings *findings)
{
    const struct interface *a = things[0].interface, *b = things[1].interface;
    (void)topology;
    if (a == b)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "both are '%s': two interfaces share an address", fault->at.items[0]);
    else if (a->attachment != ATTACH_BRIDGE || a->bridge != b->bridge)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' and '%s' are not at one bridge", fault->at.items[0], fault->at.items[1]);
}

/* Whoever knew the first by its own MAC has learned the new one by now. */
static int rewrite_mac(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       const struct thing *things, struct error *err)
{
    uint32_t ns, other_ns;
    unsigned end, other_end;
    struct plan_link *link = fault_link(plan, fault, things[0].interface, &ns, &end, err);
    struct plan_link *other = link ? fault_link(plan, fault, things[1].interface, &other_ns, &other_end, err) : NULL;
    (void)topology;
    if (!other)
        return -1;
    struct mac was = link->end[end].mac, is = other->end[other_end].mac;
    link->end[end].mac = is;
    for (size_t i = 0; i < plan->neighbour_count; i++)
        if (!memcmp(&plan->neighbours[i].mac, &was, sizeof was))
            plan->neighbours[i].mac = is;
    return 0;
}

/* ---- the MTU of one end ---- */

static void validate_mtu(const struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct findings *findings)
{
    uint32_t mtu = 0;
    (void)topology;
    fault_read_number(fault_text(fault, "mtu"), &mtu);
    bool ipv6 = interface_address(things[0].interface, 6).addr.family == 6;
    uint32_t least = ipv6 ? 1280 : 576, whole = things[0].interface->mtu ? things[0].interface->mtu : 1500;
    if (mtu >= least && mtu < whole) /* RFC 8200 5, RFC 791 */
        return;
    findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "mtu"),
                 "an MTU of %u is not wrong there: it is from %u to %u", mtu, least, whole - 1);
}

static int rewrite_mtu(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       const struct thing *things, struct error *err)
{
    uint32_t ns, mtu = 0;
    unsigned end;
    struct plan_link *link = fault_link(plan, fault, things[0].interface, &ns, &end, err);
    (void)topology;
    if (!link)
        return -1;
    fault_read_number(fault_text(fault, "mtu"), &mtu);
    link->mtu = mtu;
    return 0;
}

static const struct fault_target_row targets[] = {{THING_INTERFACE, FAULT_PLAN}};
static const char *const directions[] = {"in", "out"};
static const struct fault_parameter_row direction_parameters[] = {
    {.key = "direction",
     FAULT_WORDS(directions),
     .doc = "what is lost: all that the interface receives, or all it sends"},
};
static const struct fault_parameter_row mtu_parameters[] = {
    {.key = "mtu",
     .type = PARAMETER_NUMBER,
     .fallback = "1300",
     .doc = "the largest packet of that interface, in bytes"},
};
const struct fault_kind fault_one_way_link = {
    .name = "one-way-link",
    .summary = "a wire carries one direction only",
    .family = FAMILY_LINK,
    .wire = true,
    .layer = 1,
    .things = 1,
    FAULT_TARGETS(targets),
    FAULT_PARAMETERS(direction_parameters),
    .symptom = "the interface is on and has a carrier; what it sends arrives, or what it gets, never both",
    .tools = "ip -s link (one counter stands still), tcpdump at both ends, arping",
    .rewrite_plan = rewrite_one_way,
};
const struct fault_kind fault_port_isolated = {
    .name = "port-isolated",
    .summary = "a switch port belongs to no network",
    .family = FAMILY_LINK,
    .wire = true,
    .layer = 2,
    .things = 1,
    FAULT_TARGETS(targets),
    .symptom = "the interface is on and has a carrier, and nobody is there",
    .tools = "ip neigh (FAILED), ip -s link (nothing received), tcpdump, arping",
    .set_key = "bridge",
    .validate = validate_at_bridge,
    .rewrite_plan = rewrite_isolated,
};
const struct fault_kind fault_mac_duplicate = {
    .name = "mac-duplicate",
    .summary = "two interfaces of one switch have the same hardware address",
    .family = FAMILY_NEIGHBOUR,
    .wire = true,
    .layer = 2,
    .things = 2,
    FAULT_TARGETS(targets),
    .symptom = "the two machines are reached by turns, and cannot reach each other",
    .tools = "ip link, ip neigh (one lladdr for two addresses), tcpdump -e, bridge fdb",
    .validate = validate_mac,
    .rewrite_plan = rewrite_mac,
};
const struct fault_kind fault_mtu_wrong = {
    .name = "mtu-wrong",
    .summary = "an interface takes smaller packets than its neighbours send",
    .family = FAMILY_MTU,
    .wire = true,
    .layer = 2,
    .things = 1,
    FAULT_TARGETS(targets),
    FAULT_PARAMETERS(mtu_parameters),
    .symptom = "pings and small answers pass; larger ones of the same network vanish at its port",
    .tools = "ip link (mtu), ping -M do -s, tcpdump at both ends",
    .set_key = "mtu",
    .validate = validate_mtu,
    .rewrite_plan = rewrite_mtu,
};
