/* One execution of a difference.  Private to lab/: apply.c drives, change_*.c execute the operations of their items. */
#pragma once

#include "kernel/dump.h"
#include "lab/internal.h"

struct apply {
    struct lab *lab;
    const struct plan *before, *after;
    struct plan_index *before_index, *after_index;
    struct arena *arena;
    const struct lab_apply_options *options;
    struct lab_outcome *outcome;
    struct lost_store *lost;
    struct observation *seen; /* of `seen_space`, or NULL */
    struct space *seen_space;
    bool seen_stale;                  /* something of it was changed since */
    struct interfaces *interfaces;    /* of `after`; made when a link is added */
    bool trusting;                    /* nodes were told of the lab's authority */
    uint32_t *views;                  /* the keeper's view by hosts view of `after` */
    uint32_t *started, started_count; /* processes to wait for */
    uint32_t *links, link_count;      /* links that were added */
    bool *files_changed;              /* by namespace of `after` */
    bool spaces_changed;
    struct error *err;
};

/* What an operation is about: the item in the plan that has it. */
struct subject {
    const struct plan *plan;
    const struct plan_index *index;
    enum plan_item item;
    size_t i;
    struct space *space;
};

struct subject subject_of(struct apply *a, const struct plan_operation *operation, bool old);
/* The namespace as it was when it was first asked for; remembered until apply_unsee.  What other operations changed
 * since is in it only with apply_look: what is written down before an operation must be as it is now. */
const struct observation *apply_see(struct apply *a, struct space *space);
const struct observation *apply_look(struct apply *a, struct space *space);
void apply_unsee(struct apply *a, const struct space *space);
/* Whether to go on, by what is there now: before and after are the presences of the two states.  0 go on, 1 nothing to
 * do (already so), 2 kept because changed since (noted). */
enum apply_decision { APPLY_DO, APPLY_DONE, APPLY_KEPT };
enum apply_decision apply_decide(struct apply *a, const struct plan_operation *operation, enum presence before,
                                 enum presence after);
enum presence apply_presence(struct apply *a, const struct subject *subject);
void apply_note(struct apply *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

int change_network(struct apply *a, const struct plan_operation *operation);    /* address, neighbour, route, rule */
int forget_learnt(struct apply *a, struct space *space, const char *interface); /* its learnt IPv4 neighbours */
int change_link(struct apply *a, const struct plan_operation *operation);       /* link, bridge */
int change_bridge(struct apply *a, const struct plan_operation *operation);
int change_device(struct apply *a, const struct plan_operation *operation); /* change_device.c */
int device_make(struct apply *a, size_t device);                            /* up, where it is to be */
int change_namespace(struct apply *a, const struct plan_operation *operation);
int change_view(struct apply *a, const struct plan_operation *operation);
int change_sysctl(struct apply *a, const struct plan_operation *operation);
int change_nft(struct apply *a, const struct plan_operation *operation);
int change_impairment(struct apply *a, const struct plan_operation *operation); /* journal only: impair_sync does it */
int change_file(struct apply *a, const struct plan_operation *operation);
int change_process(struct apply *a, const struct plan_operation *operation);
int change_run(struct apply *a, const struct plan_operation *operation);

/* Makes the namespaces of all these operations at once (change_namespace of an addition does nothing then). */
int add_namespaces(struct apply *a, const struct plan_operation *operations, size_t count);
int await_started(struct apply *a);
int reload_nft_of_links(struct apply *a);
int tell_keeper_files(struct apply *a);
/* change_link.c, for interfaces of every kind.  Sends a batch; failures of the number `tolerated` are none. */
int interface_send(struct apply *a, struct space *space, const struct plan *plan, struct batch *batch, int tolerated);
int interface_journal(struct apply *a, const struct plan_operation *operation, struct space *space,
                      const struct observation *o);
/* Whether one attribute is to be set: what the old plan says, the new one, and what is there. */
bool interface_wanted(struct apply *a, uint64_t before, uint64_t after, uint64_t now, bool *kept);
uint64_t interface_mac_number(const struct mac *mac);
/* Sends what changes one interface that is there, and puts back what goes with that; up: it has been down. */
struct interface_change {
    struct space *space;
    uint32_t ns, index;
    const char *name;
    bool up;
};
int interface_change(struct apply *a, const struct plan_operation *operation, const struct interface_change *change,
                     struct batch *batch);
void interface_kept(struct apply *a, const struct plan_operation *operation);
void apply_executed(struct apply *a);
/* Adds the link; waits where a name of a namespace that is dying is still taken. */
int link_make(struct apply *a, size_t link);
