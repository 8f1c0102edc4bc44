#include "kernel/qdisc.h"

#include <arpa/inet.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "kernel/namespace.h"
#include "kernel/netlink.h"
#include "link/distribution.h"
#include "link/impairment.h"

#define INGRESS_HANDLE 0xffff0000u /* tc(8): "ffff:" */
#define FULL_FRAME     1514u
#define LOOPBACK_INDEX 1

static void begin(struct batch *batch, uint64_t tag, int type, int flags, uint32_t index, uint32_t handle,
                  uint32_t parent, uint32_t info)
{
    struct tcmsg header = {.tcm_ifindex = (int)index, .tcm_handle = handle, .tcm_parent = parent, .tcm_info = info};
    batch_begin(batch, tag, type, flags, &header, sizeof header);
}

void qdisc_arrive_at(struct batch *batch, uint64_t tag, uint32_t index, uint32_t other)
{
    begin(batch, tag, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, index, INGRESS_HANDLE, TC_H_INGRESS, 0);
    batch_put_text(batch, TCA_KIND, "ingress");
    batch_end(batch);

    begin(batch, tag, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE, index, 0, INGRESS_HANDLE,
          TC_H_MAKE(1u << 16, htons(ETH_P_ALL)));
    batch_put_text(batch, TCA_KIND, "u32");
    size_t options = batch_nest(batch, TCA_OPTIONS);
    struct {
        struct tc_u32_sel sel;
        struct tc_u32_key key;
    } all = {.sel = {.flags = TC_U32_TERMINAL, .nkeys = 1}};
    batch_put(batch, TCA_U32_SEL, &all, sizeof all);
    size_t actions = batch_nest(batch, TCA_U32_ACT), first = batch_nest(batch, 1);
    batch_put_text(batch, TCA_ACT_KIND, "mirred");
    size_t parameters = batch_nest(batch, TCA_ACT_OPTIONS);
    struct tc_mirred mirred = {.action = TC_ACT_STOLEN, .eaction = TCA_INGRESS_REDIR, .ifindex = other};
    batch_put(batch, TCA_MIRRED_PARMS, &mirred, sizeof mirred);
    batch_nest_end(batch, parameters);
    batch_nest_end(batch, first);
    batch_nest_end(batch, actions);
    batch_nest_end(batch, options);
    batch_end(batch);
}

/* ---- netem ---------------------------------------------------------------------------------------------------- */

/* A share as a fraction of 2^32, as netem compares its random numbers with. */
static uint32_t fraction(uint32_t share)
{
    return share >= SHARE_WHOLE ? UINT32_MAX : (uint32_t)(((uint64_t)share << 32) / SHARE_WHOLE);
}

/* netem counts what is under way as well as what waits: without a limit of the author's, there is room for both. */
static uint32_t netem_limit(const struct impairment *is)
{
    if (is->limit)
        return is->limit;
    if (!is->rate)
        return 1000000;
    double under_way = (double)is->rate / 8 / FULL_FRAME * (double)(is->delay + is->jitter) / NANOSECONDS_PER_SECOND;
    return 1000 + (uint32_t)under_way;
}

static void put_loss(struct batch *batch, const struct impairment *is, struct tc_netem_qopt *options)
{
    struct gilbert gilbert;
    if (!impairment_gilbert(is, &gilbert)) {
        options->loss = fraction(is->loss);
        return;
    }
    struct tc_netem_gemodel model = {.p = fraction(gilbert.enter),
                                     .r = fraction(gilbert.leave),
                                     .h = fraction(SHARE_WHOLE - gilbert.bad),
                                     .k1 = fraction(gilbert.good)};
    size_t loss = batch_nest(batch, TCA_NETEM_LOSS);
    batch_put(batch, NETEM_LOSS_GE, &model, sizeof model);
    batch_nest_end(batch, loss);
}

void qdisc_netem(struct batch *batch, uint64_t tag, uint32_t index, const struct impairment *is)
{
    struct tc_netem_qopt options = {.limit = netem_limit(is),
                                    .gap = is->reorder ? (is->reorder_gap ? is->reorder_gap : 1) : 0,
                                    .duplicate = fraction(is->duplicate)};
    const struct tc_netem_corr correlations = {fraction(is->delay_correlation), fraction(is->loss_correlation),
                                               fraction(is->duplicate_correlation)};
    const struct tc_netem_reorder reorder = {fraction(is->reorder), fraction(is->reorder_correlation)};
    const struct tc_netem_corrupt corrupt = {fraction(is->corrupt), fraction(is->corrupt_correlation)};
    const int16_t *table = distribution_table(is->distribution);
    int16_t own[DISTRIBUTION_MOST];
    size_t values = is->distribution_table ? distribution_parse(is->distribution_table, own) : DISTRIBUTION_SIZE;
    uint64_t bytes = is->rate / 8;
    struct tc_netem_rate rate = {.rate = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes};

    begin(batch, tag, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, index, 0, TC_H_ROOT, 0);
    batch_put_text(batch, TCA_KIND, "netem");
    size_t nest = batch_nest_with(batch, TCA_OPTIONS, &options, sizeof options), at = batch->length - sizeof options;
    put_loss(batch, is, &options);
    batch_put(batch, TCA_NETEM_LATENCY64, &is->delay, sizeof is->delay);
    batch_put(batch, TCA_NETEM_JITTER64, &is->jitter, sizeof is->jitter);
    batch_put(batch, TCA_NETEM_CORR, &correlations, sizeof correlations);
    batch_put(batch, TCA_NETEM_REORDER, &reorder, sizeof reorder);
    batch_put(batch, TCA_NETEM_CORRUPT, &corrupt, sizeof corrupt);
    /* What is not said would stay as it was, so all is said. */
    batch_put(batch, TCA_NETEM_DELAY_DIST, is->distribution_table ? own : table, values * sizeof *table);
    if (bytes > UINT32_MAX)
        batch_put(batch, TCA_NETEM_RATE64, &bytes, sizeof bytes);
    batch_put(batch, TCA_NETEM_RATE, &rate, sizeof rate);
    __builtin_memcpy(batch->data + at, &options, sizeof options); /* with the loss */
    batch_nest_end(batch, nest);
    batch_end(batch);
}

/* ---- tbf ------------------------------------------------------------------------------------------------------- */

/* As small a bucket as keeps the rate: two full frames, or what passes in a millisecond. */
static uint32_t bucket(uint64_t bytes_per_second)
{
    uint64_t millisecond = bytes_per_second / 1000;
    return millisecond > 2 * FULL_FRAME ? (uint32_t)millisecond : 2 * FULL_FRAME;
}

void qdisc_tbf(struct batch *batch, uint64_t tag, uint32_t index, uint64_t bits_per_second, uint64_t limit)
{
    uint64_t bytes = bits_per_second / 8;
    uint32_t burst = bucket(bytes);
    struct tc_tbf_qopt options = {
        .rate = {.rate = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes, .linklayer = TC_LINKLAYER_ETHERNET},
        .limit = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit};
    begin(batch, tag, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, index, 0, TC_H_ROOT, 0);
    batch_put_text(batch, TCA_KIND, "tbf");
    size_t nest = batch_nest(batch, TCA_OPTIONS);
    batch_put(batch, TCA_TBF_PARMS, &options, sizeof options);
    batch_put_u32(batch, TCA_TBF_BURST, burst);
    if (bytes > UINT32_MAX)
        batch_put(batch, TCA_TBF_RATE64, &bytes, sizeof bytes);
    batch_nest_end(batch, nest);
    batch_end(batch);
}

void qdisc_remove(struct batch *batch, uint64_t tag, uint32_t index)
{
    begin(batch, tag, RTM_DELQDISC, 0, index, 0, TC_H_ROOT, 0);
    batch_end(batch);
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

struct search {
    uint32_t index;
    const char *kind;
    struct qdisc_counters *out;
    int found;
};

static int on_qdisc(void *context, const struct nlmsghdr *message)
{
    struct search *search = context;
    const struct tcmsg *header = nlmsg_data(message);
    struct nlattr *a[TCA_MAX + 1], *s[TCA_STATS_MAX + 1];
    struct gnet_stats_basic basic = {0};
    struct gnet_stats_queue queue = {0};
    if (header->tcm_ifindex != (int)search->index || header->tcm_parent != TC_H_ROOT ||
        nlmsg_parse((struct nlmsghdr *)message, sizeof *header, a, TCA_MAX, NULL) < 0 || !a[TCA_KIND] ||
        !str_equal(nla_get_string(a[TCA_KIND]), search->kind) || !a[TCA_STATS2] ||
        nla_parse_nested(s, TCA_STATS_MAX, a[TCA_STATS2], NULL) < 0)
        return 0;
    if (s[TCA_STATS_BASIC])
        nla_memcpy(&basic, s[TCA_STATS_BASIC], sizeof basic);
    if (s[TCA_STATS_QUEUE])
        nla_memcpy(&queue, s[TCA_STATS_QUEUE], sizeof queue);
    *search->out = (struct qdisc_counters){basic.packets, basic.bytes, queue.drops, queue.qlen};
    search->found = 1;
    return 0;
}

int qdisc_observe(int netns, uint32_t index, const char *kind, struct qdisc_counters *out, struct error *err)
{
    NETLINK_AUTO netlink = NETLINK_INIT;
    struct tcmsg header = {.tcm_ifindex = (int)index};
    struct search search = {index, kind, out, 0};
    if (netlink_open(netns, &netlink, err) != 0 ||
        netlink_dump(&netlink, RTM_GETQDISC, &header, sizeof header, on_qdisc, &search, err) != 0)
        return -1;
    return search.found;
}

bool qdisc_known(const char *kind)
{
    static const struct impairment some = {.delay = 1000000};
    struct error problem = ERROR_INIT;
    FD_AUTO scratch = netns_new(&problem);
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    if (scratch < 0 || netlink_open(scratch, &netlink, &problem) != 0)
        return false;
    if (str_equal(kind, "netem"))
        qdisc_netem(&batch, 1, LOOPBACK_INDEX, &some);
    else
        qdisc_tbf(&batch, 1, LOOPBACK_INDEX, 1000000, 100000);
    return netlink_commit(&netlink, &batch, &problem) == 0 && batch.failure_count == 0;
}
