/* Measurements from sockets opened inside the lab's nodes: checks in, facts out.
 *
 * One process, one epoll loop, any number of checks at once.  The sockets stand in the network namespace of the
 * prober's node, so that packets leave it as those of its own programs do; no program of the node takes part, except
 * where the check asks for one (`command`) or where the node's own resolver is what is asked (host names in URLs:
 * getent). This room knows no lab: the world is reached through callbacks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct check;
struct error;
struct fact;
struct mac;
struct topology;

/* Where an interface of a node is seen from outside: its far end, in a namespace that no learner enters. */
struct probe_end {
    int netns; /* borrowed; -1: there is no such place, the wire leads from node to node */
    const char *name;
};

struct probe_world {
    void *context;
    const struct topology *topology;
    /* The node's network namespace, and its root directory (O_PATH): borrowed descriptors, or -1. */
    int (*netns)(void *context, const char *node);
    int (*root)(void *context, const char *node);
    /* The node's first process, as this process sees it; -1 where there is none. */
    pid_t (*init)(void *context, const char *node);
    /* The far ends of the node's interfaces, up to `most`: their number, or -1 where they are not known.  NULL: nobody
     * watches. */
    int (*ends)(void *context, const char *node, struct probe_end *out, size_t most);
    /* Does any device of the lab have this MAC address?  NULL: not known. */
    bool (*has_mac)(void *context, const struct mac *mac);
    /* Starts argv (NULL-terminated, argv[0] an absolute path) in the node, its stdout at `output` (stays the caller's).
     * Returns a descriptor that becomes readable when the program has ended; closing it earlier asks for the program to
     * be killed.  -1 with err. */
    int (*run)(void *context, const char *node, const char *const *argv, int output, struct error *err);
    /* Takes the end from that descriptor: 0 with the status as of waitpid, or -1 with err where the program could not
     * be run or its end is not known. */
    int (*ended)(void *context, int fd, int *status, struct error *err);
};

struct probe_options {
    /* One attempt for each check: `within`, `stable_for` and `repeat` are unused. */
    bool single_attempt;
    /* Is this what check `index` expects?  Decides whether an attempt is repeated. */
    bool (*satisfied)(void *context, size_t index, const struct fact *fact);
    /* The last fact of check `index` (valid during the call), the number of attempts, nanoseconds from first to last.
     */
    void (*result)(void *context, size_t index, const struct fact *fact, uint32_t attempts, int64_t duration);
    void *context;
};

/* Runs all checks concurrently and returns when each has had its result.  A measurement that failed through labctl's
 * own fault is repeated up to three times and then handed over as OUTCOME_ERROR.  -1 only where nothing could be
 * measured. */
int probe_checks(const struct probe_world *world, const struct check *const *checks, size_t count,
                 const struct probe_options *options, struct error *err);

/* After a prober that was killed: takes what it had put into the nodes out again (neighbour entries). */
void probe_sweep(const struct topology *topology, int (*netns)(void *context, const char *node), void *context);
