/* What this machine can do, found by doing it: each capability is tried in namespaces made for that one trial, in a
 * child that is killed at a deadline.  Versions and configuration files decide nothing, and nothing of the host is
 * changed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct str;
struct trial;

enum capability_state {
    CAPABILITY_OK,
    CAPABILITY_FALLBACK, /* another way is taken: backend and fidelity say which and how good */
    CAPABILITY_MISSING,
    CAPABILITY_STATE_COUNT
};
const char *capability_state_name(enum capability_state state); /* "ok", "fallback", "missing" */

enum capability_need {
    CAPABILITY_REQUIRED,    /* no lab without it */
    CAPABILITY_RECOMMENDED, /* some topologies, or some tools inside nodes, want it */
    CAPABILITY_LATER,       /* nothing uses it yet */
    CAPABILITY_NEED_COUNT
};
const char *capability_need_name(enum capability_need need); /* "required", "recommended", "later" */

enum capability_area {
    CAPABILITY_ISOLATION,
    CAPABILITY_FILES,
    CAPABILITY_NETWORK,
    CAPABILITY_FILTER,
    CAPABILITY_IMPAIRMENT,
    CAPABILITY_DEVICES,
    CAPABILITY_PROGRAMS,
    CAPABILITY_LIMITS,
    CAPABILITY_AREA_COUNT
};
const char *capability_area_name(enum capability_area area); /* "isolation", "files", … */

/* Where a trial runs. */
enum capability_place {
    TRIAL_HOST, /* a plain child: looks, and changes nothing but itself */
    TRIAL_USER, /* its own user and mount namespace */
    TRIAL_LAB,  /* all that a lab has: user, mount, pid (the trial is pid 1), network, uts, ipc */
    TRIAL_PLACE_COUNT
};

struct capability {
    const char *name; /* "nested-user-namespace" */
    enum capability_area area;
    enum capability_need need;
    const char *purpose;  /* what labctl does with it */
    const char *requires; /* another capability without which this one need not be tried, or NULL */
    enum capability_place place;
    int (*try)(struct trial *trial); /* returns 0 or an errno value, filling the trial's texts */
    int milliseconds;                /* the deadline; 0 = TRIAL_MILLISECONDS */
    const void *argument;            /* the trial's: a rule set, a link, a program */
    const char *backend, *fidelity;  /* where it works */
    const char *module;              /* the kernel module that would bring it, or NULL: then the remedy is made of it */
    const char *remedy; /* the package or setting that helps; NULL: the trial writes its own, or none is known */
};
extern const struct capability capabilities[];
extern const size_t capability_count;
const struct capability *capability_find(const char *name); /* NULL where there is none */

struct capability_result {
    const struct capability *capability;
    enum capability_state state;
    int number;         /* errno value of what failed, or 0 */
    char backend[96];   /* what does the work, or the figure that was found */
    char fidelity[128]; /* how close that is to the real thing */
    char detail[320];   /* what failed, and the reason; "" where nothing did */
    char remedy[1536];  /* may have several lines; "" where nothing needs to be done */
};

/* Tries one capability, or all of them in the order of the table (results has capability_count elements; what another
 * one rules out is not tried).  A trial that cannot even start counts as missing, so there is no error. */
void capability_probe(const struct capability *capability, struct capability_result *result);
void capability_probe_all(struct capability_result *results);

/* For whoever is about to need a capability, or has failed and wants to say why: 0 where the machine has it (or a
 * fallback), else -1 with an ERR_CAPABILITY that names it, what failed and the remedy.  An unknown name is a
 * programming error (asserted). */
int capability_try(const char *name, struct error *err);
