/* security-group-rule-missing, -port-wrong, -peer-wrong, -protocol-wrong: one rule of a group is not there, or not as
 * it should be.  Which rule is meant is said by what it is when healthy; exactly one must fit. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"

struct rules {
    struct security_rule *items;
    size_t *count;
};

static bool is_egress(const struct fault *fault)
{
    return str_equal(fault_text(fault, "direction"), "egress");
}

static struct rules rules_of(struct security_group *group, const struct fault *fault)
{
    if (is_egress(fault))
        return (struct rules){group->egress, &group->egress_count};
    return (struct rules){group->ingress, &group->ingress_count};
}

static bool same_ports(const struct security_rule *rule, const struct port_range *ports, size_t count)
{
    if (rule->port_count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (rule->ports[i].first != ports[i].first || rule->ports[i].last != ports[i].last)
            return false;
    return true;
}

static bool covers_ports(const struct security_rule *rule, const struct port_range *ports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool covered = false;
        for (size_t r = 0; r < rule->port_count; r++)
            covered = covered || (rule->ports[r].first <= ports[i].first && ports[i].last <= rule->ports[r].last);
        if (!covered)
            return false;
    }
    return true;
}

/* Whether these cover all ports of a rule. */
static bool within(const struct security_rule *rule, const struct port_range *ports, size_t count)
{
    for (size_t r = 0; r < rule->port_count; r++) {
        bool covered = false;
        for (size_t i = 0; i < count; i++)
            covered = covered || (ports[i].first <= rule->ports[r].first && rule->ports[r].last <= ports[i].last);
        if (!covered)
            return false;
    }
    return rule->port_count > 0;
}

/* Every peer that the text lists is one of the rule's. */
static bool has_peers(const struct security_rule *rule, const char *text, const struct vpc *vpc)
{
    ARENA_AUTO arena = arena_new();
    char *rest = arena_strdup(arena, text);
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        bool found = false;
        word += strspn(word, " [");
        word[strcspn(word, " ]")] = 0;
        for (size_t i = 0; i < rule->peer_count; i++)
            found = found || fault_is_peer(&rule->peers[i], word, vpc);
        if (!found)
            return false;
    }
    return true;
}

static bool matches(const struct security_rule *rule, const struct fault *fault, const struct vpc *vpc,
                    bool exact_ports)
{
    struct port_range ports[FAULT_PORTS_MAX];
    const char *protocol = fault_text(fault, "protocol"), *listed = fault_text(fault, "ports");
    const char *from = fault_text(fault, "from"), *to = fault_text(fault, "to");
    if (protocol && !str_equal(protocol, protocol_name(rule->protocol)))
        return false;
    if (listed) {
        size_t count = fault_read_ports(listed, ports, FAULT_PORTS_MAX);
        if (exact_ports ? !same_ports(rule, ports, count) : !covers_ports(rule, ports, count))
            return false;
    }
    return (!from || has_peers(rule, from, vpc)) && (!to || has_peers(rule, to, vpc));
}

/* How many rules are meant, and the first of them.  A rule with exactly these ports is meant before one that has more.
 */
static size_t find(const struct rules *rules, const struct fault *fault, const struct vpc *vpc, size_t *index)
{
    size_t count = 0;
    for (int exact = 1; exact >= 0 && !count; exact--)
        for (size_t i = *rules->count; i-- > 0;)
            if (matches(&rules->items[i], fault, vpc, exact))
                *index = i, count++;
    return count;
}

/* The rule that is meant; NULL, with a finding, where it is not exactly one. */
static const struct security_rule *meant(const struct fault *fault, const struct thing *things,
                                         struct findings *findings)
{
    size_t index = 0;
    struct rules rules = rules_of(things[0].security_group, fault);
    const char *direction = fault_text(fault, "direction"), *foreign = is_egress(fault) ? "from" : "to";
    if (fault_parameter(fault, foreign)) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, foreign),
                     "'%s' is not for rules of direction %s", foreign, direction);
        return NULL;
    }
    size_t count = find(&rules, fault, things[0].security_group->vpc, &index);
    if (count == 1) {
        /* cppcheck-suppress returnDanglingLifetime -- the group's own, not this copy's */
        return &rules.items[index];
    }
    struct finding *finding =
        findings_add(findings, FINDING_ERROR, fault->kind, fault->mark, "%s rules of '%s' match: exactly one must",
                     count ? "several" : "no", fault->at.items[0]);
    finding->hint = arena_printf(findings->arena, "the group has %zu %s rule%s; name protocol, ports, %s", *rules.count,
                                 direction, *rules.count == 1 ? "" : "s", is_egress(fault) ? "to" : "from");
    return NULL;
}

static void validate_missing(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    meant(fault, things, findings);
}

static bool choose(const struct rules *rules, const struct fault *fault, const struct thing *things, size_t *index,
                   struct error *err)
{
    if (find(rules, fault, things[0].security_group->vpc, index) == 1)
        return true;
    error_set(err, ERR_ABSENT, "fault '%s': not exactly one rule of %s matches", fault->id, fault->at.items[0]);
    return false;
}

static int rewrite_missing(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    size_t index = 0;
    struct rules rules = rules_of(things[0].security_group, fault);
    (void)topology;
    if (!choose(&rules, fault, things, &index, err))
        return -1;
    memmove(&rules.items[index], &rules.items[index + 1], (*rules.count - index - 1) * sizeof rules.items[0]);
    --*rules.count;
    return 0;
}

/* ---- the rule is there, and wrong ---- */

static struct security_rule *rule_of(const struct fault *fault, const struct thing *things, struct error *err)
{
    size_t index = 0;
    struct rules rules = rules_of(things[0].security_group, fault);
    return choose(&rules, fault, things, &index, err) ? &rules.items[index] : NULL;
}

static bool has_ports(enum protocol protocol)
{
    return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
}

static void validate_ports(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    struct port_range ports[FAULT_PORTS_MAX];
    const struct security_rule *rule = meant(fault, things, findings);
    (void)topology;
    if (!rule)
        return;
    size_t count = fault_read_ports(fault_text(fault, "instead"), ports, FAULT_PORTS_MAX);
    if (!has_ports(rule->protocol))
        findings_add(findings, FINDING_ERROR, fault->kind, fault->mark, "the rule is for %s, which has no ports",
                     protocol_name(rule->protocol));
    else if (same_ports(rule, ports, count))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "instead"),
                     "these are the rule's ports when healthy");
    else if (within(rule, ports, count))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "instead"),
                     "the rule's ports when healthy are among these: nothing would be closed");
}

static int rewrite_ports(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    struct port_range ports[FAULT_PORTS_MAX];
    struct security_rule *rule = rule_of(fault, things, err);
    if (!rule)
        return -1;
    rule->port_count = fault_read_ports(fault_text(fault, "instead"), ports, FAULT_PORTS_MAX);
    rule->ports = arena_copy(topology->arena, ports, rule->port_count * sizeof *ports);
    return 0;
}

static void validate_peer(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    struct peer peer;
    const struct security_rule *rule = meant(fault, things, findings);
    const struct vpc *vpc = things[0].security_group->vpc;
    (void)topology;
    if (!rule)
        return;
    if (!fault_read_peer(vpc, fault_text(fault, "instead"), &peer))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "instead"),
                     "'%s' is no network, and no security group of that VPC", fault_text(fault, "instead"));
    else if (rule->peer_count == 1 && fault_is_peer(&rule->peers[0], fault_text(fault, "instead"), vpc))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "instead"),
                     "that is whom the rule allows when healthy");
}

static int rewrite_peer(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    struct security_rule *rule = rule_of(fault, things, err);
    if (!rule)
        return -1;
    struct peer *peer = ARENA_NEW(topology->arena, struct peer);
    if (!fault_read_peer(things[0].security_group->vpc, fault_text(fault, "instead"), peer))
        return error_set(err, ERR_ABSENT, "fault '%s': '%s' is not there any more", fault->id,
                         fault_text(fault, "instead"));
    peer->mark = rule->mark;
    rule->peers = peer;
    rule->peer_count = 1;
    return 0;
}

static enum protocol read_protocol(const char *text)
{
    enum protocol protocol = PROTOCOL_ALL;
    while (protocol < PROTOCOL_COUNT && !str_equal(protocol_name(protocol), text))
        protocol++;
    return protocol;
}

static void validate_protocol(const struct topology *topology, const struct fault *fault, const struct thing *things,
                              struct findings *findings)
{
    const struct security_rule *rule = meant(fault, things, findings);
    (void)topology;
    if (rule && rule->protocol == read_protocol(fault_text(fault, "instead")))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "instead"),
                     "that is the rule's protocol when healthy");
    else if (rule && str_equal(fault_text(fault, "instead"), "all"))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "instead"),
                     "'all' is the rule's own protocol among others: nothing would be closed");
}

static int rewrite_protocol(struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct error *err)
{
    struct security_rule *rule = rule_of(fault, things, err);
    (void)topology;
    if (!rule)
        return -1;
    rule->protocol = read_protocol(fault_text(fault, "instead"));
    if (!has_ports(rule->protocol))
        rule->port_count = 0;
    rule->icmp = (struct icmp_match){0}; /* numbers of the healthy protocol */
    return 0;
}

static const struct fault_target_row targets[] = {{THING_SECURITY_GROUP, FAULT_TOPOLOGY}};
static const char *const directions[] = {"ingress", "egress"};
static const char *const protocols[] = {"all", "tcp", "udp", "icmp", "icmpv6"};
#define WHICH                                                                                                          \
    {.key = "direction", FAULT_WORDS(directions), .doc = "which list the rule stands in"},                             \
        {.key = "protocol",                                                                                            \
         .type = PARAMETER_WORD,                                                                                       \
         .words = protocols,                                                                                           \
         .word_count = ARRAY_SIZE(protocols),                                                                          \
         .doc = "the rule's protocol"},                                                                                \
        {.key = "ports", .type = PARAMETER_PORTS, .doc = "the rule's ports"},                                          \
        {.key = "from", .type = PARAMETER_PEER, .doc = "whom the ingress rule lets in"},                               \
    {                                                                                                                  \
        .key = "to", .type = PARAMETER_PEER, .doc = "whom the egress rule lets out to"                                 \
    }
static const struct fault_parameter_row missing_parameters[] = {WHICH};
static const struct fault_parameter_row port_parameters[] = {
    WHICH,
    {.key = "instead", .type = PARAMETER_PORTS, .required = true, .doc = "the ports that stand there"},
};
static const struct fault_parameter_row peer_parameters[] = {
    WHICH,
    {.key = "instead", .type = PARAMETER_PEER, .required = true, .doc = "the network or group that stands there"},
};
static const struct fault_parameter_row protocol_parameters[] = {
    WHICH,
    {.key = "instead",
     .type = PARAMETER_WORD,
     .words = protocols,
     .word_count = ARRAY_SIZE(protocols),
     .required = true,
     .doc = "the protocol that stands there"},
};
#define GROUP .family = FAMILY_FILTERING, .layer = 4, .things = 1, FAULT_TARGETS(targets)
const struct fault_kind fault_security_group_rule_missing = {
    .name = "security-group-rule-missing",
    .summary = "a rule of a security group is missing",
    GROUP,
    FAULT_PARAMETERS(missing_parameters),
    .symptom = "connections that the rule allowed time out; they are never refused",
    .tools = "labctl dump, tcpdump in the target (nothing arrives), nc -w",
    .validate = validate_missing,
    .rewrite_topology = rewrite_missing,
};
const struct fault_kind fault_security_group_port_wrong = {
    .name = "security-group-port-wrong",
    .summary = "a rule of a security group has the wrong ports",
    GROUP,
    FAULT_PARAMETERS(port_parameters),
    .symptom = "connections to the right port time out; they are never refused",
    .tools = "labctl dump, labctl flow-logs, tcpdump in the target (nothing arrives), nc -w",
    .validate = validate_ports,
    .rewrite_topology = rewrite_ports,
};
const struct fault_kind fault_security_group_peer_wrong = {
    .name = "security-group-peer-wrong",
    .summary = "a rule of a security group names the wrong network or the wrong group",
    GROUP,
    FAULT_PARAMETERS(peer_parameters),
    .symptom = "connections from some time out, from others they work: the port is open, not for everybody",
    .tools = "labctl dump, labctl flow-logs, nc -w from several machines, tcpdump in the target",
    .validate = validate_peer,
    .rewrite_topology = rewrite_peer,
};
const struct fault_kind fault_security_group_protocol_wrong = {
    .name = "security-group-protocol-wrong",
    .summary = "a rule of a security group has the wrong protocol",
    GROUP,
    FAULT_PARAMETERS(protocol_parameters),
    .symptom = "the port is open for the other protocol: connections time out, although a rule with that port is there",
    .tools = "labctl dump, labctl flow-logs, nc -u, dig +tcp, tcpdump in the target (nothing arrives)",
    .validate = validate_protocol,
    .rewrite_topology = rewrite_protocol,
};
