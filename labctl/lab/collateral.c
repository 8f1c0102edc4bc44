/* What an operation loses beside what it means to.
 *
 * Theory of operation.  A link that is taken down loses its routes, an address takes its secondaries along; doing the
 * opposite does not bring them back.  So the state that an operation can affect (addresses, permanent neighbours,
 * routes of the namespace) is written down before it, in the journal; what is missing afterwards, beside the item that
 * was meant, counts as lost and is kept, as the kernel's own messages, until it can be put back: at once where that is
 * possible, else after a later operation in the same namespace (the link comes up again).  Both files lie in the state
 * directory, so that a director that was killed in between goes on with them.
 *
 * A file is one line that names the operation, then for each namespace a line "NAME COUNT" and COUNT netlink messages.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/map.h"
#include "kernel/dump.h"
#include "lab/internal.h"

#define JOURNAL_FILE "journal"
#define LOST_FILE    "lost"
#define FILE_MOST    (256u << 20)

struct lost_space {
    const char *name;
    struct observation *lost; /* addresses, neighbours, routes */
};

struct lost_store {
    struct lab *lab;
    struct arena *arena;
    struct lost_space **spaces;
    size_t count;
    bool changed; /* since it was saved */
};

/* ---- what is worth keeping ----------------------------------------------------------------------------------- */

static bool keep_address(const struct observed_address *address)
{
    return !address->linklocal;
}

static bool keep_neighbour(const struct observed_neighbour *neighbour)
{
    return neighbour->proxy || neighbour->state & NUD_PERMANENT;
}

/* The kernel's own routes come again with what they belong to. */
static bool keep_route(const struct observed_route *route)
{
    return route->protocol != RTPROT_KERNEL && route->protocol != RTPROT_REDIRECT && route->table != RT_TABLE_LOCAL;
}

static bool has_address(const struct observation *o, const struct observed_address *wanted)
{
    for (size_t i = 0; i < o->address_count; i++)
        if (o->addresses[i].interface == wanted->interface && prefix_equal(&o->addresses[i].address, &wanted->address))
            return true;
    return false;
}

static bool has_neighbour(const struct observation *o, const struct observed_neighbour *wanted)
{
    for (size_t i = 0; i < o->neighbour_count; i++)
        if (o->neighbours[i].interface == wanted->interface && o->neighbours[i].proxy == wanted->proxy &&
            addr_equal(&o->neighbours[i].addr, &wanted->addr))
            return true;
    return false;
}

static bool same_route(const struct observed_route *a, const struct observed_route *b)
{
    return a->table == b->table && a->metric == b->metric && prefix_equal(&a->destination, &b->destination) &&
           (a->protocol == RTPROT_KERNEL) == (b->protocol == RTPROT_KERNEL);
}

static bool has_route(const struct observation *o, const struct observed_route *wanted)
{
    for (size_t i = 0; i < o->route_count; i++)
        if (same_route(&o->routes[i], wanted))
            return true;
    return false;
}

/* Adds to `lost` what is in `before` and not in `now` (NULL: everything); returns how much. */
static size_t add_missing(struct observation *lost, const struct observation *before, const struct observation *now)
{
    size_t added = 0;
    for (size_t i = 0; i < before->address_count; i++) {
        const struct observed_address *address = &before->addresses[i];
        if (keep_address(address) && !(now && has_address(now, address)) && !has_address(lost, address))
            observation_add(lost, address->message), added++;
    }
    for (size_t i = 0; i < before->neighbour_count; i++) {
        const struct observed_neighbour *neighbour = &before->neighbours[i];
        if (keep_neighbour(neighbour) && !(now && has_neighbour(now, neighbour)) && !has_neighbour(lost, neighbour))
            observation_add(lost, neighbour->message), added++;
    }
    for (size_t i = 0; i < before->route_count; i++) {
        const struct observed_route *route = &before->routes[i];
        if (keep_route(route) && !(now && has_route(now, route)) && !has_route(lost, route))
            observation_add(lost, route->message), added++;
    }
    return added;
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static void put_message(struct str *out, const struct nlmsghdr *message)
{
    static const char zero[NLMSG_ALIGNTO];
    str_append_bytes(out, (const char *)message, message->nlmsg_len);
    str_append_bytes(out, zero, NLMSG_ALIGN(message->nlmsg_len) - message->nlmsg_len);
}

static void put_space(struct str *out, const char *name, const struct observation *o)
{
    STR_AUTO messages = STR_INIT;
    size_t count = 0;
    for (size_t i = 0; i < o->address_count; i++)
        if (keep_address(&o->addresses[i]))
            put_message(&messages, o->addresses[i].message), count++;
    for (size_t i = 0; i < o->neighbour_count; i++)
        if (keep_neighbour(&o->neighbours[i]))
            put_message(&messages, o->neighbours[i].message), count++;
    for (size_t i = 0; i < o->route_count; i++)
        if (keep_route(&o->routes[i]))
            put_message(&messages, o->routes[i].message), count++;
    str_printf(out, "%s %zu\n", name, count);
    str_append_bytes(out, messages.data ? messages.data : "", messages.length);
}

/* Reads a file into a list of namespaces; absent is empty. */
static int read_spaces(struct lab *lab, const char *file, struct arena *arena, struct lost_space ***spaces,
                       size_t *count, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (file_read(lab->state, file, &text, FILE_MOST) != 0)
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "read the %s", file);
    const char *at = str_text(&text), *end = at + text.length;
    at = memchr(at, '\n', text.length);
    at = at ? at + 1 : end;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at)), *blank = line_end;
        while (blank && blank > at && *blank != ' ')
            blank--;
        if (!line_end || blank == at)
            return error_set(err, ERR_SYSTEM, "the %s is damaged", file);
        struct lost_space *space = *ARENA_PUSH(arena, *spaces, *count) = ARENA_NEW(arena, struct lost_space);
        space->name = arena_strndup(arena, at, (size_t)(blank - at));
        space->lost = observation_new();
        unsigned long messages = strtoul(blank + 1, NULL, 10);
        for (at = line_end + 1; messages > 0; messages--) {
            struct nlmsghdr header;
            if ((size_t)(end - at) < sizeof header)
                return error_set(err, ERR_SYSTEM, "the %s is damaged", file);
            memcpy(&header, at, sizeof header);
            if (header.nlmsg_len < sizeof header || NLMSG_ALIGN(header.nlmsg_len) > (size_t)(end - at))
                return error_set(err, ERR_SYSTEM, "the %s is damaged", file);
            observation_add(space->lost, arena_copy(arena, at, header.nlmsg_len));
            at += NLMSG_ALIGN(header.nlmsg_len);
        }
    }
    return 0;
}

static void free_spaces(struct lost_space **spaces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        observation_free(spaces[i]->lost);
}

/* ---- the store ------------------------------------------------------------------------------------------------ */

int lost_open(struct lab *lab, struct lost_store **out, struct error *err)
{
    struct arena *arena = arena_new();
    struct lost_store *store = ARENA_NEW(arena, struct lost_store);
    *store = (struct lost_store){.lab = lab, .arena = arena};
    if (read_spaces(lab, LOST_FILE, arena, &store->spaces, &store->count, err) != 0) {
        lost_close(store);
        return -1;
    }
    *out = store;
    return 0;
}

void lost_close(struct lost_store *store)
{
    if (!store)
        return;
    free_spaces(store->spaces, store->count);
    arena_free(store->arena);
}

static struct observation *lost_of(const struct lost_store *store, const char *name)
{
    for (size_t i = 0; i < store->count; i++)
        if (strcmp(store->spaces[i]->name, name) == 0)
            return store->spaces[i]->lost;
    return NULL;
}

static struct observation *lost_make(struct lost_store *store, const char *name)
{
    struct observation *lost = lost_of(store, name);
    if (lost)
        return lost;
    struct lost_space *space = *ARENA_PUSH(store->arena, store->spaces, store->count) =
        ARENA_NEW(store->arena, struct lost_space);
    space->name = arena_strdup(store->arena, name);
    return space->lost = observation_new();
}

int lost_save(struct lost_store *store, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (!store->changed)
        return 0;
    str_append(&text, "lost 1\n");
    for (size_t i = 0; i < store->count; i++) {
        const struct observation *lost = store->spaces[i]->lost;
        if (lost->address_count + lost->neighbour_count + lost->route_count)
            put_space(&text, store->spaces[i]->name, lost);
    }
    if (file_replace(store->lab->state, LOST_FILE, str_text(&text), text.length, 0600) != 0)
        return error_set_errno(err, errno, "write down what was lost");
    store->changed = false;
    return 0;
}

#define REMOVE_AT(array, count, i) ((array)[i] = (array)[--(count)])

void lost_forget(struct lost_store *store, const struct space *space, const struct nlmsghdr *message)
{
    struct observation *lost = lost_of(store, space->name);
    if (!lost || !message)
        return;
    struct observation *meant = observation_new();
    observation_add(meant, message);
    for (size_t i = lost->address_count; i-- > 0;)
        if (has_address(meant, &lost->addresses[i]))
            REMOVE_AT(lost->addresses, lost->address_count, i), store->changed = true;
    for (size_t i = lost->neighbour_count; i-- > 0;)
        if (has_neighbour(meant, &lost->neighbours[i]))
            REMOVE_AT(lost->neighbours, lost->neighbour_count, i), store->changed = true;
    for (size_t i = lost->route_count; i-- > 0;)
        if (has_route(meant, &lost->routes[i]))
            REMOVE_AT(lost->routes, lost->route_count, i), store->changed = true;
    observation_free(meant);
}

void lost_forget_planned(struct lost_store *store, const struct space *space, const struct plan *plan,
                         enum plan_item item, size_t i, const struct observation *o)
{
    struct observation *lost = lost_of(store, space->name);
    if (!lost)
        return;
    struct observation named = *lost; /* with the names of interfaces, which what was lost refers to by index */
    named.links = o->links;
    named.link_count = o->link_count;
    named.by_name = o->by_name;
    lost_forget(store, space, item_message(plan, item, i, &named));
}

static bool route_uses(const struct observed_route *route, uint32_t interface)
{
    for (size_t n = 0; n < route->nexthop_count; n++)
        if (route->nexthops[n].interface == interface)
            return true;
    return false;
}

void lost_forget_interface(struct lost_store *store, const struct space *space, uint32_t interface)
{
    struct observation *lost = lost_of(store, space->name);
    if (!lost)
        return;
    store->changed = true;
    for (size_t i = lost->address_count; i-- > 0;)
        if (lost->addresses[i].interface == interface)
            REMOVE_AT(lost->addresses, lost->address_count, i);
    for (size_t i = lost->neighbour_count; i-- > 0;)
        if (lost->neighbours[i].interface == interface)
            REMOVE_AT(lost->neighbours, lost->neighbour_count, i);
    for (size_t i = lost->route_count; i-- > 0;)
        if (route_uses(&lost->routes[i], interface))
            REMOVE_AT(lost->routes, lost->route_count, i);
}

bool lost_has_interface(const struct lost_store *store, const struct space *space, uint32_t interface)
{
    const struct observation *lost = lost_of(store, space->name);
    for (size_t i = 0; lost && i < lost->address_count; i++)
        if (lost->addresses[i].interface == interface)
            return true;
    for (size_t i = 0; lost && i < lost->neighbour_count; i++)
        if (lost->neighbours[i].interface == interface)
            return true;
    for (size_t i = 0; lost && i < lost->route_count; i++)
        if (route_uses(&lost->routes[i], interface))
            return true;
    return false;
}

/* ---- putting back ---------------------------------------------------------------------------------------------- */

enum { ADDRESS, NEIGHBOUR, ROUTE };

static void put_back(struct batch *batch, int kind, size_t i, const struct nlmsghdr *message)
{
    static const int types[] = {RTM_NEWADDR, RTM_NEWNEIGH, RTM_NEWROUTE};
    batch_copy(batch, (uint64_t)kind << 32 | i, message, types[kind], NLM_F_CREATE | NLM_F_EXCL);
}

/* What the kernel refuses stays lost; what it took, or had already, does not. */
static void keep_refused(struct lost_store *store, struct observation *lost, const struct batch *batch)
{
    bool *stays[3];
    size_t counts[3] = {lost->address_count, lost->neighbour_count, lost->route_count};
    for (int kind = 0; kind < 3; kind++)
        stays[kind] = arena_alloc(store->arena, counts[kind] + 1);
    for (size_t f = 0; f < batch->failure_count; f++)
        if (batch->failures[f].number != EEXIST)
            stays[batch->failures[f].tag >> 32][batch->failures[f].tag & UINT32_MAX] = true;
    for (size_t i = counts[ADDRESS]; i-- > 0;)
        if (!stays[ADDRESS][i])
            REMOVE_AT(lost->addresses, lost->address_count, i);
    for (size_t i = counts[NEIGHBOUR]; i-- > 0;)
        if (!stays[NEIGHBOUR][i])
            REMOVE_AT(lost->neighbours, lost->neighbour_count, i);
    for (size_t i = counts[ROUTE]; i-- > 0;)
        if (!stays[ROUTE][i])
            REMOVE_AT(lost->routes, lost->route_count, i);
}

static bool on_link(const struct observed_route *route)
{
    return route->nexthop_count == 0 || !addr_is_set(&route->nexthops[0].via);
}

int lost_restore(struct lost_store *store, struct space *space, struct error *err)
{
    struct observation *lost = lost_of(store, space->name);
    if (!lost || lost->address_count + lost->neighbour_count + lost->route_count == 0)
        return 0;
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    if (netlink_open(space_netns(space, err), &netlink, err) != 0)
        return -1;
    for (size_t i = 0; i < lost->address_count; i++)
        put_back(&batch, ADDRESS, i, lost->addresses[i].message);
    for (size_t i = 0; i < lost->neighbour_count; i++)
        put_back(&batch, NEIGHBOUR, i, lost->neighbours[i].message);
    for (size_t i = 0; i < lost->route_count; i++) /* those on link first: gateways lie behind them */
        if (on_link(&lost->routes[i]))
            put_back(&batch, ROUTE, i, lost->routes[i].message);
    for (size_t i = 0; i < lost->route_count; i++)
        if (!on_link(&lost->routes[i]))
            put_back(&batch, ROUTE, i, lost->routes[i].message);
    if (netlink_commit(&netlink, &batch, err) != 0)
        return error_wrap(err, "put back what was lost in %s", space->name);
    keep_refused(store, lost, &batch);
    store->changed = true;
    return 0;
}

int lost_restore_all(struct lost_store *store, struct error *err)
{
    for (size_t i = 0; i < store->count; i++) {
        struct space *space = space_find(store->lab, store->spaces[i]->name);
        if (space && space->ready && lost_restore(store, space, err) != 0)
            return -1;
    }
    return 0;
}

/* ---- the journal ------------------------------------------------------------------------------------------------- */

int journal_begin(struct lost_store *store, const char *operation, const struct space *space,
                  const struct observation *o, struct error *err)
{
    STR_AUTO text = STR_INIT;
    str_printf(&text, "%s\n", operation);
    if (o)
        put_space(&text, space->name, o);
    if (file_replace(store->lab->state, JOURNAL_FILE, str_text(&text), text.length, 0600) != 0)
        return error_set_errno(err, errno, "write the journal");
    return 0;
}

int journal_clear(struct lost_store *store, struct error *err)
{
    if (unlinkat(store->lab->state, JOURNAL_FILE, 0) != 0 && errno != ENOENT)
        return error_set_errno(err, errno, "clear the journal");
    return 0;
}

int journal_end(struct lost_store *store, struct space *space, const struct observation *before, struct error *err)
{
    struct observation *now;
    int netns = space_netns(space, err);
    if (netns < 0 || observe(netns, &now, err) != 0)
        return error_wrap(err, "look at %s", space->name);
    if (add_missing(lost_make(store, space->name), before, now))
        store->changed = true;
    observation_free(now);
    return 0;
}

int journal_recover(struct lost_store *store, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct lost_space **spaces = NULL;
    size_t count = 0;
    int result = read_spaces(store->lab, JOURNAL_FILE, arena, &spaces, &count, err);
    for (size_t i = 0; result == 0 && i < count; i++) {
        struct space *space = space_find(store->lab, spaces[i]->name);
        if (space && space->ready)
            result = journal_end(store, space, spaces[i]->lost, err);
    }
    free_spaces(spaces, count);
    return result == 0 ? lost_save(store, err) : -1;
}
