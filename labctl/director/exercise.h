/* An exercise in a running lab: the director's part of start, of what a learner does, and of the end.
 *
 * What happens by the clock (a deadline, the end of a phase, a fault that comes or goes) is one timer's work
 * (exercise_clock.c); what may be done when is one table's (exercise_rules.c); whoever ends the exercise or a phase, a
 * learner or the clock, goes the same way (exercise_end.c). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/sha256.h"
#include "director/checks.h"
#include "director/director.h"
#include "exercise/result.h"
#include "exercise/session.h"

struct arena;
struct scenario;

/* Outcomes that outlive their measurement. */
struct exercise_kept {
    struct arena *arena; /* NULL: there are none */
    struct outcome *outcomes;
    size_t count;
    json_t *reach;
    int64_t at; /* boot time */
};

struct exercise {
    struct scenario *scenario; /* as it was started: what the session and the points go by */
    char *stripped;            /* its text without topology and solution */
    char *healthy;             /* the text of its topology, without faults */
    struct scenario *view;     /* the same over the topology of now: what is measured */
    unsigned view_generation;
    unsigned running; /* sets of checks under way: the view must stay */
    json_t *listened; /* by check: did the service listen when the lab was healthy? */
    json_t *reach;    /* who reached whom: {"healthy", "broken"} as reach.h writes them, or NULL: nobody asks */
    json_t *present;  /* ids of the faults that were put in and not taken out again by the clock */
    json_t *passed;   /* the faults that came and went: entries of the journal, which a learner can read, at the end */
    struct session session;
    int report;    /* descriptor of the report's file */
    int briefing;  /* of the briefing's, or -1 */
    int timer;     /* of the clock's next event; -1: none */
    bool scoring;  /* the clock has stopped for good */
    bool looking;  /* a live view is being measured */
    bool measured; /* `last` holds what the score is made of */
    struct exercise_kept last;
    struct request *waiting; /* for the end of the phase or of the exercise, or NULL */
    unsigned attempts;       /* to measure at the end */
    int64_t settle; /* a red check is believed after this long, whatever its `within` says (ns); 0: it is not */
};

/* The exercise of this director, or NULL. */
struct exercise *exercise_current(void);

/* ---- running checks of a scenario ---- */

enum exercise_part {
    PART_REPAIR = 1,
    PART_BUILD = 2,
    PART_GUARDS = 4,
    PART_ALL = 7,
    PART_REACH = 8, /* and who reaches whom */
};
struct exercise_results {
    struct arena *arena; /* of all below: valid during the call */
    struct outcome *outcomes;
    struct check_result *results; /* the same, whole */
    const struct check **checks;
    size_t count;
    json_t *reach; /* PART_REACH: as reach.h writes it, else NULL */
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
 * guards, or NULL: all of the phases reached. */
int exercise_measure_now(struct director *director, struct exercise *exercise, const json_t *ids, bool single_attempt,
                         exercise_measured *done, void *context, struct error *err);
/* The tasks of the present phase, patiently: it has ended. */
int exercise_measure_phase(struct director *director, struct exercise *exercise, exercise_measured *done, void *context,
                           struct error *err);

/* ---- start.c ---- */
/* Reads a scenario from its stripped text and a topology; allotments: of the running lab, or NULL. */
int exercise_load(const char *stripped, const char *topology, const char *allotments, struct scenario **out,
                  struct error *err);
verb_run verb_exercise_prove, verb_exercise_build, verb_exercise_look, verb_exercise_break, verb_exercise_begin;
/* The name of the exercise that is being started here and whose clock does not run yet, or NULL. */
const char *start_pending(void);

/* ---- exercise.c ---- */
/* Starts the clock: everything is proved.  All descriptors and the references are taken over.  key: of an exam's
 * journal, in memory; -1: it is practice. */
int exercise_begin(struct director *director, struct scenario *scenario, const char *stripped, json_t *listened,
                   int journal, int report, int key, json_t *note, struct error *err);
/* What it knows beside: who reached whom, and the file of the briefing (both taken over). */
int exercise_equip(struct director *director, struct exercise *exercise, json_t *reach, int briefing,
                   struct error *err);
/* Takes up an exercise that was begun: from what was known (KNOWN_STATE's members), its texts and its files (taken
 * over).  On an error nothing is the exercise of this director. */
struct exercise_parts {
    const char *stripped, *healthy;
    const json_t *known;
    int journal, report, briefing, key;
};
int exercise_recall(struct director *director, const struct exercise_parts *parts, struct exercise **out,
                    struct error *err);
/* Puts it on record, and makes it the exercise of this director; its clock goes on. */
int exercise_take_over(struct director *director, struct exercise *exercise, struct error *err);
void exercise_free(struct exercise *exercise);
/* What the start of the journal says of the scenario: by this it is known again. */
void exercise_hash(const char *stripped, const char *healthy, char out[static SHA256_TEXT]);
/* Writes what changes while it runs to the state directory. */
int exercise_keep(struct director *director, const struct exercise *exercise, struct error *err);
/* Makes these outcomes the last ones known. */
void exercise_keep_outcomes(struct exercise *exercise, const struct exercise_results *results);
/* What may be shown now, with the outcomes that are known; what was not measured yet is as it was at the start. */
json_t *exercise_status(const struct exercise *exercise);
/* For director_hooks. */
void exercise_standing(struct director *director, bool restarted);
void exercise_inspect(struct director *director, json_t *reply);
void exercise_changed(struct director *director, const struct request *request, const char *operations);

/* ---- exercise_clock.c ---- */
/* Does what is due by the clock, and sets the timer for what comes next; afterwards the clock may stand. */
void exercise_clock(struct director *director, struct exercise *exercise);
/* The same a little later: something could not be done. */
void exercise_clock_later(struct director *director, struct exercise *exercise);
/* No event of the clock any more. */
void exercise_clock_stop(struct director *director, struct exercise *exercise);
/* Takes out what comes and goes by itself: it is no part of what is scored. */
void exercise_clear_passing(struct director *director, struct exercise *exercise);

/* ---- exercise_end.c ---- */
/* Ends the present phase, measures its tasks, begins the next one.  request: is answered when it has begun, or NULL. */
int exercise_end_phase(struct director *director, enum session_end end, struct request *request, struct error *err);
/* Stops the clock (where it still runs), measures everything, writes the report, ends the lab.  request: is answered
 * with the report, or NULL.  What cannot be written yet is tried again until it can. */
int exercise_score(struct director *director, enum session_end end, struct request *request, struct error *err);
/* No deadline any more; the lab ends in a moment if the client does not end it first. */
void exercise_farewell(struct director *director, struct exercise *exercise);

/* ---- resume.c ---- */
verb_run verb_exercise_restore;

/* ---- exercise_rules.c ---- */
/* For director_hooks: refuses what the exercise does not allow now. */
int exercise_refuse(struct director *director, const struct request *request, struct error *err);
/* For director_hooks: refuses a change of what a link does to packets, unless the solution changes it so. */
int exercise_permit(struct director *director, const char *path, const struct topology *wanted, struct error *err);

/* ---- exercise_verbs.c ---- */
verb_run verb_exercise_status, verb_exercise_hint, verb_exercise_claim, verb_exercise_answer, verb_exercise_pause,
    verb_exercise_resume, verb_exercise_submit, verb_exercise_abandon;
/* The verb "check": of the exercise where one runs, else of the topology. */
verb_run verb_exercise_check;
