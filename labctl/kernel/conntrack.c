/* Flows that a network namespace tracks, by ctnetlink. */
#include "kernel/conntrack.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/table.h"
#include "kernel/namespace.h"
#include "kernel/netlink.h"

static const char *const state_names[] = {
    [TCP_CONNTRACK_NONE] = "",
    [TCP_CONNTRACK_SYN_SENT] = "syn_sent",
    [TCP_CONNTRACK_SYN_RECV] = "syn_recv",
    [TCP_CONNTRACK_ESTABLISHED] = "established",
    [TCP_CONNTRACK_FIN_WAIT] = "fin_wait",
    [TCP_CONNTRACK_CLOSE_WAIT] = "close_wait",
    [TCP_CONNTRACK_LAST_ACK] = "last_ack",
    [TCP_CONNTRACK_TIME_WAIT] = "time_wait",
    [TCP_CONNTRACK_CLOSE] = "close",
    [TCP_CONNTRACK_LISTEN] = "listen",
};

const char *conntrack_state_name(uint8_t state)
{
    return state < ARRAY_SIZE(state_names) ? state_names[state] : "";
}

struct watcher {
    observed_flow_handler *handler;
    void *context;
};

struct tuple {
    struct addr from, to;
    uint8_t protocol;
    uint16_t source_port, port;
};

static struct addr addr_of(const struct nlattr *four, const struct nlattr *six)
{
    struct addr addr = {0};
    const struct nlattr *attribute = four ? four : six;
    if (!attribute || nla_len(attribute) < (four ? 4 : 16))
        return addr;
    addr.family = four ? 4 : 6;
    memcpy(addr.bytes, nla_data(attribute), four ? 4 : 16);
    return addr;
}

static uint16_t port_of(struct nlattr *attribute)
{
    return attribute ? ntohs(nla_get_u16(attribute)) : 0;
}

static bool read_tuple(struct nlattr *attribute, struct tuple *out)
{
    struct nlattr *tuple[CTA_TUPLE_MAX + 1], *ip[CTA_IP_MAX + 1], *proto[CTA_PROTO_MAX + 1];
    if (!attribute || nla_parse_nested(tuple, CTA_TUPLE_MAX, attribute, NULL) < 0 || !tuple[CTA_TUPLE_IP] ||
        nla_parse_nested(ip, CTA_IP_MAX, tuple[CTA_TUPLE_IP], NULL) < 0 || !tuple[CTA_TUPLE_PROTO] ||
        nla_parse_nested(proto, CTA_PROTO_MAX, tuple[CTA_TUPLE_PROTO], NULL) < 0 || !proto[CTA_PROTO_NUM])
        return false;
    out->from = addr_of(ip[CTA_IP_V4_SRC], ip[CTA_IP_V6_SRC]);
    out->to = addr_of(ip[CTA_IP_V4_DST], ip[CTA_IP_V6_DST]);
    out->protocol = nla_get_u8(proto[CTA_PROTO_NUM]);
    out->source_port = port_of(proto[CTA_PROTO_SRC_PORT]);
    out->port = port_of(proto[CTA_PROTO_DST_PORT]);
    return true;
}

static uint8_t tcp_state_of(struct nlattr *information)
{
    struct nlattr *info[CTA_PROTOINFO_MAX + 1], *tcp[CTA_PROTOINFO_TCP_MAX + 1];
    if (!information || nla_parse_nested(info, CTA_PROTOINFO_MAX, information, NULL) < 0 || !info[CTA_PROTOINFO_TCP] ||
        nla_parse_nested(tcp, CTA_PROTOINFO_TCP_MAX, info[CTA_PROTOINFO_TCP], NULL) < 0 ||
        !tcp[CTA_PROTOINFO_TCP_STATE])
        return TCP_CONNTRACK_NONE;
    return nla_get_u8(tcp[CTA_PROTOINFO_TCP_STATE]);
}

static uint64_t number_of(struct nlattr *attribute)
{
    uint64_t value = 0;
    if (attribute && nla_len(attribute) >= (int)sizeof value)
        memcpy(&value, nla_data(attribute), sizeof value);
    return be64toh(value);
}

static void read_counters(struct nlattr *attribute, uint64_t *packets, uint64_t *bytes)
{
    struct nlattr *counters[CTA_COUNTERS_MAX + 1];
    if (!attribute || nla_parse_nested(counters, CTA_COUNTERS_MAX, attribute, NULL) < 0)
        return;
    *packets = number_of(counters[CTA_COUNTERS_PACKETS]);
    *bytes = number_of(counters[CTA_COUNTERS_BYTES]);
}

static int64_t began_of(struct nlattr *attribute)
{
    struct nlattr *stamp[CTA_TIMESTAMP_MAX + 1];
    if (!attribute || nla_parse_nested(stamp, CTA_TIMESTAMP_MAX, attribute, NULL) < 0)
        return 0;
    return (int64_t)number_of(stamp[CTA_TIMESTAMP_START]);
}

static int on_flow(void *context, const struct nlmsghdr *message)
{
    const struct watcher *watcher = context;
    struct nlattr *a[CTA_MAX + 1];
    struct tuple original, reply;
    if (message->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) ||
        nlmsg_parse((struct nlmsghdr *)message, sizeof(struct nfgenmsg), a, CTA_MAX, NULL) < 0 ||
        !read_tuple(a[CTA_TUPLE_ORIG], &original) || !read_tuple(a[CTA_TUPLE_REPLY], &reply))
        return 0;
    struct observed_flow flow = {
        .protocol = original.protocol,
        .from = original.from,
        .to = original.to,
        .source_port = original.source_port,
        .port = original.port,
        .reply_from = reply.from,
        .reply_to = reply.to,
        .began = began_of(a[CTA_TIMESTAMP]),
        .state = tcp_state_of(a[CTA_PROTOINFO]),
    };
    read_counters(a[CTA_COUNTERS_ORIG], &flow.packets, &flow.bytes);
    read_counters(a[CTA_COUNTERS_REPLY], &flow.reply_packets, &flow.reply_bytes);
    watcher->handler(watcher->context, &flow);
    return 0;
}

int conntrack_observe(int netns, observed_flow_handler *handler, void *context, struct error *err)
{
    struct watcher watcher = {handler, context};
    struct nfgenmsg header = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
    NETLINK_AUTO netlink = NETLINK_INIT;
    netlink.fd = netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, err);
    if (netlink.fd < 0)
        return -1;
    if (netlink_dump(&netlink, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, &header, sizeof header, on_flow,
                     &watcher, err) == 0)
        return 0;
    if (err && (err->number == EINVAL || err->number == EOPNOTSUPP || err->number == ENOENT))
        err->kind = ERR_CAPABILITY; /* a kernel without ctnetlink */
    return error_wrap(err, "tracked flows");
}
