/* What each step of a scenario's proof must show: the judgement over what was measured, as JSON of the director's
 * ("proof-build", "proof-measure", an exercise's result).  Pure: the labs are somebody else's. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/units.h"
#include "exercise/result.h"
#include "model/scenario.h"

struct arena;
struct error;

enum proof_step {
    PROOF_HEALTHY,   /* repair tasks and guards green, build tasks red */
    PROOF_FAULTS,    /* each in force; exactly the tasks red, the guards green */
    PROOF_NOTHING,   /* nothing done: no points for tasks */
    PROOF_TICKET,    /* one ticket alone: exactly its own tasks red */
    PROOF_LEAKS,     /* nothing that a learner can see tells of the faults */
    PROOF_TAKEN_OUT, /* the healthy state again */
    PROOF_SOLUTION,  /* with the answer key and the true claim: all points */
    PROOF_WRONG_FIX, /* below the pass mark, by what it names */
    PROOF_GUARDS,    /* each red under at least one wrong fix */
    PROOF_STEP_COUNT
};
const char *proof_step_name(enum proof_step step); /* "healthy", "faults", "nothing done", … */

/* How a step ended; the worst of its notes. */
enum proof_verdict {
    PROOF_OK,
    PROOF_UNSUPPORTED, /* this machine cannot: labctl's exit status 3 */
    PROOF_ERROR,       /* something could not be judged: 5 */
    PROOF_FAILED,      /* 1 */
    PROOF_VERDICT_COUNT
};
const char *proof_verdict_name(enum proof_verdict verdict); /* "ok", "unsupported", "error", "failed" */

struct proof_note {
    enum proof_verdict verdict; /* PROOF_OK: a warning */
    const char *text;           /* what was expected and what was seen */
    struct mark mark;           /* of what it is about; line 0: of nothing in the file */
};

struct proof_judgement {
    struct arena *arena;
    enum proof_verdict verdict;
    struct proof_note *notes;
    size_t count;
    const char *summary; /* "4 checks green, 2 guards green"; never NULL */
};

struct proof_judgement proof_judgement_new(struct arena *arena);
/* Adds a note; the verdict becomes the worse of the two. */
void proof_note(struct proof_judgement *judgement, enum proof_verdict verdict, struct mark mark, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/* What the answer key says, in text where it is a number there; NULL: a pattern need not have an answer. */
const char *proof_answer(const struct question *question, char text[static UNITS_TEXT_MAX]);
/* The result of an exercise that ends with these outcomes, all its phases over; solved: with the answer key and the
 * true claims.  It is recorded and scored like any other, on a clock that stands.  NULL with err. */
json_t *proof_score(const struct scenario *scenario, const struct outcome *outcomes, size_t count, bool solved,
                    struct error *err);

/* The faults that are in force at a step, for "proof-build": ids.  All of them, whatever their schedule; one ticket's
 * own; or, where an exercise ends (SOLUTION, WRONG_FIX), those that do not go by themselves, unless all do. */
json_t *proof_faults(const struct scenario *scenario, enum proof_step step, const struct ticket *ticket);
/* The tasks that a step expects red, for "proof-measure": ids. */
json_t *proof_red_tasks(const struct scenario *scenario, enum proof_step step, const struct ticket *ticket);
/* HEALTHY, FAULTS, TICKET: the colours.  checks: [{id, verdict, asked, expected, seen}]. */
void proof_judge_colors(struct proof_judgement *judgement, const struct scenario *scenario, enum proof_step step,
                        const struct ticket *ticket, const json_t *checks);
/* HEALTHY: warns of a negative check whose target never listened.  listened: {id: LISTENER_*}. */
void proof_judge_listeners(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *listened);
/* FAULTS, TICKET: faults: [{id, kind, in_force}]. */
void proof_judge_force(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *faults);
/* NOTHING, SOLUTION, WRONG_FIX: result: as result_make gives it. */
void proof_judge_nothing(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *result);
void proof_judge_solution(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *result);
void proof_judge_wrong_fix(struct proof_judgement *judgement, const struct scenario *scenario,
                           const struct wrong_fix *fix, const json_t *result);
/* GUARDS: results: of the wrong fixes, those that could be had. */
void proof_judge_guards(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *results);
