/* One attempt of one check: its time limit, its end, its memory. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/table.h"
#include "base/units.h"
#include "kernel/namespace.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/impostor.h"

static const struct probe_kind *const kinds[] = {
    [CHECK_PING] = &probe_ping,
    [CHECK_TCP] = &probe_tcp,
    [CHECK_UDP] = &probe_udp,
    [CHECK_DNS] = &probe_dns,
    [CHECK_HTTP] = &probe_http,
    [CHECK_TLS] = &probe_tls,
    [CHECK_PATH] = &probe_path,
    [CHECK_MTU] = &probe_mtu,
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
    attempt->deadline = attempt->started + (check->timeout > 0 ? check->timeout : NANOSECONDS_PER_SECOND);
    attempt->timer = (struct timer){.expired = attempt_expired, .context = attempt};
    if (!kind->own_time)
        engine_set(engine, &attempt->timer, attempt->deadline);
    kind->start(attempt);
}

/* What a node says of itself in another one's name is worth nothing, neither as an answer nor as a refusal. */
static void unmask(struct attempt *attempt)
{
    const struct node *owner;
    char target[ADDR_TEXT_MAX];
    if (!impostor_found(attempt, &owner))
        return;
    attempt->fact.outcome = OUTCOME_FAILED;
    snprintf(attempt->fact.detail, sizeof attempt->fact.detail,
             "%s itself answers for %s (its route there is local), which is the address of %s",
             attempt->check->from->name, addr_format(&attempt->fact.target, target), owner->name);
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
    if (outcome != OUTCOME_ERROR && outcome != OUTCOME_NO_NAME)
        unmask(attempt);
    engine_unset(attempt->engine, &attempt->timer);
    kinds[attempt->check->kind]->release(attempt);
    attempt->done(attempt, attempt->context);
    engine_later(attempt->engine, attempt_free, attempt);
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
    return topology_address_of(attempt->world->topology, from, to, interface, 0);
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
