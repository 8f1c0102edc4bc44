/* The result of an exercise: every point with its reason, as one JSON value that reports are written from. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "exercise/session.h"
#include "score/points.h"
#include "score/verdict.h"

#define RESULT_VERSION 1
#define RESULT_FILE    "report.json"

/* One check as it was judged; by id. */
struct outcome {
    const char *id;
    enum verdict verdict;
    const char *asked, *expected, *seen;
    int64_t duration; /* ns */
    uint32_t attempts;
};

/* Outcomes are looked up by id; a check without one counts as an error ("not measured").  The result of points_score is
 * stored in *points (may be NULL).  Shape: labctl(1), "report". */
json_t *result_make(const struct session *session, const struct outcome *outcomes, size_t count, struct points *points);
/* The part of it that may be shown while the exercise runs: clock, points so far, tasks and guards with their verdicts;
 * no faults, no hints that were not bought.  boot: now. */
json_t *result_status(const struct session *session, const struct outcome *outcomes, size_t count, int64_t boot);
