/* A running lab, as the director holds it: executes plans and differences of plans, knows each namespace's descriptor,
 * the processes that the plan starts and their logs.
 *
 * All calls run to the end (deadlines inside); the director makes them from its loop.  A lab remembers the plan that it
 * is: the plan given to lab_build, lab_adopt or lab_apply last.  It must stay valid until the next such call has
 * returned 0, or lab_close.  Names of namespaces are those of the plan ("web", "vpc/main", "fabric"). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "link/relay.h"

struct arena;
struct plan;
struct error;
struct str;
struct keeper;
struct observation;
struct lab;

/* keeper_socket: the director's KEEPER_SOCKET, taken over (keeper_open is called here, with the lab's own handler).
 * state_directory, log_directory: descriptors of directories out of every node's view (KEEPER_STATE, KEEPER_LOGS); they
 * stay the caller's and must outlive the lab.  The journal and the tables of what runs lie in the state directory. */
int lab_open(int keeper_socket, int state_directory, int log_directory, struct lab **out, struct error *err);
void lab_close(struct lab *lab); /* takes NULL; the running things go on running */

/* done of total, for a person: "nodes", "links", "configuration", "services" */
typedef void lab_progress(void *context, const char *stage, size_t done, size_t total);

/* Builds the whole plan in an empty lab, starts its processes, waits until they answer, runs the `run` lines.  A
 * failure leaves things half built: the caller ends the keeper. */
int lab_build(struct lab *lab, const struct plan *plan, lab_progress *progress, void *context, struct error *err);

/* The lab stands already, built from `plan` (a restarted director): fetches descriptors and processes.  changing: it
 * was killed on the way to another plan, so nodes may be missing that are not in that one: lab_apply with `recovering`
 * must follow. */
int lab_adopt(struct lab *lab, const struct plan *plan, bool changing, struct error *err);

struct lab_apply_options {
    bool keep_changes; /* undo of a fault: what somebody changed since is left as it is, and noted */
    bool recovering;   /* the same difference may have been half executed before (roll forward) */
};
struct lab_outcome {
    size_t executed;   /* operations that changed something */
    size_t kept;       /* left alone because changed since */
    struct str *notes; /* one line each, for a person; may be NULL */
};
/* Turns the lab of `before` into that of `after`: the operations of plan_difference, one acknowledged message each,
 * journalled first.  After an error the journal stays, and a call with the same plans and `recovering` finishes it.
 * outcome may be NULL. */
int lab_apply(struct lab *lab, const struct plan *before, const struct plan *after,
              const struct lab_apply_options *options, struct lab_outcome *outcome, struct error *err);

/* The keeper has made this node anew (its init died): everything of the plan in it once more, its links, its processes.
 */
int lab_rebuild_node(struct lab *lab, const char *node, struct error *err);

/* What a mechanism counts, as bits.  Passed: also bytes, and what entered. */
enum lab_wire_counts {
    WIRE_COUNTS_PASSED = 1,
    WIRE_COUNTS_LOST = 2,
    WIRE_COUNTS_OVERFLOWED = 4,
    WIRE_COUNTS_QUEUE = 8,
    WIRE_COUNTS_ALL = 31, /* and the rest */
};

/* Which mechanism serves the i-th impairment of the plan that the lab is, and what it has counted.  -1: none does. */
struct lab_wire {
    const char *backend, *fidelity;
    unsigned counted; /* enum lab_wire_counts: what of the statistics holds */
    struct relay_statistics statistics;
};
int lab_wire(struct lab *lab, const struct plan *plan, size_t i, struct lab_wire *out);

/* The links and devices of the plan that are not there any more (somebody deleted one in a node): indices, those of
 * devices behind those of all links; in the arena. */
int lab_lost_links(struct lab *lab, struct arena *arena, uint32_t **links, size_t *count, struct error *err);
/* Makes these again, with the addresses, routes and whatever else the plan says of them. */
int lab_restore_links(struct lab *lab, const uint32_t *links, size_t count, struct error *err);

/* Has this machine what the plan needs beside what every lab does (VLANs, tunnels)?  What `before` (or NULL) needs too
 * is not asked again.  0, or -1 with an ERR_CAPABILITY. */
int lab_capable(const struct plan *before, const struct plan *plan, struct error *err);
/* A warning for a person where the plan needs more dynamic neighbour entries than this machine has room for: appended
 * to out.  Returns whether there was one. */
bool lab_preflight(const struct plan *plan, struct str *out);

/* Descriptors, borrowed; -1 where there is no such namespace.  Valid until the node is rebuilt or removed. */
int lab_netns(struct lab *lab, const char *name); /* for kernel/namespace.h */
int lab_node_root(struct lab *lab,
                  const char *name); /* the node's root directory; use openat2 with RESOLVE_IN_ROOT (lab/files.h) */
pid_t lab_node_init(struct lab *lab, const char *name); /* its first process, as the director sees it */
struct keeper *lab_keeper(struct lab *lab);
/* A descriptor that a director before this one gave into the keeper's care (keeper_store): borrowed, or -1. */
int lab_stored(struct lab *lab, const char *tag);

/* Reads what is in a namespace now (kernel/dump.h); observation_free ends it. */
int lab_observe(struct lab *lab, const char *name, struct observation **out, struct error *err);

/* Is this item (enum plan_item, index into that item's array) in the device as the plan says?  1, 0, or -1: unknown. */
int lab_item_state(struct lab *lab, const struct plan *plan, int item, size_t index);
/* The same of an item that stands in both plans, by that alone in which it differs there: is the change in force?
 * before = NULL: the whole item. */
int lab_change_state(struct lab *lab, const struct plan *before, size_t was, const struct plan *after, int item,
                     size_t is);

/* Processes of the plan, by their name there ("web/http"). */
enum lab_process_state { LAB_PROCESS_ABSENT, LAB_PROCESS_RUNNING, LAB_PROCESS_EXITED };
enum lab_process_state lab_process_state(struct lab *lab, const char *name, pid_t *pid, int *wait_status);
/* Appends the last `lines` lines of its log (at most 64 KiB). */
int lab_log_tail(struct lab *lab, const char *name, unsigned lines, struct str *out, struct error *err);
/* A descriptor of the whole log, for reading, at its start; the caller closes it.  -1 with err. */
int lab_log_open(struct lab *lab, const char *name, struct error *err);

/* For keeper_spawn through lab_keeper: where a namespace is, and a process number that is not in use.  The end of such
 * a process comes as LAB_EVENT_SPAWN_EXITED (not where the request was `silent`). */
struct keeper_spawn_spec;
int lab_spawn_target(struct lab *lab, const char *ns, struct keeper_spawn_spec *spec,
                     struct error *err); /* fills process, target, id */
/* Whether one that was started before this director was runs on. */
bool lab_spawn_runs(struct lab *lab, uint32_t process);

/* What the keeper reports: handle when lab_event_fd is readable. */
enum lab_event_kind {
    LAB_EVENT_NODE_REBUILT,   /* name: the node; the lab has configured it again, or `problem` says why not */
    LAB_EVENT_PROCESS_EXITED, /* name: the plan's process; it will be restarted where the plan says so */
    LAB_EVENT_SPAWN_EXITED,   /* process: the number of lab_spawn_target */
    LAB_EVENT_COUNT
};
struct lab_event {
    enum lab_event_kind kind;
    const char *name;
    uint32_t process;
    int status;          /* as of waitpid: WIFEXITED and so on */
    const char *problem; /* or NULL; of a recorded spawn also why its recording is incomplete */
};
typedef void lab_event_handler(void *context, const struct lab_event *event);
int lab_event_fd(struct lab *lab);
/* Fails where the keeper is gone: the lab is over. */
int lab_events(struct lab *lab, lab_event_handler *handler, void *context, struct error *err);
/* Restarts with a delay: when the next is due (boot time, ns; INT64_MAX for none), and doing what is due. */
int64_t lab_deadline(struct lab *lab);
int lab_tick(struct lab *lab, struct error *err);
