/* What is in a network namespace now, read back from the kernel. */
#include "kernel/dump.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/table.h"
#include "kernel/netlink.h"

static struct addr addr_of(unsigned family, const struct nlattr *attribute)
{
    struct addr addr = {0};
    size_t size = family == AF_INET6 ? 16 : 4;
    if (!attribute || (size_t)nla_len(attribute) < size)
        return addr;
    addr.family = family == AF_INET6 ? 6 : 4;
    memcpy(addr.bytes, nla_data(attribute), size);
    return addr;
}

/* A prefix of that length; without an attribute, all zeros. */
static struct prefix prefix_from(unsigned family, const struct nlattr *attribute, uint8_t length)
{
    struct prefix prefix = {addr_of(family, attribute), length};
    prefix.addr.family = family == AF_INET6 ? 6 : 4;
    return prefix;
}

static uint32_t u32_of(struct nlattr *attribute, uint32_t otherwise)
{
    return attribute ? nla_get_u32(attribute) : otherwise;
}

static const char *text_of(struct arena *arena, struct nlattr *attribute)
{
    return attribute ? arena_strndup(arena, nla_data(attribute), (size_t)nla_len(attribute)) : "";
}

static struct mac mac_of(const struct nlattr *attribute)
{
    struct mac mac = {{0}};
    if (attribute && nla_len(attribute) == (int)sizeof mac.bytes)
        memcpy(mac.bytes, nla_data(attribute), sizeof mac.bytes);
    return mac;
}

static const struct nlmsghdr *keep(struct observation *o, const struct nlmsghdr *message)
{
    return arena_copy(o->arena, message, message->nlmsg_len);
}

_Static_assert((int)PORT_BLOCKING == BR_STATE_BLOCKING && (int)PORT_LEARNING == BR_STATE_LEARNING,
               "the kernel's order");

static enum port_state port_of(struct nlattr *const *info)
{
    struct nlattr *data[IFLA_BRPORT_MAX + 1];
    if (!info[IFLA_INFO_SLAVE_KIND] || strcmp(nla_data(info[IFLA_INFO_SLAVE_KIND]), "bridge") != 0 ||
        !info[IFLA_INFO_SLAVE_DATA] || nla_parse_nested(data, IFLA_BRPORT_MAX, info[IFLA_INFO_SLAVE_DATA], NULL) < 0 ||
        !data[IFLA_BRPORT_STATE])
        return PORT_DISABLED;
    return nla_get_u8(data[IFLA_BRPORT_STATE]);
}

static uint32_t id_of(const char *kind, struct nlattr *data)
{
    struct nlattr *a[IFLA_VXLAN_MAX + 1]; /* the larger of the two */
    bool vlan = strcmp(kind, "vlan") == 0;
    if ((!vlan && strcmp(kind, "vxlan") != 0) || !data || nla_parse_nested(a, IFLA_VXLAN_MAX, data, NULL) < 0)
        return 0;
    if (vlan)
        return a[IFLA_VLAN_ID] ? nla_get_u16(a[IFLA_VLAN_ID]) : 0;
    return u32_of(a[IFLA_VXLAN_ID], 0);
}

/* Fills all but the texts; info: the kind and its data. */
static bool parse_link(const struct nlmsghdr *message, struct observed_link *link, struct nlattr **name,
                       struct nlattr **kind)
{
    const struct ifinfomsg *header = nlmsg_data(message);
    struct nlattr *a[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1], *data[IFLA_BR_MAX + 1];
    if (message->nlmsg_type != RTM_NEWLINK ||
        nlmsg_parse((struct nlmsghdr *)message, sizeof *header, a, IFLA_MAX, NULL) < 0)
        return false;
    *name = a[IFLA_IFNAME];
    *kind = NULL;
    link->index = (uint32_t)header->ifi_index;
    link->mtu = u32_of(a[IFLA_MTU], 0);
    link->master = u32_of(a[IFLA_MASTER], 0);
    link->mac = mac_of(a[IFLA_ADDRESS]);
    link->up = header->ifi_flags & IFF_UP;
    link->carrier = a[IFLA_CARRIER] && nla_get_u8(a[IFLA_CARRIER]);
    link->loopback = header->ifi_flags & IFF_LOOPBACK;
    if (!a[IFLA_LINKINFO] || nla_parse_nested(info, IFLA_INFO_MAX, a[IFLA_LINKINFO], NULL) < 0)
        return true;
    link->port = port_of(info);
    *kind = info[IFLA_INFO_KIND];
    link->id = *kind ? id_of(nla_data(*kind), info[IFLA_INFO_DATA]) : 0;
    if (*kind && strcmp(nla_data(*kind), "bridge") == 0 && info[IFLA_INFO_DATA] &&
        nla_parse_nested(data, IFLA_BR_MAX, info[IFLA_INFO_DATA], NULL) >= 0) {
        link->stp = u32_of(data[IFLA_BR_STP_STATE], 0) != 0;
        link->vlan_filtering = data[IFLA_BR_VLAN_FILTERING] && nla_get_u8(data[IFLA_BR_VLAN_FILTERING]) != 0;
    }
    return true;
}

static int on_link(void *context, const struct nlmsghdr *message)
{
    struct observation *o = context;
    struct observed_link link = {0};
    struct nlattr *name, *kind;
    if (!parse_link(message, &link, &name, &kind))
        return 0;
    link.name = text_of(o->arena, name);
    link.kind = text_of(o->arena, kind);
    *ARENA_PUSH(o->arena, o->links, o->link_count) = link;
    return 0;
}

static int on_address(void *context, const struct nlmsghdr *message)
{
    struct observation *o = context;
    const struct ifaddrmsg *header = nlmsg_data(message);
    struct nlattr *a[IFA_MAX + 1];
    if (message->nlmsg_type != RTM_NEWADDR ||
        nlmsg_parse((struct nlmsghdr *)message, sizeof *header, a, IFA_MAX, NULL) < 0)
        return 0;
    struct observed_address *address = ARENA_PUSH(o->arena, o->addresses, o->address_count);
    struct nlattr *local = a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS];
    *address = (struct observed_address){
        .interface = header->ifa_index,
        .address = prefix_from(header->ifa_family, local, header->ifa_prefixlen),
        .flags = u32_of(a[IFA_FLAGS], header->ifa_flags),
        .scope = header->ifa_scope,
        .message = keep(o, message),
    };
    const struct addr *addr = &address->address.addr;
    address->host = header->ifa_scope == RT_SCOPE_HOST;
    address->duplicate = (address->flags & IFA_F_DADFAILED) != 0;
    address->linklocal = addr->family == 6 && addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
    return 0;
}

static struct addr via_of(unsigned family, struct nlattr *gateway, struct nlattr *via)
{
    if (gateway)
        return addr_of(family, gateway);
    struct addr addr = {0};
    uint16_t kind;
    if (!via || nla_len(via) < (int)sizeof kind)
        return addr;
    memcpy(&kind, nla_data(via), sizeof kind);
    addr.family = kind == AF_INET6 ? 6 : 4;
    size_t size = (size_t)nla_len(via) - sizeof kind;
    memcpy(addr.bytes, (char *)nla_data(via) + sizeof kind, size < 16 ? size : 16);
    return addr;
}

static void add_multipath(struct observation *o, struct observed_route *route, unsigned family,
                          struct nlattr *multipath)
{
    struct rtnexthop *hop = nla_data(multipath);
    int left = nla_len(multipath);
    while (left >= (int)sizeof *hop && hop->rtnh_len >= sizeof *hop && hop->rtnh_len <= left) {
        struct nlattr *a[RTA_MAX + 1];
        nla_parse(a, RTA_MAX, (struct nlattr *)RTNH_DATA(hop), (int)(hop->rtnh_len - sizeof *hop), NULL);
        struct observed_nexthop *nexthop = ARENA_PUSH(o->arena, route->nexthops, route->nexthop_count);
        nexthop->via = via_of(family, a[RTA_GATEWAY], a[RTA_VIA]);
        nexthop->interface = (uint32_t)hop->rtnh_ifindex;
        nexthop->weight = hop->rtnh_hops + 1u;
        route->onlink |= (hop->rtnh_flags & RTNH_F_ONLINK) != 0;
        left -= (int)NLMSG_ALIGN(hop->rtnh_len);
        hop = RTNH_NEXT(hop);
    }
}

static int on_route(void *context, const struct nlmsghdr *message)
{
    struct observation *o = context;
    const struct rtmsg *header = nlmsg_data(message);
    struct nlattr *a[RTA_MAX + 1];
    if (message->nlmsg_type != RTM_NEWROUTE || header->rtm_flags & RTM_F_CLONED ||
        nlmsg_parse((struct nlmsghdr *)message, sizeof *header, a, RTA_MAX, NULL) < 0)
        return 0;
    struct observed_route *route = ARENA_PUSH(o->arena, o->routes, o->route_count);
    route->destination = prefix_from(header->rtm_family, a[RTA_DST], header->rtm_dst_len);
    route->table = u32_of(a[RTA_TABLE], header->rtm_table);
    route->metric = u32_of(a[RTA_PRIORITY], 0);
    route->type = header->rtm_type;
    route->protocol = header->rtm_protocol;
    route->scope = header->rtm_scope;
    route->onlink = header->rtm_flags & RTNH_F_ONLINK;
    route->linkdown = header->rtm_flags & (RTNH_F_LINKDOWN | RTNH_F_DEAD);
    route->source = addr_of(header->rtm_family, a[RTA_PREFSRC]);
    route->congestion_control = "";
    route->message = keep(o, message);
    struct nlattr *metrics[RTAX_MAX + 1];
    if (a[RTA_METRICS] && nla_parse_nested(metrics, RTAX_MAX, a[RTA_METRICS], NULL) >= 0)
        route->congestion_control = text_of(o->arena, metrics[RTAX_CC_ALGO]);
    if (a[RTA_MULTIPATH]) {
        add_multipath(o, route, header->rtm_family, a[RTA_MULTIPATH]);
    } else if (a[RTA_OIF] || a[RTA_GATEWAY] || a[RTA_VIA]) {
        struct observed_nexthop *nexthop = ARENA_PUSH(o->arena, route->nexthops, route->nexthop_count);
        nexthop->via = via_of(header->rtm_family, a[RTA_GATEWAY], a[RTA_VIA]);
        nexthop->interface = u32_of(a[RTA_OIF], 0);
    }
    return 0;
}

static int on_rule(void *context, const struct nlmsghdr *message)
{
    struct observation *o = context;
    const struct fib_rule_hdr *header = nlmsg_data(message);
    struct nlattr *a[FRA_MAX + 1];
    if (message->nlmsg_type != RTM_NEWRULE ||
        nlmsg_parse((struct nlmsghdr *)message, sizeof *header, a, FRA_MAX, NULL) < 0)
        return 0;
    struct observed_rule *rule = ARENA_PUSH(o->arena, o->rules, o->rule_count);
    rule->family = header->family == AF_INET6 ? 6 : 4;
    rule->priority = u32_of(a[FRA_PRIORITY], 0);
    rule->table = u32_of(a[FRA_TABLE], header->table);
    if (a[FRA_SRC])
        rule->from = prefix_from(header->family, a[FRA_SRC], header->src_len);
    if (a[FRA_DST])
        rule->to = prefix_from(header->family, a[FRA_DST], header->dst_len);
    rule->input_interface = text_of(o->arena, a[FRA_IIFNAME]);
    rule->mark_value = u32_of(a[FRA_FWMARK], 0);
    rule->mark_mask = a[FRA_FWMASK] && rule->mark_value ? nla_get_u32(a[FRA_FWMASK]) : 0;
    rule->message = keep(o, message);
    return 0;
}

static int on_neighbour(void *context, const struct nlmsghdr *message)
{
    struct observation *o = context;
    const struct ndmsg *header = nlmsg_data(message);
    struct nlattr *a[NDA_MAX + 1];
    if (message->nlmsg_type != RTM_NEWNEIGH || (header->ndm_family != AF_INET && header->ndm_family != AF_INET6) ||
        header->ndm_state == NUD_NOARP || nlmsg_parse((struct nlmsghdr *)message, sizeof *header, a, NDA_MAX, NULL) < 0)
        return 0;
    struct observed_neighbour *neighbour = ARENA_PUSH(o->arena, o->neighbours, o->neighbour_count);
    *neighbour = (struct observed_neighbour){
        .interface = (uint32_t)header->ndm_ifindex,
        .addr = addr_of(header->ndm_family, a[NDA_DST]),
        .mac = mac_of(a[NDA_LLADDR]),
        .state = header->ndm_state,
        .protocol = a[NDA_PROTOCOL] ? nla_get_u8(a[NDA_PROTOCOL]) : 0,
        .valid = (header->ndm_state & ~(NUD_FAILED | NUD_INCOMPLETE)) != 0,
        .proxy = header->ndm_flags & NTF_PROXY,
        .message = keep(o, message),
    };
    return 0;
}

static int by_index(const void *a, const void *b)
{
    uint32_t x = ((const struct observed_link *)a)->index, y = ((const struct observed_link *)b)->index;
    return (x > y) - (x < y);
}

static int observe_family(struct netlink *netlink, struct observation *o, uint8_t family, struct error *err)
{
    struct rtmsg route = {.rtm_family = family};
    struct fib_rule_hdr rule = {.family = family};
    struct ndmsg neighbour = {.ndm_family = family}, proxy = {.ndm_family = family, .ndm_flags = NTF_PROXY};
    struct ifaddrmsg address = {.ifa_family = family};
    if (netlink_dump(netlink, RTM_GETADDR, &address, sizeof address, on_address, o, err) != 0)
        return error_wrap(err, "addresses");
    if (netlink_dump(netlink, RTM_GETROUTE, &route, sizeof route, on_route, o, err) != 0)
        return error_wrap(err, "routes");
    if (netlink_dump(netlink, RTM_GETRULE, &rule, sizeof rule, on_rule, o, err) != 0)
        return error_wrap(err, "rules");
    if (netlink_dump(netlink, RTM_GETNEIGH, &neighbour, sizeof neighbour, on_neighbour, o, err) != 0 ||
        netlink_dump(netlink, RTM_GETNEIGH, &proxy, sizeof proxy, on_neighbour, o, err) != 0)
        return error_wrap(err, "neighbours");
    return 0;
}

static int dump_links(struct netlink *netlink, struct observation *o, struct error *err)
{
    /* without counters, which nobody asks here and which take most of the time */
    struct {
        struct ifinfomsg link;
        struct nlattr attribute;
        uint32_t mask;
    } ask = {
        {.ifi_family = AF_UNSPEC}, {sizeof ask.attribute + sizeof ask.mask, IFLA_EXT_MASK}, RTEXT_FILTER_SKIP_STATS};
    if (netlink_dump(netlink, RTM_GETLINK, &ask, sizeof ask, on_link, o, err) != 0)
        return error_wrap(err, "links");
    if (o->link_count)
        qsort(o->links, o->link_count, sizeof *o->links, by_index);
    for (size_t i = 0; i < o->link_count; i++)
        map_set(o->by_name, o->links[i].name, &o->links[i]);
    return 0;
}

enum part { PART_ALL, PART_LINKS, PART_NEIGHBOURS };

static int observe_all(int netns, enum part part, struct observation *o, struct error *err)
{
    NETLINK_AUTO netlink = NETLINK_INIT;
    struct ndmsg neighbour = {.ndm_family = AF_UNSPEC};
    if (netlink_open(netns, &netlink, err) != 0)
        return -1;
    if (part == PART_NEIGHBOURS)
        return netlink_dump(&netlink, RTM_GETNEIGH, &neighbour, sizeof neighbour, on_neighbour, o, err);
    if (dump_links(&netlink, o, err) != 0)
        return -1;
    if (part == PART_LINKS)
        return 0;
    return observe_family(&netlink, o, AF_INET, err) == 0 ? observe_family(&netlink, o, AF_INET6, err) : -1;
}

int observe_link(int netns, const char *name, struct observed_link *out, struct error *err)
{
    _Alignas(struct nlmsghdr) char buffer[32768];
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    if (netlink_open(netns, &netlink, err) != 0)
        return -1;
    batch_begin(&batch, 0, RTM_GETLINK, 0, &header, sizeof header);
    batch_put_text(&batch, IFLA_IFNAME, name);
    batch_end(&batch);
    if (send(netlink.fd, batch.data, batch.length, 0) < 0)
        return error_set_errno(err, errno, "ask for link %s", name);
    ssize_t got = recv(netlink.fd, buffer, sizeof buffer, 0);
    struct nlmsghdr *message = (struct nlmsghdr *)buffer;
    if (got < 0 || !nlmsg_ok(message, (int)got))
        return error_set_errno(err, got < 0 ? errno : EBADMSG, "ask for link %s", name);
    if (message->nlmsg_type == NLMSG_ERROR) {
        int number = -((struct nlmsgerr *)nlmsg_data(message))->error;
        return number == ENODEV ? 0 : error_set_errno(err, number, "ask for link %s", name);
    }
    struct nlattr *ignored_name, *ignored_kind;
    memset(out, 0, sizeof *out);
    return parse_link(message, out, &ignored_name, &ignored_kind);
}

struct observation *observation_new(void)
{
    struct arena *arena = arena_new();
    struct observation *o = ARENA_NEW(arena, struct observation);
    o->arena = arena;
    o->by_name = map_new(arena);
    return o;
}

void observation_add(struct observation *observation, const struct nlmsghdr *message)
{
    if (message->nlmsg_type == RTM_NEWADDR)
        on_address(observation, message);
    else if (message->nlmsg_type == RTM_NEWROUTE)
        on_route(observation, message);
    else if (message->nlmsg_type == RTM_NEWNEIGH)
        on_neighbour(observation, message);
}

static int observed(int netns, enum part part, struct observation **out, struct error *err)
{
    struct observation *o = observation_new();
    if (observe_all(netns, part, o, err) != 0) {
        observation_free(o);
        return -1;
    }
    *out = o;
    return 0;
}

int observe(int netns, struct observation **out, struct error *err)
{
    return observed(netns, PART_ALL, out, err);
}

int observe_links(int netns, struct observation **out, struct error *err)
{
    return observed(netns, PART_LINKS, out, err);
}

int observe_neighbours(int netns, struct observation **out, struct error *err)
{
    return observed(netns, PART_NEIGHBOURS, out, err);
}

void observation_free(struct observation *observation)
{
    if (observation)
        arena_free(observation->arena);
}

static const struct observed_link *observed_link_by_index(const struct observation *observation, uint32_t index)
{
    struct observed_link key = {.index = index};
    return observation->link_count ? bsearch(&key, observation->links, observation->link_count, sizeof key, by_index)
                                   : NULL;
}

const struct observed_link *observed_link_by_name(const struct observation *observation, const char *name)
{
    return map_get(observation->by_name, name);
}

const char *observed_name(const struct observation *observation, uint32_t index)
{
    const struct observed_link *link = observed_link_by_index(observation, index);
    return link ? link->name : "";
}

const char *observed_route_type(const struct observed_route *route)
{
    static const char *const names[] = {
        [RTN_UNSPEC] = "other",        [RTN_UNICAST] = "unicast",         [RTN_LOCAL] = "local",
        [RTN_BROADCAST] = "broadcast", [RTN_ANYCAST] = "anycast",         [RTN_MULTICAST] = "multicast",
        [RTN_BLACKHOLE] = "blackhole", [RTN_UNREACHABLE] = "unreachable", [RTN_PROHIBIT] = "prohibit",
        [RTN_THROW] = "throw",
    };
    return route->type < ARRAY_SIZE(names) ? names[route->type] : names[RTN_UNSPEC];
}

const char *observed_table_name(uint32_t table)
{
    return table == RT_TABLE_MAIN      ? "main"
           : table == RT_TABLE_LOCAL   ? "local"
           : table == RT_TABLE_DEFAULT ? "default"
                                       : NULL;
}

const char *observed_neighbour_state(const struct observed_neighbour *neighbour)
{
    static const struct {
        uint16_t state;
        const char *name;
    } names[] = {
        {NUD_PERMANENT, "permanent"},   {NUD_REACHABLE, "reachable"}, {NUD_STALE, "stale"},
        {NUD_DELAY, "delay"},           {NUD_PROBE, "probe"},         {NUD_FAILED, "failed"},
        {NUD_INCOMPLETE, "incomplete"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (neighbour->state & names[i].state)
            return names[i].name;
    return "none";
}
