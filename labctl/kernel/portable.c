/* Dumped messages without what changes by itself, their interfaces numbered anew. */
#include "kernel/portable.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "kernel/netlink.h"

#define ADDRESS_FLAGS ((uint32_t)(IFA_F_TENTATIVE | IFA_F_SECONDARY | IFA_F_DADFAILED | IFA_F_OPTIMISTIC))
#define ROUTE_FLAGS   ((uint32_t)RTNH_F_ONLINK) /* of all, the only one that somebody wanted */

/* Which attribute of a family names an interface, and which comes and goes. */
static const struct shape {
    uint16_t type;
    size_t header;
    int interfaces[2], passing[3]; /* 0: none */
} shapes[] = {
    {RTM_NEWADDR, sizeof(struct ifaddrmsg), {0}, {IFA_CACHEINFO}},
    {RTM_NEWROUTE, sizeof(struct rtmsg), {RTA_OIF, RTA_IIF}, {RTA_CACHEINFO}},
    {RTM_NEWRULE, sizeof(struct fib_rule_hdr), {0}, {0}},
    {RTM_NEWNEIGH, sizeof(struct ndmsg), {0}, {NDA_CACHEINFO, NDA_PROBES}},
};

static bool is_among(int type, const int *types, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (types[i] && types[i] == type)
            return true;
    return false;
}

struct translation {
    portable_index *index;
    void *context;
    bool missing;
};

static uint32_t translate(struct translation *t, uint32_t index)
{
    uint32_t other = index ? t->index(t->context, index) : 0;
    t->missing = t->missing || (index && !other);
    return other;
}

static void translate_header(struct translation *t, int type, void *header)
{
    if (type == RTM_NEWADDR) {
        struct ifaddrmsg *address = header;
        address->ifa_index = translate(t, address->ifa_index);
        address->ifa_flags &= (uint8_t)~ADDRESS_FLAGS;
    } else if (type == RTM_NEWNEIGH) {
        struct ndmsg *neighbour = header;
        neighbour->ndm_ifindex = (int)translate(t, (uint32_t)neighbour->ndm_ifindex);
    } else if (type == RTM_NEWROUTE) {
        struct rtmsg *route = header;
        route->rtm_flags &= ROUTE_FLAGS;
    } else {
        struct fib_rule_hdr *rule = header;
        rule->flags &= FIB_RULE_INVERT;
    }
}

static void translate_hops(struct translation *t, void *data, int left)
{
    for (struct rtnexthop *hop = data;
         left >= (int)sizeof *hop && hop->rtnh_len >= sizeof *hop && hop->rtnh_len <= left;) {
        hop->rtnh_ifindex = (int)translate(t, (uint32_t)hop->rtnh_ifindex);
        hop->rtnh_flags &= (uint8_t)ROUTE_FLAGS;
        left -= (int)NLMSG_ALIGN(hop->rtnh_len);
        hop = RTNH_NEXT(hop);
    }
}

static void put_attribute(struct translation *t, const struct shape *shape, struct batch *batch,
                          const struct nlattr *attribute)
{
    int type = nla_type(attribute);
    size_t size = (size_t)nla_len(attribute);
    size_t at = batch->length + NLA_HDRLEN;
    uint32_t value = 0;
    if (is_among(type, shape->passing, sizeof shape->passing / sizeof *shape->passing))
        return;
    batch_put(batch, attribute->nla_type, nla_data(attribute), size);
    if (size == sizeof value)
        memcpy(&value, batch->data + at, sizeof value);
    if (size == sizeof value && is_among(type, shape->interfaces, 2)) {
        value = translate(t, value);
        memcpy(batch->data + at, &value, sizeof value);
    } else if (size == sizeof value && shape->type == RTM_NEWADDR && type == IFA_FLAGS) {
        value &= ~ADDRESS_FLAGS;
        memcpy(batch->data + at, &value, sizeof value);
    } else if (shape->type == RTM_NEWROUTE && type == RTA_MULTIPATH) {
        translate_hops(t, batch->data + at, (int)size);
    }
}

const struct nlmsghdr *message_portable(const struct nlmsghdr *message, portable_index *index, void *context,
                                        struct arena *arena)
{
    struct translation t = {index, context, false};
    const struct shape *shape = NULL;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (shapes[i].type == message->nlmsg_type)
            shape = &shapes[i];
    if (!shape || !nlmsg_valid_hdr((struct nlmsghdr *)message, (int)shape->header))
        return NULL;
    BATCH_AUTO batch = BATCH_INIT;
    char header[64];
    memcpy(header, nlmsg_data(message), shape->header);
    translate_header(&t, shape->type, header);
    batch_begin(&batch, 0, shape->type, 0, header, shape->header);
    int left = nlmsg_attrlen((struct nlmsghdr *)message, (int)shape->header);
    for (struct nlattr *at = nlmsg_attrdata((struct nlmsghdr *)message, (int)shape->header); nla_ok(at, left);
         at = nla_next(at, &left))
        put_attribute(&t, shape, &batch, at);
    batch_end(&batch);
    struct nlmsghdr *out = arena_copy(arena, batch.data, batch.length);
    out->nlmsg_seq = out->nlmsg_pid = 0;
    out->nlmsg_flags = 0;
    return t.missing ? NULL : out;
}

/* ---- links ------------------------------------------------------------------------------------------------------- */

struct reading {
    struct arena *arena;
    struct portable_link *links;
    size_t count;
};

static void take_text(char *out, size_t size, const struct nlattr *attribute)
{
    if (attribute)
        snprintf(out, size, "%.*s", nla_len(attribute), (const char *)nla_data(attribute));
}

static int on_link(void *context, const struct nlmsghdr *message)
{
    struct reading *reading = context;
    const struct ifinfomsg *header = nlmsg_data(message);
    struct nlattr *a[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
    if (message->nlmsg_type != RTM_NEWLINK ||
        nlmsg_parse((struct nlmsghdr *)message, sizeof *header, a, IFLA_MAX, NULL) < 0)
        return 0;
    struct portable_link *link = ARENA_PUSH(reading->arena, reading->links, reading->count);
    *link = (struct portable_link){.index = (uint32_t)header->ifi_index,
                                   .mtu = a[IFLA_MTU] ? nla_get_u32(a[IFLA_MTU]) : 0,
                                   .master = a[IFLA_MASTER] ? nla_get_u32(a[IFLA_MASTER]) : 0,
                                   .lower = a[IFLA_LINK] && !a[IFLA_LINK_NETNSID] ? nla_get_u32(a[IFLA_LINK]) : 0,
                                   .up = header->ifi_flags & IFF_UP,
                                   .loopback = header->ifi_flags & IFF_LOOPBACK,
                                   .paired = a[IFLA_LINK_NETNSID] != NULL};
    take_text(link->name, sizeof link->name, a[IFLA_IFNAME]);
    if (a[IFLA_ADDRESS] && nla_len(a[IFLA_ADDRESS]) == (int)sizeof link->mac.bytes)
        memcpy(link->mac.bytes, nla_data(a[IFLA_ADDRESS]), sizeof link->mac.bytes);
    if (!a[IFLA_LINKINFO] || nla_parse_nested(info, IFLA_INFO_MAX, a[IFLA_LINKINFO], NULL) < 0)
        return 0;
    take_text(link->kind, sizeof link->kind, info[IFLA_INFO_KIND]);
    if (info[IFLA_INFO_DATA]) {
        link->length = (size_t)nla_len(info[IFLA_INFO_DATA]);
        link->data = arena_copy(reading->arena, nla_data(info[IFLA_INFO_DATA]), link->length);
    }
    return 0;
}

int links_read(int netns, struct arena *arena, struct portable_link **links, size_t *count, struct error *err)
{
    struct reading reading = {.arena = arena};
    struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    NETLINK_AUTO netlink = NETLINK_INIT;
    if (netlink_open(netns, &netlink, err) != 0 ||
        netlink_dump(&netlink, RTM_GETLINK, &header, sizeof header, on_link, &reading, err) != 0)
        return -1;
    *links = reading.links;
    *count = reading.count;
    return 0;
}

void link_like_put(struct batch *batch, uint64_t tag, const struct portable_link *link, uint32_t lower, bool with_data)
{
    static const struct mac none;
    struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    batch_begin(batch, tag, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
    batch_put_text(batch, IFLA_IFNAME, link->name);
    if (lower)
        batch_put_u32(batch, IFLA_LINK, lower);
    if (memcmp(&link->mac, &none, sizeof none) != 0)
        batch_put(batch, IFLA_ADDRESS, link->mac.bytes, sizeof link->mac.bytes);
    size_t info = batch_nest(batch, IFLA_LINKINFO);
    batch_put_text(batch, IFLA_INFO_KIND, link->kind);
    if (with_data && link->length) {
        size_t data = batch_nest(batch, IFLA_INFO_DATA);
        batch_raw(batch, link->data, link->length);
        batch_nest_end(batch, data);
    }
    batch_nest_end(batch, info);
    batch_end(batch);
}

void link_rename_put(struct batch *batch, uint64_t tag, uint32_t index, const char *name)
{
    struct ifinfomsg header = {.ifi_index = (int)index};
    batch_begin(batch, tag, RTM_NEWLINK, 0, &header, sizeof header);
    batch_put_text(batch, IFLA_IFNAME, name);
    batch_end(batch);
}
