/* The director: a lab's brain.  Holds the running topology and plan, serves the control socket, drives services, faults,
 * checks and the exercise.  One process, one epoll loop, a restartable child of the keeper: what it must know after being
 * killed lies in its state directory in the keeper's tmpfs, which no node can see. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct topology;
struct plan;
struct lab;
struct error;
struct director;
struct exercise_runtime;

/* Entry point of the director process (argv[0] "director", started by the keeper through fexecve): returns the exit status. */
int director_main(int argc, char **argv);

/* The running state, for verbs. */
struct topology *director_topology(struct director *director);  /* as `dump` shows it: cloud-side faults are in it */
struct plan *director_plan(struct director *director);          /* what the lab is: with the rewrites of machine-side faults */
struct lab *director_lab(struct director *director);
int director_state_directory(struct director *director);        /* O_PATH descriptor of the state directory */

/* One request of a client. */
struct request;
const char *request_verb(const struct request *request);
json_t *request_params(const struct request *request);          /* borrowed, never NULL */
int request_fd(struct request *request, size_t index);          /* borrowed; -1 where absent */
int request_steal_fd(struct request *request, size_t index);
void request_progress(struct request *request, json_t *progress); /* stolen */

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
 * difference, keeps the state directory in step.  text: canonical YAML. */
int director_change(struct director *director, const char *text, struct error *err);
