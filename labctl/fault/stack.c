/* ephemeral-ports-exhausted, time-wait-pile-up, receive-window-small, connection-forgotten, connection-half-open: a
 * machine's TCP, by its sysctls and by what it says of a connection's end. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

enum { FIRST_PORT = 32768, PORTS_MOST = 1000, WINDOW_LEAST = 2048, WINDOW_MOST = 32768 };

static uint32_t number(const struct fault *fault, const char *key)
{
    uint32_t value = 0;
    fault_read_number(fault_text(fault, key), &value);
    return value;
}

static int set(struct plan *plan, const struct fault *fault, const struct thing *things, const char *key,
               const char *value, struct error *err)
{
    uint32_t ns;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    fault_set_sysctl(plan, ns, key, value, fault->at.items[0]);
    return 0;
}

static void validate_ports(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    (void)topology, (void)things;
    if (number(fault, "ports") > PORTS_MOST)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "ports"),
                     "%u ports are not soon exhausted: at most %d", number(fault, "ports"), (int)PORTS_MOST);
}

static int rewrite_ports(struct plan *plan, const struct topology *topology, const struct fault *fault,
                         const struct thing *things, struct error *err)
{
    (void)topology;
    return set(plan, fault, things, "net/ipv4/ip_local_port_range",
               arena_printf(plan->arena, "%d\t%u", (int)FIRST_PORT, FIRST_PORT + number(fault, "ports") - 1), err);
}

/* A port is free again a minute after its connection was closed (TCP_TIMEWAIT_LEN): nothing makes it free sooner. */
static int rewrite_pile_up(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    return rewrite_ports(plan, topology, fault, things, err) ||
                   set(plan, fault, things, "net/ipv4/tcp_tw_reuse", "0", err)
               ? -1
               : 0;
}

static void validate_window(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    (void)topology, (void)things;
    uint32_t bytes = number(fault, "bytes");
    if (bytes < WINDOW_LEAST || bytes > WINDOW_MOST)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "bytes"),
                     "a buffer of %u bytes is not small: it is from %d to %d", bytes, (int)WINDOW_LEAST,
                     (int)WINDOW_MOST);
}

static int rewrite_window(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    uint32_t bytes = number(fault, "bytes");
    (void)topology;
    return set(plan, fault, things, "net/ipv4/tcp_rmem", arena_printf(plan->arena, "%u\t%u\t%u", bytes, bytes, bytes),
               err);
}

static void validate_forgotten(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct findings *findings)
{
    (void)topology;
    if (!things[0].node->forwarding)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' does not forward",
                     things[0].node->name);
}

/* What was forgotten is taken for something new that does not begin as it should (tcp_loose, nf_conntrack-sysctl). */
static int rewrite_forgotten(struct plan *plan, const struct topology *topology, const struct fault *fault,
                             const struct thing *things, struct error *err)
{
    uint32_t ns;
    if (set(plan, fault, things, "net/netfilter/nf_conntrack_tcp_timeout_established", fault_text(fault, "seconds"),
            err) ||
        set(plan, fault, things, "net/netfilter/nf_conntrack_tcp_loose", "0", err) ||
        fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    fault_add_table(plan, ns, thing_name(topology, &things[0]),
                    "\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n"
                    "\t\tct state established,related accept\n\t\tct state invalid drop\n\t}\n");
    return 0;
}

/* ---- half-open (RFC 9293, 3.5.1) ---- */

/* The machine closes its end and forgets it, and what would tell the other end never leaves. */
static int rewrite_half_open(struct plan *plan, const struct topology *topology, const struct fault *fault,
                             const struct thing *things, struct error *err)
{
    struct port_range ranges[FAULT_PORTS_MAX];
    STR_AUTO body = STR_INIT;
    uint32_t ns;
    size_t count = fault_read_ports(fault_text(fault, "ports"), ranges, FAULT_PORTS_MAX);
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    str_append(&body, "\tchain output {\n\t\ttype filter hook output priority filter; policy accept;\n"
                      "\t\ttcp sport { ");
    fault_write_ports(&body, ranges, count);
    str_append(&body, " } tcp flags & (fin | rst) != 0 drop\n\t}\n");
    fault_add_table(plan, ns, thing_name(topology, &things[0]), str_text(&body));
    return 0;
}

static const struct fault_target_row targets[] = {{THING_NODE, FAULT_PLAN}};
static const struct fault_parameter_row port_parameters[] = {
    {.key = "ports",
     .type = PARAMETER_NUMBER,
     .fallback = "4",
     .doc = "how many local ports there are for connections"},
};
static const struct fault_parameter_row pile_parameters[] = {
    {.key = "ports",
     .type = PARAMETER_NUMBER,
     .fallback = "16",
     .doc = "after how many connections in a minute there is no port left"},
};
static const struct fault_parameter_row window_parameters[] = {
    {.key = "bytes", .type = PARAMETER_NUMBER, .fallback = "4096", .doc = "the size of its receive buffers"},
};
static const struct fault_parameter_row forgotten_parameters[] = {
    {.key = "seconds", .type = PARAMETER_NUMBER, .fallback = "5", .doc = "how long a connection may be silent"},
};
static const struct fault_parameter_row half_open_parameters[] = {
    {.key = "ports",
     .type = PARAMETER_PORTS,
     .required = true,
     .doc = "the ports of the machine whose connections end in silence"},
};
#define STACK .family = FAMILY_TRANSPORT, .layer = 4, .things = 1, FAULT_TARGETS(targets)
const struct fault_kind fault_ephemeral_ports_exhausted = {
    .name = "ephemeral-ports-exhausted",
    .summary = "a machine has too few local ports for the connections that it opens",
    STACK,
    FAULT_PARAMETERS(port_parameters),
    .symptom = "some connections fail at once with 'Cannot assign requested address', until others are long over",
    .tools = "ss -tan state time-wait, ss -s, sysctl net.ipv4.ip_local_port_range",
    .validate = validate_ports,
    .rewrite_plan = rewrite_ports,
};
const struct fault_kind fault_time_wait_pile_up = {
    .name = "time-wait-pile-up",
    .summary = "a machine opens and closes connections faster than their ports become free again",
    STACK,
    FAULT_PARAMETERS(pile_parameters),
    .symptom =
        "short connections to one service are well for a while, then fail with 'Cannot assign requested address' for "
        "a minute",
    .tools = "ss -tan state time-wait, ss -s, sysctl net.ipv4.tcp_tw_reuse net.ipv4.ip_local_port_range",
    .validate = validate_ports,
    .rewrite_plan = rewrite_pile_up,
};
const struct fault_kind fault_receive_window_small = {
    .name = "receive-window-small",
    .summary = "a machine has small receive buffers, so whoever sends to it has to wait",
    STACK,
    FAULT_PARAMETERS(window_parameters),
    .symptom = "large transfers to the machine are slow where there is delay, without any loss",
    .tools = "ss -ti (rcv_space), tcpdump (win), sysctl net.ipv4.tcp_rmem, iperf3",
    .validate = validate_window,
    .rewrite_plan = rewrite_window,
};
const struct fault_kind fault_connection_forgotten = {
    .name = "connection-forgotten",
    .summary = "a router forgets connections that are silent for a moment",
    STACK,
    FAULT_PARAMETERS(forgotten_parameters),
    .symptom = "connections hang after a pause; new ones, and busy ones, are well",
    .tools = "conntrack -L, conntrack -E, ss -to, sysctl net.netfilter, nft list ruleset",
    .validate = validate_forgotten,
    .rewrite_plan = rewrite_forgotten,
};
const struct fault_kind fault_connection_half_open = {
    .name = "connection-half-open",
    .summary = "a machine forgets connections that it has closed, and the other end is not told",
    STACK,
    FAULT_PARAMETERS(half_open_parameters),
    .symptom = "connections open and work, and never end for the client: it waits on one that the server does not have "
               "any more, and nobody is refused",
    .tools = "ss -tan at both ends (ESTAB here, FIN-WAIT-1 or nothing there), ss -to, tcpdump at both ends, nft list "
             "ruleset",
    .rewrite_plan = rewrite_half_open,
};
