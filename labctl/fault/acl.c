/* network-acl-rule-missing, network-acl-order, network-acl-ephemeral-missing, network-acl-wrong: a list of rules that
 * knows no connections, read from the top. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"

enum { RULE_MAX = 32766, SYSTEM_PORTS = 1024, EPHEMERAL_FIRST = 32768, EPHEMERAL_LAST = 60999 }; /* Linux's own range */

/* The rules of the direction that the fault is about. */
struct acl_side {
    struct acl_rule **rules;
    size_t *count;
    bool *declared;
};

static struct acl_side side_of(const struct fault *fault, struct network_acl *acl)
{
    bool egress = str_equal(fault_text(fault, "direction"), "egress");
    return egress ? (struct acl_side){&acl->egress, &acl->egress_count, &acl->egress_declared}
                  : (struct acl_side){&acl->ingress, &acl->ingress_count, &acl->ingress_declared};
}

static struct acl_rule *rule_of(const struct fault *fault, const char *key, const struct acl_side *side)
{
    uint32_t number = 0;
    fault_read_number(fault_text(fault, key), &number);
    for (size_t i = 0; i < *side->count; i++)
        if ((*side->rules)[i].number == number)
            return &(*side->rules)[i];
    return NULL;
}

static const char *numbers_of(const struct acl_side *side, struct arena *arena)
{
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < *side->count; i++)
        str_printf(&text, "%s%u", i ? ", " : "its rules there: ", (*side->rules)[i].number);
    return arena_strdup(arena, text.length ? str_text(&text) : "it has no rules there");
}

static struct acl_rule *check_rule(const struct fault *fault, const struct acl_side *side, struct findings *findings)
{
    struct acl_rule *rule = rule_of(fault, "rule", side);
    if (rule)
        return rule;
    struct finding *finding =
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "rule"), "'%s' has no %s rule %s",
                     fault->at.items[0], fault_text(fault, "direction"), fault_text(fault, "rule"));
    finding->hint = numbers_of(side, findings->arena);
    return NULL;
}

static int rule_is_gone(const struct fault *fault, struct error *err)
{
    return error_set(err, ERR_ABSENT, "fault '%s': %s has no %s rule %s any more", fault->id, fault->at.items[0],
                     fault_text(fault, "direction"), fault_text(fault, "rule"));
}

static void remove_rule(const struct acl_side *side, const struct acl_rule *rule)
{
    size_t index = (size_t)(rule - *side->rules);
    memmove(*side->rules + index, *side->rules + index + 1, (*side->count - index - 1) * sizeof **side->rules);
    --*side->count;
}

/* ---- a rule ---- */

static void validate_missing(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    struct acl_side side = side_of(fault, things[0].network_acl);
    (void)topology;
    check_rule(fault, &side, findings);
}

static int rewrite_missing(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    struct acl_side side = side_of(fault, things[0].network_acl);
    struct acl_rule *rule = rule_of(fault, "rule", &side);
    (void)topology;
    if (!rule)
        return rule_is_gone(fault, err);
    remove_rule(&side, rule);
    return 0;
}

static void validate_order(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    struct acl_side side = side_of(fault, things[0].network_acl);
    const struct acl_rule *rule = check_rule(fault, &side, findings);
    uint32_t number = 0;
    bool passes = false;
    (void)topology;
    fault_read_number(fault_text(fault, "number"), &number);
    if (!rule)
        return;
    if (number > RULE_MAX || rule_of(fault, "number", &side)) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "number"),
                     number > RULE_MAX ? "a rule's number is at most 32766, not %u"
                                       : "number %u is taken by another rule",
                     number);
        return;
    }
    for (size_t i = 0; i < *side.count; i++) {
        uint32_t other = (*side.rules)[i].number;
        passes = passes || (other > rule->number && other < number) || (other < rule->number && other > number);
    }
    if (!passes)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "number"),
                     "with number %u rule %u stands where it does when healthy", number, rule->number);
}

static int by_number(const void *a, const void *b)
{
    return (int)((const struct acl_rule *)a)->number - (int)((const struct acl_rule *)b)->number;
}

static int rewrite_order(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    struct acl_side side = side_of(fault, things[0].network_acl);
    struct acl_rule *rule = rule_of(fault, "rule", &side);
    uint32_t number = 0;
    (void)topology;
    if (!rule)
        return rule_is_gone(fault, err);
    fault_read_number(fault_text(fault, "number"), &number);
    rule->number = (uint16_t)number;
    qsort(*side.rules, *side.count, sizeof **side.rules, by_number);
    return 0;
}

/* ---- the way back ---- */

/* Whether a rule lets answers to the ports pass from which connections are opened. */
static bool allows_answers(const struct acl_rule *rule)
{
    const struct security_rule *match = &rule->match;
    if (rule->action != ACL_ALLOW || (match->protocol != PROTOCOL_ALL && match->protocol != PROTOCOL_TCP))
        return false;
    for (size_t i = 0; i < match->port_count; i++)
        if (match->ports[i].first <= EPHEMERAL_LAST && match->ports[i].last >= EPHEMERAL_FIRST)
            return true;
    return match->port_count == 0;
}

static void validate_ephemeral(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct findings *findings)
{
    struct acl_side side = side_of(fault, things[0].network_acl);
    bool any = !*side.declared;
    (void)topology;
    for (size_t i = 0; i < *side.count; i++)
        any = any || allows_answers(&(*side.rules)[i]);
    if (!any)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "no %s rule of '%s' allows the ports of answers (%d to %d) when healthy",
                     fault_text(fault, "direction"), fault->at.items[0], (int)EPHEMERAL_FIRST, (int)EPHEMERAL_LAST);
}

/* What stays of a rule are the ports of services. */
static bool keep_system_ports(struct arena *arena, struct acl_rule *rule)
{
    struct port_range *kept = NULL;
    size_t count = 0;
    struct security_rule *match = &rule->match;
    if (match->protocol == PROTOCOL_ALL || match->port_count == 0)
        *ARENA_PUSH(arena, kept, count) = (struct port_range){1, SYSTEM_PORTS - 1};
    for (size_t i = 0; i < match->port_count; i++) {
        struct port_range range = match->ports[i];
        if (range.first > EPHEMERAL_LAST || range.last < EPHEMERAL_FIRST)
            *ARENA_PUSH(arena, kept, count) = range;
        else if (range.first < SYSTEM_PORTS)
            *ARENA_PUSH(arena, kept, count) = (struct port_range){range.first, SYSTEM_PORTS - 1};
    }
    match->protocol = PROTOCOL_TCP;
    match->ports = kept;
    match->port_count = count;
    return count > 0;
}

/* An ACL whose author has thought of services, and not of the ports that their clients have. */
static int rewrite_ephemeral(struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct error *err)
{
    struct acl_side side = side_of(fault, things[0].network_acl);
    (void)err;
    if (!*side.declared) {
        struct peer *anybody = ARENA_NEW(topology->arena, struct peer);
        anybody->kind = PEER_ANY;
        *side.declared = true;
        *ARENA_PUSH(topology->arena, *side.rules, *side.count) = (struct acl_rule){
            .number = 100, .action = ACL_ALLOW, .match = {.protocol = PROTOCOL_ALL, .peers = anybody, .peer_count = 1}};
    }
    for (size_t i = *side.count; i-- > 0;)
        if (allows_answers(&(*side.rules)[i]) && !keep_system_ports(topology->arena, &(*side.rules)[i]))
            remove_rule(&side, &(*side.rules)[i]);
    return 0;
}

/* ---- a subnet's list ---- */

static struct network_acl *wrong_acl(const struct fault *fault, const struct subnet *subnet)
{
    const char *name = fault_text(fault, "network_acl"), *slash = strrchr(name, '/');
    return vpc_network_acl(subnet->vpc, slash ? slash + 1 : name);
}

static void validate_wrong(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    const struct subnet *subnet = things[0].subnet;
    const struct network_acl *acl = wrong_acl(fault, subnet);
    (void)topology;
    if (acl && acl != subnet->network_acl)
        return;
    struct finding *finding =
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "network_acl"),
                     acl ? "'%s' is the subnet's network ACL when healthy" : "no network ACL of its VPC is called '%s'",
                     fault_text(fault, "network_acl"));
    const char **names = arena_alloc(findings->arena, (subnet->vpc->network_acl_count + 1) * sizeof *names);
    for (size_t i = 0; i < subnet->vpc->network_acl_count; i++)
        names[i] = subnet->vpc->network_acls[i]->name;
    const char *near =
        acl ? NULL : str_nearest(fault_text(fault, "network_acl"), names, subnet->vpc->network_acl_count);
    finding->hint = near ? arena_printf(findings->arena, "did you mean '%s'?", near) : NULL;
}

static int rewrite_wrong(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    struct network_acl *acl = wrong_acl(fault, things[0].subnet);
    (void)topology;
    if (!acl)
        return error_set(err, ERR_ABSENT, "fault '%s': the VPC has no network ACL '%s'", fault->id,
                         fault_text(fault, "network_acl"));
    things[0].subnet->network_acl = acl;
    return 0;
}

static const struct fault_target_row acl_targets[] = {{THING_NETWORK_ACL, FAULT_TOPOLOGY}};
static const struct fault_target_row subnet_targets[] = {{THING_SUBNET, FAULT_TOPOLOGY}};
static const char *const inward[] = {"ingress", "egress"}, *const outward[] = {"egress", "ingress"};
#define DIRECTION(words)                                                                                               \
    {                                                                                                                  \
        .key = "direction", FAULT_WORDS(words), .doc = "which of its two lists"                                        \
    }
static const struct fault_parameter_row missing_parameters[] = {
    DIRECTION(inward),
    {.key = "rule", .type = PARAMETER_NUMBER, .required = true, .doc = "the number of the rule that is missing"},
};
static const struct fault_parameter_row order_parameters[] = {
    DIRECTION(inward),
    {.key = "rule", .type = PARAMETER_NUMBER, .required = true, .doc = "the number of the rule"},
    {.key = "number", .type = PARAMETER_NUMBER, .required = true, .doc = "the number that it has instead"},
};
static const struct fault_parameter_row ephemeral_parameters[] = {DIRECTION(outward)};
static const struct fault_parameter_row wrong_parameters[] = {
    {.key = "network_acl",
     .type = PARAMETER_TEXT,
     .required = true,
     .doc = "the network ACL that the subnet has instead"},
};
#define FILTERING .family = FAMILY_FILTERING, .layer = 4, .things = 1
const struct fault_kind fault_network_acl_rule_missing = {
    .name = "network-acl-rule-missing",
    .summary = "a rule of a network ACL is missing",
    FILTERING,
    FAULT_TARGETS(acl_targets),
    FAULT_PARAMETERS(missing_parameters),
    .symptom = "connections to or from a whole subnet time out, or what was denied passes; groups and routes are right",
    .tools = "labctl dump, labctl flow-logs, nc -w, tcpdump in the target",
    .validate = validate_missing,
    .rewrite_topology = rewrite_missing,
};
const struct fault_kind fault_network_acl_order = {
    .name = "network-acl-order",
    .summary = "a rule of a network ACL has a number by which another one decides before it, or no longer does",
    FILTERING,
    FAULT_TARGETS(acl_targets),
    FAULT_PARAMETERS(order_parameters),
    .symptom = "connections to a whole subnet time out although a rule allows them, or pass although one denies them",
    .tools = "labctl dump (the numbers), labctl flow-logs, nc -w, tcpdump in the target",
    .validate = validate_order,
    .rewrite_topology = rewrite_order,
};
const struct fault_kind fault_network_acl_ephemeral_missing = {
    .name = "network-acl-ephemeral-missing",
    .summary = "a network ACL, which knows no connections, does not let the answers out (or in)",
    FILTERING,
    FAULT_TARGETS(acl_targets),
    FAULT_PARAMETERS(ephemeral_parameters),
    .symptom = "a SYN arrives and is answered, and the answer never does: connections time out",
    .tools = "tcpdump at both ends, labctl flow-logs, labctl dump",
    .validate = validate_ephemeral,
    .rewrite_topology = rewrite_ephemeral,
};
const struct fault_kind fault_network_acl_wrong = {
    .name = "network-acl-wrong",
    .summary = "a subnet has another network ACL than it should",
    FILTERING,
    FAULT_TARGETS(subnet_targets),
    FAULT_PARAMETERS(wrong_parameters),
    .symptom = "one subnet is not reached, or reaches nothing, while another with the right list works",
    .tools = "labctl dump, labctl flow-logs, nc -w, tcpdump in the target",
    .set_key = "network_acl",
    .validate = validate_wrong,
    .rewrite_topology = rewrite_wrong,
};
