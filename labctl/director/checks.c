/* Running sets of checks: a prober is forked for each set, its messages become results.
 *
 * A prober that dies takes nothing with it but time: what it had not reported is measured by another one, three times
 * over; then it is an error.  It can never be taken for a pass. */
#include "director/checks.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "director/director.h"
#include "director/prober.h"
#include "facts/facts.h"
#include "lab/control.h"
#include "lab/keeper.h"
#include "lab/lab.h"
#include "model/check.h"
#include "model/topology.h"
#include "probe/probe.h"

#define PROBERS_MAX 4                             /* the first, and three more where it died */
#define PATIENCE    (60 * NANOSECONDS_PER_SECOND) /* beyond what the checks themselves may last */
#define WORDS_MAX   64

struct run {
    struct director *director;
    struct arena *arena;
    struct prober_task task;
    struct check_result *results;
    bool *known;
    size_t known_count;
    char *cells; /* of a matrix, or NULL */
    pid_t prober;
    int fd;
    int watchdog;
    unsigned probers;
    unsigned generation; /* of the topology that the checks belong to */
    checks_done *done;
    void *context;
};

/* ---- what the prober says -----------------------------------------------------------------------------------------
 */

static void take_result(struct run *run, const json_t *message)
{
    size_t index = (size_t)json_integer_value(json_object_get(message, "index"));
    if (index >= run->task.asked || run->known[index])
        return;
    struct check_result *result = &run->results[index];
    const char *expected = json_string_value(json_object_get(message, "expected"));
    const char *seen = json_string_value(json_object_get(message, "seen"));
    const char *cells = json_string_value(json_object_get(message, "cells"));
    result->verdict = verdict_from_name(json_string_value(json_object_get(message, "verdict")));
    snprintf(result->expected, sizeof result->expected, "%s", expected ? expected : "");
    snprintf(result->seen, sizeof result->seen, "%s", seen ? seen : "");
    result->duration = json_integer_value(json_object_get(message, "duration"));
    result->attempts = (uint32_t)json_integer_value(json_object_get(message, "attempts"));
    result->listener = (int)json_integer_value(json_object_get(message, "listener"));
    result->left = (int)json_integer_value(json_object_get(message, "left"));
    result->returned = (int)json_integer_value(json_object_get(message, "returned"));
    json_decref(result->metrics);
    result->metrics = json_incref(json_object_get(message, "metrics"));
    if (cells)
        result->cells = arena_strdup(run->arena, cells);
    run->known[index] = true;
    run->known_count++;
}

/* Asks the keeper for a program in a node.  The descriptors go with it; what does not start shows as the end of its
 * control socket. */
static void start_program(struct run *run, const json_t *message, const int *fds, size_t fd_count)
{
    const char *words[WORDS_MAX];
    const json_t *argv = json_object_get(message, "argv");
    struct keeper_spawn_spec spec = {
        .fds = {-1, fd_count ? fds[0] : -1, -1}, .silent = true, .pristine = true, .argv = words};
    struct error err = ERROR_INIT;
    for (; spec.argc < json_array_size(argv) && spec.argc < WORDS_MAX; spec.argc++)
        words[spec.argc] = json_string_value(json_array_get(argv, spec.argc));
    if (fd_count < 2 || !spec.argc)
        return;
    spec.control = fds[1];
    struct lab *lab = director_lab(run->director);
    if (lab_spawn_target(lab, json_string_value(json_object_get(message, "run")), &spec, &err) == 0)
        keeper_spawn(lab_keeper(lab), &spec, &err);
}

static bool start_prober(struct run *run, struct error *err);

static void finish(struct run *run, const char *problem)
{
    for (size_t i = 0; i < run->task.asked; i++)
        if (!run->known[i]) {
            run->results[i].verdict = VERDICT_ERROR;
            snprintf(run->results[i].seen, sizeof run->results[i].seen, "%s", problem);
        }
    run->done(run->director, run->context, run->results, run->task.asked, NULL);
    for (size_t i = 0; i < run->task.asked; i++)
        json_decref(run->results[i].metrics);
    arena_free(run->arena);
}

static int netns_of(void *context, const char *node)
{
    return lab_netns(context, node);
}

void checks_sweep(struct director *director)
{
    probe_sweep(director_topology(director), netns_of, director_lab(director));
}

/* A prober that has told everything still has packet sockets to close, which takes the kernel a while: nobody waits. */
static void prober_gone(struct director *director, int fd, void *context)
{
    int status = 0;
    pid_t *prober = context;
    while (waitpid(*prober, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status))
        checks_sweep(director);
    director_unwatch(director, fd);
    close(fd);
    free(prober);
}

static bool await_end(struct run *run)
{
    FD_AUTO fd = (int)syscall(SYS_pidfd_open, run->prober, 0);
    pid_t *prober = malloc(sizeof *prober);
    if (!prober)
        arena_exhausted();
    *prober = run->prober;
    if (fd >= 0 && director_watch(run->director, fd, prober_gone, prober, NULL) == 0) {
        fd_steal(&fd);
        return true;
    }
    free(prober);
    return false;
}

/* The prober has ended: all is known, or another one goes on. */
static void prober_ended(struct run *run)
{
    int status = 0;
    char problem[sizeof run->results->seen];
    director_unwatch(run->director, run->fd);
    director_cancel(run->director, run->watchdog);
    fd_close(&run->fd);
    if (run->known_count == run->task.asked && await_end(run)) {
        finish(run, NULL);
        return;
    }
    kill(run->prober, SIGKILL);
    while (waitpid(run->prober, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status))
        checks_sweep(run->director);
    struct error err = ERROR_INIT;
    bool again = run->known_count < run->task.asked && run->probers < PROBERS_MAX;
    /* The checks of a topology that was replaced meanwhile are gone with it. */
    if (again && run->generation == director_generation(run->director) && start_prober(run, &err))
        return;
    if (err.kind)
        snprintf(problem, sizeof problem, "%.*s", (int)sizeof problem - 1, err.text);
    else if (WIFSIGNALED(status))
        snprintf(problem, sizeof problem, "the prober was killed %u times (signal %d): nothing was measured",
                 run->probers, WTERMSIG(status));
    else
        snprintf(problem, sizeof problem, "the prober ended %u times before it had measured this", run->probers);
    finish(run, problem);
}

static void prober_says(struct director *director, int fd, void *context)
{
    (void)director;
    struct run *run = context;
    json_t *message = NULL;
    int fds[CONTROL_FDS_MAX];
    size_t fd_count = 0;
    struct error err = ERROR_INIT;
    if (control_receive(fd, &message, fds, &fd_count, &err) != 0) {
        prober_ended(run);
        return;
    }
    if (json_object_get(message, "run"))
        start_program(run, message, fds, fd_count);
    else
        take_result(run, message);
    for (size_t i = 0; i < fd_count; i++)
        close(fds[i]);
    json_decref(message);
}

static void prober_hangs(struct director *director, void *context)
{
    (void)director;
    struct run *run = context;
    run->watchdog = -1;
    kill(run->prober, SIGKILL); /* its end shows on the socket */
}

/* ---- starting -----------------------------------------------------------------------------------------------------
 */

static int64_t longest(const struct run *run)
{
    int64_t most = 0, alone = 0; /* those that run alone follow one another */
    for (size_t i = 0; i < run->task.count; i++) {
        const struct check *check = run->task.checks[i];
        int64_t lasts =
            check->within + check->stable_for + 8 * check_attempt_time(check) * (check->repeat ? check->repeat : 1);
        alone += check_is_alone(check->kind) ? lasts : 0;
        most = lasts > most ? lasts : most;
    }
    return most + alone + PATIENCE;
}

static bool start_prober(struct run *run, struct error *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        error_set_errno(err, errno, "start a prober: make a socket pair");
        return false;
    }
    run->task.director = getpid();
    run->task.plan = director_plan(run->director);
    fflush(NULL); /* what is buffered is the director's to write */
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(prober_main(&run->task, ends[1]));
    }
    close(ends[1]);
    run->fd = ends[0];
    if (child < 0) {
        error_set_errno(err, errno, "start a prober");
        fd_close(&run->fd);
        return false;
    }
    run->prober = child;
    run->probers++;
    if (director_watch(run->director, run->fd, prober_says, run, err) != 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        fd_close(&run->fd);
        return false;
    }
    run->watchdog = director_after(run->director, longest(run), prober_hangs, run);
    return true;
}

/* A matrix that names no nodes is one of all nodes with an address. */
static const struct check *whole(struct run *run, const struct check *check)
{
    if (check->kind != CHECK_MATRIX || check->matrix.node_count)
        return check;
    const struct topology *topology = director_topology(run->director);
    struct check *copy = arena_copy(run->arena, check, sizeof *check);
    copy->matrix.nodes = NULL;
    for (size_t i = 0; i < topology->node_count; i++)
        if (checks_measurable(topology->nodes[i]))
            *ARENA_PUSH(run->arena, copy->matrix.nodes, copy->matrix.node_count) = topology->nodes[i];
    return copy;
}

bool checks_measurable(const struct node *node)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->address_count)
            return true;
    return false;
}

/* What is asked: a whole matrix, and a positive check with the patience that the caller has. */
static const struct check *asked_of(struct run *run, const struct check *check, const struct checks_options *options)
{
    check = whole(run, check);
    if (!options)
        return check;
    int64_t within = check->within;
    if (options->patience > within && !check_is_negative(check))
        within = options->patience;
    if (options->settle && options->settle < within)
        within = options->settle;
    if (within == check->within)
        return check;
    struct check *patient = arena_copy(run->arena, check, sizeof *check);
    patient->within = within;
    return patient;
}

/* Negative checks want a positive control from the same node: what the caller offers, and its gateway. */
static const struct check **with_controls(struct run *run, const struct check *const *checks, size_t count,
                                          const struct checks_options *options, size_t *total)
{
    const struct check **all = NULL;
    size_t all_count = 0;
    for (size_t i = 0; i < count; i++)
        *ARENA_PUSH(run->arena, all, all_count) = asked_of(run, checks[i], options);
    for (size_t i = 0; i < count; i++) {
        bool seen = !check_is_negative(checks[i]) || !checks[i]->from;
        for (size_t j = 0; j < i && !seen; j++)
            seen = check_is_negative(checks[j]) && checks[j]->from == checks[i]->from;
        if (seen)
            continue;
        prober_controls(director_topology(run->director), checks[i]->from, run->arena, &all, &all_count);
        for (size_t j = 0; options && j < options->control_count; j++)
            if (options->controls[j]->from == checks[i]->from && !check_is_negative(options->controls[j])) {
                struct check *once = arena_copy(run->arena, options->controls[j], sizeof *once);
                once->within = once->stable_for = 0; /* one look is enough for a sign of life */
                *ARENA_PUSH(run->arena, all, all_count) = once;
            }
    }
    *total = all_count;
    return all;
}

/* Whether the service takes what comes to the port. */
static bool serves(const struct service *service, enum check_kind kind, uint16_t port)
{
    if (service->kind == SERVICE_EXEC)
        return kind == CHECK_TCP && service->ready_port == port;
    return (kind == CHECK_TCP ? service_listens_tcp(service->kind) : service_listens_udp(service->kind)) &&
           service->port == port;
}

/* A service that the topology declares listens when the lab is healthy. */
static int listens_by_declaration(const struct check *check)
{
    bool tcp = check->kind == CHECK_TCP, udp = check->kind == CHECK_UDP;
    const struct check_target *target = check_target_of(check);
    if (!check_is_negative(check) || !(tcp || udp) || !target->node)
        return LISTENED_UNKNOWN;
    uint16_t port = tcp ? check->tcp.port : check->udp.port;
    for (size_t i = 0; i < target->node->service_count; i++)
        if (serves(target->node->services[i], check->kind, port))
            return LISTENED_YES;
    return LISTENED_UNKNOWN;
}

/* ---- what is kept of the healthy lab ---- */

/* Two bits each: what listened, whether a packet left the prober's node, whether an answer came back to it. */
int memory_listened(int memory)
{
    return memory & 3;
}

int memory_left(int memory)
{
    return memory >> 2 & 3;
}

int memory_returned(int memory)
{
    return memory >> 4 & 3;
}

/* Ids have no slash, so this is nobody's. */
static const char *sights_key(const char *id, char *out, size_t size)
{
    snprintf(out, size, "%s/sights", id);
    return out;
}

void checks_remember(json_t *kept, const struct check_result *result)
{
    char key[160];
    json_object_set_new(kept, result->id, json_integer(result->listener));
    json_object_set_new(kept, sights_key(result->id, key, sizeof key),
                        json_integer(result->left | result->returned << 2));
}

int checks_recall(const json_t *kept, const char *id)
{
    char key[160];
    int sights = (int)json_integer_value(json_object_get(kept, sights_key(id, key, sizeof key)));
    return (int)json_integer_value(json_object_get(kept, id)) | sights << 2;
}

static const int *listened(struct run *run, const struct check *const *checks, size_t count,
                           const struct checks_options *options)
{
    int *out = arena_alloc(run->arena, count * sizeof *out);
    for (size_t i = 0; i < count; i++) {
        out[i] = options && options->listened_healthy ? options->listened_healthy[i] : LISTENED_UNKNOWN;
        if (memory_listened(out[i]) == LISTENED_UNKNOWN)
            out[i] |= listens_by_declaration(checks[i]);
    }
    return out;
}

int checks_start(struct director *director, const struct check *const *checks, size_t count,
                 const struct checks_options *options, checks_done *done, void *context, struct error *err)
{
    struct topology *topology = director_topology(director);
    if (!topology)
        return error_set(err, ERR_BUSY, "the lab is not built yet: nothing can be checked");
    struct arena *arena = arena_new();
    struct run *run = ARENA_NEW(arena, struct run);
    *run = (struct run){.director = director, .arena = arena, .done = done, .context = context, .fd = -1};
    run->generation = director_generation(director);
    run->results = arena_alloc(arena, count * sizeof *run->results);
    run->known = arena_alloc(arena, count * sizeof *run->known);
    for (size_t i = 0; i < count; i++) {
        struct check_result *result = &run->results[i];
        result->id = arena_strdup(arena, checks[i]->id);
        snprintf(result->from, sizeof result->from, "%s", checks[i]->from ? checks[i]->from->name : "");
    }
    run->task = (struct prober_task){.lab = director_lab(director),
                                     .topology = topology,
                                     .asked = count,
                                     .single_attempt = options && options->single_attempt,
                                     .with_metrics = options && options->with_metrics};
    run->task.checks = with_controls(run, checks, count, options, &run->task.count);
    for (size_t i = 0; i < count; i++)
        check_describe(run->task.checks[i], run->results[i].asked, sizeof run->results[i].asked);
    run->task.listened_healthy = listened(run, checks, count, options);
    if (!start_prober(run, err)) {
        arena_free(run->arena);
        return -1;
    }
    return 0;
}
