/* The registry of faults: each kind is one row of a table, and each fault a pure rewrite, of the topology (what a
 * cloud's console shows) or of the device plan (what a machine shows).  Nothing here touches a lab: an exercise folds
 * the rewrite in before the lab is built, a live fault is the difference of two plans. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/scenario.h"
#include "model/topology.h"

struct arena;
struct error;
struct findings;
struct plan;

/* What a fault is written into.  It may depend on the thing: a route is missing in a VPC's table, or in a machine. */
enum fault_stage { FAULT_TOPOLOGY, FAULT_PLAN };

/* How a parameter's text is read. */
enum parameter_type {
    PARAMETER_SHARE,             /* 5% */
    PARAMETER_RATE,              /* 1mbit */
    PARAMETER_WORD,              /* one of `words` */
    PARAMETER_NODE,              /* a node of the lab */
    PARAMETER_DESTINATION,       /* a prefix, an address, `default` */
    PARAMETER_TABLE,             /* a routing table's number, `main` */
    PARAMETER_PORTS,             /* 80, 8000-8010, a list of these */
    PARAMETER_PEER,              /* a prefix, any4, any6, any, a security group */
    PARAMETER_NAME,              /* a domain name */
    PARAMETER_ADDRESS,           /* 10.0.0.1 */
    PARAMETER_ADDRESSES,         /* one or a list of these */
    PARAMETER_INTERFACE_ADDRESS, /* 10.0.0.1/24 */
    PARAMETER_MAC,               /* 02:00:00:00:00:01 */
    PARAMETER_NUMBER,            /* a number from 1 to 65535 */
    PARAMETER_AREA,              /* an area of OSPF: a number from 0 to 65535 */
    PARAMETER_DURATION,          /* 250ms */
    PARAMETER_TEXT,              /* any text that is not empty */
    PARAMETER_COUNT
};
const char *parameter_type_name(enum parameter_type type); /* "share", "one of", "node", … as `fault show` prints it */

struct fault_parameter_row {
    const char *key;
    enum parameter_type type;
    const char *const *words; /* PARAMETER_WORD */
    size_t word_count;
    bool required;
    const char *fallback; /* where it is not given, or NULL */
    const char *doc;      /* one sentence */
};

struct fault_target_row {
    enum thing_kind thing;
    enum fault_stage stage;
};

/* By what mechanism a kind breaks: a diagnosis that names another kind of the same family is half right. */
enum fault_family {
    FAMILY_NONE, /* of no kind */
    FAMILY_LINK,
    FAMILY_IMPAIRMENT,
    FAMILY_ADDRESSING,
    FAMILY_NEIGHBOUR,
    FAMILY_ROUTING,
    FAMILY_MTU,
    FAMILY_FILTERING,
    FAMILY_NAT,
    FAMILY_TRANSPORT,
    FAMILY_DNS,
    FAMILY_TLS,
    FAMILY_SERVICE,
    FAMILY_COUNT
};
const char *fault_family_name(enum fault_family family); /* "link", "impairment", … */

struct fault_kind {
    const char *name, *summary;
    enum fault_family family;
    unsigned layer; /* of the cause: 1..7 */
    size_t things;  /* how many stand in `at`: 1 or 2 */
    const struct fault_target_row *targets;
    size_t target_count;
    const struct fault_parameter_row *parameters;
    size_t parameter_count;
    const char *symptom; /* what a user notices */
    const char *tools;   /* what reveals it, separated by ", " */
    bool wire;     /* interfaces that it is at have a wire of their own: none on another one, no end of a tunnel */
    bool fleeting; /* the service's program may end at once: the lab does not wait for it, nor fail without it */
    const char *set_key; /* `set THING/KEY` that replaces the broken part and so takes the fault out, or NULL */
    /* What the types alone do not say (that the rule exists, that there is another way).  May be NULL. */
    void (*validate)(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings);
    int (*rewrite_topology)(struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct error *err);
    int (*rewrite_plan)(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err);
};

extern const struct fault_kind *const fault_kinds[]; /* sorted by name */
extern const size_t fault_kind_count;
const struct fault_kind *fault_kind_find(const char *name); /* NULL where unknown */

/* Reports all that is wrong with a fault: kind, things, parameters, and what the kind itself asks of the topology.
 * Returns the number of errors that it added. */
int fault_validate(const struct topology *topology, const struct fault *fault, struct findings *findings);
/* The same for a list; two faults of one id, or the same fault twice, are errors as well. */
int fault_validate_all(const struct topology *topology, const struct fault *faults, size_t count,
                       struct findings *findings);

/* Where a valid fault is written. */
enum fault_stage fault_stage(const struct topology *topology, const struct fault *fault);
/* The rewrites.  Each does nothing where the fault belongs to the other stage.  The fault must be valid for this
 * topology; -1 where the rewrite is not possible (any more): the thing is gone, the rule is not there. */
int fault_rewrite_topology(struct topology *topology, const struct fault *fault, struct error *err);
int fault_rewrite_plan(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       struct error *err);
/* After them, at either stage: in the plan, a program that the fault lets end at once is only hoped for. */
void fault_relax_plan(struct plan *plan, const struct topology *topology, const struct fault *fault);

/* True where `set PATH` (or unset) replaces what the fault broke: the fault is then taken out with that change. */
bool fault_repaired_by(const struct topology *topology, const struct fault *fault, const char *path);
/* True where two faults are the same rewrite: kind, things and parameters, whatever their ids. */
bool fault_equal(const struct fault *a, const struct fault *b);
/* "loss at link/uplink, loss 5%": for a person.  In the arena. */
const char *fault_describe(const struct fault *fault, struct arena *arena);

/* The text of a parameter, its fallback, or NULL. */
const char *fault_text(const struct fault *fault, const char *key);
const struct fault_parameter *fault_parameter(const struct fault *fault, const char *key); /* NULL where not given */

/* Whether a fault is in force, by the state of the devices: every item in which the two plans differ is looked up. */
enum fault_force { FORCE_NO, FORCE_YES, FORCE_UNKNOWN, FORCE_COUNT };
const char *fault_force_name(enum fault_force force); /* "no", "yes", "unknown" */
/* item: enum plan_item; is: the index into that item's array of `plan`.  Where the fault changes an item that is there
 * without it as well, that is `was` of `before`, and what they differ in is asked for; else before = NULL.
 * 1 = the device has it so, 0 = it has not, -1 = unknown. */
typedef int fault_observe(void *context, const struct plan *before, size_t was, const struct plan *plan, int item,
                          size_t is);
/* without, with: the plans without and with the fault.  FORCE_NO where they do not differ. */
enum fault_force fault_verify(const struct plan *without, const struct plan *with, fault_observe *observe,
                              void *context);
/* Whom a fault, and its end, wait for: programs of other projects that it starts, ends or changes.  Called with the
 * name of each in the plans without and with it. */
void fault_programs(const struct plan *without, const struct plan *with,
                    void (*program)(void *context, const char *name), void *context);
