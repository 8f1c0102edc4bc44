/* path: which way packets go, by traceroute from own sockets, and by watching one packet and its answer.
 *
 * All probes of one attempt are of one flow (the same addresses and ports), so that a router which shares out flows
 * sends them all one way; they are told apart by what routers quote: the echo's sequence number, the datagram's text,
 * the SYN's sequence number.  A few hops are asked at a time; one that is silent is asked once more.  When the target
 * has answered, one more packet is sent to it and watched inside the nodes on its way there and back (watcher.h):
 * routers that send no ICMP are seen by that, and the way back, of which a sender learns nothing. */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/impostor.h"
#include "probe/net.h"
#include "probe/path.h"
#include "probe/watcher.h"

#define AHEAD 4 /* hops asked at a time */
#define TRIES 2

struct hop {
    struct addr addr;
    bool known;
    unsigned tries;
    int64_t expires;
};

struct path {
    struct attempt *attempt;
    struct watch watch;
    struct timer timer;
    struct path_sender sender;
    struct hop hops[PATH_HOPS_MAX + 1]; /* from 1 */
    unsigned asked, reached;            /* the last hop asked; the target's, or 0 */
    struct watchers *watchers;
    bool complete;
};

static void go_on(struct path *path);

/* ---- the end ------------------------------------------------------------------------------------------------------
 */

static void keep_hops(struct path *path, unsigned count)
{
    struct attempt *attempt = path->attempt;
    struct fact *fact = &attempt->fact;
    const struct topology *topology = attempt->world->topology;
    for (unsigned i = 1; i <= count; i++) {
        const struct hop *hop = &path->hops[i];
        const struct node *owner = hop->known && topology ? address_owner(topology, &hop->addr) : NULL;
        struct fact_hop *kept = ARENA_PUSH(attempt->arena, fact->hops, fact->hop_count);
        *kept = (struct fact_hop){.node = owner ? owner->name : NULL};
        if (hop->known)
            kept->addr = hop->addr;
    }
}

/* The addresses of the nodes that passed the packet on. */
static void keep_passed(struct path *path)
{
    struct attempt *attempt = path->attempt;
    struct fact *fact = &attempt->fact;
    for (size_t i = 0; i < fact->there_count; i++) {
        const struct node *node = topology_node(attempt->world->topology, fact->there[i]);
        for (size_t j = 0; node && j < node->interface_count; j++)
            for (size_t k = 0; k < node->interfaces[j]->address_count; k++)
                *ARENA_PUSH(attempt->arena, fact->passed, fact->passed_count) = node->interfaces[j]->addresses[k].addr;
    }
}

/* "10.0.1.1 (r1), *, 10.0.3.2 (db)" */
static const char *hops_text(const struct path *path)
{
    const struct fact *fact = &path->attempt->fact;
    char address[ADDR_TEXT_MAX];
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < fact->hop_count; i++) {
        const struct fact_hop *hop = &fact->hops[i];
        str_printf(&text, "%s%s", i ? ", " : "", addr_is_set(&hop->addr) ? addr_format(&hop->addr, address) : "*");
        if (hop->node)
            str_printf(&text, " (%s)", hop->node);
    }
    return arena_strdup(path->attempt->arena, str_text(&text));
}

static void add_names(struct str *text, const char *what, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        str_printf(text, "%s%s", i ? ", " : what, names[i]);
}

/* A node's own packet sockets see what its root lets them see; its far ends see what passes them. */
static void correct(struct path *path, const struct check_target *places, size_t count, int protocol)
{
    struct attempt *attempt = path->attempt;
    struct fact *fact = &attempt->fact;
    struct witness *witness = engine_witness(attempt->engine);
    uint64_t sign = path_sign(&path->sender, path->reached);
    for (size_t i = 0; i < count; i++) {
        const struct node *node = places[i].node;
        int in = witness_saw(witness, node, true, protocol, sign, attempt->flow.since);
        int out = witness_saw(witness, node, false, protocol, sign, attempt->flow.since);
        size_t at = 0;
        while (node && at < fact->there_count && !str_equal(fact->there[at], node->name))
            at++;
        if (node && at < fact->there_count && (in == SIGHT_NO || out == SIGHT_NO))
            memmove(&fact->there[at], &fact->there[at + 1], (--fact->there_count - at) * sizeof *fact->there);
        else if (node && at == fact->there_count && in == SIGHT_YES && out == SIGHT_YES)
            *ARENA_PUSH(attempt->arena, fact->there, fact->there_count) = node->name;
    }
}

static const struct node *target_node(const struct path *path)
{
    const struct attempt *attempt = path->attempt;
    const struct node *named = attempt->check->path.to.node;
    const struct topology *topology = attempt->world->topology;
    return named || !topology ? named : address_owner(topology, &attempt->fact.target);
}

/* A target limits how many errors it sends (ICMP rate limits, RFC 1812 4.3.2.8), and then only a later packet of those
 * that arrived is answered: the first that arrived tells how far it is. */
static void find_first_arrival(struct path *path, int protocol)
{
    struct attempt *attempt = path->attempt;
    struct witness *witness = engine_witness(attempt->engine);
    for (unsigned ttl = 1; ttl < path->reached; ttl++) {
        struct hop *hop = &path->hops[ttl];
        if (hop->known || witness_saw(witness, target_node(path), true, protocol, path_sign(&path->sender, ttl),
                                      attempt->flow.since) != SIGHT_YES)
            continue;
        *hop = (struct hop){.addr = attempt->fact.target, .known = true};
        path->reached = ttl;
    }
}

/* Tells the witness which packet it was that the target answered. */
static void ask_for_witness(struct path *path, int protocol)
{
    struct attempt *attempt = path->attempt;
    const struct check_path *check = &attempt->check->path;
    attempt->flow.hops_limited = true;
    if (path->sender.protocol == PATH_ICMP)
        attempt_sends_echo(attempt, path->sender.ipv6, path_sign(&path->sender, path->reached));
    correct(path, check->via, check->via_count, protocol);
    correct(path, check->not_via, check->not_via_count, protocol);
}

static void finish(struct path *path)
{
    struct attempt *attempt = path->attempt;
    struct fact *fact = &attempt->fact;
    STR_AUTO ways = STR_INIT;
    struct watch_mark mark;
    path_sender_mark(&path->sender, &mark);
    find_first_arrival(path, mark.protocol);
    if (path->watchers) {
        watchers_take(path->watchers, path->reached, attempt->arena, &fact->there, &fact->there_count, &fact->back,
                      &fact->back_count);
        fact->ways_known = path->complete;
    }
    ask_for_witness(path, mark.protocol);
    if (path->watchers) {
        keep_passed(path);
        add_names(&ways, "; passed on by ", fact->there, fact->there_count);
        add_names(&ways, "; its answer by ", fact->back, fact->back_count);
    }
    keep_hops(path, path->reached);
    attempt_end(attempt, OUTCOME_ANSWERED, "%u hop%s: %s%s", path->reached, path->reached == 1 ? "" : "s",
                hops_text(path), str_text(&ways));
}

/* The target never answered: as far as it went. */
static void give_up(struct path *path, const struct net_error *error)
{
    struct attempt *attempt = path->attempt;
    char target[ADDR_TEXT_MAX], text[NET_ERROR_MAX], limit[32];
    unsigned last = 0;
    for (unsigned i = 1; i <= path->asked; i++)
        if (path->hops[i].known)
            last = i;
    keep_hops(path, last);
    addr_format(&attempt->fact.target, target);
    const char *hops = last ? hops_text(path) : "no hop answered";
    if (error)
        attempt_end(attempt, OUTCOME_UNREACHABLE, "%s at %s: %s", net_error_format(error, text), target, hops);
    else
        attempt_end(attempt, OUTCOME_SILENT, "no answer in %s from %s: %s", attempt_limit(attempt, limit), target,
                    hops);
}

/* ---- asking -------------------------------------------------------------------------------------------------------
 */

static void watch_nodes(struct path *path)
{
    struct attempt *attempt = path->attempt;
    const struct check_path *check = &attempt->check->path;
    const struct topology *topology = attempt->world->topology;
    struct watch_mark mark;
    if (!topology || !(check->via_count || check->not_via_count || check->has_symmetric))
        return;
    path_sender_mark(&path->sender, &mark);
    path->watchers = watchers_new(attempt->world, attempt->check->from, target_node(path), &mark, &path->complete);
}

static void ask(struct path *path, unsigned ttl)
{
    struct hop *hop = &path->hops[ttl];
    hop->tries++;
    hop->expires = clock_monotonic() + path_patience(path->attempt);
    path->attempt->fact.sent++;
    path_send(&path->sender, ttl, ttl);
}

/* Asks for what is missing; ends where all is known. */
static void go_on(struct path *path)
{
    int64_t now = clock_monotonic(), next = INT64_MAX;
    unsigned pending = 0, end = path->reached ? path->reached : PATH_HOPS_MAX;
    for (unsigned ttl = 1; ttl <= path->asked && ttl <= end; ttl++) {
        struct hop *hop = &path->hops[ttl];
        if (!hop->known && hop->expires <= now && hop->tries < TRIES)
            ask(path, ttl);
        if (hop->known || hop->expires <= now)
            continue;
        pending++;
        next = hop->expires < next ? hop->expires : next;
    }
    while (!path->reached && path->asked < end && pending < AHEAD) {
        ask(path, ++path->asked);
        pending++;
        next = path->hops[path->asked].expires < next ? path->hops[path->asked].expires : next;
    }
    if (path->attempt->over)
        return;
    if (!pending && path->reached)
        finish(path);
    else if (!pending)
        give_up(path, NULL);
    else
        engine_set(path->attempt->engine, &path->timer, next);
}

static void time_over(void *context)
{
    go_on(context);
}

/* ---- hearing ------------------------------------------------------------------------------------------------------
 */

static void hop_answers(struct path *path, unsigned ttl, const struct addr *addr, bool target)
{
    if (ttl < 1 || ttl > path->asked)
        return;
    if (!path->hops[ttl].known || target) {
        path->hops[ttl].addr = *addr;
        path->hops[ttl].known = true;
    }
    if (target && (!path->reached || ttl < path->reached))
        path->reached = ttl;
}

static bool is_time_exceeded(const struct net_error *error)
{
    return error->family == 6 ? error->type == ICMP6_TIME_EXCEEDED : error->type == ICMP_TIME_EXCEEDED;
}

/* What an ICMP error tells; false after ending the attempt. */
static bool take_error(struct path *path, const struct net_error *error, unsigned ttl)
{
    const struct fact *fact = &path->attempt->fact;
    if (!error->icmp || !addr_is_set(&error->offender) || !ttl)
        return true;
    bool closed = path->attempt->check->path.protocol == PATH_UDP && addr_equal(&error->offender, &fact->target);
    if (is_time_exceeded(error) || closed) {
        hop_answers(path, ttl, &error->offender, closed && !is_time_exceeded(error));
        return !path->attempt->over;
    }
    hop_answers(path, ttl, &error->offender, false);
    give_up(path, error);
    return false;
}

static void path_ready(void *context, uint32_t events)
{
    (void)events;
    struct path *path = context;
    struct net_error error;
    unsigned ttl;
    while (!path->attempt->over && path_take_error(&path->sender, &error, &ttl))
        if (!take_error(path, &error, ttl))
            return;
    while (!path->attempt->over && path_take_answer(&path->sender, &ttl)) {
        /* An answer that tells nothing but that it is one: the nearest hop that could have sent it. */
        for (unsigned i = 1; !ttl && i <= path->asked; i++)
            if (!path->hops[i].known)
                ttl = i;
        hop_answers(path, ttl, &path->attempt->fact.target, true);
    }
    if (!path->attempt->over)
        go_on(path);
}

static void cover(struct attempt *attempt, const struct check_target *places, size_t count)
{
    for (size_t i = 0; i < count; i++)
        witness_cover(engine_witness(attempt->engine), places[i].node);
}

static void path_start(struct attempt *attempt)
{
    struct path *path = attempt->state;
    const struct check_path *check = &attempt->check->path;
    path->attempt = attempt;
    path->sender.fd = path->sender.reserved = -1;
    path->watch = (struct watch){-1, path_ready, path};
    path->timer = (struct timer){.expired = time_over, .context = path};
    int netns = attempt_netns(attempt);
    if (netns < 0 || !attempt_target(attempt, &attempt->check->path.to, &attempt->fact.target) ||
        !path_sender_open(&path->sender, attempt, netns, check->protocol, check->port, &attempt->fact.target))
        return;
    if (engine_watch(attempt->engine, &path->watch, path->sender.fd, EPOLLIN) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "watch a socket: %s", strerror(errno));
        return;
    }
    if (check->protocol == PATH_UDP)
        attempt_sends(attempt, path->sender.fd, IPPROTO_UDP, path->sender.port);
    else if (check->protocol == PATH_TCP)
        attempt_sends_from(attempt, IPPROTO_TCP, path->sender.id, path->sender.port);
    cover(attempt, check->via, check->via_count);
    cover(attempt, check->not_via, check->not_via_count);
    watch_nodes(path);
    go_on(path);
}

static void path_expire(struct attempt *attempt)
{
    struct path *path = attempt->state;
    if (path->reached)
        finish(path);
    else
        give_up(path, NULL);
}

static void path_release(struct attempt *attempt)
{
    struct path *path = attempt->state;
    if (!path->attempt) /* not begun */
        return;
    engine_unset(attempt->engine, &path->timer);
    engine_unwatch(attempt->engine, &path->watch);
    path_sender_close(&path->sender);
    watchers_free(path->watchers);
    path->watchers = NULL;
}

const struct probe_kind probe_path = {
    .kind = CHECK_PATH,
    .state_size = sizeof(struct path),
    .start = path_start,
    .expire = path_expire,
    .release = path_release,
};
