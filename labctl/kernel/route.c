/* Addresses, neighbours, routes and rules: messages for a batch. */
#include "kernel/route.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "kernel/namespace.h"
#include "kernel/netlink.h"

static int flags_of(enum verb verb)
{
    return verb == VERB_ADD ? NLM_F_CREATE | NLM_F_EXCL : verb == VERB_REPLACE ? NLM_F_CREATE | NLM_F_REPLACE : 0;
}

void address_put(struct batch *batch, uint64_t tag, enum verb verb, uint32_t interface, const struct prefix *address)
{
    struct ifaddrmsg header = {
        .ifa_family = (uint8_t)family_of(address->addr.family),
        .ifa_prefixlen = address->length,
        .ifa_index = interface,
    };
    if (address->addr.family == 6 && verb != VERB_DELETE)
        header.ifa_flags = IFA_F_NODAD;
    batch_begin(batch, tag, verb == VERB_DELETE ? RTM_DELADDR : RTM_NEWADDR, flags_of(verb), &header, sizeof header);
    batch_put_addr(batch, IFA_LOCAL, &address->addr);
    batch_put_addr(batch, IFA_ADDRESS, &address->addr);
    if (address->addr.family == 4 && address->length < 31 && verb != VERB_DELETE) {
        struct addr broadcast = prefix_last(address);
        batch_put_addr(batch, IFA_BROADCAST, &broadcast);
    }
    batch_end(batch);
}

static void neighbour(struct batch *batch, uint64_t tag, enum verb verb, uint32_t interface, const struct addr *addr,
                      const struct mac *mac, uint8_t flags, uint8_t protocol)
{
    struct ndmsg header = {
        .ndm_family = (uint8_t)family_of(addr->family),
        .ndm_ifindex = (int)interface,
        .ndm_state = NUD_PERMANENT,
        .ndm_flags = flags,
    };
    batch_begin(batch, tag, verb == VERB_DELETE ? RTM_DELNEIGH : RTM_NEWNEIGH, flags_of(verb), &header, sizeof header);
    batch_put_addr(batch, NDA_DST, addr);
    if (mac && verb != VERB_DELETE)
        batch_put(batch, NDA_LLADDR, mac->bytes, sizeof mac->bytes);
    if (protocol && verb != VERB_DELETE)
        batch_put(batch, NDA_PROTOCOL, &protocol, sizeof protocol);
    batch_end(batch);
}

void neighbour_put(struct batch *batch, uint64_t tag, enum verb verb, uint32_t interface, const struct addr *addr,
                   const struct mac *mac)
{
    neighbour(batch, tag, verb, interface, addr, mac, 0, 0);
}

void neighbour_put_marked(struct batch *batch, uint64_t tag, enum verb verb, uint32_t interface,
                          const struct addr *addr, const struct mac *mac, uint8_t protocol)
{
    neighbour(batch, tag, verb, interface, addr, mac, 0, protocol);
}

void neighbour_proxy_put(struct batch *batch, uint64_t tag, enum verb verb, uint32_t interface, const struct addr *addr)
{
    neighbour(batch, tag, verb, interface, addr, NULL, NTF_PROXY, 0);
}

/* The gateway; an IPv6 gateway of an IPv4 route needs the longer form (RFC 8950). */
static void put_gateway(struct batch *batch, const struct prefix *destination, const struct addr *via)
{
    if (via->family == destination->addr.family) {
        batch_put_addr(batch, RTA_GATEWAY, via);
        return;
    }
    struct {
        uint16_t family;
        uint8_t bytes[16];
    } long_form = {.family = (uint16_t)family_of(via->family)};
    memcpy(long_form.bytes, via->bytes, sizeof long_form.bytes);
    batch_put(batch, RTA_VIA, &long_form, sizeof long_form.family + (via->family == 6 ? 16 : 4));
}

static void put_nexthops(struct batch *batch, const struct route_spec *route)
{
    if (route->nexthop_count == 1 && route->nexthops[0].weight <= 1) {
        if (addr_is_set(&route->nexthops[0].via))
            put_gateway(batch, &route->destination, &route->nexthops[0].via);
        if (route->nexthops[0].interface)
            batch_put_u32(batch, RTA_OIF, route->nexthops[0].interface);
        return;
    }
    size_t multipath = batch_nest(batch, RTA_MULTIPATH);
    for (size_t n = 0; n < route->nexthop_count; n++) {
        const struct route_nexthop *hop = &route->nexthops[n];
        struct rtnexthop header = {
            .rtnh_flags = route->onlink ? RTNH_F_ONLINK : 0,
            .rtnh_hops = (uint8_t)(hop->weight ? hop->weight - 1 : 0),
            .rtnh_ifindex = (int)hop->interface,
        };
        size_t at = batch_raw(batch, &header, sizeof header);
        if (addr_is_set(&hop->via))
            put_gateway(batch, &route->destination, &hop->via);
        ((struct rtnexthop *)(batch->data + at))->rtnh_len = (uint16_t)(batch->length - at);
    }
    batch_nest_end(batch, multipath);
}

/* As narrow as it is: the kernel refuses a gateway in a link-scope route and the other way round. */
static uint8_t scope_of(const struct route_spec *route)
{
    if (route->type == RTN_LOCAL)
        return RT_SCOPE_HOST;
    if (route->destination.addr.family == 6 || route->type != RTN_UNICAST)
        return RT_SCOPE_UNIVERSE;
    for (size_t n = 0; n < route->nexthop_count; n++)
        if (addr_is_set(&route->nexthops[n].via))
            return RT_SCOPE_UNIVERSE;
    return RT_SCOPE_LINK;
}

static void put_congestion_control(struct batch *batch, const char *name)
{
    size_t metrics = batch_nest(batch, RTA_METRICS);
    batch_put_text(batch, RTAX_CC_ALGO, name);
    batch_nest_end(batch, metrics);
}

void route_put(struct batch *batch, uint64_t tag, enum verb verb, const struct route_spec *route)
{
    struct rtmsg header = {
        .rtm_family = (uint8_t)family_of(route->destination.addr.family),
        .rtm_dst_len = route->destination.length,
        .rtm_table = route->table < 256 ? (uint8_t)route->table : RT_TABLE_UNSPEC,
        .rtm_protocol = route->protocol ? route->protocol : RTPROT_STATIC,
        .rtm_scope = scope_of(route),
        .rtm_type = route->type,
        .rtm_flags = route->onlink ? RTNH_F_ONLINK : 0,
    };
    if (verb == VERB_DELETE) {
        header.rtm_scope = RT_SCOPE_NOWHERE;
        if (route->any_protocol)
            header.rtm_protocol = RTPROT_UNSPEC;
    }
    batch_begin(batch, tag, verb == VERB_DELETE ? RTM_DELROUTE : RTM_NEWROUTE, flags_of(verb), &header, sizeof header);
    if (route->destination.length) {
        struct prefix network = prefix_network(route->destination);
        batch_put_addr(batch, RTA_DST, &network.addr);
    }
    batch_put_u32(batch, RTA_TABLE, route->table);
    if (route->metric)
        batch_put_u32(batch, RTA_PRIORITY, route->metric);
    if (route->type == RTN_UNICAST || route->type == RTN_LOCAL)
        put_nexthops(batch, route);
    if (verb != VERB_DELETE) {
        if (addr_is_set(&route->source))
            batch_put_addr(batch, RTA_PREFSRC, &route->source);
        if (route->congestion_control)
            put_congestion_control(batch, route->congestion_control);
    }
    batch_end(batch);
}

void rule_put(struct batch *batch, uint64_t tag, enum verb verb, const struct rule_spec *rule)
{
    struct fib_rule_hdr header = {
        .family = (uint8_t)family_of(rule->family),
        .src_len = addr_is_set(&rule->from.addr) ? rule->from.length : 0,
        .dst_len = addr_is_set(&rule->to.addr) ? rule->to.length : 0,
        .table = rule->table < 256 ? (uint8_t)rule->table : RT_TABLE_UNSPEC,
        .action = FR_ACT_TO_TBL,
    };
    batch_begin(batch, tag, verb == VERB_DELETE ? RTM_DELRULE : RTM_NEWRULE,
                verb == VERB_DELETE ? 0 : NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
    batch_put_u32(batch, FRA_PRIORITY, rule->priority);
    batch_put_u32(batch, FRA_TABLE, rule->table);
    if (header.src_len)
        batch_put_addr(batch, FRA_SRC, &rule->from.addr);
    if (header.dst_len)
        batch_put_addr(batch, FRA_DST, &rule->to.addr);
    if (rule->input_interface)
        batch_put_text(batch, FRA_IIFNAME, rule->input_interface);
    if (rule->mark_value || rule->mark_mask) {
        batch_put_u32(batch, FRA_FWMARK, rule->mark_value);
        batch_put_u32(batch, FRA_FWMASK, rule->mark_mask ? rule->mark_mask : UINT32_MAX);
    }
    batch_end(batch);
}

int route_is_local(int netns, const struct addr *addr)
{
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        struct rtattr attribute;
        uint8_t bytes[16];
    } request = {.header = {.nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST},
                 .route = {.rtm_family = (uint8_t)family_of(addr->family)}};
    unsigned short size = addr->family == 6 ? 16 : 4;
    request.attribute = (struct rtattr){.rta_type = RTA_DST, .rta_len = (unsigned short)RTA_LENGTH(size)};
    request.route.rtm_dst_len = (uint8_t)(size * 8);
    memcpy(request.bytes, addr->bytes, size);
    request.header.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof request.route) + RTA_LENGTH(size));
    FD_AUTO fd = netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, NULL);
    char answer[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
    /* The kernel answers while it takes the request, so there is nothing to wait for. */
    if (fd < 0 || send(fd, &request, request.header.nlmsg_len, 0) < 0)
        return -1;
    ssize_t length = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
    if (length < (ssize_t)NLMSG_LENGTH(sizeof request.route))
        return -1;
    if (header->nlmsg_type != RTM_NEWROUTE)
        return 0; /* no route at all, or one that refuses */
    return ((const struct rtmsg *)NLMSG_DATA(header))->rtm_type == RTN_LOCAL;
}
