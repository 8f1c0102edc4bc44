/* Messages of the kernel as text: what is known reads well, what is not known is shown all the same, and what changes
 * by itself is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"
#include "kernel/message_text.h"
#include "kernel/netlink.h"

static const char *name_of(void *context, uint32_t index)
{
    (void)context;
    return index == 7 ? "eth0" : index == 8 ? "br0" : NULL;
}

static const struct nlmsghdr *end(struct batch *batch)
{
    batch_end(batch);
    return (const struct nlmsghdr *)batch->data;
}

#define assert_text(batch, expected)                                                                                   \
    do {                                                                                                               \
        STR_AUTO text = STR_INIT;                                                                                      \
        assert_true(message_text(end(batch), name_of, NULL, &text));                                                   \
        assert_string_equal(str_text(&text), expected);                                                                \
    } while (0)

static void begin_route(struct batch *batch)
{
    const struct rtmsg route = {.rtm_family = AF_INET,
                                .rtm_dst_len = 24,
                                .rtm_type = RTN_UNICAST,
                                .rtm_protocol = RTPROT_STATIC,
                                .rtm_flags = RTM_F_OFFLOAD};
    batch_begin(batch, 0, RTM_NEWROUTE, 0, &route, sizeof route);
    batch_put(batch, RTA_DST, "\x0a\0\0", 4);
}

static void routes(void **state)
{
    (void)state;
    BATCH_AUTO batch = BATCH_INIT;
    begin_route(&batch);
    batch_put_u32(&batch, RTA_OIF, 7);
    batch_put(&batch, RTA_GATEWAY, "\x0a\0\0\x01", 4);
    batch_put(&batch, RTA_CACHEINFO, &(struct rta_cacheinfo){.rta_expires = 5}, sizeof(struct rta_cacheinfo));
    size_t metrics = batch_nest(&batch, RTA_METRICS);
    batch_put_u32(&batch, RTAX_MTU, 1400);
    batch_put_text(&batch, RTAX_CC_ALGO, "cubic");
    batch_nest_end(&batch, metrics);
    assert_text(&batch, "unicast 10.0.0.0/24 family 4 proto 4 scope 0 tos 0 flags 0 dev eth0 via 10.0.0.1 "
                        "metrics { 2 1400 16 cubic }");
}

static void hops(void **state)
{
    (void)state;
    BATCH_AUTO batch = BATCH_INIT;
    begin_route(&batch);
    size_t nest = batch_nest(&batch, RTA_MULTIPATH);
    struct rtnexthop hop = {.rtnh_len = sizeof hop, .rtnh_hops = 4, .rtnh_ifindex = 7};
    batch_raw(&batch, &hop, sizeof hop);
    hop.rtnh_ifindex = 9;
    hop.rtnh_flags = RTNH_F_LINKDOWN;
    batch_raw(&batch, &hop, sizeof hop);
    batch_nest_end(&batch, nest);
    assert_text(&batch, "unicast 10.0.0.0/24 family 4 proto 4 scope 0 tos 0 flags 0 nexthop dev eth0 weight 5 flags 0 "
                        "nexthop dev elsewhere weight 5 flags 10");
}

/* Attributes that this program has never heard of. */
static void unknown(void **state)
{
    (void)state;
    BATCH_AUTO batch = BATCH_INIT;
    begin_route(&batch);
    batch_put(&batch, 200, "\x01\x02\x03", 3);
    batch_put(&batch, 201, "word", 5);
    batch_put_u8(&batch, 202, 9);
    size_t nest = batch_nest(&batch, 203 | NLA_F_NESTED);
    batch_put(&batch, 1, "\xff\xff\xff\xff\xff", 5);
    batch_nest_end(&batch, nest);
    assert_text(&batch, "unicast 10.0.0.0/24 family 4 proto 4 scope 0 tos 0 flags 0 200 010203 201 word 202 9 "
                        "203 { 1 ffffffffff }");
}

static void begin_link(struct batch *batch, unsigned flags)
{
    const struct ifinfomsg link = {.ifi_type = 1, .ifi_index = 7, .ifi_flags = flags};
    batch_begin(batch, 0, RTM_NEWLINK, 0, &link, sizeof link);
    batch_put_text(batch, IFLA_IFNAME, "eth0");
}

static void put_kind(struct batch *batch, const char *kind, int type, uint32_t value, int passing)
{
    size_t info = batch_nest(batch, IFLA_LINKINFO);
    batch_put_text(batch, IFLA_INFO_KIND, kind);
    size_t data = batch_nest(batch, IFLA_INFO_DATA);
    batch_put_u32(batch, type, value);
    if (passing)
        batch_put(batch, passing, "\1\2\3\4\5\6\7\x08", 8);
    batch_nest_end(batch, data);
    batch_nest_end(batch, info);
}

static void links(void **state)
{
    (void)state;
    BATCH_AUTO batch = BATCH_INIT;
    begin_link(&batch, IFF_UP | IFF_RUNNING | IFF_LOWER_UP | IFF_ECHO);
    batch_put_u32(&batch, IFLA_LINK, 7); /* a number of another namespace */
    batch_put_u32(&batch, IFLA_LINK_NETNSID, 3);
    batch_put_u32(&batch, IFLA_MASTER, 8);
    batch_put(&batch, IFLA_ADDRESS, "\2\0\0\0\0\1", 6);
    batch_put(&batch, IFLA_STATS64, &(struct rtnl_link_stats64){.rx_packets = 4}, sizeof(struct rtnl_link_stats64));
    batch_put_u8(&batch, IFLA_OPERSTATE, 6);
    batch_put_u32(&batch, IFLA_CARRIER_CHANGES, 6);
    assert_text(&batch, "eth0 up lower_up type 1 flags 40000 master br0 address 02:00:00:00:00:01");

    batch_clear(&batch);
    begin_link(&batch, 0);
    put_kind(&batch, "vxlan", IFLA_VXLAN_LINK, 7, 0);
    assert_text(&batch, "eth0 type 1 flags 0 vxlan { dev eth0 }");

    batch_clear(&batch);
    begin_link(&batch, 0);
    put_kind(&batch, "bridge", IFLA_BR_STP_STATE, 1, IFLA_BR_GC_TIMER);
    assert_text(&batch, "eth0 type 1 flags 0 bridge { 5 1 }");

    batch_clear(&batch);
    begin_link(&batch, 0);
    batch_put_u32(&batch, IFLA_LINK, 8); /* of the same namespace */
    put_kind(&batch, "other", 3, 7, 0);
    assert_text(&batch, "eth0 type 1 flags 0 link br0 other { 3 7 }");
}

static void addresses(void **state)
{
    (void)state;
    BATCH_AUTO batch = BATCH_INIT;
    const struct ifaddrmsg address = {
        .ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_flags = IFA_F_PERMANENT | IFA_F_TENTATIVE, .ifa_index = 7};
    batch_begin(&batch, 0, RTM_NEWADDR, 0, &address, sizeof address);
    batch_put(&batch, IFA_ADDRESS, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    batch_put(&batch, IFA_CACHEINFO, &(struct ifa_cacheinfo){.ifa_valid = 7}, sizeof(struct ifa_cacheinfo));
    batch_put_u32(&batch, IFA_FLAGS, IFA_F_PERMANENT | IFA_F_TENTATIVE | IFA_F_NOPREFIXROUTE);
    assert_text(&batch, "eth0 fd00::1/64 scope 0 flags 80 address fd00::1 flags 280");
}

static void rules_and_neighbours(void **state)
{
    (void)state;
    BATCH_AUTO batch = BATCH_INIT;
    const struct fib_rule_hdr rule = {
        .family = AF_INET, .src_len = 8, .action = FR_ACT_TO_TBL, .flags = FIB_RULE_INVERT};
    batch_begin(&batch, 0, RTM_NEWRULE, 0, &rule, sizeof rule);
    batch_put_u32(&batch, FRA_PRIORITY, 50);
    batch_put(&batch, FRA_SRC, "\x0a\0\0", 4);
    batch_put_text(&batch, FRA_IIFNAME, "eth0");
    assert_text(&batch, "50: family 4 action 1 not from/8 to/0 tos 0 from 10.0.0.0 iif eth0");

    batch_clear(&batch);
    const struct ndmsg neighbour = {.ndm_family = AF_INET, .ndm_ifindex = 7, .ndm_state = NUD_PERMANENT};
    batch_begin(&batch, 0, RTM_NEWNEIGH, 0, &neighbour, sizeof neighbour);
    batch_put(&batch, NDA_DST, "\x0a\0\0\x02", 4);
    batch_put(&batch, NDA_LLADDR, "\2\0\0\0\0\2", 6);
    batch_put(&batch, NDA_CACHEINFO, &(struct nda_cacheinfo){.ndm_used = 1}, sizeof(struct nda_cacheinfo));
    batch_put_u32(&batch, NDA_PROBES, 2);
    assert_text(&batch, "10.0.0.2 dev eth0 permanent flags 0 lladdr 02:00:00:00:00:02");
}

static void queues(void **state)
{
    (void)state;
    BATCH_AUTO batch = BATCH_INIT;
    const struct tcmsg queue = {.tcm_ifindex = 7, .tcm_handle = 0x80010000, .tcm_parent = TC_H_ROOT};
    batch_begin(&batch, 0, RTM_NEWQDISC, 0, &queue, sizeof queue);
    batch_put_text(&batch, TCA_KIND, "pfifo");
    batch_put_u32(&batch, TCA_OPTIONS, 100);
    batch_put_u32(&batch, TCA_STATS2, 5);
    assert_text(&batch, "pfifo 8001: dev eth0 parent ffffffff options 100");
}

/* Another kind, and one without a whole header. */
static void refused(void **state)
{
    (void)state;
    BATCH_AUTO batch = BATCH_INIT;
    STR_AUTO text = STR_INIT;
    batch_begin(&batch, 0, RTM_NEWNSID, 0, &(struct rtgenmsg){0}, sizeof(struct rtgenmsg));
    assert_false(message_text(end(&batch), name_of, NULL, &text));
    batch_clear(&batch);
    batch_begin(&batch, 0, RTM_NEWROUTE, 0, "\2", 1);
    assert_false(message_text(end(&batch), name_of, NULL, &text));
    assert_string_equal(str_text(&text), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes), cmocka_unit_test(hops),      cmocka_unit_test(unknown),
        cmocka_unit_test(links),  cmocka_unit_test(addresses), cmocka_unit_test(rules_and_neighbours),
        cmocka_unit_test(queues), cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
