/* The end of a phase and of the exercise.  Both are the same: the clock stops, what comes and goes by itself goes,
 * everything is measured, and the outcomes are on record before anything follows from them.
 *
 * Where the journal cannot be written (the disk is full), a learner who submits is told so and the clock runs on.  A
 * deadline is not moved by that: what is measured at that moment is kept and put on record as soon as it can be, and
 * meanwhile the lab is closed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "director/checkpoint.h"
#include "director/exercise.h"
#include "director/reach.h"
#include "director/recording.h"
#include "lab/keeper.h"
#include "lab/lab.h"
#include "load/load.h"
#include "model/scenario.h"
#include "report/briefing.h"
#include "report/graph.h"

#define FAREWELL (3 * NANOSECONDS_PER_SECOND) /* time for the client to fetch the report and end the lab itself */
#define ATTEMPTS 4                            /* at a measurement that cannot even be started */

static void end_lab(struct director *director, void *context)
{
    (void)context;
    struct error err = ERROR_INIT;
    keeper_exit(lab_keeper(director_lab(director)), &err);
}

void exercise_farewell(struct director *director, struct exercise *exercise)
{
    exercise_clock_stop(director, exercise);
    checkpoint_end(director);
    director_after(director, FAREWELL, end_lab, NULL);
}

/* Answers who waits for the end, if anybody does. */
static void answer(struct exercise *exercise, json_t *reply, const struct error *err)
{
    struct request *request = exercise->waiting;
    exercise->waiting = NULL;
    if (request)
        request_finish(request, reply, NULL, 0, err);
    else
        json_decref(reply);
}

/* It could not be done now: who waits is told, and the clock's next event is another attempt. */
static void put_off(struct director *director, struct exercise *exercise, struct error *err)
{
    fprintf(stderr, "director: exercise: %s\n", err->text);
    if (exercise->waiting) {
        STR_AUTO text = STR_INIT;
        str_printf(&text, "%s\nNothing is lost: the clock stands, and labctl goes on as soon as it can be written.",
                   err->text);
        struct error told = ERROR_INIT;
        error_set(&told, err->kind, "%s", str_text(&text));
        answer(exercise, NULL, &told);
    }
    exercise_clock_later(director, exercise);
}

/* ---- the end of the exercise ---- */

static int write_report(int fd, const json_t *result, struct error *err)
{
    STR_AUTO text = STR_INIT;
    char *dumped = json_dumps(result, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    str_append(&text, dumped ? dumped : "null");
    str_append_char(&text, '\n');
    free(dumped);
    if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET) < 0 || fd_write_all(fd, text.data, text.length) || fdatasync(fd)) {
        int number = errno;
        return ftruncate(fd, 0) ? error_set_errno(err, errno, "write the report of the exercise")
                                : error_set_errno(err, number, "write the report of the exercise");
    }
    return 0;
}

/* Sessions that are open, the faults that came and went, and who reached whom when: on record only now that nobody can
 * use it any more. */
static int record_rest(struct director *director, struct exercise *exercise, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct session *session = &exercise->session;
    const json_t *reach[MOMENT_COUNT] = {[MOMENT_HEALTHY] = json_object_get(exercise->reach, "healthy"),
                                         [MOMENT_BROKEN] = json_object_get(exercise->reach, "broken"),
                                         [MOMENT_END] = exercise->last.reach};
    if (recording_rest(director, err))
        return -1;
    while (json_array_size(exercise->passed)) {
        if (session_note(session, "fault", json_copy(json_array_get(exercise->passed, 0)), clock_boot(), clock_real(),
                         err))
            return -1;
        json_array_remove(exercise->passed, 0);
    }
    for (int moment = 0; reach[MOMENT_END] && moment < MOMENT_COUNT; moment++) {
        struct reach_matrix matrix = reach_matrix_of(reach[moment], arena);
        if (!session->matrices[moment] && reach[moment] &&
            session_matrix(session, (enum session_moment)moment, &matrix, clock_boot(), clock_real(), err))
            return -1;
    }
    return 0;
}

/* The score, with all that is needed to compute it again. */
static int record_score(struct director *director, struct exercise *exercise, struct error *err)
{
    STR_AUTO graph = STR_INIT;
    STR_AUTO topology = STR_INIT;
    if (exercise->session.score)
        return 0;
    graph_write(director_topology(director), GRAPH_JSON, &graph);
    dump_topology(exercise->scenario->topology, &topology);
    /* An exam's texts lie sealed beside the journal. */
    bool open = exercise->session.mode == SESSION_PRACTICE;
    struct session_record record = {.scenario = open ? exercise->stripped : NULL,
                                    .topology = open ? str_text(&topology) : NULL,
                                    .graph = json_loads(str_text(&graph), 0, NULL)};
    return session_score(&exercise->session, exercise->last.outcomes, exercise->last.count, &record, clock_boot(),
                         clock_real(), err);
}

/* Everything is measured: points, report, farewell. */
static void conclude(struct director *director, struct exercise *exercise)
{
    struct error err = ERROR_INIT;
    struct session *session = &exercise->session;
    json_t *result = NULL;
    if ((session->state != SESSION_ENDED &&
         session_stop(session, SESSION_DEADLINE, clock_boot(), clock_real(), &err)) ||
        (!session->score && record_rest(director, exercise, &err)) || record_score(director, exercise, &err) ||
        write_report(exercise->report, result = result_make(session, NULL), &err)) {
        json_decref(result);
        put_off(director, exercise, &err);
        return;
    }
    checkpoint_end(director);
    bool waiting = exercise->waiting != NULL;
    answer(exercise, json_pack("{s:o}", "report", result), NULL);
    director_after(director, waiting ? FAREWELL : 0, end_lab, NULL);
}

/* What is measured is kept; no outcome at all: every check counts as not judged. */
static void keep(struct exercise *exercise, const struct exercise_results *results, const struct error *err)
{
    if (err)
        fprintf(stderr, "director: measure the end: %s\n", err->text);
    exercise_keep_outcomes(exercise, results);
    exercise->measured = true;
    exercise->attempts = 0;
}

static void scored(struct director *director, void *context, const struct exercise_results *results,
                   const struct error *err)
{
    keep(context, results, err);
    conclude(director, context);
}

/* Measures, and calls `done` even where that cannot be begun: after some attempts without any outcome. */
static void measure(struct director *director, struct exercise *exercise, bool phase, exercise_measured *done)
{
    struct error err = ERROR_INIT;
    exercise_clear_passing(director, exercise);
    int result = phase ? exercise_measure_phase(director, exercise, done, exercise, &err)
                       : exercise_measure_now(director, exercise, NULL, false, done, exercise, &err);
    if (!result)
        return;
    if (++exercise->attempts < ATTEMPTS)
        put_off(director, exercise, &err);
    else
        done(director, exercise, &(struct exercise_results){0}, &err);
}

int exercise_score(struct director *director, enum session_end end, struct request *request, struct error *err)
{
    struct exercise *exercise = exercise_current();
    struct error late = ERROR_INIT;
    if (exercise->session.state != SESSION_ENDED && !exercise->measured &&
        session_stop(&exercise->session, end, clock_boot(), clock_real(), request ? err : &late) && request)
        return -1;
    exercise_clock_stop(director, exercise);
    exercise->scoring = true;
    if (request)
        exercise->waiting = request;
    if (exercise->measured || exercise->session.score)
        conclude(director, exercise);
    else
        measure(director, exercise, false, scored);
    return 0;
}

/* ---- the end of a phase ---- */

static void brief(struct exercise *exercise, const json_t *status)
{
    STR_AUTO text = STR_INIT;
    briefing_phase(status, 0, false, &text);
    if (exercise->briefing >= 0 && fd_write_all(exercise->briefing, text.data, text.length))
        fprintf(stderr, "director: write the briefing: %s\n", strerror(errno));
}

static void begin_next_phase(struct director *director, struct exercise *exercise)
{
    struct error err = ERROR_INIT;
    struct session *session = &exercise->session;
    if ((session->state != SESSION_BETWEEN &&
         session_end_phase(session, SESSION_DEADLINE, clock_boot(), clock_real(), &err)) ||
        session_next_phase(session, exercise->last.outcomes, exercise->last.count, clock_boot(), clock_real(), &err)) {
        put_off(director, exercise, &err);
        return;
    }
    exercise->measured = false;
    exercise_clock(director, exercise);
    json_t *status = exercise_status(exercise);
    brief(exercise, status);
    answer(exercise, json_pack("{s:o}", "phase", status), NULL);
}

static void phase_measured(struct director *director, void *context, const struct exercise_results *results,
                           const struct error *err)
{
    struct exercise *exercise = context;
    if (exercise->session.state == SESSION_ABANDONED)
        return;
    keep(exercise, results, err);
    begin_next_phase(director, exercise);
}

int exercise_end_phase(struct director *director, enum session_end end, struct request *request, struct error *err)
{
    struct exercise *exercise = exercise_current();
    struct error late = ERROR_INIT;
    if (exercise->session.state != SESSION_BETWEEN && !exercise->measured &&
        session_end_phase(&exercise->session, end, clock_boot(), clock_real(), request ? err : &late) && request)
        return -1;
    exercise_clock_stop(director, exercise);
    if (request)
        exercise->waiting = request;
    if (exercise->measured)
        begin_next_phase(director, exercise);
    else
        measure(director, exercise, true, phase_measured);
    return 0;
}
