/* security-group-rule-missing: one rule of a group is not there. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"

enum { PORTS_MAX = 64 };

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

static bool is_peer(const struct peer *peer, const char *text, const struct vpc *vpc)
{
    struct prefix prefix;
    struct addr addr;
    switch (peer->kind) {
    case PEER_ANY:
        return str_equal(text, "any");
    case PEER_ANY4:
        return str_equal(text, "any4") || str_equal(text, "0.0.0.0/0");
    case PEER_ANY6:
        return str_equal(text, "any6") || str_equal(text, "::/0");
    case PEER_PREFIX:
        if (addr_parse(text, &addr))
            prefix = prefix_of_addr(addr);
        else if (!prefix_parse(text, &prefix))
            return false;
        return prefix_equal(&peer->prefix, &prefix);
    case PEER_GROUP: {
        ARENA_AUTO arena = arena_new();
        if (str_equal(text, arena_printf(arena, "vpc/%s/security_group/%s", peer->group->vpc->name, peer->group->name)))
            return true;
        return peer->group->vpc == vpc &&
               (str_equal(text, peer->group->name) ||
                str_equal(text, arena_printf(arena, "security_group/%s", peer->group->name)));
    }
    case PEER_KIND_COUNT:
        break;
    }
    return false;
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
            found = found || is_peer(&rule->peers[i], word, vpc);
        if (!found)
            return false;
    }
    return true;
}

static bool matches(const struct security_rule *rule, const struct fault *fault, const struct vpc *vpc,
                    bool exact_ports)
{
    struct port_range ports[PORTS_MAX];
    const char *protocol = fault_text(fault, "protocol"), *listed = fault_text(fault, "ports");
    const char *from = fault_text(fault, "from"), *to = fault_text(fault, "to");
    if (protocol && !str_equal(protocol, protocol_name(rule->protocol)))
        return false;
    if (listed) {
        size_t count = fault_read_ports(listed, ports, PORTS_MAX);
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

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    size_t index = 0;
    struct rules rules = rules_of(things[0].security_group, fault);
    const char *direction = fault_text(fault, "direction"), *foreign = is_egress(fault) ? "from" : "to";
    (void)topology;
    if (fault_parameter(fault, foreign)) {
        findings_add(findings, FINDING_ERROR, "security-group-rule-missing", fault_mark(fault, foreign),
                     "'%s' is not for rules of direction %s", foreign, direction);
        return;
    }
    size_t count = find(&rules, fault, things[0].security_group->vpc, &index);
    if (count == 1)
        return;
    struct finding *finding =
        findings_add(findings, FINDING_ERROR, "security-group-rule-missing", fault->mark,
                     "%s rules of '%s' match: exactly one must", count ? "several" : "no", fault->at.items[0]);
    finding->hint = arena_printf(findings->arena, "the group has %zu %s rule%s; name protocol, ports, %s", *rules.count,
                                 direction, *rules.count == 1 ? "" : "s", is_egress(fault) ? "to" : "from");
}

static int rewrite_topology(struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct error *err)
{
    size_t index = 0;
    struct rules rules = rules_of(things[0].security_group, fault);
    (void)topology;
    if (find(&rules, fault, things[0].security_group->vpc, &index) != 1)
        return error_set(err, ERR_ABSENT, "fault '%s': not exactly one rule of %s matches", fault->id,
                         fault->at.items[0]);
    memmove(&rules.items[index], &rules.items[index + 1], (*rules.count - index - 1) * sizeof rules.items[0]);
    --*rules.count;
    return 0;
}

static const struct fault_target_row targets[] = {{THING_SECURITY_GROUP, FAULT_TOPOLOGY}};
static const char *const directions[] = {"ingress", "egress"};
static const char *const protocols[] = {"all", "tcp", "udp", "icmp", "icmpv6"};
static const struct fault_parameter_row parameters[] = {
    {.key = "direction",
     .type = PARAMETER_WORD,
     .words = directions,
     .word_count = ARRAY_SIZE(directions),
     .fallback = "ingress",
     .doc = "which list the rule stands in"},
    {.key = "protocol",
     .type = PARAMETER_WORD,
     .words = protocols,
     .word_count = ARRAY_SIZE(protocols),
     .doc = "the rule's protocol"},
    {.key = "ports", .type = PARAMETER_PORTS, .doc = "the rule's ports"},
    {.key = "from", .type = PARAMETER_PEER, .doc = "whom the ingress rule lets in"},
    {.key = "to", .type = PARAMETER_PEER, .doc = "whom the egress rule lets out to"},
};
const struct fault_kind fault_security_group_rule_missing = {
    .name = "security-group-rule-missing",
    .summary = "a rule of a security group is missing",
    .family = FAMILY_FILTERING,
    .layer = 4,
    .things = 1,
    .targets = targets,
    .target_count = ARRAY_SIZE(targets),
    .parameters = parameters,
    .parameter_count = ARRAY_SIZE(parameters),
    .symptom = "connections that the rule allowed time out; they are never refused",
    .tools = "labctl dump, tcpdump in the target (nothing arrives), nc -w",
    .validate = validate,
    .rewrite_topology = rewrite_topology,
};
