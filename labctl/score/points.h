/* Verdicts → points: pure arithmetic, in whole numbers and exact fractions (labctl-scoring(7)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "score/ratio.h"
#include "score/verdict.h"

struct points_check {
    const char *id;
    enum verdict verdict;
    uint32_t points;
};

struct points_task {
    const char *id;
    const struct points_check *checks;
    size_t check_count;
    uint32_t hint_cost; /* of the hints that were bought */
    /* filled in by points_score */
    uint64_t passed;   /* points of the checks that pass */
    uint64_t earned;   /* that, less the hints; never below 0 */
    uint64_t maximum;  /* of the checks that could be judged */
    uint64_t unjudged; /* of those that could not: in neither of the two above */
};

struct points_guard {
    const char *id;
    enum verdict verdict;
    uint32_t penalty;
    uint64_t lost; /* filled in */
};

/* What is earned beside tasks: questions, the diagnosis, and a text that a person has marked. */
struct points_rest {
    uint64_t questions, questions_maximum;
    struct ratio diagnosis;
    uint64_t diagnosis_maximum;
    uint64_t text, text_maximum; /* 0 until it is marked */
};

struct points {
    uint64_t tasks, questions; /* earned */
    struct ratio diagnosis;    /* earned */
    uint64_t text;             /* given by a person */
    struct ratio earned;       /* sum of the four */
    uint64_t penalties;        /* of the guards that are red, each once */
    struct ratio total;        /* earned less penalties; never below 0 */
    uint64_t maximum;          /* what could be scored */
    bool passed;               /* total / maximum >= pass, compared exactly */
    uint32_t share;            /* total / maximum in parts per 10^9, rounded down; for people */
};

/* pass: a share.  rest: NULL where there is none.  A check or guard that is neither passed nor failed counts neither
 * for nor against.  Where nothing could be judged (maximum 0), nothing is passed, unless there was nothing to earn (no
 * task) and no guard is red. */
struct points points_score(struct points_task *tasks, size_t task_count, struct points_guard *guards,
                           size_t guard_count, const struct points_rest *rest, uint32_t pass);
