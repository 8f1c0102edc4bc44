/* An exercise in a running lab: the director's part of start, status, hint, check, submit and abandon. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "director/checks.h"
#include "director/director.h"
#include "exercise/result.h"
#include "exercise/session.h"

struct arena;
struct scenario;

struct exercise {
    struct scenario *scenario; /* as it was started: what the session and the points go by */
    char *stripped;            /* its text without topology and solution */
    struct scenario *view;     /* the same over the topology of now: what is measured */
    unsigned view_generation;
    unsigned running; /* sets of checks under way: the view must stay */
    json_t *listened; /* by check: did the service listen when the lab was healthy? */
    struct session session;
    int report; /* descriptor of the report's file */
    int timer;  /* of the deadline */
    bool scoring;
    int64_t settle; /* a red check is believed after this long, whatever its `within` says (ns); 0: it is not */
};

/* The exercise of this director, or NULL. */
struct exercise *exercise_current(void);

/* ---- running checks of a scenario ---- */

enum exercise_part { PART_REPAIR = 1, PART_BUILD = 2, PART_GUARDS = 4, PART_ALL = 7 };
struct exercise_results {
    struct arena *arena; /* of all below: valid during the call */
    struct outcome *outcomes;
    struct check_result *results; /* the same, whole */
    const struct check **checks;
    size_t count;
};
typedef void exercise_measured(struct director *director, void *context, const struct exercise_results *results,
                               const struct error *err);
/* Runs the checks of these parts; without single_attempt green is expected and has some patience.  listened: as in
 * struct exercise, or NULL. */
int exercise_measure(struct director *director, const struct scenario *scenario, unsigned parts, bool single_attempt,
                     const json_t *listened, exercise_measured *done, void *context, struct error *err);

/* The checks of these tasks (an array of ids), each by one attempt; or, `others`, all that are left: of the other
 * tasks, patiently, and the guards. */
int exercise_measure_tasks(struct director *director, const struct scenario *scenario, const json_t *tasks, bool others,
                           const json_t *listened, exercise_measured *done, void *context, struct error *err);

/* The same over the topology of now, in a running exercise, patient only while it is scored; ids: of tasks, checks and
 * guards, or NULL: all. */
int exercise_measure_now(struct director *director, struct exercise *exercise, const json_t *ids, bool single_attempt,
                         exercise_measured *done, void *context, struct error *err);

/* ---- start.c ---- */
/* Reads a scenario from its stripped text and a topology; allotments: of the running lab, or NULL. */
int exercise_load(const char *stripped, const char *topology, const char *allotments, struct scenario **out,
                  struct error *err);
verb_run verb_exercise_prove, verb_exercise_break, verb_exercise_begin;

/* ---- exercise.c ---- */
/* Starts the clock: everything is proved.  All descriptors and the references are taken over. */
int exercise_begin(struct director *director, struct scenario *scenario, const char *stripped, json_t *listened,
                   int journal, int report, json_t *note, struct error *err);
/* Stops the clock (where it still runs), measures everything, writes the report, ends the lab.  request: is answered
 * with the report, or NULL. */
int exercise_score(struct director *director, enum session_end end, struct request *request, struct error *err);
/* No deadline any more; the lab ends in a moment if the client does not end it first. */
void exercise_farewell(struct director *director, struct exercise *exercise);
/* For director_hooks. */
void exercise_standing(struct director *director, bool restarted);
void exercise_inspect(struct director *director, json_t *reply);
/* Refuses what an exercise does not allow. */
int exercise_refuse(struct director *director, const struct request *request, struct error *err);
verb_run verb_exercise_status, verb_exercise_hint, verb_exercise_submit, verb_exercise_abandon;
/* The verb "check": of the exercise where one runs, else of the topology. */
verb_run verb_exercise_check;
