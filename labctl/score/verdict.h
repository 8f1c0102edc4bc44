/* Expectation over facts: one check and one fact give one verdict.  Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct check;
struct fact;

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_ERROR, VERDICT_UNSUPPORTED, VERDICT_COUNT };
const char *verdict_name(enum verdict verdict); /* "pass", "fail", "error", "unsupported" */
enum verdict verdict_from_name(const char *name);

/* What is known beside the fact itself when a negative check is judged. */
struct verdict_context {
    enum { CONTROL_UNKNOWN, CONTROL_ALIVE, CONTROL_DEAD } positive_control; /* did the prober reach anything at all? */
    /* SIGHT_* of facts/facts.h, when the lab was healthy: did the prober's packet leave its node, did an answer come
     * back to it? */
    int left_healthy, returned_healthy;
    /* Did the service listen when the lab was healthy? */
    enum { LISTENED_UNKNOWN, LISTENED_NO, LISTENED_YES } listened_healthy;
};

struct judgement {
    enum verdict verdict;
    char expected[300]; /* "open" */
    char seen[500];     /* "no answer in 1 s (1 SYN sent, no reply)" */
};

/* An OUTCOME_ERROR is VERDICT_ERROR whatever was expected.  context may be NULL. */
struct judgement verdict_of(const struct check *check, const struct fact *fact, const struct verdict_context *context);
