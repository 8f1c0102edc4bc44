/* What is known of an attribute is how it reads and whether it changes by itself; all others are shown by their number
 * and value, so nothing that the kernel tells is missed because it is new. */
#include "kernel/message_text.h"

#include <ctype.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/str.h"
#include "base/table.h"
#include "kernel/message_shapes.h"

struct writer {
    struct str *out;
    message_name *name;
    void *context;
    bool paired; /* a link whose other end lies in another namespace, by whose numbers it is told */
};

static void write_attributes(struct writer *w, const struct shape *shape, struct nlattr *at, int left);

/* ---- one value ---- */

static bool is_text(const char *data, size_t length)
{
    size_t i = 0;
    while (i < length && isprint((unsigned char)data[i]))
        i++;
    return i && i + 1 == length && !data[i];
}

/* Of its bytes: a text, a number of 1, 2, 4 or 8 bytes in the machine's order, or hexadecimal. */
static void write_value(struct writer *w, const void *data, size_t length)
{
    uint64_t number = 0;
    if (is_text(data, length)) {
        str_append(w->out, data);
    } else if (length == 1 || length == 2 || length == 4 || length == 8) {
        memcpy(&number, data, length); /* big-endian machines would shift it; the line stays the same everywhere */
        str_printf(w->out, "%llu", (unsigned long long)number);
    } else {
        for (size_t i = 0; i < length; i++)
            str_printf(w->out, "%02x", ((const uint8_t *)data)[i]);
    }
}

static void write_name(struct writer *w, uint32_t index)
{
    const char *name = index ? w->name(w->context, index) : NULL;
    if (name)
        str_append(w->out, name);
    else
        str_append(w->out, index ? "elsewhere" : "none");
}

static void write_address(struct writer *w, const void *data, size_t length)
{
    struct addr addr = {0};
    char text[ADDR_TEXT_MAX];
    if (length != 4 && length != 16) {
        write_value(w, data, length);
        return;
    }
    addr.family = length == 4 ? 4 : 6;
    memcpy(addr.bytes, data, length);
    str_append(w->out, addr_format(&addr, text));
}

static void write_mac(struct writer *w, const void *data, size_t length)
{
    struct mac mac;
    char text[ADDR_TEXT_MAX];
    if (length != sizeof mac.bytes) {
        write_address(w, data, length); /* of a tunnel's end */
        return;
    }
    memcpy(mac.bytes, data, length);
    str_append(w->out, mac_format(&mac, text));
}

/* ---- attributes ---- */

static const struct attribute *find(const struct shape *shape, int type)
{
    for (size_t i = 0; i < shape->count; i++)
        if (shape->attributes[i].type == type)
            return &shape->attributes[i];
    return NULL;
}

static void write_nest(struct writer *w, const struct shape *shape, struct nlattr *nest)
{
    str_append(w->out, "{");
    write_attributes(w, shape, nla_data(nest), nla_len(nest));
    str_append(w->out, " }");
}

static const struct shape *kind_shape(const struct nlattr *kind)
{
    return kind ? shape_of_kind(nla_data(kind), (size_t)nla_len(kind)) : &shape_none;
}

static void write_kind(struct writer *w, struct nlattr *nest)
{
    struct nlattr *a[IFLA_INFO_MAX + 1];
    if (nla_parse_nested(a, IFLA_INFO_MAX, nest, NULL) < 0)
        return;
    if (a[IFLA_INFO_KIND])
        str_printf(w->out, " %.*s", nla_len(a[IFLA_INFO_KIND]), (const char *)nla_data(a[IFLA_INFO_KIND]));
    if (a[IFLA_INFO_DATA]) {
        str_append(w->out, " ");
        write_nest(w, kind_shape(a[IFLA_INFO_KIND]), a[IFLA_INFO_DATA]);
    }
    if (!a[IFLA_INFO_SLAVE_KIND])
        return;
    str_printf(w->out, " port of %.*s", nla_len(a[IFLA_INFO_SLAVE_KIND]),
               (const char *)nla_data(a[IFLA_INFO_SLAVE_KIND]));
    bool bridge = !strncmp(nla_data(a[IFLA_INFO_SLAVE_KIND]), "bridge", (size_t)nla_len(a[IFLA_INFO_SLAVE_KIND]));
    if (a[IFLA_INFO_SLAVE_DATA]) {
        str_append(w->out, " ");
        write_nest(w, bridge ? &shape_bridge_port : &shape_none, a[IFLA_INFO_SLAVE_DATA]);
    }
}

#define ROUTE_FLAGS ((unsigned)(RTNH_F_ONLINK | RTNH_F_DEAD | RTNH_F_LINKDOWN | RTNH_F_PERVASIVE))

static void write_hops(struct writer *w, const struct shape *shape, void *data, int left)
{
    for (struct rtnexthop *hop = data;
         left >= (int)sizeof *hop && hop->rtnh_len >= sizeof *hop && hop->rtnh_len <= left;) {
        str_append(w->out, " nexthop dev ");
        write_name(w, (uint32_t)hop->rtnh_ifindex);
        str_printf(w->out, " weight %u flags %x", hop->rtnh_hops + 1u, hop->rtnh_flags & ROUTE_FLAGS);
        write_attributes(w, shape, (struct nlattr *)RTNH_DATA(hop), hop->rtnh_len - (int)sizeof *hop);
        left -= (int)NLMSG_ALIGN(hop->rtnh_len);
        hop = RTNH_NEXT(hop);
    }
}

/* Of an address: not whether its uniqueness is still being tried. */
static unsigned address_flags(unsigned flags)
{
    return flags & ~(unsigned)(IFA_F_TENTATIVE | IFA_F_OPTIMISTIC);
}

static void write_attribute(struct writer *w, const struct shape *shape, struct nlattr *at)
{
    const struct attribute *known = find(shape, nla_type(at));
    enum form form = known ? known->form : at->nla_type & NLA_F_NESTED ? FORM_NEST : FORM_VALUE;
    const void *data = nla_data(at);
    size_t length = (size_t)nla_len(at);
    uint32_t number = 0;
    if (length == sizeof number)
        memcpy(&number, data, length);
    if (form == FORM_PASSING || (shape == &shape_link && w->paired && nla_type(at) == IFLA_LINK))
        return;
    if (form == FORM_KIND) {
        write_kind(w, at);
        return;
    }
    if (form == FORM_HOPS) {
        write_hops(w, shape, nla_data(at), nla_len(at));
        return;
    }
    if (known)
        str_printf(w->out, " %s ", known->name);
    else
        str_printf(w->out, " %d ", nla_type(at));
    if (form == FORM_NAME)
        write_name(w, number);
    else if (form == FORM_ADDRESS)
        write_address(w, data, length);
    else if (form == FORM_MAC)
        write_mac(w, data, length);
    else if (form == FORM_FLAGS)
        str_printf(w->out, "%x", address_flags(number));
    else if (form == FORM_NEST)
        write_nest(w, &shape_none, at);
    else
        write_value(w, data, length);
}

static void write_attributes(struct writer *w, const struct shape *shape, struct nlattr *at, int left)
{
    for (; nla_ok(at, left); at = nla_next(at, &left))
        write_attribute(w, shape, at);
}

/* ---- headers ---- */

static void write_prefix(struct writer *w, const struct nlattr *address, unsigned length)
{
    if (!address) {
        str_append(w->out, length ? "?" : "default");
        return;
    }
    write_address(w, nla_data(address), (size_t)nla_len(address));
    str_printf(w->out, "/%u", length);
}

static void write_link(struct writer *w, const void *header, struct nlattr **a)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {{IFF_UP, "up"},
                 {IFF_LOWER_UP, "lower_up"},
                 {IFF_LOOPBACK, "loopback"},
                 {IFF_BROADCAST, "broadcast"},
                 {IFF_POINTOPOINT, "pointopoint"},
                 {IFF_MULTICAST, "multicast"},
                 {IFF_NOARP, "noarp"},
                 {IFF_PROMISC, "promisc"},
                 {IFF_ALLMULTI, "allmulti"}};
    const struct ifinfomsg *link = header;
    unsigned rest = link->ifi_flags & ~(unsigned)IFF_RUNNING; /* which follows the wire up to a second later */
    w->paired = a[IFLA_LINK_NETNSID] != NULL;
    str_append(w->out, a[IFLA_IFNAME] ? nla_data(a[IFLA_IFNAME]) : "?");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (rest & names[i].flag)
            str_printf(w->out, " %s", names[i].name);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        rest &= ~names[i].flag;
    str_printf(w->out, " type %u flags %x", link->ifi_type, rest);
}

static void write_address_header(struct writer *w, const void *header, struct nlattr **a)
{
    const struct ifaddrmsg *address = header;
    write_name(w, address->ifa_index);
    str_append(w->out, " ");
    write_prefix(w, a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS], address->ifa_prefixlen);
    str_printf(w->out, " scope %u flags %x", address->ifa_scope, address_flags(address->ifa_flags));
}

/* 4 or 6; of others (rules of multicast routes) the kernel's own number. */
static unsigned version_of(unsigned family)
{
    return family == AF_INET ? 4 : family == AF_INET6 ? 6 : family;
}

static const char *const route_types[] = {"unspec",    "unicast",     "local",    "broadcast", "anycast", "multicast",
                                          "blackhole", "unreachable", "prohibit", "throw",     "nat",     "xresolve"};

static void write_route(struct writer *w, const void *header, struct nlattr **a)
{
    const struct rtmsg *route = header;
    str_printf(w->out, "%s ", route->rtm_type < ARRAY_SIZE(route_types) ? route_types[route->rtm_type] : "other");
    write_prefix(w, a[RTA_DST], route->rtm_dst_len);
    str_printf(w->out, " family %u proto %u scope %u tos %u flags %x", version_of(route->rtm_family),
               route->rtm_protocol, route->rtm_scope, route->rtm_tos, route->rtm_flags & ROUTE_FLAGS);
    if (route->rtm_src_len)
        str_printf(w->out, " source length %u", route->rtm_src_len);
}

static void write_rule(struct writer *w, const void *header, struct nlattr **a)
{
    const struct fib_rule_hdr *rule = header;
    str_printf(w->out, "%u: family %u action %u%s from/%u to/%u tos %u",
               a[FRA_PRIORITY] ? nla_get_u32(a[FRA_PRIORITY]) : 0, version_of(rule->family), rule->action,
               rule->flags & FIB_RULE_INVERT ? " not" : "", rule->src_len, rule->dst_len, rule->tos);
}

static void write_neighbour(struct writer *w, const void *header, struct nlattr **a)
{
    const struct ndmsg *neighbour = header;
    if (a[NDA_DST])
        write_address(w, nla_data(a[NDA_DST]), (size_t)nla_len(a[NDA_DST]));
    str_append(w->out, " dev ");
    write_name(w, (uint32_t)neighbour->ndm_ifindex);
    str_printf(w->out, "%s%s flags %x", neighbour->ndm_flags & NTF_PROXY ? " proxy" : "",
               neighbour->ndm_state & NUD_PERMANENT ? " permanent" : "", neighbour->ndm_flags);
}

static void write_qdisc(struct writer *w, const void *header, struct nlattr **a)
{
    const struct tcmsg *qdisc = header;
    str_printf(w->out, "%s %x: dev ", a[TCA_KIND] ? (const char *)nla_data(a[TCA_KIND]) : "?",
               TC_H_MAJ(qdisc->tcm_handle) >> 16);
    write_name(w, (uint32_t)qdisc->tcm_ifindex);
    str_printf(w->out, " parent %x", qdisc->tcm_parent);
}

static const struct message {
    int type;
    size_t header;
    void (*write)(struct writer *w, const void *header, struct nlattr **a);
    const struct shape *shape;
} messages[] = {
    {RTM_NEWLINK, sizeof(struct ifinfomsg), write_link, &shape_link},
    {RTM_NEWADDR, sizeof(struct ifaddrmsg), write_address_header, &shape_address},
    {RTM_NEWROUTE, sizeof(struct rtmsg), write_route, &shape_route},
    {RTM_NEWRULE, sizeof(struct fib_rule_hdr), write_rule, &shape_rule},
    {RTM_NEWNEIGH, sizeof(struct ndmsg), write_neighbour, &shape_neighbour},
    {RTM_NEWQDISC, sizeof(struct tcmsg), write_qdisc, &shape_qdisc},
};
#define TYPES_MAX IFLA_MAX /* the most attributes */
_Static_assert(IFLA_MAX >= IFA_MAX && IFLA_MAX >= RTA_MAX && IFLA_MAX >= FRA_MAX && IFLA_MAX >= NDA_MAX &&
                   IFLA_MAX >= TCA_MAX,
               "links have the most");

bool message_text(const struct nlmsghdr *message, message_name *name, void *context, struct str *out)
{
    struct writer w = {out, name, context, false};
    struct nlattr *a[TYPES_MAX + 1];
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
        const struct message *is = &messages[i];
        struct nlmsghdr *m = (struct nlmsghdr *)message; /* libnl asks for one that it could change */
        if (is->type != message->nlmsg_type || nlmsg_parse(m, (int)is->header, a, TYPES_MAX, NULL) < 0)
            continue;
        is->write(&w, nlmsg_data(message), a);
        write_attributes(&w, is->shape, nlmsg_attrdata(m, (int)is->header), nlmsg_attrlen(m, (int)is->header));
        return true;
    }
    return false;
}
