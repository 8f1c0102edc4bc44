/* firewall: what becomes of packets that are really sent, in whatever way the node's rules come to it.
 *
 * Each packet leaves its sender's node through a raw socket, as that node's own programs would send it.  At the node
 * that is looked at, a packet socket sees whether it came to the door (before any rule but those of an interface's
 * ingress) and whether it left on the other side; a raw socket gets a copy of what passed the input rules.  A packet
 * that never came to the door tells nothing of the node's firewall.  A policy is what becomes of packets to ports that
 * nobody uses, one of TCP and one of UDP. */
#include <errno.h>
#include <netinet/in.h>
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
#include "probe/path.h"
#include "probe/watcher.h"

#define COPIES      3                /* of each packet: one that is lost is none that is dropped */
#define LOOK        INT64_C(5000000) /* between looks */
#define UNUSED_PORT 61000            /* and above: nobody listens there, and no kernel takes them by itself */
#define TTL         64

struct packet {
    const struct firewall_packet *wanted;
    const struct node *from;
    struct path_sender sender;
    struct watchers *watchers;
    struct watch_mark mark;
    int inside; /* raw socket at the node, or -1 */
    bool forwarded, own, arrived, passed;
};

struct firewall {
    struct attempt *attempt;
    struct timer look;
    struct packet *packets;
    size_t count;
    int64_t sent_at;
};

static const char *name_of(const struct packet *packet, char *out, size_t size)
{
    char target[NET_TEXT_MAX], address[ADDR_TEXT_MAX];
    const struct path_sender *sender = &packet->sender;
    bool port = sender->protocol != PATH_ICMP;
    snprintf(out, size, "%s from %s to %s", path_protocol_name(sender->protocol), packet->from->name,
             port ? net_format(&sender->target, sender->port, target) : addr_format(&sender->target, address));
    return out;
}

static void finish(struct firewall *firewall)
{
    struct attempt *attempt = firewall->attempt;
    struct fact *fact = &attempt->fact;
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < firewall->count; i++) {
        const struct packet *packet = &firewall->packets[i];
        char name[200];
        struct fact_packet *seen = ARENA_PUSH(attempt->arena, fact->packets, fact->packet_count);
        *seen = (struct fact_packet){packet->arrived, packet->passed, NULL};
        seen->text = arena_strdup(attempt->arena, name_of(packet, name, sizeof name));
        str_printf(&text, "%s%s: %s", i ? "; " : "", name,
                   !packet->arrived ? "never came to the door"
                   : packet->passed ? "accepted"
                                    : "dropped");
    }
    attempt_end(attempt, OUTCOME_ANSWERED, "%s", str_text(&text));
}

/* ---- looking ------------------------------------------------------------------------------------------------------
 */

/* False where nothing of it passed the node's far ends, to it or from it.  Inside, its root could stage a packet that
 * comes and goes nowhere. */
static bool on_the_wire(const struct firewall *firewall, const struct packet *packet, bool to_node)
{
    struct attempt *attempt = firewall->attempt;
    return witness_saw(engine_witness(attempt->engine), attempt_node(attempt, attempt->check->from), to_node,
                       packet->mark.protocol, path_sign(&packet->sender, TTL), attempt->flow.since) != SIGHT_NO;
}

static void look_at(const struct firewall *firewall, struct packet *packet)
{
    unsigned in = 0, out = 0;
    watchers_count(packet->watchers, TTL, &in, &out);
    packet->arrived |= packet->own || (in > 0 && on_the_wire(firewall, packet, true));
    if (packet->forwarded || packet->own)
        packet->passed |= out > 0 && on_the_wire(firewall, packet, false);
    else if (packet->inside >= 0)
        packet->passed |= watch_mark_received(&packet->mark, TTL, packet->inside);
    packet->arrived |= packet->passed;
}

static void look(void *context)
{
    struct firewall *firewall = context;
    struct attempt *attempt = firewall->attempt;
    bool all = true;
    for (size_t i = 0; i < firewall->count; i++) {
        look_at(firewall, &firewall->packets[i]);
        all &= firewall->packets[i].passed;
    }
    int64_t now = clock_monotonic();
    if (all || now >= firewall->sent_at + path_patience(attempt))
        finish(firewall);
    else
        engine_set(attempt->engine, &firewall->look, now + LOOK);
}

/* ---- sending ------------------------------------------------------------------------------------------------------
 */

static bool shares_segment(const struct node *a, const struct node *b)
{
    for (size_t i = 0; i < a->interface_count; i++)
        for (size_t j = 0; j < b->interface_count; j++)
            if (share_wire(a->interfaces[i], b->interfaces[j]))
                return true;
    return false;
}

/* Who sends where the check does not say: a neighbour, else anybody who could reach the node. */
static const struct node *some_sender(const struct topology *topology, const struct node *at)
{
    const struct node *any = NULL;
    for (size_t i = 0; topology && i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        struct addr addr = topology_address_of(topology, node, at, NULL, 0);
        if (strcmp(node->name, at->name) == 0 || !addr_is_set(&addr))
            continue;
        if (shares_segment(node, at))
            return node;
        any = any ? any : node;
    }
    return any;
}

static bool find_target(struct attempt *attempt, const struct packet *packet, const struct node *at, struct addr *out)
{
    const struct firewall_packet *wanted = packet->wanted;
    const struct topology *topology = attempt->world->topology;
    const struct node *to = wanted->has_to ? attempt_node(attempt, wanted->to.node) : at;
    const struct interface *interface =
        to && wanted->to.interface ? node_interface(to, wanted->to.interface->name) : NULL;
    *out = to ? topology_address_of(topology, packet->from, to, interface, 0) : wanted->to.addr;
    if (addr_is_set(out))
        return true;
    attempt_end(attempt, OUTCOME_ERROR, "%s has no address that %s could use", to ? to->name : "the target",
                packet->from->name);
    return false;
}

static uint16_t unused_port(void)
{
    uint16_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = (uint16_t)clock_monotonic();
    return (uint16_t)(UNUSED_PORT + random % 4000);
}

/* Opens what is needed for one packet; false after ending the attempt. */
static bool prepare(struct firewall *firewall, struct packet *packet, const struct node *at)
{
    struct attempt *attempt = firewall->attempt;
    const struct firewall_packet *wanted = packet->wanted;
    struct addr target;
    packet->from = wanted->from ? attempt_node(attempt, wanted->from) : some_sender(attempt->world->topology, at);
    if (!packet->from) {
        attempt_end(attempt, OUTCOME_ERROR, "no node could send a packet to %s: name one with 'from'", at->name);
        return false;
    }
    int door = attempt_netns(attempt);
    int netns = attempt->world->netns(attempt->world->context, packet->from->name);
    if (netns < 0 || door < 0 || !find_target(attempt, packet, at, &target)) {
        attempt_end(attempt, OUTCOME_ERROR, "node %s has no network namespace: it does not run", packet->from->name);
        return false;
    }
    witness_cover(engine_witness(attempt->engine), at);
    packet->own = strcmp(packet->from->name, at->name) == 0;
    packet->forwarded = wanted->has_to && !packet->own;
    if (!path_sender_open(&packet->sender, attempt, netns, wanted->protocol,
                          wanted->port ? wanted->port : unused_port(), &target))
        return false;
    path_sender_mark(&packet->sender, &packet->mark);
    packet->watchers = watchers_at(attempt->world, at, &packet->mark);
    if (!packet->forwarded && !packet->own)
        packet->inside = attempt_socket(attempt, door, net_domain(&target), SOCK_RAW, packet->mark.protocol);
    if (attempt->over)
        return false;
    if (!packet->watchers) {
        attempt_end(attempt, OUTCOME_ERROR, "node %s: packets could not be watched: %s", at->name, strerror(errno));
        return false;
    }
    return true;
}

static void firewall_start(struct attempt *attempt)
{
    struct firewall *firewall = attempt->state;
    const struct check_firewall *check = &attempt->check->firewall;
    const struct node *at = attempt_node(attempt, attempt->check->from);
    firewall->attempt = attempt;
    firewall->look = (struct timer){.expired = look, .context = firewall};
    firewall->packets = arena_alloc(attempt->arena, check->packet_count * sizeof *firewall->packets);
    for (size_t i = 0; i < check->packet_count; i++) {
        struct packet *packet = &firewall->packets[firewall->count++];
        *packet = (struct packet){.wanted = &check->packets[i], .inside = -1};
        packet->sender.fd = packet->sender.reserved = -1;
        if (!prepare(firewall, packet, at))
            return;
    }
    for (size_t i = 0; i < firewall->count; i++)
        for (int copy = 0; copy < COPIES; copy++)
            path_send(&firewall->packets[i].sender, TTL, TTL);
    attempt->fact.sent = (uint32_t)firewall->count * COPIES;
    firewall->sent_at = clock_monotonic();
    look(firewall);
}

static void firewall_expire(struct attempt *attempt)
{
    finish(attempt->state);
}

static void firewall_release(struct attempt *attempt)
{
    struct firewall *firewall = attempt->state;
    if (!firewall->attempt) /* not begun */
        return;
    engine_unset(attempt->engine, &firewall->look);
    for (size_t i = 0; i < firewall->count; i++) {
        path_sender_close(&firewall->packets[i].sender);
        fd_close(&firewall->packets[i].inside);
        watchers_free(firewall->packets[i].watchers);
    }
    firewall->count = 0;
}

const struct probe_kind probe_firewall = {
    .kind = CHECK_FIREWALL,
    .state_size = sizeof(struct firewall),
    .start = firewall_start,
    .expire = firewall_expire,
    .release = firewall_release,
};
