/* What a wire does to packets, made worse: one file for all kinds, as each is some parameters of one vocabulary
 * (link/impairment.h) put on top of what the wire does already. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "link/impairment.h"
#include "plan/impairment.h"
#include "plan/plan.h"

/* The parameters of the fault that are a wire's. */
static struct impairment given(const struct fault *fault)
{
    struct impairment is = {0};
    for (size_t i = 0; i < impairment_row_count; i++) {
        const char *text = fault_text(fault, impairment_rows[i].key);
        if (text)
            impairment_set(&is, &impairment_rows[i], text);
    }
    return is;
}

/* Parameters that a wire does not take together: 90 % lost in bursts of 2. */
static void validate_together(const struct fault *fault, struct impairment is, struct findings *findings)
{
    const struct impairment_row *row;
    if (is.delay < is.jitter)
        is.delay = is.jitter; /* as rewrite_plan makes it */
    const char *text = impairment_contradiction(&is, &row);
    if (text)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, row->key), "'%s': %s", row->key, text);
}

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    const struct fault_kind *kind = fault_kind_find(fault->kind);
    const char *key = kind->parameters[0].key; /* the one that it is about */
    struct impairment is = given(fault);
    STR_AUTO value = STR_INIT;
    (void)topology;
    if (!impairment_get(&is, impairment_row(key), &value))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, key), "'%s: %s' is no fault", key,
                     fault_text(fault, key) ? fault_text(fault, key) : "0");
    else
        validate_together(fault, is, findings);
    if (things[0].kind == THING_LINK && things[0].link->end_count != 2)
        findings_add(findings, FINDING_ERROR, fault->kind, fault->at_marks ? fault->at_marks[0] : fault->mark,
                     "link '%s' does not join two interfaces", things[0].link->name);
}

/* On top of what the wire does already.  What varies needs room: a jitter is around a delay of at least its own size,
 * and only what is delayed can be overtaken. */
static int worsen(struct plan *plan, const struct interface *interface, enum plan_direction direction,
                  const struct impairment *more, const char *origin, struct error *err)
{
    uint32_t ns;
    if (fault_namespace(plan, interface->node, &ns, err))
        return -1;
    struct impairment is = plan_get_impairment(plan, ns, interface->name, direction);
    is = impairment_add(&is, more);
    if (is.delay < is.jitter)
        is.delay = is.jitter;
    if (!plan_set_impairment(plan, ns, interface->name, direction, &is, origin))
        return error_set(err, ERR_ABSENT, "%s/%s has no wire", interface->node->name, interface->name);
    return 0;
}

static int rewrite_plan(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err)
{
    struct impairment more = given(fault);
    const char *direction = fault_text(fault, "direction"), *origin = thing_name(topology, &things[0]);
    bool out = !str_equal(direction, "in"), in = !str_equal(direction, "out");
    if (things[0].kind == THING_LINK) {
        /* Out is what the first end sends; each direction is impaired where it leaves the wire. */
        const struct link *link = things[0].link;
        if (out && worsen(plan, link->ends[1], PLAN_RECEIVED, &more, origin, err))
            return -1;
        return in ? worsen(plan, link->ends[0], PLAN_RECEIVED, &more, origin, err) : 0;
    }
    if (out && worsen(plan, things[0].interface, PLAN_SENT, &more, origin, err))
        return -1;
    return in ? worsen(plan, things[0].interface, PLAN_RECEIVED, &more, origin, err) : 0;
}

static const struct fault_target_row targets[] = {{THING_INTERFACE, FAULT_PLAN}, {THING_LINK, FAULT_PLAN}};
static const char *const directions[] = {"in", "out", "both"};

#define DIRECTION                                                                                                      \
    {                                                                                                                  \
        .key = "direction", .type = PARAMETER_WORD, .words = directions, .word_count = ARRAY_SIZE(directions),         \
        .fallback = "both",                                                                                            \
        .doc = "of an interface: what it receives, sends, or both; of a link: out is what its first end sends"         \
    }
#define SHARE(word, text)                                                                                              \
    {                                                                                                                  \
        .key = (word), .type = PARAMETER_SHARE, .required = true, .doc = (text)                                        \
    }
#define KIND(symbol, word, key, table, about, seen, by)                                                                \
    const struct fault_kind fault_##symbol = {                                                                         \
        .name = (word),                                                                                                \
        .summary = (about),                                                                                            \
        .family = FAMILY_IMPAIRMENT,                                                                                   \
        .layer = 1,                                                                                                    \
        .things = 1,                                                                                                   \
        .targets = targets,                                                                                            \
        .target_count = ARRAY_SIZE(targets),                                                                           \
        .parameters = (table),                                                                                         \
        .parameter_count = ARRAY_SIZE(table),                                                                          \
        .symptom = (seen),                                                                                             \
        .tools = (by),                                                                                                 \
        .wire = true,                                                                                                  \
        .set_key = (key),                                                                                              \
        .validate = validate,                                                                                          \
        .rewrite_plan = rewrite_plan,                                                                                  \
    }

static const struct fault_parameter_row loss_parameters[] = {
    SHARE("loss", "the share of packets that is lost, such as 5%"),
    {.key = "loss_correlation", .type = PARAMETER_SHARE, .doc = "how much a loss depends on the packet before"},
    DIRECTION,
};
KIND(loss, "loss", "loss", loss_parameters, "packets are lost at random on a link or at an interface",
     "some packets never arrive: pings are missing, transfers stall and are slow",
     "ping, ss -ti (retransmissions), nstat, tcpdump at both ends, mtr");

static const struct fault_parameter_row burst_parameters[] = {
    SHARE("loss", "the share of packets that is lost in the long run, such as 2%"),
    {.key = "loss_burst",
     .type = PARAMETER_NUMBER,
     .fallback = "8",
     .doc = "how many packets a burst takes on average"},
    DIRECTION,
};
KIND(burst_loss, "burst-loss", "loss", burst_parameters,
     "packets are lost in bursts (Gilbert model), many good ones between",
     "several packets in a row never arrive, then all is well for a while: transfers stop and start again",
     "ping -i 0.02 (gaps in icmp_seq), ss -ti (retransmission time-outs), nstat, tcpdump at both ends");

static const struct fault_parameter_row delay_parameters[] = {
    {.key = "delay",
     .type = PARAMETER_DURATION,
     .required = true,
     .doc = "how much longer a packet takes, one way, such as 80ms"},
    {.key = "jitter",
     .type = PARAMETER_DURATION,
     .doc = "how far the delay of a packet may lie from that, to either side"},
    DIRECTION,
};
KIND(delay, "delay", "delay", delay_parameters, "packets take longer on a link or at an interface",
     "everything answers, but late: round trips and handshakes take long, chatty protocols crawl",
     "ping (time), mtr, curl -w (time_connect), ss -ti (rtt)");

static const struct fault_parameter_row jitter_parameters[] = {
    {.key = "jitter",
     .type = PARAMETER_DURATION,
     .required = true,
     .doc = "how far the delay of a packet may lie from the mean, to either side"},
    {.key = "delay",
     .type = PARAMETER_DURATION,
     .doc = "how much longer a packet takes on average; at least the jitter"},
    DIRECTION,
};
KIND(jitter, "jitter", "jitter", jitter_parameters, "packets take now longer, now shorter on a link or at an interface",
     "round trips vary from packet to packet, packets arrive out of order",
     "ping (mdev), mtr, ss -ti (rtt and its variation, reordering), tcpdump");

static const struct fault_parameter_row duplicate_parameters[] = {
    SHARE("duplicate", "the share of packets that arrives twice, such as 10%"),
    DIRECTION,
};
KIND(duplicate, "duplicate", "duplicate", duplicate_parameters, "packets arrive twice on a link or at an interface",
     "pings are answered twice (DUP!), receivers count segments that they have already",
     "ping (DUP!), nstat (TcpExtTCPDSACK*), tcpdump at both ends");

static const struct fault_parameter_row corruption_parameters[] = {
    SHARE("corrupt", "the share of packets that arrives with a wrong bit, such as 2%"),
    DIRECTION,
};
KIND(corruption, "corruption", "corrupt", corruption_parameters, "packets arrive with a wrong bit, as over a bad cable",
     "packets are seen to arrive, and are not answered: their checksums fail; transfers are slow",
     "tcpdump -vv (bad cksum), nstat (IcmpInCsumErrors, TcpInCsumErrors, UdpInCsumErrors), ss -ti");

static const struct fault_parameter_row reordering_parameters[] = {
    SHARE("reorder", "the share of packets that overtakes the others, such as 25%"),
    {.key = "delay", .type = PARAMETER_DURATION, .fallback = "20ms", .doc = "how long the others take"},
    {.key = "reorder_gap", .type = PARAMETER_NUMBER, .doc = "only every packet of this number may overtake"},
    DIRECTION,
};
KIND(reordering, "reordering", "reorder", reordering_parameters,
     "some packets overtake others on a link or at an interface",
     "packets arrive out of order: retransmissions without loss, transfers are slow",
     "ss -ti (reordering, reord_seen), nstat (TcpExtTCPSACKReorder, TcpExtTCPOFOQueue), tcpdump (sequence numbers)");

static const struct fault_parameter_row rate_parameters[] = {
    {.key = "rate", .type = PARAMETER_RATE, .required = true, .doc = "how much passes in a second, such as 1mbit"},
    {.key = "limit", .type = PARAMETER_NUMBER, .doc = "how many packets may wait; more are dropped"},
    DIRECTION,
};
KIND(rate_limit, "rate-limit", "rate", rate_parameters, "a link or an interface carries less than it should",
     "small things work, downloads crawl, and while one runs everything else is late",
     "iperf3, curl -w (speed_download), ping during a transfer, ss -ti (rtt, cwnd, delivery_rate)");
