/* Links, addresses, neighbours, routes and rules of a node: kept as the kernel says them, and put back by taking away
 * what is too much and adding what is missing, some times over: one thing takes others along, or needs them. */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "kernel/dump.h"
#include "kernel/link.h"
#include "kernel/netlink.h"
#include "kernel/portable.h"
#include "lab/internal.h"
#include "lab/snapshot_parts.h"

#define ROUNDS_MAX 4

/* ---- what counts ----------------------------------------------------------------------------------------------- */

struct messages {
    const struct nlmsghdr **items;
    size_t count;
};

static uint32_t itself(void *context, uint32_t index)
{
    (void)context;
    return index;
}

static void add(struct messages *messages, const struct nlmsghdr *message, portable_index *index, void *context,
                struct arena *arena)
{
    const struct nlmsghdr *portable = message_portable(message, index, context, arena);
    if (portable)
        *ARENA_PUSH(arena, messages->items, messages->count) = portable;
}

/* The kernel makes its own routes of the local table, and those of link-local and multicast networks. */
static bool counts(const struct observed_route *route)
{
    const uint8_t *bytes = route->destination.addr.bytes;
    bool own6 = route->destination.addr.family == 6 && (bytes[0] == 0xff || (bytes[0] == 0xfe && bytes[1] == 0x80));
    return route->table != RT_TABLE_LOCAL && route->protocol != RTPROT_REDIRECT && route->protocol != RTPROT_RA &&
           !(own6 && route->protocol == RTPROT_KERNEL);
}

/* What was learnt is learnt again. */
static bool stays(const struct observed_neighbour *neighbour)
{
    return neighbour->proxy || neighbour->state & NUD_PERMANENT;
}

/* In the order in which they can be made: routes to a link before those by way of a gateway. */
static int collect(int netns, portable_index *index, void *context, struct messages *out, struct arena *arena,
                   struct error *err)
{
    struct observation *o;
    if (observe(netns, &o, err))
        return -1;
    for (size_t i = 0; i < o->address_count; i++)
        if (!o->addresses[i].linklocal)
            add(out, o->addresses[i].message, index, context, arena);
    for (size_t i = 0; i < o->neighbour_count; i++)
        if (stays(&o->neighbours[i]))
            add(out, o->neighbours[i].message, index, context, arena);
    for (int gateways = 0; gateways < 2; gateways++)
        for (size_t i = 0; i < o->route_count; i++) {
            const struct observed_route *route = &o->routes[i];
            bool gateway = route->nexthop_count && addr_is_set(&route->nexthops[0].via);
            if (counts(route) && gateway == (gateways == 1))
                add(out, route->message, index, context, arena);
        }
    for (size_t i = 0; i < o->rule_count; i++)
        add(out, o->rules[i].message, index, context, arena);
    observation_free(o);
    return 0;
}

int network_take(int netns, struct str *out, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct portable_link *links;
    struct messages messages = {0};
    size_t count;
    if (links_read(netns, arena, &links, &count, err) || collect(netns, itself, NULL, &messages, arena, err))
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct portable_link link;
        memset(&link, 0, sizeof link); /* the bytes between members too: the same state gives the same bytes */
        memcpy(&link, &links[i], offsetof(struct portable_link, kind) + sizeof link.kind);
        snapshot_put(out, SNAPSHOT_LINK, &link, sizeof link, links[i].data, links[i].length);
    }
    for (size_t i = 0; i < messages.count; i++)
        snapshot_put(out, SNAPSHOT_MESSAGE, messages.items[i], messages.items[i]->nlmsg_len, NULL, 0);
    return 0;
}

/* ---- links ------------------------------------------------------------------------------------------------------- */

struct links {
    struct portable_link *items;
    size_t count;
};

static struct links kept_links(const char *data, size_t length, struct arena *arena)
{
    struct links links = {0};
    struct snapshot_reader reader = {.at = data, .end = data + length};
    while (snapshot_next(&reader)) {
        if (reader.kind != SNAPSHOT_LINK || reader.length < sizeof(struct portable_link))
            continue;
        struct portable_link *link = ARENA_PUSH(arena, links.items, links.count);
        memcpy(link, reader.data, sizeof *link);
        link->name[sizeof link->name - 1] = link->kind[sizeof link->kind - 1] = 0;
        link->length = reader.length - sizeof *link;
        link->data = reader.data + sizeof *link;
    }
    return links;
}

static const struct portable_link *by_name(const struct links *links, const char *name)
{
    for (size_t i = 0; i < links->count; i++)
        if (str_equal(links->items[i].name, name))
            return &links->items[i];
    return NULL;
}

static const struct portable_link *by_index(const struct links *links, uint32_t index)
{
    for (size_t i = 0; i < links->count; i++)
        if (links->items[i].index == index)
            return &links->items[i];
    return NULL;
}

/* The interface of a node that somebody gave another name: it has its address still, and that name is new. */
static const struct portable_link *renamed(const struct links *links, const struct links *others,
                                           const struct portable_link *wanted)
{
    for (size_t i = 0; i < links->count; i++) {
        const struct portable_link *link = &links->items[i];
        if (link->paired && wanted->paired && memcmp(&link->mac, &wanted->mac, sizeof link->mac) == 0 &&
            !by_name(others, link->name))
            return link;
    }
    return NULL;
}

struct putting {
    int netns;
    struct arena *arena;
    struct links kept, now;
    struct batch batch;
    const char **what; /* by tag */
    size_t what_count;
    struct str *notes;
};

static uint64_t tag(struct putting *p, const char *format, const char *name)
{
    *ARENA_PUSH(p->arena, p->what, p->what_count) = arena_printf(p->arena, "%s %s", format, name);
    return p->what_count - 1;
}

static int look(struct putting *p, struct error *err)
{
    return links_read(p->netns, p->arena, &p->now.items, &p->now.count, err);
}

/* What the kernel refused is told, where somebody wants to hear it. */
static int commit(struct putting *p, bool tell, struct error *err)
{
    NETLINK_AUTO netlink = NETLINK_INIT;
    if (netlink_open(p->netns, &netlink, err) || netlink_commit(&netlink, &p->batch, err))
        return -1;
    for (size_t i = 0; tell && i < p->batch.failure_count; i++) {
        struct error problem = ERROR_INIT;
        netlink_failure_error(&p->batch.failures[i], &problem, "%s", p->what[p->batch.failures[i].tag]);
        str_printf(p->notes, "%s\n", problem.text);
    }
    return 0;
}

static uint32_t index_now(const struct putting *p, uint32_t kept)
{
    const struct portable_link *link = by_index(&p->kept, kept);
    const struct portable_link *now = link ? by_name(&p->now, link->name) : NULL;
    return now ? now->index : 0;
}

/* First names: what was renamed gets its name, what was deleted goes. */
static int name_links(struct putting *p, struct error *err)
{
    for (size_t i = 0; i < p->kept.count; i++) {
        const struct portable_link *wanted = &p->kept.items[i], *other;
        if (by_name(&p->now, wanted->name) || !(other = renamed(&p->now, &p->kept, wanted)))
            continue;
        link_up(&p->batch, tag(p, "set down", other->name), other->index, false);
        link_rename_put(&p->batch, tag(p, "rename link", other->name), other->index, wanted->name);
    }
    if (commit(p, true, err) || look(p, err))
        return -1;
    for (size_t i = 0; i < p->now.count; i++)
        if (!p->now.items[i].loopback && !by_name(&p->kept, p->now.items[i].name))
            link_delete(&p->batch, tag(p, "delete link", p->now.items[i].name), p->now.items[i].index);
    return commit(p, true, err) || look(p, err);
}

/* One that somebody made.  Kinds that do not take back what they say of themselves are made without it. */
static int make_link(struct putting *p, const struct portable_link *wanted, struct error *err)
{
    if (!*wanted->kind || wanted->paired || str_equal(wanted->kind, "veth")) {
        str_printf(p->notes, "link %s cannot be made again\n", wanted->name);
        return 0;
    }
    uint32_t lower = index_now(p, wanted->lower);
    for (int with_data = 1; with_data >= 0; with_data--) {
        link_like_put(&p->batch, tag(p, "add link", wanted->name), wanted, lower, with_data);
        if (commit(p, with_data == 0, err))
            return -1;
        if (!p->batch.failure_count)
            break;
    }
    return look(p, err);
}

static void change_link_of(struct putting *p, const struct portable_link *wanted, const struct portable_link *now)
{
    if (memcmp(&wanted->mac, &now->mac, sizeof wanted->mac) != 0 && !wanted->loopback)
        link_mac(&p->batch, tag(p, "set the address of", wanted->name), now->index, &wanted->mac);
    if (wanted->mtu != now->mtu && wanted->mtu)
        link_mtu(&p->batch, tag(p, "set the MTU of", wanted->name), now->index, wanted->mtu);
    uint32_t master = index_now(p, wanted->master);
    if (master != now->master)
        link_master(&p->batch, tag(p, "set the master of", wanted->name), now->index, master);
    if (wanted->up != now->up)
        link_up(&p->batch, tag(p, wanted->up ? "set up" : "set down", wanted->name), now->index, wanted->up);
}

int links_apply(int netns, const char *data, size_t length, struct str *notes, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct putting p = {.netns = netns, .arena = arena, .kept = kept_links(data, length, arena), .notes = notes};
    int result = look(&p, err) || name_links(&p, err);
    for (size_t i = 0; !result && i < p.kept.count; i++)
        if (!by_name(&p.now, p.kept.items[i].name))
            result = make_link(&p, &p.kept.items[i], err);
    for (size_t i = 0; !result && i < p.kept.count; i++) {
        const struct portable_link *now = by_name(&p.now, p.kept.items[i].name);
        if (now)
            change_link_of(&p, &p.kept.items[i], now);
    }
    if (!result)
        result = commit(&p, true, err);
    batch_free(&p.batch);
    return result ? -1 : 0;
}

/* ---- what links carry -------------------------------------------------------------------------------------------- */

static uint32_t index_kept(void *context, uint32_t index)
{
    const struct putting *p = context;
    const struct portable_link *link = by_index(&p->now, index);
    const struct portable_link *kept = link ? by_name(&p->kept, link->name) : NULL;
    return kept ? kept->index : 0;
}

static uint32_t index_present(void *context, uint32_t index)
{
    return index_now(context, index);
}

static bool has(const struct messages *messages, const struct nlmsghdr *wanted)
{
    for (size_t i = 0; i < messages->count; i++)
        if (messages->items[i]->nlmsg_len == wanted->nlmsg_len &&
            memcmp(messages->items[i], wanted, wanted->nlmsg_len) == 0)
            return true;
    return false;
}

static const char *word_of(int type)
{
    return type == RTM_NEWADDR    ? "address"
           : type == RTM_NEWROUTE ? "route"
           : type == RTM_NEWRULE  ? "rule"
                                  : "neighbour";
}

/* The messages that are in one set and not in the other, for a batch: made (type as it is) or taken away. */
static size_t put_missing(struct putting *p, const struct messages *wanted, const struct messages *others, bool remove)
{
    size_t count = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        const struct nlmsghdr *message = wanted->items[i];
        if (has(others, message))
            continue;
        const struct nlmsghdr *own = message_portable(message, index_present, p, p->arena);
        const char *word = word_of(message->nlmsg_type);
        count++;
        if (!own)
            str_printf(p->notes, "%s: its link is not there\n", word);
        else
            batch_copy(&p->batch, tag(p, remove ? "delete" : "add", word), own, own->nlmsg_type + (remove ? 1 : 0),
                       remove ? 0 : NLM_F_CREATE | NLM_F_APPEND);
    }
    return count;
}

static void kept_messages(const char *data, size_t length, struct messages *out, struct arena *arena)
{
    struct snapshot_reader reader = {.at = data, .end = data + length};
    while (snapshot_next(&reader)) {
        struct nlmsghdr header;
        if (reader.kind != SNAPSHOT_MESSAGE || reader.length < sizeof header)
            continue;
        memcpy(&header, reader.data, sizeof header);
        if (header.nlmsg_len == reader.length)
            *ARENA_PUSH(arena, out->items, out->count) = arena_copy(arena, reader.data, reader.length);
    }
}

/* One round; *left: what was otherwise before it. */
static int put_round(struct putting *p, const struct messages *kept, bool last, size_t *left, struct error *err)
{
    struct messages now = {0};
    if (look(p, err) || collect(p->netns, index_kept, p, &now, p->arena, err))
        return -1;
    size_t before = p->notes->length;
    *left = put_missing(p, &now, kept, true);
    *left += put_missing(p, kept, &now, false);
    if (!last) { /* it is tried again: only what stays is told */
        p->notes->length = before;
        if (p->notes->data)
            p->notes->data[before] = 0;
    }
    return *left ? commit(p, last, err) : 0;
}

int network_apply(int netns, const char *data, size_t length, struct str *notes, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct putting p = {.netns = netns, .arena = arena, .kept = kept_links(data, length, arena), .notes = notes};
    struct messages kept = {0};
    size_t left = 1;
    int result = 0;
    kept_messages(data, length, &kept, arena);
    for (int round = 1; round <= ROUNDS_MAX && left && !result; round++)
        result = put_round(&p, &kept, round == ROUNDS_MAX, &left, err);
    batch_free(&p.batch);
    return result;
}
