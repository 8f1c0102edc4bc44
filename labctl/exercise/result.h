/* The result of an exercise: every point with its reason, as one JSON value that reports are written from.  A pure
 * function of the session, that is, of scenario and journal: computed again, it is the same. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "exercise/session.h"
#include "score/points.h"
#include "score/verdict.h"

#define RESULT_VERSION 2
#define RESULT_FILE    "report.json"

/* One check as it was judged; by id. */
struct outcome {
    const char *id;
    enum verdict verdict;
    const char *asked, *expected, *seen;
    int64_t duration; /* ns */
    uint32_t attempts;
};

/* The session must have been scored (session_score).  A check without an outcome counts as an error ("not measured").
 * The points that the
 * machine scored are stored in *points (may be NULL).  Shape: report.schema.json, labctl-scoring(7). */
json_t *result_make(const struct session *session, struct points *points);
/* What an exercise would be worth with these outcomes; without a recorded score. */
struct points result_points(const struct session *session, const struct outcome *outcomes, size_t count);
/* The part of it that may be shown while the exercise runs: clock, phase, points so far, tasks of the phases reached
 * and guards with their verdicts, questions without what is right, claims; no faults, no hints that were not bought.
 * boot: now. */
json_t *result_status(const struct session *session, const struct outcome *outcomes, size_t count, int64_t boot);
