/* Running checks in the lab: all of a set concurrently, in a forked prober, so that the director keeps serving. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "director/director.h"
#include "score/verdict.h"

struct check;
struct error;

struct check_result {
    const char *id;
    enum verdict verdict;
    char expected[300], seen[500], asked[300]; /* asked: check_describe */
    char from[80];                             /* node, or "" */
    int64_t duration;                          /* ns, all attempts */
    uint32_t attempts;
    int listener;       /* LISTENER_* of the last fact */
    int left, returned; /* SIGHT_* of it */
    json_t *metrics;    /* report/metrics.h, where they were wanted and there is a verdict; valid during the call */
    const char *cells;  /* matrix: one digit (enum fact_outcome) for each ordered pair, or NULL */
};

struct checks_options {
    bool single_attempt; /* expected red: one attempt, `within` unused */
    bool with_metrics;   /* of each result */
    /* Positive checks are repeated until they are green for at least this long (ns), whatever their `within` says:
     * where green is what decides, one lost packet must not.  0: as they say themselves; unused with single_attempt. */
    int64_t patience;
    /* None of them is repeated for longer than this (ns), whatever its `within` says: red is what is expected.  0: as
     * they say. */
    int64_t settle;
    const struct check **controls; /* positive checks that may serve as controls, beside the set itself */
    size_t control_count;
    /* what is known of the healthy lab, by check: of checks_recall, or NULL */
    const int *listened_healthy;
};

/* results are valid during the call; err is set where no verdicts could be had at all. */
typedef void checks_done(struct director *director, void *context, const struct check_result *results, size_t count,
                         const struct error *err);
/* Starts the run; `done` is called from the event loop.  The checks must stay valid until then. */
int checks_start(struct director *director, const struct check *const *checks, size_t count,
                 const struct checks_options *options, checks_done *done, void *context, struct error *err);

/* Keeps of a result in the healthy lab what a later verdict wants to know, in a JSON object by the check's id; and
 * takes it from there for checks_options (0: nothing is known). */
void checks_remember(json_t *kept, const struct check_result *result);
int checks_recall(const json_t *kept, const char *id);

/* Takes out of the nodes what a killed prober has left there. */
void checks_sweep(struct director *director);

verb_run verb_check, verb_matrix; /* verb_check.c: of the topology's own checks; of all nodes with an address */
verb_run verb_probe;              /* verb_probe.c: one check from the words of a command line */

/* One result as documented in labctl(1), for every JSON output that shows a check. */
json_t *check_result_json(const struct check_result *result);
