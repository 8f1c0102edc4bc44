/* masquerade-missing, masquerade-too-broad, double-nat, port-forward-missing, port-forward-wrong, hairpin-nat-missing:
 * a router's own address translation, and that of a host of Docker-like networks.
 *
 * A node's table `nat`, and a host's table `networks`, is text, written by lower/ a rule a line; what goes is the lines
 * that say so. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

/* What the node forwards or publishes at the port that the fault names; false where that is nothing. */
static bool forward_of(const struct fault *fault, const struct node *node, struct port_forward *out)
{
    uint32_t port = 0;
    fault_read_number(fault_text(fault, "port"), &port);
    for (size_t i = 0; i < node->nat.forward_count; i++)
        if (node->nat.forwards[i].port == port) {
            *out = node->nat.forwards[i];
            return true;
        }
    for (size_t i = 0; i < node->published_count; i++)
        if (node->published[i].port == port && node->published[i].target) {
            *out = (struct port_forward){.protocol = node->published[i].protocol,
                                         .port = node->published[i].port,
                                         .to = published_target(&node->published[i]),
                                         .to_port = node->published[i].target_port};
            return true;
        }
    return false;
}

/* A network of which the node is the host and whose members go out by its address; NULL where there is none. */
static const struct network *hosted(const struct topology *topology, const struct node *node)
{
    for (size_t i = 0; i < topology->network_count; i++)
        if (topology->networks[i]->host == node && !topology->networks[i]->internal)
            return topology->networks[i];
    return NULL;
}

static void validate_masquerade(const struct topology *topology, const struct fault *fault, const struct thing *things,
                                struct findings *findings)
{
    if (!things[0].node->nat.masquerade.count && !hosted(topology, things[0].node))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' does not masquerade when healthy", things[0].node->name);
}

/* "10.0.0.5:80": an IPv4 address and a port. */
static bool read_target(const char *text, struct addr *addr, uint32_t *port)
{
    ARENA_AUTO arena = arena_new();
    const char *colon = strrchr(text, ':');
    return colon && addr_parse(arena_strndup(arena, text, (size_t)(colon - text)), addr) && addr->family == 4 &&
           fault_read_number(colon + 1, port);
}

static void validate_forward(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    struct addr to;
    uint32_t port;
    (void)topology;
    struct port_forward forward;
    if (!forward_of(fault, things[0].node, &forward)) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "port"),
                     "'%s' forwards no port %s when healthy", things[0].node->name, fault_text(fault, "port"));
        return;
    }
    if (!fault_text(fault, "to"))
        return;
    if (!read_target(fault_text(fault, "to"), &to, &port))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "to"),
                     "'%s' is no address with a port, such as 192.168.1.20:80", fault_text(fault, "to"));
    else if (addr_equal(&to, &forward.to) && port == forward.to_port)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "to"),
                     "that is where port %s leads when healthy", fault_text(fault, "port"));
}

/* The node's table of that name; NULL where it has none. */
static struct plan_nft *table_of(struct plan *plan, uint32_t ns, const char *table)
{
    for (size_t i = 0; i < plan->nft_count; i++)
        if (plan->nfts[i].ns == ns && !plan->nfts[i].verbatim && str_equal(plan->nfts[i].table, table) &&
            str_equal(plan->nfts[i].family, "ip"))
            return &plan->nfts[i];
    return NULL;
}

/* Replaces each line that holds `what` by `instead` of it and what followed (NULL: the line goes).  Whether there was
 * one. */
static bool edit_lines(struct plan *plan, struct plan_nft *nft, const char *what, const char *instead)
{
    STR_AUTO body = STR_INIT;
    bool found = false;
    for (const char *line = nft->body; *line;) {
        const char *end = strchr(line, '\n');
        size_t length = end ? (size_t)(end - line) + 1 : strlen(line);
        const char *at = memmem(line, length, what, strlen(what));
        found = found || at;
        if (!at)
            str_append_bytes(&body, line, length);
        else if (instead)
            str_append_bytes(&body, line, (size_t)(at - line)), str_printf(&body, "%s\n", instead);
        line += length;
    }
    nft->body = arena_strndup(plan->arena, str_text(&body), body.length);
    return found;
}

/* Does so in the node's table of that name, where it has one. */
static bool edit_table(struct plan *plan, uint32_t ns, const char *table, const char *what, const char *instead)
{
    struct plan_nft *nft = table_of(plan, ns, table);
    return nft && edit_lines(plan, nft, what, instead);
}

/* Removes the lines that hold `what` and match by an outer address (daddr), not by an interface. */
static bool remove_inner(struct plan *plan, struct plan_nft *nft, const char *what)
{
    STR_AUTO body = STR_INIT;
    bool found = false;
    for (const char *line = nft->body; *line;) {
        const char *end = strchr(line, '\n');
        size_t length = end ? (size_t)(end - line) + 1 : strlen(line);
        bool inner = memmem(line, length, what, strlen(what)) && memmem(line, length, " daddr { ", strlen(" daddr { "));
        found = found || inner;
        if (!inner)
            str_append_bytes(&body, line, length);
        line += length;
    }
    nft->body = arena_strndup(plan->arena, str_text(&body), body.length);
    return found;
}

static int is_gone(const struct fault *fault, struct error *err)
{
    return error_set(err, ERR_ABSENT, "fault '%s': the rule is not there any more", fault->id);
}

static int rewrite_missing(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    uint32_t ns;
    (void)topology;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    bool router = edit_table(plan, ns, "nat", "\t\toifname ", NULL);
    bool host = edit_table(plan, ns, "networks", " oifname != ", NULL);
    return router || host ? 0 : is_gone(fault, err);
}

/* Of a host, the rule of one of its networks is for everybody then, and so for the others as well. */
static int rewrite_broad(struct plan *plan, const struct topology *topology, const struct fault *fault,
                         const struct thing *things, struct error *err)
{
    uint32_t ns;
    char text[ADDR_TEXT_MAX];
    const struct network *network = hosted(topology, things[0].node);
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    bool router = edit_table(plan, ns, "nat", "\t\toifname ", "\t\tmasquerade");
    bool host =
        network && edit_table(plan, ns, "networks",
                              arena_printf(plan->arena, "ip saddr %s oifname != ", prefix_format(&network->cidr, text)),
                              "masquerade");
    return router || host ? 0 : is_gone(fault, err);
}

static const char *rule_of(struct plan *plan, const struct port_forward *forward)
{
    return arena_printf(plan->arena, "%s dport %u dnat to ", protocol_name(forward->protocol), forward->port);
}

static int rewrite_forward(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    struct port_forward forward;
    uint32_t ns;
    const char *to = fault_text(fault, "to");
    (void)topology;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    if (!forward_of(fault, things[0].node, &forward))
        return error_set(err, ERR_ABSENT, "fault '%s': '%s' forwards no such port any more", fault->id,
                         things[0].node->name);
    const char *rule = rule_of(plan, &forward), *instead = to ? arena_printf(plan->arena, "%s%s", rule, to) : NULL;
    bool router = edit_table(plan, ns, "nat", rule, instead), host = edit_table(plan, ns, "networks", rule, instead);
    return router || host ? 0 : is_gone(fault, err);
}

/* ---- round the corner ---- */

static void validate_hairpin(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    validate_forward(topology, fault, things, findings);
    struct port_forward forward;
    if (forward_of(fault, things[0].node, &forward) && !fault_near(things[0].node, &forward.to))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "port"),
                     "port %s leads to no machine on a network of '%s': nobody there goes round the corner",
                     fault_text(fault, "port"), things[0].node->name);
}

/* Of a host: its members come back to a port of their own network, and are answered directly. */
static bool remove_returning(struct plan *plan, uint32_t ns, const struct topology *topology,
                             const struct port_forward *forward)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < topology->network_count; i++) {
        const struct network *network = topology->networks[i];
        if (prefix_contains(&network->cidr, &forward->to))
            return edit_table(plan, ns, "networks",
                              arena_printf(plan->arena, "ip saddr %s oifname \"%s\" ct status dnat",
                                           prefix_format(&network->cidr, text), network->gateway->name),
                              NULL);
    }
    return false;
}

/* What is left is the rule for those who come in by the outer interface.  Where the router knows no outer one, all are
 * led to the server as before, which answers its neighbours directly: they do not know from whom that is. */
static int rewrite_hairpin(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    char text[ADDR_TEXT_MAX];
    struct port_forward forward;
    uint32_t ns;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    if (!forward_of(fault, things[0].node, &forward))
        return error_set(err, ERR_ABSENT, "fault '%s': '%s' forwards no such port any more", fault->id,
                         things[0].node->name);
    if (remove_returning(plan, ns, topology, &forward))
        return 0;
    struct plan_nft *nft = table_of(plan, ns, "nat");
    const char *protocol = protocol_name(forward.protocol);
    const char *inside = arena_printf(plan->arena, "daddr %s %s dport %u ct status dnat masquerade",
                                      addr_format(&forward.to, text), protocol, forward.to_port);
    const char *back = arena_printf(plan->arena, "} %s dport %u dnat to ", protocol, forward.port);
    if (nft && (remove_inner(plan, nft, back) || edit_lines(plan, nft, inside, NULL)))
        return 0;
    return is_gone(fault, err);
}

/* ---- once more ---- */

static void validate_double(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    const struct interface *interface = things[0].interface;
    (void)topology;
    if (!interface->node->forwarding)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' does not forward",
                     interface->node->name);
    for (size_t i = 0; i < interface->node->nat.masquerade.count; i++)
        if (str_equal(interface->node->nat.masquerade.items[i], interface->name))
            findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                         "'%s' masquerades when healthy", fault->at.items[0]);
}

static int rewrite_double(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    uint32_t ns;
    (void)fault;
    if (fault_namespace(plan, things[0].interface->node, &ns, err))
        return -1;
    fault_add_table(
        plan, ns, thing_name(topology, &things[0]),
        arena_printf(plan->arena,
                     "\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
                     "\t\toifname \"%s\" masquerade\n\t}\n",
                     things[0].interface->name));
    return 0;
}

static const struct fault_target_row targets[] = {{THING_NODE, FAULT_PLAN}};
static const struct fault_parameter_row missing_parameters[] = {
    {.key = "port",
     .type = PARAMETER_NUMBER,
     .required = true,
     .doc = "the port that is forwarded, or published for a network, when healthy"},
};
static const struct fault_parameter_row wrong_parameters[] = {
    {.key = "port",
     .type = PARAMETER_NUMBER,
     .required = true,
     .doc = "the port that is forwarded, or published for a network, when healthy"},
    {.key = "to", .type = PARAMETER_TEXT, .required = true, .doc = "where it leads instead: an address with a port"},
};
#define NAT .family = FAMILY_NAT, .layer = 4, .things = 1, FAULT_TARGETS(targets)
const struct fault_kind fault_masquerade_missing = {
    .name = "masquerade-missing",
    .summary = "a router sends packets on with their private addresses",
    NAT,
    .symptom = "who is behind the router reaches nothing beyond: requests go out, answers never come",
    .tools = "tcpdump outside (private sources), nft list ruleset, conntrack -L",
    .validate = validate_masquerade,
    .rewrite_plan = rewrite_missing,
};
const struct fault_kind fault_masquerade_too_broad = {
    .name = "masquerade-too-broad",
    .summary = "a router puts its own address on all that passes",
    NAT,
    .symptom = "servers inside see the router instead of their clients: their rules and logs go by the wrong address",
    .tools = "tcpdump inside, ss, the service's log, nft list ruleset, conntrack -L",
    .validate = validate_masquerade,
    .rewrite_plan = rewrite_broad,
};
const struct fault_kind fault_port_forward_missing = {
    .name = "port-forward-missing",
    .summary = "a router forwards a port no more",
    NAT,
    FAULT_PARAMETERS(missing_parameters),
    .symptom = "from outside the port is refused; inside the service answers",
    .tools = "nft list ruleset, conntrack -L, nc from both sides, tcpdump",
    .validate = validate_forward,
    .rewrite_plan = rewrite_forward,
};
const struct fault_kind fault_port_forward_wrong = {
    .name = "port-forward-wrong",
    .summary = "a router forwards a port to the wrong place",
    NAT,
    FAULT_PARAMETERS(wrong_parameters),
    .symptom = "from outside the port answers wrongly, is refused or times out; inside the service answers",
    .tools = "nft list ruleset, conntrack -L, tcpdump inside, nc from both sides",
    .validate = validate_forward,
    .rewrite_plan = rewrite_forward,
};
const struct fault_kind fault_hairpin_nat_missing = {
    .name = "hairpin-nat-missing",
    .summary = "a router forwards a port for the world, and not for its own network",
    NAT,
    FAULT_PARAMETERS(missing_parameters),
    .symptom =
        "from outside the service answers; from inside it does by its own address, and is refused or silent by the "
        "public one",
    .tools = "curl from both sides, tcpdump inside (answers from the wrong address), nft list ruleset, conntrack -L",
    .validate = validate_hairpin,
    .rewrite_plan = rewrite_hairpin,
};
static const struct fault_target_row interface_targets[] = {{THING_INTERFACE, FAULT_PLAN}};
const struct fault_kind fault_double_nat = {
    .name = "double-nat",
    .summary = "a router inside puts its own address on what it sends, although the border does that already",
    .family = FAMILY_NAT,
    .layer = 4,
    .things = 1,
    FAULT_TARGETS(interface_targets),
    .symptom =
        "what goes out is well; the far side sees one address for all, filters by source fail, and nothing comes in",
    .tools = "tcpdump at both sides of the router, conntrack -L, nft list ruleset, the far service's log",
    .validate = validate_double,
    .rewrite_plan = rewrite_double,
};
