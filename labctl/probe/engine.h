/* The prober's event loop, and one attempt of one check in it.  Inside the room only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/facts.h"
#include "model/check.h"
#include "probe/probe.h"
#include "probe/witness.h"

struct arena;
struct engine;

/* A watched descriptor.  Lives in its owner; after engine_unwatch no call comes any more, not even from events already
 * fetched (the memory must stay until the current turn of the loop is over: attempts see to that). */
struct watch {
    int fd; /* -1 while not watched */
    void (*ready)(void *context, uint32_t events);
    void *context;
};

/* A moment of the monotonic clock. */
struct timer {
    int64_t at;
    void (*expired)(void *context);
    void *context;
    size_t slot; /* place in the heap + 1; 0 while not set */
};

int engine_new(struct engine **out, struct error *err);
void engine_free(struct engine *engine); /* takes NULL */
/* Who watches what passes: the engine's from now on, or NULL. */
void engine_set_witness(struct engine *engine, struct witness *witness);
struct witness *engine_witness(const struct engine *engine);
/* 0, or -1 with errno. */
int engine_watch(struct engine *engine, struct watch *watch, int fd, uint32_t events);
int engine_rewatch(struct engine *engine, struct watch *watch, uint32_t events);
void engine_unwatch(struct engine *engine, struct watch *watch);
void engine_set(struct engine *engine, struct timer *timer, int64_t at); /* sets or moves */
void engine_unset(struct engine *engine, struct timer *timer);
/* Has `release(memory)` called when the present turn of the loop is over. */
void engine_later(struct engine *engine, void (*release)(void *memory), void *memory);
/* Runs until *busy is 0.  -1 with err where the loop itself fails. */
int engine_run(struct engine *engine, const size_t *busy, struct error *err);

/* ---- one attempt -------------------------------------------------------------------------------------------- */

struct attempt {
    struct engine *engine;
    const struct probe_world *world;
    const struct check *check;
    struct arena *arena; /* ends with the attempt: texts of the fact */
    struct fact fact;
    int64_t started, deadline; /* monotonic ns */
    int64_t limited;           /* since when the deadline runs: started, or the last of several requests */
    struct timer timer;
    void *state; /* of the kind, zeroed */
    bool over;
    struct flow flow;         /* what is sent, for the witness */
    const struct node *named; /* whom the topology means by the name that is asked for, or NULL */
    void (*done)(struct attempt *attempt, void *context);
    void *context;
};

/* What a kind of measurement is.  `prepare`, if any, loads a library, before anything is timed (where it is missing,
 * `start` says so); `start` begins; in the end somebody calls attempt_end exactly once: the kind itself, or `expire`
 * when the time is up (it tells what was seen until then); `release` gives back what the state holds. */
struct probe_kind {
    enum check_kind kind;
    size_t state_size;
    int (*prepare)(struct error *err);
    void (*start)(struct attempt *attempt);
    void (*expire)(struct attempt *attempt);
    void (*release)(struct attempt *attempt);
    bool own_time; /* judges the end of its time itself (the matrix: the timeout is that of a pair) */
};
extern const struct probe_kind probe_ping, probe_tcp, probe_udp, probe_dns, probe_http, probe_tls, probe_path,
    probe_mtu, probe_throughput, probe_firewall, probe_matrix, probe_command;
extern const struct probe_kind probe_state; /* all that look at a node's own state */

void attempt_prepare(enum check_kind kind);
/* Begins an attempt; `done` is called once, possibly before this returns.  The attempt frees itself afterwards. */
void attempt_begin(struct engine *engine, const struct probe_world *world, const struct check *check,
                   void (*done)(struct attempt *attempt, void *context), void *context);
/* Ends it with what was seen. */
void attempt_end(struct attempt *attempt, enum fact_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends it with what this machine lacks (unsupported), or with labctl's own failure. */
void attempt_fail(struct attempt *attempt, const struct error *err);
/* "1 s", "250 ms": the attempt's time limit, for a person. */
const char *attempt_limit(const struct attempt *attempt, char out[static 32]);
/* The prober's network namespace, or -1 after ending the attempt with an error. */
int attempt_netns(struct attempt *attempt);
/* A non-blocking socket there, or -1 after ending the attempt with an error. */
int attempt_socket(struct attempt *attempt, int netns, int domain, int type, int protocol);
/* The node of the running topology that has this name: a check may come from a scenario's own. */
const struct node *attempt_node(const struct attempt *attempt, const struct node *node);
/* Where packets to `target` go; false after ending the attempt with an error. */
bool attempt_target(struct attempt *attempt, const struct check_target *target, struct addr *out);
/* Tells the witness what this attempt sends: from a socket that is connected (or tried to be) to the fact's target, at
 * this port of it. */
void attempt_sends(struct attempt *attempt, int fd, int protocol, uint16_t port);
void attempt_sends_from(struct attempt *attempt, int protocol, uint16_t local, uint16_t port);
/* The same for ICMP echo with these first eight bytes. */
void attempt_sends_echo(struct attempt *attempt, bool ipv6, uint64_t cookie);
/* Before anything is sent to an address that no one named: the witness watches the node that has it. */
void attempt_watch(struct attempt *attempt, const struct addr *addr);
/* The same for a host's name: where it leads to the prober's own node, it must be the one that is meant who answers. */
void attempt_watch_name(struct attempt *attempt, const char *name);
