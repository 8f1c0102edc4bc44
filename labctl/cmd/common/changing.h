/* What apply, set, unset and edit share: fetching the running topology, and changing the lab to another one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct context;
struct error;
struct sources;
struct topology;

/* The running lab's canonical YAML; *generation counts its changes.  verb: "dump", or what an exercise may refuse:
 * "explain", "link-set". */
int changing_fetch(const struct context *context, const char *verb, struct str *out, char *lab, size_t lab_size,
                   int *generation, struct error *err);
/* The same with the addresses that the lab allotted (load_topology_keeping). */
int changing_fetch_whole(const struct context *context, const char *verb, struct str *out, struct str *allotments,
                         char *lab, size_t lab_size, struct error *err);

struct changing {
    const struct topology *topology; /* valid */
    struct sources *sources;         /* of its marks */
    int generation;                  /* the one that was changed; -1: whatever runs */
    const char *path;                /* what `set` was about, or NULL */
    bool dry_run;
};
/* Applies and reports; returns the exit status. */
int changing_apply(const struct context *context, const struct changing *changing);
