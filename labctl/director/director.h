/* The director: a lab's brain.  Holds the running topology and plan, serves the control socket, drives services,
 * faults, checks and the exercise.  One process, one epoll loop, a restartable child of the keeper: what it must know
 * after being killed lies in its state directory in the keeper's tmpfs, which no node can see. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct str;
struct topology;
struct plan;
struct lab;
struct lab_event;
struct error;
struct director;
struct exercise_runtime;

/* Entry point of the director process (argv[0] "director", started by the keeper through fexecve): returns the exit
 * status. */
int director_main(int argc, char **argv);

/* The running state, for verbs. */
struct topology *director_topology(struct director *director); /* as `dump` shows it: cloud-side faults are in it */
struct plan *director_plan(struct director *director); /* what the lab is: with the rewrites of machine-side faults */
struct lab *director_lab(struct director *director);
int director_state_directory(struct director *director); /* O_PATH descriptor of the state directory */

/* One request of a client. */
struct request;
const char *request_verb(const struct request *request);
json_t *request_params(const struct request *request); /* borrowed, never NULL */
int request_fd(struct request *request, size_t index); /* borrowed; -1 where absent */
int request_steal_fd(struct request *request, size_t index);
void request_progress(struct request *request, json_t *progress); /* stolen */

/* Of the client: its process id as the host counts it (as it says itself; for messages only). */
pid_t request_client(const struct request *request);

/* A verb's handler: fills *reply (stolen by the caller) and returns 0; or returns -1 with err set; or returns
 * REQUEST_DEFERRED and later calls request_finish exactly once. */
#define REQUEST_DEFERRED 1
typedef int verb_run(struct director *director, struct request *request, json_t **reply, struct error *err);
/* reply stolen, or NULL with err set; fds stay the caller's. */
void request_finish(struct request *request, json_t *reply, const int *fds, size_t fd_count, const struct error *err);

struct verb {
    const char *name;
    verb_run *run;
    bool changes; /* refused while another change is under way */
};
extern const struct verb verbs[];
extern const size_t verb_count;

/* The event loop, for deferred work: calls back when fd is readable (or hung up); remove before closing fd. */
typedef void director_ready(struct director *director, int fd, void *context);
int director_watch(struct director *director, int fd, director_ready *ready, void *context, struct error *err);
void director_unwatch(struct director *director, int fd);
/* Calls back once after the given nanoseconds of boot time; returns a handle for director_cancel, or -1. */
typedef void director_timer(struct director *director, void *context);
int director_after(struct director *director, int64_t nanoseconds, director_timer *expired, void *context);
void director_cancel(struct director *director, int timer);

/* Changes the running lab to another topology (already valid), or to another set of fault rewrites: plans, executes the
 * difference, keeps the state directory in step.  After an error the state is what it was where nothing was executed
 * yet; a failure in the middle leaves the change under way, and it is finished with the next one or by a restart. */
struct director_change {
    const char *text;       /* canonical YAML; NULL: the topology as it is */
    const json_t *faults;   /* NULL: the faults as they are */
    bool restore;           /* make links again that somebody deleted in a node */
    bool keep_changes;      /* undo: what somebody changed since is left as it is */
    const char *idle;       /* refused so, before anything is done, where it would change nothing; or NULL */
    bool by_hand;           /* `apply`, `set`, `unset`, `edit`: the hook `permit` is asked before anything is done */
    const char *path;       /* of `set`, by hand: THING/KEY, or NULL */
    struct str *notes;      /* lines for a person, or NULL */
    struct str *operations; /* receives what is done, a line each, or NULL */
    size_t executed, kept;  /* out */
};
int director_change_with(struct director *director, struct director_change *change, struct error *err);

/* The active rewrites of machine-side faults: an array whose members only the fault verbs understand (borrowed). */
const json_t *director_faults(const struct director *director);
/* The canonical YAML of the running topology (borrowed), and how often it was changed. */
const char *director_text(const struct director *director);
/* The addresses that it allotted (dump_allotments; borrowed), which every change of it keeps. */
const char *director_allotments(const struct director *director);
unsigned director_generation(const struct director *director);

/* Builds the lab from nothing, the faults folded into the plan; only where it is not built yet.  On an error the lab is
 * of no use: the client ends the keeper.  request: receives progress, or NULL. */
int director_build(struct director *director, const char *text, const json_t *faults, struct request *request,
                   struct error *err);

/* The same with the addresses that an earlier lab of this topology allotted (director_allotments). */
int director_build_keeping(struct director *director, const char *text, const json_t *faults, const char *allotments,
                           struct request *request, struct error *err);

/* Topology and plan of a text and a set of faults, as director_change would make them (with the addresses
 * that the running lab allotted); the caller frees both
 * (plan_free, arena_free(topology->arena)). */
int director_derive(struct director *director, const char *text, const json_t *faults, struct topology **topology,
                    struct plan **plan, struct error *err);

/* A deferred piece of work that no other change may overlap (an exercise being proved).  what: "start"; NULL ends it.
 */
void director_occupy(struct director *director, const char *what, pid_t client);

/* The name of the exercise that runs, as `labctl list` shows it; NULL: none. */
void director_exercise(struct director *director, const char *name);

/* Where other parts of the director join in; NULL members are skipped. */
struct director_hooks {
    /* Applies the faults to a fresh plan. */
    int (*rewrite)(struct director *director, const json_t *faults, struct topology *topology, struct plan *plan,
                   struct error *err);
    /* Before `apply`, `set`, `unset` or `edit` makes the topology this one: -1 with err where that is refused now.
     * path: THING/KEY of `set`, or NULL. */
    int (*permit)(struct director *director, const char *path, const struct topology *wanted, struct error *err);
    /* `set PATH` was done: the faults that remain (a new reference), or NULL where none was about it. */
    json_t *(*repaired)(struct director *director, const char *path);
    /* The lab stands, after a build or a restart of the director. */
    void (*standing)(struct director *director, bool restarted);
    void (*rebuilt)(struct director *director, const char *node);
    /* Before each verb: -1 with err where it is refused now. */
    int (*refuse)(struct director *director, const struct request *request, struct error *err);
    /* `apply`, `set`, `unset` or `edit` was done; operations: a line each. */
    void (*changed)(struct director *director, const struct request *request, const char *operations);
    /* What `exec` started has ended (only what was not silent). */
    void (*spawn_ended)(struct director *director, const struct lab_event *event);
    /* Adds members to the answer of "inspect". */
    void (*inspect)(struct director *director, json_t *reply);
};
extern const struct director_hooks director_hooks; /* in verbs.c */
