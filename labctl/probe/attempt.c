/* One attempt of one check: its time limit, its end, its memory. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <string.h>
#include <netinet/in.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "kernel/namespace.h"
#include "kernel/route.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/impostor.h"
#include "probe/net.h"

#define SECOND_LOOK INT64_C(100000000) /* ns until an answer that nobody saw coming is given up */

static const struct probe_kind *const kinds[] = {
    [CHECK_PING] = &probe_ping,
    [CHECK_TCP] = &probe_tcp,
    [CHECK_UDP] = &probe_udp,
    [CHECK_DNS] = &probe_dns,
    [CHECK_HTTP] = &probe_http,
    [CHECK_TLS] = &probe_tls,
    [CHECK_PATH] = &probe_path,
    [CHECK_MTU] = &probe_mtu,
    [CHECK_THROUGHPUT] = &probe_throughput,
    [CHECK_FIREWALL] = &probe_firewall,
    [CHECK_MATRIX] = &probe_matrix,
    [CHECK_COMMAND] = &probe_command,
    /* a node's own state */
    [CHECK_SOCKET] = &probe_state,
    [CHECK_ROUTE] = &probe_state,
    [CHECK_NEIGHBOUR] = &probe_state,
    [CHECK_ADDRESS] = &probe_state,
    [CHECK_LINK] = &probe_state,
    [CHECK_SYSCTL] = &probe_state,
    [CHECK_CONNTRACK] = &probe_state,
    [CHECK_RESOLVER] = &probe_state,
    [CHECK_FILE] = &probe_state,
    [CHECK_PROCESS] = &probe_state,
};
_Static_assert(ARRAY_SIZE(kinds) == CHECK_KIND_COUNT, "every kind of check has its probe");

static void attempt_free(void *memory)
{
    struct attempt *attempt = memory;
    arena_free(attempt->arena);
    free(attempt);
}

static void attempt_expired(void *context)
{
    struct attempt *attempt = context;
    kinds[attempt->check->kind]->expire(attempt);
}

void attempt_prepare(enum check_kind kind)
{
    if (kinds[kind]->prepare)
        kinds[kind]->prepare(NULL);
}

static void settle(struct attempt *attempt);

/* A node that somebody took out of the lab is no failure of labctl's: nothing is asked, and the check fails. */
static bool ends_as_gone(struct attempt *attempt)
{
    const struct topology *topology = attempt->world->topology;
    const struct node *node = topology ? check_missing_node(attempt->check, topology) : NULL;
    struct fact *fact = &attempt->fact;
    if (!node)
        return false;
    engine_unset(attempt->engine, &attempt->timer);
    attempt->over = true;
    fact->gone = true;
    fact->outcome = OUTCOME_UNREACHABLE;
    snprintf(fact->detail, sizeof fact->detail, "node %s is not in the lab any more", node->name);
    settle(attempt);
    return true;
}

void attempt_begin(struct engine *engine, const struct probe_world *world, const struct check *check,
                   void (*done)(struct attempt *attempt, void *context), void *context)
{
    const struct probe_kind *kind = kinds[check->kind];
    struct attempt *attempt = calloc(1, sizeof *attempt);
    if (!attempt)
        arena_exhausted();
    attempt->engine = engine;
    attempt->world = world;
    attempt->check = check;
    attempt->arena = arena_new();
    attempt->state = arena_alloc(attempt->arena, kind->state_size);
    attempt->done = done;
    attempt->context = context;
    attempt->started = clock_monotonic();
    attempt->limited = attempt->started;
    attempt->deadline = attempt->started + check_attempt_time(check);
    attempt->timer = (struct timer){.expired = attempt_expired, .context = attempt};
    attempt->flow.since = witness_look(engine_witness(engine));
    if (!kind->own_time)
        engine_set(engine, &attempt->timer, attempt->deadline);
    if (!ends_as_gone(attempt))
        kind->start(attempt);
}

/* ---- who answered -------------------------------------------------------------------------------------------------
 */

void attempt_watch(struct attempt *attempt, const struct addr *addr)
{
    const struct topology *topology = attempt->world->topology;
    witness_cover(engine_witness(attempt->engine), topology ? address_owner(topology, addr) : NULL);
}

void attempt_watch_name(struct attempt *attempt, const char *name)
{
    const struct topology *topology = attempt->world->topology;
    attempt->named = topology ? name_owner(topology, name) : NULL;
    witness_cover(engine_witness(attempt->engine), attempt->named);
}

void attempt_sends(struct attempt *attempt, int fd, int protocol, uint16_t port)
{
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof own;
    getsockname(fd, (struct sockaddr *)&own, &size);
    /* Both families have the port at one place. */
    attempt_sends_from(attempt, protocol, ntohs(((struct sockaddr_in *)&own)->sin_port), port);
}

void attempt_sends_from(struct attempt *attempt, int protocol, uint16_t local, uint16_t port)
{
    attempt->flow.protocol = protocol;
    attempt->flow.local = local;
    attempt->flow.remote = port;
    witness_claim(engine_witness(attempt->engine), attempt->check->from, &attempt->flow);
}

void attempt_sends_echo(struct attempt *attempt, bool ipv6, uint64_t cookie)
{
    attempt->flow.protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    attempt->flow.cookie = cookie;
}

/* The node that the fact's target belongs to, or NULL. */
static const struct node *target_node(const struct attempt *attempt)
{
    const struct check_target *target = check_target_of(attempt->check);
    const struct topology *topology = attempt->world->topology;
    if (target && target->node)
        return target->node;
    if (attempt->named && !str_equal(attempt->named->name, attempt->check->from->name) &&
        route_is_local(attempt->world->netns(attempt->world->context, attempt->check->from->name),
                       &attempt->fact.target) == 1)
        return attempt->named;
    return topology && addr_is_set(&attempt->fact.target) ? address_owner(topology, &attempt->fact.target) : NULL;
}

static void ask_witness(struct attempt *attempt)
{
    if (attempt->flow.protocol && attempt->check->from)
        witness_tell(engine_witness(attempt->engine), &attempt->flow, attempt->check->from, target_node(attempt),
                     &attempt->fact);
}

/* What somebody says in another one's name is worth nothing, neither as an answer nor as a refusal. */
static void unmask(struct attempt *attempt)
{
    struct fact *fact = &attempt->fact;
    const struct node *owner;
    char target[ADDR_TEXT_MAX], seen[sizeof fact->detail];
    if (impostor_found(attempt, &owner)) {
        fact->outcome = OUTCOME_FAILED;
        snprintf(fact->detail, sizeof fact->detail,
                 "%s itself answers for %s (its route there is local), which is the address of %s",
                 attempt->check->from->name, addr_format(&fact->target, target), owner->name);
    } else if (fact->outcome == OUTCOME_ANSWERED && fact->arrived == SIGHT_NO) {
        fact->outcome = OUTCOME_FAILED;
        memcpy(seen, fact->detail, sizeof seen);
        snprintf(fact->detail, sizeof fact->detail,
                 "somebody else answered in the place of %s, none of whose %s: %.200s", target_node(attempt)->name,
                 "interfaces saw this pass", seen);
    }
}

/* Says how it was, to whoever waits for it. */
static void settle(struct attempt *attempt)
{
    if (!attempt->fact.gone && attempt->fact.outcome != OUTCOME_ERROR && attempt->fact.outcome != OUTCOME_NO_NAME)
        unmask(attempt);
    attempt->done(attempt, attempt->context);
    engine_later(attempt->engine, attempt_free, attempt);
}

/* A proxy may answer before it speaks to the target. */
static void second_look(void *context)
{
    struct attempt *attempt = context;
    ask_witness(attempt);
    settle(attempt);
}

void attempt_end(struct attempt *attempt, enum fact_outcome outcome, const char *format, ...)
{
    if (attempt->over)
        return;
    attempt->over = true;
    attempt->fact.outcome = outcome;
    attempt->fact.duration = clock_monotonic() - attempt->started;
    va_list args;
    va_start(args, format);
    vsnprintf(attempt->fact.detail, sizeof attempt->fact.detail, format, args);
    va_end(args);
    engine_unset(attempt->engine, &attempt->timer);
    ask_witness(attempt);
    kinds[attempt->check->kind]->release(attempt);
    if (outcome != OUTCOME_ANSWERED || attempt->fact.arrived != SIGHT_NO) {
        settle(attempt);
        return;
    }
    attempt->timer = (struct timer){.expired = second_look, .context = attempt};
    engine_set(attempt->engine, &attempt->timer, clock_monotonic() + SECOND_LOOK);
}

void attempt_fail(struct attempt *attempt, const struct error *err)
{
    attempt_end(attempt, err->kind == ERR_CAPABILITY ? OUTCOME_UNSUPPORTED : OUTCOME_ERROR, "%s", err->text);
}

const char *attempt_limit(const struct attempt *attempt, char out[static 32])
{
    int64_t limit = attempt->deadline - attempt->limited;
    if (limit % NANOSECONDS_PER_SECOND == 0)
        snprintf(out, 32, "%lld s", (long long)(limit / NANOSECONDS_PER_SECOND));
    else
        snprintf(out, 32, "%lld ms", (long long)(limit / 1000000));
    return out;
}

int attempt_netns(struct attempt *attempt)
{
    const struct node *node = attempt->check->from;
    if (!node) {
        attempt_end(attempt, OUTCOME_ERROR, "the check names no node to measure from");
        return -1;
    }
    int netns = attempt->world->netns(attempt->world->context, node->name);
    if (netns < 0)
        attempt_end(attempt, OUTCOME_ERROR, "node %s has no network namespace: it does not run", node->name);
    return netns;
}

int attempt_socket(struct attempt *attempt, int netns, int domain, int type, int protocol)
{
    struct error err = ERROR_INIT;
    int fd = netns_socket(netns, domain, type | SOCK_NONBLOCK, protocol, &err);
    if (fd < 0)
        attempt_end(attempt, OUTCOME_ERROR, "node %s: %s", attempt->check->from->name, err.text);
    else if (type == SOCK_STREAM)
        net_leave_no_trace(fd);
    return fd;
}

const struct node *attempt_node(const struct attempt *attempt, const struct node *node)
{
    const struct topology *topology = attempt->world->topology;
    const struct node *running = node && topology ? topology_node(topology, node->name) : NULL;
    return running ? running : node;
}

static struct addr address_of(const struct attempt *attempt, const struct check_target *target)
{
    const struct node *from = attempt_node(attempt, attempt->check->from), *to = attempt_node(attempt, target->node);
    const struct interface *interface = target->interface ? node_interface(to, target->interface->name) : NULL;
    struct addr addr = topology_address_of(attempt->world->topology, from, to, interface, 0);
    /* One that the prober could use was there when the lab was healthy; what is left is tried, and leads nowhere. */
    for (size_t i = 0; i < to->interface_count && !addr_is_set(&addr); i++)
        if ((!interface || to->interfaces[i] == interface) && to->interfaces[i]->address_count)
            addr = to->interfaces[i]->addresses[0].addr;
    return addr;
}

bool attempt_target(struct attempt *attempt, const struct check_target *target, struct addr *out)
{
    *out = target->addr;
    if (target->node)
        *out = address_of(attempt, target);
    attempt->fact.target = *out;
    if (addr_is_set(out))
        return true;
    attempt_end(attempt, OUTCOME_ERROR, "'%s' has no address that %s could use", target->text ? target->text : "?",
                attempt->check->from ? attempt->check->from->name : "?");
    return false;
}
