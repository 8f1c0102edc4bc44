/* Kinds whose cause is a few lines of nftables in a machine: icmp-blocked, fragments-dropped, tcp-options-stripped,
 * tcp-reset, flows-dropped, connection-limit, default-deny, rule-shadowed, port-redirected, dns-tcp-blocked,
 * arp-blocked.
 *
 * Each is one row of `chains`: where the chain hooks in and what writes its rules; the rules read as if an
 * administrator had typed them. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"
#include "fault/walk.h"
#include "plan/plan.h"

/* ---- the rules of each kind ---- */

static void write_icmp(struct str *rules, const struct fault *fault)
{
    (void)fault; /* neighbour discovery is ICMPv6 as well: without it nothing would pass */
    str_append(rules, "\t\tip protocol icmp drop\n\t\ticmpv6 type { echo-request, echo-reply } drop\n");
}

static void write_fragments(struct str *rules, const struct fault *fault)
{
    (void)fault;
    str_append(rules, "\t\tip frag-off & 0x3fff != 0 drop\n\t\texthdr frag exists drop\n"); /* MF and offset, RFC 791 */
}

static void write_options(struct str *rules, const struct fault *fault)
{
    str_printf(rules, "\t\ttcp flags & syn == syn reset tcp option %s\n", fault_text(fault, "option"));
}

/* A share of 100 % needs no draw. */
static void write_share(struct str *rules, const struct fault *fault, const char *draw)
{
    uint32_t parts = SHARE_WHOLE;
    share_parse(fault_text(fault, "share"), &parts);
    if (parts < SHARE_WHOLE)
        str_printf(rules, "%s mod %u < %u ", draw, SHARE_WHOLE, parts);
}

static void write_ports(struct str *rules, const struct fault *fault)
{
    struct port_range ranges[FAULT_PORTS_MAX];
    const char *text = fault_text(fault, "ports");
    if (!text)
        return;
    str_append(rules, "tcp dport { ");
    fault_write_ports(rules, ranges, fault_read_ports(text, ranges, FAULT_PORTS_MAX));
    str_append(rules, " } ");
}

static void write_reset(struct str *rules, const struct fault *fault)
{
    str_append(rules, "\t\t");
    write_ports(rules, fault);
    str_append(rules, "tcp flags & (syn | rst | fin) == 0 ");
    write_share(rules, fault, "numgen random");
    str_append(rules, "reject with tcp reset\n");
}

static void write_flows(struct str *rules, const struct fault *fault)
{
    str_append(rules, "\t\tip protocol tcp ");
    write_share(rules, fault, "jhash ip saddr . tcp sport . ip daddr . tcp dport");
    str_append(rules, "drop\n\t\tip6 nexthdr tcp ");
    write_share(rules, fault, "jhash ip6 saddr . tcp sport . ip6 daddr . tcp dport");
    str_append(rules, "drop\n");
}

static void write_limit(struct str *rules, const struct fault *fault)
{
    str_printf(rules, "\t\tct state new ct count over %s drop\n", fault_text(fault, "connections"));
}

static void write_default(struct str *rules, const struct fault *fault)
{
    str_append(rules, "\t\tiifname \"lo\" accept\n\t\tct state established,related accept\n"
                      "\t\tmeta l4proto { icmp, ipv6-icmp } accept\n");
    if (!fault_text(fault, "ports"))
        return;
    str_append(rules, "\t\t");
    write_ports(rules, fault);
    str_append(rules, "accept\n");
}

/* The rule that allows stands there, below the one that has dropped all of it. */
static void write_shadow(struct str *rules, const struct fault *fault)
{
    struct prefix from;
    char text[ADDR_TEXT_MAX];
    str_append(rules, "\t\tct state established,related accept\n\t\t");
    if (fault_text(fault, "from") && fault_read_destination(fault_text(fault, "from"), &from)) {
        from = prefix_network(from);
        str_printf(rules, "%s saddr %s ", from.addr.family == 4 ? "ip" : "ip6", prefix_format(&from, text));
    }
    str_append(rules, "tcp flags & (syn | ack) == syn drop\n\t\t");
    write_ports(rules, fault);
    str_append(rules, "accept\n");
}

static void write_redirect(struct str *rules, const struct fault *fault)
{
    str_printf(rules, "\t\ttcp dport %s redirect to :%s\n", fault_text(fault, "port"), fault_text(fault, "to"));
}

static void write_dns(struct str *rules, const struct fault *fault)
{
    (void)fault;
    str_append(rules, "\t\ttcp dport 53 drop\n");
}

/* ---- chains ---- */

struct chain {
    const struct fault_kind *kind;
    const char *type, *hook, *priority, *policy;
    void (*write)(struct str *rules, const struct fault *fault);
};

/* Packets are put together again at priority -400 (NF_IP_PRI_CONNTRACK_DEFRAG): fragments are seen before that. */
static const struct chain chains[] = {
    {&fault_icmp_blocked, "filter", NULL, "filter", "accept", write_icmp},
    {&fault_fragments_dropped, "filter", "prerouting", "-450", "accept", write_fragments},
    {&fault_tcp_options_stripped, "filter", "postrouting", "mangle", "accept", write_options},
    {&fault_tcp_reset, "filter", NULL, "filter", "accept", write_reset},
    {&fault_flows_dropped, "filter", "prerouting", "mangle", "accept", write_flows},
    {&fault_connection_limit, "filter", NULL, "filter", "accept", write_limit},
    {&fault_default_deny, "filter", "input", "filter", "drop", write_default},
    {&fault_rule_shadowed, "filter", NULL, "filter", "accept", write_shadow},
    {&fault_port_redirected, "nat", "prerouting", "dstnat", "accept", write_redirect},
    {&fault_dns_tcp_blocked, "filter", NULL, "filter", "accept", write_dns},
};

static const struct chain *chain_of(const struct fault *fault)
{
    size_t i = 0;
    while (!str_equal(chains[i].kind->name, fault->kind))
        i++;
    return &chains[i];
}

/* Where the kind does not say, the parameter `chain` does: input or forward. */
static int rewrite(struct plan *plan, const struct topology *topology, const struct fault *fault,
                   const struct thing *things, struct error *err)
{
    const struct chain *chain = chain_of(fault);
    const char *hook = chain->hook ? chain->hook : fault_text(fault, "chain");
    STR_AUTO rules = STR_INIT;
    STR_AUTO body = STR_INIT;
    uint32_t ns;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    chain->write(&rules, fault);
    str_printf(&body, "\tchain %s {\n\t\ttype %s hook %s priority %s; policy %s;\n%s\t}\n", hook, chain->type, hook,
               chain->priority, chain->policy, str_text(&rules));
    fault_add_table(plan, ns, thing_name(topology, &things[0]), str_text(&body));
    return 0;
}

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    uint32_t parts = 1;
    (void)topology;
    if (fault_text(fault, "chain") && str_equal(fault_text(fault, "chain"), "forward") && !things[0].node->forwarding)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "chain"), "'%s' does not forward",
                     things[0].node->name);
    if (fault_text(fault, "share") && !share_parse(fault_text(fault, "share"), &parts) && !parts)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "share"), "a share of 0%% is no fault");
    if (fault_text(fault, "to") && str_equal(fault_text(fault, "to"), fault_text(fault, "port")))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "to"),
                     "port %s leads to itself when healthy", fault_text(fault, "to"));
}

/* ---- arp-blocked ---- */

static void validate_arp(const struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct findings *findings)
{
    const struct interface *interface = things[0].interface;
    (void)topology;
    if (interface_address(interface, 4).addr.family != 4)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' has no IPv4 address: nobody asks for it by ARP", fault->at.items[0]);
}

/* What the machine knew of its neighbours is forgotten as well: with entries for ever nobody asks, and what it learnt
 * would do until it is old. */
static int rewrite_arp(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       const struct thing *things, struct error *err)
{
    const struct interface *interface = things[0].interface;
    uint32_t ns;
    size_t kept = 0;
    (void)fault;
    if (fault_namespace(plan, interface->node, &ns, err))
        return -1;
    for (size_t i = 0; i < plan->neighbour_count; i++) {
        const struct plan_neighbour *neighbour = &plan->neighbours[i];
        if (neighbour->ns != ns || neighbour->proxy || neighbour->addr.family != 4 ||
            !str_equal(neighbour->interface, interface->name))
            plan->neighbours[kept++] = *neighbour;
    }
    plan->neighbour_count = kept;
    struct plan_nft *nft = ARENA_PUSH(plan->arena, plan->nfts, plan->nft_count);
    *nft = (struct plan_nft){.ns = ns,
                             .family = "arp",
                             .table = "filter",
                             .forgets = arena_strdup(plan->arena, interface->name),
                             .origin = thing_name(topology, &things[0])};
    nft->body = arena_printf(plan->arena,
                             "\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n"
                             "\t\tiifname \"%s\" drop\n\t}\n",
                             interface->name);
    return 0;
}

/* ---- the table ---- */

static const struct fault_target_row node_targets[] = {{THING_NODE, FAULT_PLAN}};
static const struct fault_target_row interface_targets[] = {{THING_INTERFACE, FAULT_PLAN}};
static const char *const passing[] = {"input", "forward"};
static const char *const tcp_options[] = {"sack-perm", "window", "timestamp", "maxseg"};
#define CHAIN                                                                                                          \
    {                                                                                                                  \
        .key = "chain", FAULT_WORDS(passing), .doc = "which packets it looks at: those to the machine, or through it"  \
    }
static const struct fault_parameter_row chain_parameters[] = {CHAIN};
static const struct fault_parameter_row option_parameters[] = {
    {.key = "option", FAULT_WORDS(tcp_options), .doc = "the option that goes from every SYN"},
};
static const struct fault_parameter_row reset_parameters[] = {
    CHAIN,
    {.key = "ports", .type = PARAMETER_PORTS, .doc = "only connections to these ports; without it all"},
    {.key = "share", .type = PARAMETER_SHARE, .fallback = "10%", .doc = "the share of segments that ends a connection"},
};
static const struct fault_parameter_row flow_parameters[] = {
    {.key = "share", .type = PARAMETER_SHARE, .fallback = "30%", .doc = "the share of connections that is hit"},
};
static const struct fault_parameter_row limit_parameters[] = {
    CHAIN,
    {.key = "connections", .type = PARAMETER_NUMBER, .fallback = "4", .doc = "how many there may be at once"},
};
static const struct fault_parameter_row deny_parameters[] = {
    {.key = "ports", .type = PARAMETER_PORTS, .doc = "the TCP ports that were thought of; without it none"},
};
static const struct fault_parameter_row shadow_parameters[] = {
    CHAIN,
    {.key = "ports", .type = PARAMETER_PORTS, .required = true, .doc = "the TCP ports that the lower rule allows"},
    {.key = "from", .type = PARAMETER_DESTINATION, .doc = "whom the upper rule drops; without it everybody"},
};
static const struct fault_parameter_row redirect_parameters[] = {
    {.key = "port", .type = PARAMETER_NUMBER, .required = true, .doc = "the TCP port that is asked for"},
    {.key = "to", .type = PARAMETER_NUMBER, .required = true, .doc = "the port where it ends up"},
};
#define RULES .things = 1, FAULT_TARGETS(node_targets), .rewrite_plan = rewrite
const struct fault_kind fault_icmp_blocked = {
    .name = "icmp-blocked",
    .summary = "a machine drops ICMP",
    .family = FAMILY_FILTERING,
    .layer = 3,
    FAULT_PARAMETERS(chain_parameters),
    .symptom = "pings and traceroutes get no answer, while connections work",
    .tools = "nc, curl, nft list ruleset, tcpdump icmp",
    .validate = validate,
    RULES,
};
const struct fault_kind fault_fragments_dropped = {
    .name = "fragments-dropped",
    .summary = "a machine drops packets that come in fragments",
    .family = FAMILY_FILTERING,
    .layer = 3,
    .symptom = "what fits into one packet passes; larger datagrams and pings never arrive",
    .tools = "ping -s, dig +bufsize, tcpdump 'ip[6:2] & 0x3fff != 0', nft list ruleset",
    RULES,
};
const struct fault_kind fault_tcp_options_stripped = {
    .name = "tcp-options-stripped",
    .summary = "a machine takes an option out of TCP handshakes",
    .family = FAMILY_FILTERING,
    .layer = 4,
    FAULT_PARAMETERS(option_parameters),
    .symptom = "connections work and are slow where there is delay or loss: no selective acknowledgements, or a window "
               "of 64 KiB",
    .tools = "tcpdump -v 'tcp[tcpflags] & tcp-syn != 0' at both ends, ss -ti, nft list ruleset",
    RULES,
};
const struct fault_kind fault_tcp_reset = {
    .name = "tcp-reset",
    .summary = "a machine resets connections at random",
    .family = FAMILY_FILTERING,
    .layer = 4,
    FAULT_PARAMETERS(reset_parameters),
    .symptom = "connections open, and end in the middle: connection reset by peer",
    .tools = "curl -v, tcpdump 'tcp[tcpflags] & tcp-rst != 0' at both ends, nft list ruleset",
    .validate = validate,
    RULES,
};
const struct fault_kind fault_flows_dropped = {
    .name = "flows-dropped",
    .summary = "a machine drops some connections, by their addresses and ports, and never others",
    .family = FAMILY_FILTERING,
    .layer = 4,
    FAULT_PARAMETERS(flow_parameters),
    .symptom = "one connection in a few hangs from its first packet on; pings show no loss",
    .tools = "nc -p with several source ports, tcpdump at both ends, nft list ruleset",
    .validate = validate,
    RULES,
};
const struct fault_kind fault_connection_limit = {
    .name = "connection-limit",
    .summary = "a machine tracks only so many connections and drops new ones beyond",
    .family = FAMILY_FILTERING,
    .layer = 4,
    FAULT_PARAMETERS(limit_parameters),
    .symptom = "those who are connected work on, new connections time out until others end",
    .tools = "conntrack -L, conntrack -C, ss, nft list ruleset",
    .validate = validate,
    RULES,
};
const struct fault_kind fault_default_deny = {
    .name = "default-deny",
    .summary = "a machine's packet filter drops what nobody thought of",
    .family = FAMILY_FILTERING,
    .layer = 4,
    FAULT_PARAMETERS(deny_parameters),
    .symptom = "the machine answers pings, and its services time out for everybody but itself",
    .tools = "nft list ruleset (policy drop), ss -ltn, nc, tcpdump",
    RULES,
};
const struct fault_kind fault_rule_shadowed = {
    .name = "rule-shadowed",
    .summary = "a rule that allows stands below one that has dropped already",
    .family = FAMILY_FILTERING,
    .layer = 4,
    FAULT_PARAMETERS(shadow_parameters),
    .symptom = "connections time out although a rule allows them: its counter would stay at nothing",
    .tools = "nft list ruleset, nft monitor trace, nc, tcpdump",
    .validate = validate,
    RULES,
};
const struct fault_kind fault_port_redirected = {
    .name = "port-redirected",
    .summary = "a machine leads a port to another one",
    .family = FAMILY_NAT,
    .layer = 4,
    FAULT_PARAMETERS(redirect_parameters),
    .symptom = "the port is refused, or another service answers there; on the machine itself all is well",
    .tools = "nft list ruleset, conntrack -L, ss -ltn, nc",
    .validate = validate,
    RULES,
};
const struct fault_kind fault_dns_tcp_blocked = {
    .name = "dns-tcp-blocked",
    .summary = "a machine drops DNS over TCP",
    .family = FAMILY_DNS,
    .layer = 4,
    FAULT_PARAMETERS(chain_parameters),
    .symptom = "small answers come; those that do not fit into a datagram never do",
    .tools = "dig +tcp, dig +bufsize=512 (TC), nft list ruleset, tcpdump port 53",
    .validate = validate,
    RULES,
};
const struct fault_kind fault_arp_blocked = {
    .name = "arp-blocked",
    .summary = "a machine drops ARP at an interface",
    .family = FAMILY_NEIGHBOUR,
    .layer = 2,
    .things = 1,
    FAULT_TARGETS(interface_targets),
    .symptom = "the machine reaches nobody by that interface, although link, address and routes are right",
    .tools = "ip neigh (FAILED, INCOMPLETE), tcpdump arp, nft list tables",
    .validate = validate_arp,
    .rewrite_plan = rewrite_arp,
};
