/* packet-filter and pmtu-black-hole: a machine's own nftables drop what should pass. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

/* ---- a rule too many ---- */

static void validate_filter(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    const char *protocol = fault_text(fault, "protocol");
    (void)topology;
    if (fault_parameter(fault, "ports") && !str_equal(protocol, "tcp") && !str_equal(protocol, "udp"))
        findings_add(findings, FINDING_ERROR, "packet-filter", fault_mark(fault, "ports"),
                     "'ports' are those of protocol tcp or udp");
    if (str_equal(fault_text(fault, "chain"), "forward") && !things[0].node->forwarding)
        findings_add(findings, FINDING_ERROR, "packet-filter", fault_mark(fault, "chain"), "'%s' does not forward",
                     things[0].node->name);
}

static void match_prefix(struct str *rule, const struct fault *fault, const char *key, const char *side)
{
    struct prefix prefix;
    char text[ADDR_TEXT_MAX];
    if (!fault_text(fault, key) || !fault_read_destination(fault_text(fault, key), &prefix))
        return;
    prefix = prefix_network(prefix);
    str_printf(rule, "%s %s %s ", prefix.addr.family == 4 ? "ip" : "ip6", side, prefix_format(&prefix, text));
}

static void match_ports(struct str *rule, const char *protocol, const char *side, const char *text)
{
    struct port_range ranges[FAULT_PORTS_MAX];
    size_t count = fault_read_ports(text, ranges, FAULT_PORTS_MAX);
    str_printf(rule, "%s %s { ", protocol, side);
    fault_write_ports(rule, ranges, count);
    str_append(rule, " } ");
}

static void match_protocol(struct str *rule, const struct fault *fault)
{
    const char *protocol = fault_text(fault, "protocol"), *ports = fault_text(fault, "ports");
    const char *side = str_equal(fault_text(fault, "side"), "source") ? "sport" : "dport";
    if (ports)
        match_ports(rule, protocol, side, ports);
    else if (str_equal(protocol, "icmp"))
        str_append(rule, "meta l4proto { icmp, ipv6-icmp } ");
    else if (!str_equal(protocol, "all"))
        str_printf(rule, "meta l4proto %s ", protocol);
}

static int rewrite_filter(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    STR_AUTO rule = STR_INIT;
    STR_AUTO body = STR_INIT;
    uint32_t ns;
    const char *chain = fault_text(fault, "chain");
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    match_prefix(&rule, fault, "from", "saddr");
    match_prefix(&rule, fault, "to", "daddr");
    match_protocol(&rule, fault);
    str_printf(&body, "\tchain %s {\n\t\ttype filter hook %s priority filter; policy accept;\n\t\t%s%s\n\t}\n", chain,
               chain, str_text(&rule), fault_text(fault, "action"));
    fault_add_table(plan, ns, thing_name(topology, &things[0]), str_text(&body));
    return 0;
}

/* ---- the way narrows, and nobody is told ---- */

enum { MTU_LEAST = 576, MTU_MOST = 1499 };

static void validate_mtu(const struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct findings *findings)
{
    const struct link *link = things[0].link;
    uint32_t mtu = 0;
    (void)topology;
    fault_read_number(fault_text(fault, "mtu"), &mtu);
    if (mtu < MTU_LEAST || mtu > MTU_MOST || (link->mtu && mtu >= link->mtu))
        findings_add(findings, FINDING_ERROR, "pmtu-black-hole", fault_mark(fault, "mtu"),
                     "an MTU of %u is no narrow place: it is from %d to %d, and less than the link's own", mtu,
                     (int)MTU_LEAST, (int)MTU_MOST);
    for (size_t i = 0; i < link->end_count; i++)
        if (!link->ends[i]->node->forwarding)
            findings_add(findings, FINDING_ERROR, "pmtu-black-hole", fault_target_mark(fault),
                         "'%s' at the end of that link is no router", link->ends[i]->node->name);
}

/* What a router tells of itself about packets that are too large is lost: somebody has "closed ICMP". */
static int close_icmp(struct plan *plan, const struct interface *end, struct error *err)
{
    uint32_t ns;
    if (fault_namespace(plan, end->node, &ns, err))
        return -1;
    fault_add_table(plan, ns, arena_printf(plan->arena, "node/%s", end->node->name),
                    "\tchain output {\n"
                    "\t\ttype filter hook output priority filter; policy accept;\n"
                    "\t\ticmp type destination-unreachable drop\n"
                    "\t\ticmpv6 type packet-too-big drop\n"
                    "\t}\n");
    return 0;
}

static int rewrite_mtu(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       const struct thing *things, struct error *err)
{
    const struct interface *const *ends = (const struct interface *const *)things[0].link->ends;
    uint32_t mtu = 0;
    (void)topology;
    fault_read_number(fault_text(fault, "mtu"), &mtu);
    for (size_t e = 0; e < things[0].link->end_count; e++) {
        uint32_t ns;
        if (fault_namespace(plan, ends[e]->node, &ns, err) || close_icmp(plan, ends[e], err))
            return -1;
        for (size_t i = 0; i < plan->link_count; i++)
            if (plan->links[i].end[0].ns == ns && str_equal(plan->links[i].end[0].name, ends[e]->name))
                plan->links[i].mtu = mtu;
    }
    return 0;
}

static const struct fault_target_row node_targets[] = {{THING_NODE, FAULT_PLAN}};
static const struct fault_target_row link_targets[] = {{THING_LINK, FAULT_PLAN}};
static const char *const chains[] = {"input", "forward", "output"};
static const char *const protocols[] = {"all", "tcp", "udp", "icmp"};
static const char *const sides[] = {"destination", "source"};
static const char *const actions[] = {"drop", "reject"};
static const struct fault_parameter_row filter_parameters[] = {
    {.key = "chain",
     FAULT_WORDS(chains),
     .doc = "which packets it looks at: those to the machine, through it, or from it"},
    {.key = "protocol", FAULT_WORDS(protocols), .doc = "the protocol of what does not pass"},
    {.key = "ports", .type = PARAMETER_PORTS, .doc = "its ports"},
    {.key = "side", FAULT_WORDS(sides), .doc = "whether these are the packets' destination ports or source ports"},
    {.key = "from", .type = PARAMETER_DESTINATION, .doc = "only packets from there"},
    {.key = "to", .type = PARAMETER_DESTINATION, .doc = "only packets to there"},
    {.key = "action", FAULT_WORDS(actions), .doc = "whether the sender is told"},
};
static const struct fault_parameter_row mtu_parameters[] = {
    {.key = "mtu", .type = PARAMETER_NUMBER, .fallback = "1280", .doc = "the MTU of the link, in bytes"},
};
const struct fault_kind fault_packet_filter = {
    .name = "packet-filter",
    .summary = "a rule in a machine's own packet filter stops what should pass",
    .family = FAMILY_FILTERING,
    .layer = 4,
    .things = 1,
    .targets = node_targets,
    .target_count = ARRAY_SIZE(node_targets),
    .parameters = filter_parameters,
    .parameter_count = ARRAY_SIZE(filter_parameters),
    .symptom = "connections that the rule meets time out, or are refused where it rejects",
    .tools = "nft list ruleset, nc, tcpdump, nft monitor trace",
    .validate = validate_filter,
    .rewrite_plan = rewrite_filter,
};
const struct fault_kind fault_pmtu_black_hole = {
    .name = "pmtu-black-hole",
    .summary = "a link is narrower than the way to it, and the routers at its ends do not say so",
    .family = FAMILY_MTU,
    .layer = 3,
    .things = 1,
    .targets = link_targets,
    .target_count = ARRAY_SIZE(link_targets),
    .parameters = mtu_parameters,
    .parameter_count = ARRAY_SIZE(mtu_parameters),
    .symptom = "pings and small answers pass; large transfers hang after the handshake",
    .tools = "ping -M do -s, tracepath, ip link (mtu), tcpdump icmp",
    .validate = validate_mtu,
    .rewrite_plan = rewrite_mtu,
};
