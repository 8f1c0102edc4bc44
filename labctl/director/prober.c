/* The prober: measures the checks of a set and judges them.
 *
 * It is forked from the director, so it has the topology, the lab's descriptors and capabilities over all nodes; it
 * writes nothing but its messages.  Programs in nodes it cannot start itself (a fork of this memory must not be seen in
 * a node): the director asks the keeper for it, and their end comes back directly.
 *
 * A positive check's verdict stands when its measurement does.  A negative one is judged last, when it is known whether
 * its node reached anything at all meanwhile (the positive control). */
#include "director/prober.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "facts/facts.h"
#include "keeper/protocol.h"
#include "kernel/dump.h"
#include "lab/control.h"
#include "lab/lab.h"
#include "model/check.h"
#include "model/topology.h"
#include "plan/plan.h"
#include "probe/probe.h"
#include "report/metrics.h"

#define PEERS_MAX 3 /* neighbours asked where a node has no gateway */

struct outcome { /* of one check */
    bool known, alive;
    struct fact fact; /* negative checks: kept until the end; its pointers are not valid */
    uint32_t attempts;
    int64_t duration;
};

struct prober {
    const struct prober_task *task;
    int fd;
    struct outcome *outcomes;
};

/* ---- the world, for probe/ ----------------------------------------------------------------------------------------
 */

static int world_netns(void *context, const char *node)
{
    const struct prober *prober = context;
    return lab_netns(prober->task->lab, node);
}

static int world_root(void *context, const char *node)
{
    const struct prober *prober = context;
    return lab_node_root(prober->task->lab, node);
}

static pid_t world_init(void *context, const char *node)
{
    const struct prober *prober = context;
    return lab_node_init(prober->task->lab, node);
}

/* The other end of a wire of the node's, where it is not in a node itself. */
static void add_end(const struct prober *prober, const struct plan_link_end *far, struct probe_end *out)
{
    const struct plan_namespace *ns = &prober->task->plan->namespaces[far->ns];
    bool open = ns->kind == NAMESPACE_NODE; /* a learner may be there */
    *out = (struct probe_end){open ? -1 : lab_netns(prober->task->lab, ns->name), far->name};
}

static int world_ends(void *context, const char *node, struct probe_end *out, size_t most)
{
    const struct prober *prober = context;
    const struct plan *plan = prober->task->plan;
    uint32_t ns = plan ? plan_find_namespace(plan, node) : UINT32_MAX;
    size_t count = 0;
    if (ns == UINT32_MAX)
        return -1;
    for (size_t i = 0; i < plan->device_count && count < most; i++) /* what it sends has another packet around it */
        if (plan->devices[i].ns == ns && plan->devices[i].kind == PLAN_DEVICE_VXLAN)
            out[count++] = (struct probe_end){-1, plan->devices[i].name};
    for (size_t i = 0; i < plan->link_count && count < most; i++)
        for (size_t end = 0; end < 2 && count < most; end++)
            if (plan->links[i].end[end].ns == ns)
                add_end(prober, &plan->links[i].end[1 - end], &out[count++]);
    return (int)count;
}

static bool in_plan(const struct plan *plan, const struct mac *mac)
{
    for (size_t i = 0; i < plan->link_count; i++)
        for (size_t end = 0; end < 2; end++)
            if (memcmp(&plan->links[i].end[end].mac, mac, sizeof *mac) == 0)
                return true;
    for (size_t i = 0; i < plan->device_count; i++)
        if (memcmp(&plan->devices[i].mac, mac, sizeof *mac) == 0)
            return true;
    return false;
}

/* That of the plan, or one that somebody gave a device since; what goes to a group goes somewhere. */
static bool world_has_mac(void *context, const struct mac *mac)
{
    const struct prober *prober = context;
    const struct plan *plan = prober->task->plan;
    if (mac->bytes[0] & 1 || !plan || in_plan(plan, mac))
        return true;
    for (size_t i = 0; i < plan->namespace_count; i++) {
        struct observation *seen = NULL;
        if (lab_observe(prober->task->lab, plan->namespaces[i].name, &seen, NULL) != 0)
            continue;
        bool found = false;
        for (size_t k = 0; k < seen->link_count && !found; k++)
            found = memcmp(&seen->links[k].mac, mac, sizeof *mac) == 0;
        observation_free(seen);
        if (found)
            return true;
    }
    return false;
}

static int world_run(void *context, const char *node, const char *const *argv, int output, struct error *err)
{
    const struct prober *prober = context;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set_errno(err, errno, "run %s in %s: make a socket pair", argv[0], node);
    FD_AUTO near = ends[0];
    FD_AUTO far = ends[1];
    json_t *words = json_array();
    for (size_t i = 0; argv[i]; i++)
        json_array_append_new(words, json_string(argv[i]));
    json_t *message = json_pack("{s:s, s:o}", "run", node, "argv", words);
    int fds[] = {output, far};
    int result = message ? control_send(prober->fd, message, fds, 2, err)
                         : error_set(err, ERR_PROBE, "run %s in %s: its words are not UTF-8", argv[0], node);
    json_decref(message);
    return result == 0 ? fd_steal(&near) : -1;
}

static int world_ended(void *context, int fd, int *status, struct error *err)
{
    (void)context;
    struct keeper_status end;
    ssize_t size = recv(fd, &end, sizeof end, MSG_DONTWAIT);
    if (size != sizeof end)
        return error_set(err, ERR_PROBE, "the program could not be started, or nobody knows how it ended");
    if (end.end == KEEPER_NOT_STARTED)
        return error_set_errno(err, end.value, "%.*s", (int)sizeof end.operation, end.operation);
    *status = end.end == KEEPER_SIGNALED ? end.value & 0x7f : (end.value & 0xff) << 8; /* as of waitpid */
    return 0;
}

/* ---- controls -----------------------------------------------------------------------------------------------------
 */

static void add_ping(const struct node *from, struct addr addr, struct arena *arena, const struct check ***checks,
                     size_t *count)
{
    struct check *check = ARENA_NEW(arena, struct check);
    char text[ADDR_TEXT_MAX];
    *check = (struct check){.id = "", .from = from, .kind = CHECK_PING, .timeout = NANOSECONDS_PER_SECOND, .repeat = 1};
    check->ping.to.addr = addr;
    check->ping.to.text = arena_strdup(arena, addr_format(&addr, text));
    check->ping.count = 1;
    check->ping.size = 56;
    *ARENA_PUSH(arena, *checks, *count) = check;
}

void prober_controls(const struct topology *topology, const struct node *node, struct arena *arena,
                     const struct check ***checks, size_t *count)
{
    size_t before = *count;
    /* The check may belong to a scenario; what runs is this topology. */
    const struct node *own = topology_node(topology, node->name);
    node = own ? own : node;
    for (size_t i = 0; i < node->interface_count; i++)
        if (addr_is_set(&node->interfaces[i]->gateway))
            add_ping(node, node->interfaces[i]->gateway, arena, checks, count);
    for (size_t i = 0; i < node->route_count; i++)
        if (addr_is_set(&node->routes[i].via) && !node->routes[i].table)
            add_ping(node, node->routes[i].via, arena, checks, count);
    if (*count > before)
        return;
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *other = topology->nodes[i];
        for (size_t j = 0; j < other->interface_count && other != node; j++)
            for (size_t k = 0; k < node->interface_count && *count < before + PEERS_MAX; k++)
                if (share_wire(node->interfaces[k], other->interfaces[j]) && other->interfaces[j]->address_count)
                    add_ping(node, other->interfaces[j]->addresses[0].addr, arena, checks, count);
    }
}

/* Whether what was measured shows that packets come back to the prober's node. */
static bool shows_life(const struct check *check, const struct fact *fact)
{
    bool own = fact->target.family == 4 && fact->target.bytes[0] == 127;
    if (check_is_local(check->kind) || check->kind == CHECK_MATRIX || own || fact->left == SIGHT_NO)
        return false;
    return fact->outcome == OUTCOME_ANSWERED || fact->outcome == OUTCOME_REFUSED || fact->outcome == OUTCOME_FAILED;
}

static int control_of(const struct prober *prober, const struct node *node)
{
    bool any = false;
    for (size_t i = 0; i < prober->task->count; i++) {
        const struct check *check = prober->task->checks[i];
        if (!check->from || !str_equal(check->from->name, node->name) || !prober->outcomes[i].known)
            continue;
        if (prober->outcomes[i].alive)
            return CONTROL_ALIVE;
        any |= !check_is_negative(check) && !check_is_local(check->kind);
    }
    return any ? CONTROL_DEAD : CONTROL_UNKNOWN;
}

/* ---- results ------------------------------------------------------------------------------------------------------
 */

/* The matrix as text, one digit for each pair: fits the message whatever its size. */
static json_t *cells_of(const struct fact *fact)
{
    size_t count = fact->matrix_size * fact->matrix_size;
    char *cells = malloc(count + 1);
    if (!cells)
        arena_exhausted();
    for (size_t i = 0; i < count; i++)
        cells[i] = (char)('0' + fact->matrix[i]);
    json_t *text = json_stringn_nocheck(cells, count);
    free(cells);
    return text;
}

/* What a hostile server sent must not reach a terminal or break the message: one line of UTF-8 without controls. */
static void clean(const char *text, struct str *out)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        size_t bytes = str_utf8_length(text + i, length - i);
        bool plain = bytes > 1 || (bytes == 1 && (unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
        str_append_bytes(out, plain ? text + i : "?", plain ? bytes : 1);
        i += bytes ? bytes : 1;
    }
}

static void recall(struct verdict_context *context, int memory)
{
    context->listened_healthy = memory_listened(memory);
    context->left_healthy = memory_left(memory);
    context->returned_healthy = memory_returned(memory);
}

static void send_result(const struct prober *prober, size_t index, const struct fact *fact, int control)
{
    const struct prober_task *task = prober->task;
    const struct outcome *outcome = &prober->outcomes[index];
    struct verdict_context context = {.positive_control = control};
    if (task->listened_healthy)
        recall(&context, task->listened_healthy[index]);
    struct judgement judgement = verdict_of(task->checks[index], fact, &context);
    json_t *message = json_pack("{s:I, s:s, s:I, s:I, s:i, s:i, s:i}", "index", (json_int_t)index, "verdict",
                                verdict_name(judgement.verdict), "duration", (json_int_t)outcome->duration, "attempts",
                                (json_int_t)outcome->attempts, "listener", (int)fact->listener, "left", (int)fact->left,
                                "returned", fact->returned);
    /* Texts may hold what a hostile server sent. */
    STR_AUTO expected = STR_INIT;
    STR_AUTO seen = STR_INIT;
    clean(judgement.expected, &expected);
    clean(judgement.seen, &seen);
    json_object_set_new(message, "expected", json_string(str_text(&expected)));
    json_object_set_new(message, "seen", json_string(str_text(&seen)));
    if (fact->matrix)
        json_object_set_new(message, "cells", cells_of(fact));
    bool passed = judgement.verdict == VERDICT_PASS;
    if (task->with_metrics && (passed || judgement.verdict == VERDICT_FAIL))
        json_object_set_new(message, "metrics", probe_metrics_of(task->checks[index], fact, passed, outcome->duration));
    struct error err = ERROR_INIT;
    if (control_send(prober->fd, message, NULL, 0, &err) != 0)
        _exit(1); /* the director is gone */
    json_decref(message);
}

static bool on_satisfied(void *context, size_t index, const struct fact *fact)
{
    const struct prober *prober = context;
    const struct prober_task *task = prober->task;
    struct verdict_context known = {0};
    if (task->listened_healthy && index < task->asked)
        recall(&known, task->listened_healthy[index]);
    return verdict_of(task->checks[index], fact, &known).verdict == VERDICT_PASS;
}

static void on_result(void *context, size_t index, const struct fact *fact, uint32_t attempts, int64_t duration)
{
    struct prober *prober = context;
    const struct check *check = prober->task->checks[index];
    struct outcome *outcome = &prober->outcomes[index];
    *outcome = (struct outcome){
        .known = true, .alive = shows_life(check, fact), .fact = *fact, .attempts = attempts, .duration = duration};
    if (index < prober->task->asked && !check_is_negative(check))
        send_result(prober, index, fact, CONTROL_UNKNOWN);
}

static void become_prober(pid_t director)
{
    struct rlimit limit;
    prctl(PR_SET_NAME, "prober");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != director)
        _exit(1); /* it died before it could tell */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int prober_main(const struct prober_task *task, int fd)
{
    become_prober(task->director);
    struct prober prober = {.task = task, .fd = fd};
    struct arena *arena = arena_new();
    prober.outcomes = arena_alloc(arena, task->count * sizeof *prober.outcomes);
    struct probe_world world = {.context = &prober,
                                .topology = task->topology,
                                .netns = world_netns,
                                .root = world_root,
                                .init = world_init,
                                .ends = world_ends,
                                .has_mac = world_has_mac,
                                .run = world_run,
                                .ended = world_ended};
    struct probe_options options = {
        .single_attempt = task->single_attempt, .satisfied = on_satisfied, .result = on_result, .context = &prober};
    struct error err = ERROR_INIT;
    if (probe_checks(&world, task->checks, task->count, &options, &err) < 0)
        return 1;
    for (size_t i = 0; i < task->asked; i++)
        if (prober.outcomes[i].known && check_is_negative(task->checks[i]))
            send_result(&prober, i, &prober.outcomes[i].fact, control_of(&prober, task->checks[i]->from));
    shutdown(fd, SHUT_RDWR); /* everything is told: the end itself takes a while */
    return 0;
}
