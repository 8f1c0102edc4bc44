/* vlan-wrong, vlan-missing, native-vlan-mismatch: what is wrong with the VLANs of a port, or with a tag. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

#define VLAN_MOST 4094

/* The VLAN that the fault names; 0, with a finding, where it is none. */
static uint16_t vlan_of(const struct fault *fault, struct findings *findings)
{
    uint32_t vlan = 0;
    if (fault_read_number(fault_text(fault, "vlan"), &vlan) && vlan >= 1 && vlan <= VLAN_MOST)
        return (uint16_t)vlan;
    if (findings)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "vlan"), "'%s' is no VLAN: 1 to %d",
                     fault_text(fault, "vlan"), VLAN_MOST);
    return 0;
}

static bool at_switch(const struct interface *interface)
{
    return !interface->parent && interface->attachment == ATTACH_BRIDGE &&
           bridge_whole(interface->bridge)->vlan_filtering;
}

static bool has_tagged(const struct interface *interface, uint16_t vlan)
{
    for (size_t i = 0; i < interface->tagged_count; i++)
        if (interface->tagged[i] == vlan)
            return true;
    return false;
}

static void refuse(const struct fault *fault, struct findings *findings, const char *what)
{
    findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' %s", fault->at.items[0], what);
}

static void refuse_healthy(const struct fault *fault, struct findings *findings, uint16_t vlan)
{
    findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "vlan"), "'%s' is in VLAN %u when healthy",
                 fault->at.items[0], vlan);
}

/* ---- the wrong one ---- */

static void validate_wrong(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    const struct interface *interface = things[0].interface;
    uint16_t vlan = vlan_of(fault, findings);
    (void)topology;
    if (!interface->parent && (!at_switch(interface) || interface->tagged_count > 0))
        refuse(fault, findings, "is neither at an access port of a bridge that keeps VLANs apart nor has it a tag");
    else if (vlan && vlan == interface->vlan)
        refuse_healthy(fault, findings, vlan);
}

/* The switch's port no longer carries a VLAN as it did: one with a tag is taken out, or (untagged) it takes the place
 * of that without a tag. */
static int change_port(struct plan *plan, const struct fault *fault, const struct interface *interface, bool untagged,
                       struct error *err)
{
    uint32_t ns;
    unsigned end;
    uint16_t vlan = vlan_of(fault, NULL);
    struct plan_link *link = fault_link(plan, fault, interface, &ns, &end, err);
    if (!link)
        return -1;
    struct plan_link_end *port = &link->end[!end];
    struct plan_vlan *vlans = NULL;
    size_t count = 0;
    if (untagged)
        *ARENA_PUSH(plan->arena, vlans, count) = (struct plan_vlan){vlan, true};
    for (size_t i = 0; i < port->vlan_count; i++)
        if (port->vlans[i].untagged ? !untagged : port->vlans[i].id != vlan)
            *ARENA_PUSH(plan->arena, vlans, count) = port->vlans[i];
    port->vlans = vlans;
    port->vlan_count = count;
    return 0;
}

static int rewrite_wrong(struct plan *plan, const struct topology *topology, const struct fault *fault,
                         const struct thing *things, struct error *err)
{
    (void)topology;
    struct plan_device *device = fault_device(plan, things[0].interface);
    if (!device)
        return change_port(plan, fault, things[0].interface, true, err);
    device->id = vlan_of(fault, NULL);
    return 0;
}

/* ---- missing on the trunk ---- */

static void validate_missing(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    const struct interface *interface = things[0].interface;
    uint16_t vlan = vlan_of(fault, findings);
    (void)topology;
    if (!at_switch(interface) || interface->tagged_count == 0)
        refuse(fault, findings, "is at no trunk: its port carries no VLAN with a tag");
    else if (vlan && !has_tagged(interface, vlan))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "vlan"),
                     "the trunk of '%s' does not carry VLAN %u when healthy", fault->at.items[0], vlan);
}

static int rewrite_missing(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    (void)topology;
    return change_port(plan, fault, things[0].interface, false, err);
}

/* ---- the native one ---- */

static void validate_native(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    const struct interface *interface = things[0].interface;
    uint16_t vlan = vlan_of(fault, findings);
    (void)topology;
    if (!at_switch(interface) || interface->tagged_count == 0 || interface->vlan == 0)
        refuse(fault, findings, "is at no trunk with a native VLAN");
    else if (vlan && vlan == interface->vlan)
        refuse_healthy(fault, findings, vlan);
    else if (vlan && has_tagged(interface, vlan))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "vlan"),
                     "the trunk of '%s' carries VLAN %u with a tag", fault->at.items[0], vlan);
}

static int rewrite_native(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    (void)topology;
    return change_port(plan, fault, things[0].interface, true, err);
}

static const struct fault_target_row targets[] = {{THING_INTERFACE, FAULT_PLAN}};
static const struct fault_parameter_row wrong_parameters[] = {
    {.key = "vlan", .type = PARAMETER_NUMBER, .required = true, .doc = "the VLAN of the port, or the tag, instead"},
};
static const struct fault_parameter_row missing_parameters[] = {
    {.key = "vlan", .type = PARAMETER_NUMBER, .required = true, .doc = "the VLAN that the trunk does not carry"},
};
static const struct fault_parameter_row native_parameters[] = {
    {.key = "vlan",
     .type = PARAMETER_NUMBER,
     .required = true,
     .doc = "the VLAN that the switch takes for the native one"},
};
#define VLAN .family = FAMILY_LINK, .layer = 2, .things = 1, FAULT_TARGETS(targets), .set_key = "vlan"
const struct fault_kind fault_vlan_wrong = {
    .name = "vlan-wrong",
    .summary = "a switch port is in the wrong VLAN, or an interface has the wrong tag",
    VLAN,
    FAULT_PARAMETERS(wrong_parameters),
    .symptom = "the machine reaches nobody of its own network, although its settings are right and the cable is in",
    .tools = "tcpdump -e -n (strange neighbours, or silence), ip neigh, ip -d link (the tag), arping",
    .validate = validate_wrong,
    .rewrite_plan = rewrite_wrong,
};
const struct fault_kind fault_vlan_missing = {
    .name = "vlan-missing",
    .summary = "a trunk does not carry one of its VLANs",
    VLAN,
    FAULT_PARAMETERS(missing_parameters),
    .symptom = "one VLAN is cut off from its router, all others on the same cable are well",
    .tools = "tcpdump -e -n vlan at the trunk (nothing of that tag comes in), ip -d link, ping from each VLAN",
    .validate = validate_missing,
    .rewrite_plan = rewrite_missing,
};
const struct fault_kind fault_native_vlan_mismatch = {
    .name = "native-vlan-mismatch",
    .summary = "the two ends of a trunk take different VLANs for the native one",
    VLAN,
    FAULT_PARAMETERS(native_parameters),
    .symptom =
        "what goes without a tag comes out in another VLAN: its own network does not answer; VLANs with a tag are "
        "well",
    .tools = "tcpdump -e -n at the trunk (untagged packets of another network), ping from each VLAN",
    .validate = validate_native,
    .rewrite_plan = rewrite_native,
};
