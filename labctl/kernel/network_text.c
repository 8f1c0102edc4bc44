/* A network namespace as text. */
#include "kernel/network_text.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/arena.h"
#include "base/str.h"
#include "kernel/message_text.h"
#include "kernel/netlink.h"

const char *const network_part_names[NETWORK_PART_COUNT] = {
    [NETWORK_INTERFACES] = "interfaces", [NETWORK_LINKS] = "links", [NETWORK_ADDRESSES] = "addresses",
    [NETWORK_ROUTES] = "routes",         [NETWORK_RULES] = "rules", [NETWORK_NEIGHBOURS] = "neighbours",
    [NETWORK_QUEUES] = "queues",
};

struct reading {
    struct arena *arena;
    const char **names; /* of interfaces, by their numbers */
    size_t count;
    struct str *out; /* of the part that is being read */
    bool learned;
};

static const char *name_of(void *context, uint32_t index)
{
    const struct reading *reading = context;
    return index < reading->count ? reading->names[index] : NULL;
}

static const char *text_of(struct reading *reading, const struct nlattr *attribute)
{
    return attribute ? arena_strndup(reading->arena, nla_data(attribute), (size_t)nla_len(attribute)) : "";
}

static int on_interface(void *context, const struct nlmsghdr *message)
{
    struct reading *reading = context;
    struct nlattr *a[IFLA_MAX + 1];
    const struct ifinfomsg *link = nlmsg_data(message);
    if (message->nlmsg_type != RTM_NEWLINK ||
        nlmsg_parse((struct nlmsghdr *)message, sizeof *link, a, IFLA_MAX, NULL) < 0)
        return 0;
    while (reading->count <= (size_t)link->ifi_index)
        *ARENA_PUSH(reading->arena, reading->names, reading->count) = NULL;
    reading->names[link->ifi_index] = text_of(reading, a[IFLA_IFNAME]);
    str_printf(reading->out, "%s %s\n", reading->names[link->ifi_index], text_of(reading, a[IFLA_IFALIAS]));
    return 0;
}

static bool is_passing(const struct nlmsghdr *message, bool learned)
{
    const struct rtmsg *route = nlmsg_data(message);
    const struct ndmsg *neighbour = nlmsg_data(message);
    if (message->nlmsg_type == RTM_NEWROUTE)
        return route->rtm_flags & RTM_F_CLONED ||
               (!learned && (route->rtm_protocol == RTPROT_BIRD || route->rtm_protocol == RTPROT_RA));
    if (message->nlmsg_type == RTM_NEWNEIGH)
        return !(neighbour->ndm_flags & NTF_PROXY) && !(neighbour->ndm_state & NUD_PERMANENT);
    return false;
}

static int on_message(void *context, const struct nlmsghdr *message)
{
    struct reading *reading = context;
    if (!is_passing(message, reading->learned) && message_text(message, name_of, reading, reading->out))
        str_append(reading->out, "\n");
    return 0;
}

int network_text(int netns, bool learned, struct str parts[static NETWORK_PART_COUNT], struct error *err)
{
    static const struct ifinfomsg link;
    static const struct ifaddrmsg address;
    static const struct rtmsg route;
    static const struct fib_rule_hdr rule;
    static const struct ndmsg neighbour, proxy = {.ndm_flags = NTF_PROXY};
    static const struct tcmsg queue;
    static const struct {
        enum network_part part;
        int type;
        const void *header;
        size_t size;
        netlink_dump_handler *handler;
    } dumps[] = {
        {NETWORK_INTERFACES, RTM_GETLINK, &link, sizeof link, on_interface}, /* first: the others tell names */
        {NETWORK_LINKS, RTM_GETLINK, &link, sizeof link, on_message},
        {NETWORK_ADDRESSES, RTM_GETADDR, &address, sizeof address, on_message},
        {NETWORK_ROUTES, RTM_GETROUTE, &route, sizeof route, on_message},
        {NETWORK_RULES, RTM_GETRULE, &rule, sizeof rule, on_message},
        {NETWORK_NEIGHBOURS, RTM_GETNEIGH, &neighbour, sizeof neighbour, on_message},
        {NETWORK_NEIGHBOURS, RTM_GETNEIGH, &proxy, sizeof proxy, on_message},
        {NETWORK_QUEUES, RTM_GETQDISC, &queue, sizeof queue, on_message},
    };
    ARENA_AUTO arena = arena_new();
    struct reading reading = {.arena = arena, .learned = learned};
    NETLINK_AUTO netlink = NETLINK_INIT;
    if (netlink_open(netns, &netlink, err))
        return -1;
    for (size_t i = 0; i < sizeof dumps / sizeof *dumps; i++) {
        reading.out = &parts[dumps[i].part];
        if (netlink_dump(&netlink, dumps[i].type, dumps[i].header, dumps[i].size, dumps[i].handler, &reading, err))
            return -1;
    }
    return 0;
}
