/* The director's life: it starts (or starts again) below the keeper, finds its lab, and serves until the keeper ends
 * it.
 *
 * Killed at any moment it loses nothing: what the lab is lies in its state directory (state.h), the lab itself in the
 * kernel and with the keeper.  A change that was under way has its target on record and is finished. */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "director/change.h"
#include "director/checks.h"
#include "director/internal.h"
#include "lab/keeper.h"
#include "lab/lab.h"
#include "model/topology.h"
#include "plan/plan.h"

#define KEPT_MOST       (64 << 20)
#define STATE_DIRECTORY KEEPER_STATE "/director"

struct topology *director_topology(struct director *director)
{
    return director->topology;
}

struct plan *director_plan(struct director *director)
{
    return director->plan;
}

struct lab *director_lab(struct director *director)
{
    return director->lab;
}

int director_state_directory(struct director *director)
{
    return director->state.directory;
}

const json_t *director_faults(const struct director *director)
{
    return director->state.current.faults;
}

const char *director_allotments(const struct director *director)
{
    return str_text(&director->state.current.allotments);
}

const char *director_text(const struct director *director)
{
    return str_text(&director->state.current.text);
}

unsigned director_generation(const struct director *director)
{
    return director->state.current.number;
}

int director_watch(struct director *director, int fd, director_ready *ready, void *context, struct error *err)
{
    return loop_watch(director->loop, fd, ready, context, err);
}

void director_unwatch(struct director *director, int fd)
{
    loop_unwatch(director->loop, fd);
}

int director_after(struct director *director, int64_t nanoseconds, director_timer *expired, void *context)
{
    return loop_after(director->loop, nanoseconds, expired, context);
}

void director_cancel(struct director *director, int timer)
{
    loop_cancel(director->loop, timer);
}

void director_occupy(struct director *director, const char *what, pid_t client)
{
    director->occupied = what != NULL;
    door_busy(director->door, what, client);
}

void director_exercise(struct director *director, const char *name)
{
    door_exercise(director->door, name);
}

/* ---- events -------------------------------------------------------------------------------------------------- */

static void say(const char *what, const char *name, const char *text)
{
    fprintf(stderr, "director: %s%s%s%s%s\n", what, *name ? " " : "", name, *text ? ": " : "", text);
}

/* The end of one of the plan's processes; where the lab is still being built, that failure is told to who builds it. */
static void process_exited(const struct director *director, const struct lab_event *event)
{
    char how[80];
    if (!director->plan)
        return;
    if (event->problem)
        say("could not start", event->name, event->problem);
    else if (WIFSIGNALED(event->status))
        snprintf(how, sizeof how, "killed by signal %d", WTERMSIG(event->status));
    else
        snprintf(how, sizeof how, "ended with status %d", WEXITSTATUS(event->status));
    if (!event->problem)
        say("process", event->name, how);
}

static void lab_event(void *context, const struct lab_event *event)
{
    struct director *director = context;
    switch (event->kind) {
    case LAB_EVENT_NODE_REBUILT:
        say("rebuilt node", event->name, event->problem ? event->problem : "");
        if (director_hooks.rebuilt)
            director_hooks.rebuilt(director, event->name);
        break;
    case LAB_EVENT_PROCESS_EXITED:
        process_exited(director, event);
        break;
    case LAB_EVENT_SPAWN_EXITED:
        if (director_hooks.spawn_ended)
            director_hooks.spawn_ended(director, event);
        break;
    case LAB_EVENT_COUNT:
        break;
    }
}

static void lab_ready(struct director *director, int fd, void *context)
{
    (void)fd, (void)context;
    struct error err = ERROR_INIT;
    if (lab_events(director->lab, lab_event, director, &err) != 0) {
        say("the lab is over", "", err.text);
        director->over = true;
    }
}

static void door_ready(struct director *director, int fd, void *context)
{
    (void)fd, (void)context;
    struct guest *guest;
    while ((guest = door_next(director->door)))
        request_welcome(director, guest);
}

static int serve(struct director *director, struct error *err)
{
    if (director_watch(director, door_descriptor(director->door), door_ready, NULL, err) != 0 ||
        director_watch(director, lab_event_fd(director->lab), lab_ready, NULL, err) != 0)
        return -1;
    while (!director->over) {
        struct error late = ERROR_INIT;
        if (loop_once(director->loop, lab_deadline(director->lab), err) != 0)
            return -1;
        if (lab_deadline(director->lab) <= clock_boot() && lab_tick(director->lab, &late) != 0)
            say("restart of a process", "", late.text);
    }
    return 0;
}

/* ---- starting ------------------------------------------------------------------------------------------------ */

/* A restarted director: the lab stands, perhaps between two generations. */
static int resume(struct director *director, struct error *err)
{
    struct state *state = &director->state;
    if (state->current.number == 0)
        return 0; /* killed before anything was built: whoever was building ends the keeper */
    if (director_derive(director, str_text(&state->current.text), state->current.faults, &director->topology,
                        &director->plan, err) != 0 ||
        lab_adopt(director->lab, director->plan, state->target.number != 0, err) != 0)
        return error_wrap(err, "take the lab over again");
    if (state->target.number != 0) {
        struct error problem = ERROR_INIT;
        director->unfinished = true;
        if (director_roll_forward(director, &problem) != 0)
            say("finish the change that was under way", "", problem.text);
    }
    director_show_state(director);
    checks_sweep(director); /* its prober died with the director before this one */
    if (director_hooks.standing)
        director_hooks.standing(director, true);
    return 0;
}

static int start(struct director *director, struct error *err)
{
    director->loop = loop_new(director, err);
    if (!director->loop || state_open(&director->state, STATE_DIRECTORY, err) != 0)
        return -1;
    director->door = door_open(KEEPER_LISTENER, director->lab_name, err);
    int states = open(KEEPER_STATE, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int logs = open(KEEPER_LOGS, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (!director->door || lab_open(KEEPER_SOCKET, states, logs, &director->lab, err) != 0)
        return -1;
    return resume(director, err);
}

int director_main(int argc, char **argv)
{
    struct director director = {.state.directory = -1};
    struct error err = ERROR_INIT;
    signal(SIGPIPE, SIG_IGN);
    /* What was allocated for a large topology, or for nft, is so again for the next request: a page that comes back
     * from the kernel costs more than all that is written into it. */
    mallopt(M_MMAP_THRESHOLD, KEPT_MOST);
    mallopt(M_TRIM_THRESHOLD, KEPT_MOST);
    snprintf(director.lab_name, sizeof director.lab_name, "%s", argc > 1 ? argv[1] : "");
    int result = start(&director, &err);
    if (result == 0)
        result = serve(&director, &err);
    if (result != 0)
        say("ends", "", err.text);
    /* No tidying: the door's thread still runs, and exiting ends it; the keeper starts this program again. */
    return result == 0 ? 0 : 1;
}
