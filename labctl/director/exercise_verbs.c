/* The verbs of a running exercise.  Whether one may be used now is exercise_rules.c's to say, before it comes here. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "director/checkpoint.h"
#include "director/exercise.h"
#include "director/recording.h"
#include "model/scenario.h"

#define ANSWER_MAX  ((size_t)1 << 20)
#define FRESH       (4 * NANOSECONDS_PER_SECOND) /* a live view is measured again after this long */
#define ANSWER_FILE "answers/articulate.txt"     /* below the exercise's directory */

static struct exercise *running(struct error *err)
{
    if (!exercise_current())
        error_set(err, ERR_ABSENT, "no exercise runs in this lab (`labctl start SCENARIO` starts one)");
    return exercise_current();
}

static const char *text_of(const struct request *request, const char *key)
{
    return json_string_value(json_object_get(request_params(request), key));
}

/* ---- looking ---- */

/* On record where the verdicts are others than at the last look, so that a live view does not fill the journal. */
static void note_look(struct exercise *exercise, const struct exercise_results *results)
{
    bool same = exercise->last.arena && exercise->last.count == results->count;
    json_t *verdicts = json_object();
    for (size_t i = 0; i < results->count; i++) {
        same = same && str_equal(exercise->last.outcomes[i].id, results->outcomes[i].id) &&
               exercise->last.outcomes[i].verdict == results->outcomes[i].verdict;
        json_object_set_new(verdicts, results->outcomes[i].id, json_string(verdict_name(results->outcomes[i].verdict)));
    }
    struct error err = ERROR_INIT;
    if (!same && exercise->session.state == SESSION_RUNNING &&
        session_note(&exercise->session, "check", json_pack("{s:s, s:O}", "verb", "status", "verdicts", verdicts),
                     clock_boot(), clock_real(), &err))
        fprintf(stderr, "director: %s\n", err.text);
    json_decref(verdicts);
}

static void status_measured(struct director *director, void *context, const struct exercise_results *results,
                            const struct error *err)
{
    struct request *request = context;
    struct exercise *exercise = exercise_current();
    (void)director;
    exercise->looking = false;
    if (!err) {
        note_look(exercise, results);
        exercise_keep_outcomes(exercise, results);
    }
    if (request)
        request_finish(request, err ? NULL : exercise_status(exercise), NULL, 0, err);
}

/* A live view has what is known at once, and has it measured again behind its back. */
static bool has_live_view(struct director *director, struct exercise *exercise, const struct request *request)
{
    if (!json_is_true(json_object_get(request_params(request), "live")) || !exercise->last.arena)
        return false;
    if (!exercise->looking && exercise->session.state == SESSION_RUNNING && clock_boot() - exercise->last.at > FRESH)
        exercise->looking = !exercise_measure_now(director, exercise, NULL, true, status_measured, NULL, NULL);
    return true;
}

/* params: live: true: what is known at once; measure: false: the clock is all that is asked for. */
int verb_exercise_status(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    if (!exercise)
        return -1;
    /* While the clock stands nothing is measured: the lab is what it was. */
    bool stands = exercise->session.state != SESSION_RUNNING && exercise->last.arena;
    bool unwanted = json_is_false(json_object_get(request_params(request), "measure"));
    if (stands || unwanted || exercise->scoring || has_live_view(director, exercise, request)) {
        *reply = exercise_status(exercise);
        return 0;
    }
    return exercise_measure_now(director, exercise, NULL, true, status_measured, request, err) ? -1 : REQUEST_DEFERRED;
}

static void check_measured(struct director *director, void *context, const struct exercise_results *results,
                           const struct error *err)
{
    struct request *request = context;
    struct exercise *exercise = exercise_current();
    struct error problem = ERROR_INIT;
    (void)director;
    json_t *list = json_array(), *verdicts = json_object();
    for (size_t i = 0; i < results->count; i++) {
        json_array_append_new(list, check_result_json(&results->results[i]));
        json_object_set_new(verdicts, results->results[i].id, json_string(verdict_name(results->results[i].verdict)));
    }
    if (!err && exercise->session.state == SESSION_RUNNING &&
        session_note(&exercise->session, "check", json_pack("{s:O}", "verdicts", verdicts), clock_boot(), clock_real(),
                     &problem))
        err = &problem;
    json_decref(verdicts);
    request_finish(request, err ? NULL : json_pack("{s:O}", "checks", list), NULL, 0, err);
    json_decref(list);
}

int verb_exercise_check(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = exercise_current();
    if (!exercise)
        return verb_check(director, request, reply, err);
    const json_t *ids = json_object_get(request_params(request), "ids");
    return exercise_measure_now(director, exercise, ids, false, check_measured, request, err) ? -1 : REQUEST_DEFERRED;
}

/* ---- hints ---- */

/* A task that can be named by now; NULL names all. */
static int check_task(const struct exercise *exercise, const char *task, struct error *err)
{
    const char **ids = NULL;
    size_t count = 0;
    ARENA_AUTO arena = arena_new();
    for (size_t i = 0; i < exercise->scenario->task_count; i++) {
        if (!session_reached(&exercise->session, exercise->scenario->tasks[i].phase))
            continue;
        if (!task || str_equal(exercise->scenario->tasks[i].id, task))
            return 0;
        *ARENA_PUSH(arena, ids, count) = exercise->scenario->tasks[i].id;
    }
    if (!task)
        return 0;
    const char *near = str_nearest(task, ids, count);
    return error_set(err, ERR_ABSENT, "no task is called '%s'%s%s%s", task, near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

struct shown {
    struct request *request;
    json_t *hint;
};

static void show_hint(struct director *director, void *context, const struct error *err)
{
    struct shown *shown = context;
    (void)director, (void)err;
    request_finish(shown->request, shown->hint, NULL, 0, NULL);
    free(shown);
}

/* Answers when a checkpoint knows of it: who ends the lab at once and takes the last line out of the journal does not
 * get the hint for nothing. */
int verb_exercise_hint(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    const char *task = text_of(request, "task");
    (void)reply;
    if (!exercise || check_task(exercise, task, err))
        return -1;
    const struct hint *hint = session_next_hint(&exercise->session, task);
    if (!hint)
        return error_set(err, ERR_ABSENT, "there is no further hint%s%s", task ? " for task " : "", task ? task : "");
    if (session_buy_hint(&exercise->session, hint, clock_boot(), clock_real(), err))
        return -1;
    size_t left = 0;
    for (size_t i = 0; i < exercise->scenario->hint_count; i++)
        left += !exercise->session.bought[i] && str_equal(exercise->scenario->hints[i].task, hint->task);
    struct shown *shown = malloc(sizeof *shown);
    if (!shown)
        arena_exhausted();
    *shown = (struct shown){request, json_pack("{s:s, s:I, s:s, s:I}", "task", hint->task, "cost",
                                               (json_int_t)hint->cost, "text", hint->text, "left", (json_int_t)left)};
    checkpoint_now(director, show_hint, shown);
    return REQUEST_DEFERRED;
}

/* ---- claims and answers ---- */

/* params: where: [thing], what: kind or absent, none: true. */
int verb_exercise_claim(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    ARENA_AUTO arena = arena_new();
    struct strings where = {0};
    size_t i;
    json_t *thing;
    (void)director;
    if (!exercise)
        return -1;
    json_array_foreach(json_object_get(request_params(request), "where"), i, thing)
    {
        if (json_is_string(thing))
            *ARENA_PUSH(arena, where.items, where.count) = json_string_value(thing);
    }
    bool none = json_is_true(json_object_get(request_params(request), "none"));
    if (session_claim(&exercise->session, &where, text_of(request, "what"), none, clock_boot(), clock_real(), err))
        return -1;
    *reply = json_pack("{s:I, s:I}", "claims", (json_int_t)exercise->session.claim_count, "points",
                       (json_int_t)exercise->scenario->diagnosis_points);
    return 0;
}

/* params: question, answer; the text of the articulation comes as a descriptor. */
int verb_exercise_answer(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    const char *question = text_of(request, "question"), *answer = text_of(request, "answer");
    (void)director;
    if (!exercise)
        return -1;
    if (!question || (!answer && request_fd(request, 0) < 0))
        return error_set(err, ERR_USAGE, "an answer names its question");
    if (answer) {
        if (session_answer(&exercise->session, question, answer, clock_boot(), clock_real(), err))
            return -1;
        *reply = json_pack("{s:s, s:s}", "question", question, "answer", answer);
        return 0;
    }
    STR_AUTO text = STR_INIT;
    int fd = request_fd(request, 0);
    if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, &text, ANSWER_MAX))
        return error_set(err, ERR_USAGE, "read the text: it is longer than %zu bytes, or cannot be read", ANSWER_MAX);
    if (session_articulate(&exercise->session, str_text(&text), text.length, ANSWER_FILE, clock_boot(), clock_real(),
                           err))
        return -1;
    *reply = json_pack("{s:s, s:I, s:I, s:s}", "question", question, "words", (json_int_t)exercise->session.text_words,
                       "words_wanted", (json_int_t)exercise->scenario->articulate->words, "file", ANSWER_FILE);
    return 0;
}

/* ---- the clock ---- */

static json_t *clock_json(const struct exercise *exercise)
{
    int64_t left = session_left(&exercise->session, clock_boot());
    return json_pack("{s:s, s:s, s:o}", "scenario", exercise->scenario->name, "state",
                     session_state_name(exercise->session.state), "time_left_s",
                     left == INT64_MAX ? json_null() : json_real((double)(left / 1000000) / 1e3));
}

static void paused(struct director *director, void *context, const struct error *err)
{
    (void)director;
    json_t *reply = clock_json(exercise_current());
    if (err)
        json_object_set_new(reply, "not_kept", json_string(err->text));
    request_finish(context, reply, NULL, 0, NULL);
}

/* Answers when the lab is kept as it is: the machine may be switched off then. */
int verb_exercise_pause(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    (void)reply;
    if (!exercise || session_pause(&exercise->session, clock_boot(), clock_real(), err))
        return -1;
    exercise_clock(director, exercise);
    checkpoint_now(director, paused, request);
    return REQUEST_DEFERRED;
}

int verb_exercise_resume(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    (void)request;
    if (!exercise || session_resume(&exercise->session, clock_boot(), clock_real(), err))
        return -1;
    exercise_clock(director, exercise);
    *reply = clock_json(exercise);
    return 0;
}

/* ---- the end ---- */

/* params: all: true ends the exercise, whatever phases are left. */
int verb_exercise_submit(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    (void)reply;
    if (!exercise)
        return -1;
    bool all = json_is_true(json_object_get(request_params(request), "all"));
    int result = all || session_last_phase(&exercise->session)
                     ? exercise_score(director, SESSION_SUBMITTED, request, err)
                     : exercise_end_phase(director, SESSION_SUBMITTED, request, err);
    return result ? -1 : REQUEST_DEFERRED;
}

/* params: reason: why, or none. */
int verb_exercise_abandon(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    const char *reason = text_of(request, "reason");
    if (!exercise || recording_rest(director, err) ||
        session_abandon(&exercise->session, reason ? reason : "abandoned", clock_boot(), clock_real(), err))
        return -1;
    exercise_farewell(director, exercise);
    *reply = json_pack("{s:s}", "scenario", exercise->scenario->name);
    return 0;
}
