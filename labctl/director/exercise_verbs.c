/* The verbs of a running exercise, and what it refuses. */
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "director/exercise.h"
#include "model/check.h"
#include "model/scenario.h"

/* ---- what is refused ---- */

static bool allowed(const char *word)
{
    const struct strings *allow = &exercise_current()->scenario->allow;
    for (size_t i = 0; i < allow->count; i++)
        if (str_equal(allow->items[i], word))
            return true;
    return false;
}

int exercise_refuse(struct director *director, const struct request *request, struct error *err)
{
    static const struct {
        const char *verb, *command, *word;
    } rows[] = {
        {"fault-inject", "fault", NULL},  {"fault-clear", "fault", NULL},    {"fault-status", "fault", NULL},
        {"plan", "plan", NULL},           {"link-set", "link set", NULL},    {"prove", "prove", NULL},
        {"matrix", "matrix", "matrix"},   {"explain", "explain", "explain"}, {"apply", "apply", "apply"},
        {"difference", "apply", "apply"},
    };
    (void)director;
    if (!exercise_current())
        return 0;
    if (exercise_current()->scoring && !str_equal(request_verb(request), "exercise-submit"))
        return error_set(err, ERR_BUSY, "exercise '%s' is being scored", exercise_current()->scenario->name);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!str_equal(rows[i].verb, request_verb(request)) || (rows[i].word && allowed(rows[i].word)))
            continue;
        /* `set`, `unset` and `edit` change what they have read: they name its generation, `apply FILE` does not. */
        if (str_equal(rows[i].word, "apply") && json_object_get(request_params(request), "generation"))
            continue;
        return error_set(err, ERR_BUSY, "'%s' is refused during exercise '%s'%s", rows[i].command,
                         exercise_current()->scenario->name, rows[i].word ? ": it does not allow it" : "");
    }
    return 0;
}

/* ---- verbs ---- */

static struct exercise *running(struct error *err)
{
    if (exercise_current() && exercise_current()->session.state == SESSION_RUNNING && !exercise_current()->scoring)
        return exercise_current();
    if (exercise_current())
        error_set(err, ERR_BUSY, "exercise '%s' has ended", exercise_current()->scenario->name);
    else
        error_set(err, ERR_ABSENT, "no exercise runs in this lab (`labctl start SCENARIO` starts one)");
    return NULL;
}

static void status_measured(struct director *director, void *context, const struct exercise_results *results,
                            const struct error *err)
{
    struct request *request = context;
    (void)director;
    json_t *reply =
        err ? NULL : result_status(&exercise_current()->session, results->outcomes, results->count, clock_boot());
    request_finish(request, reply, NULL, 0, err);
}

int verb_exercise_status(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    (void)reply;
    if (!exercise)
        return -1;
    return exercise_measure_now(director, exercise, NULL, true, status_measured, request, err) ? -1 : REQUEST_DEFERRED;
}

int verb_exercise_hint(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    const char *task = json_string_value(json_object_get(request_params(request), "task"));
    (void)director;
    if (!exercise)
        return -1;
    bool known = !task;
    const char **ids = NULL;
    size_t count = 0;
    ARENA_AUTO arena = arena_new();
    for (size_t i = 0; i < exercise->scenario->task_count; i++) {
        *ARENA_PUSH(arena, ids, count) = exercise->scenario->tasks[i].id;
        known = known || str_equal(exercise->scenario->tasks[i].id, task);
    }
    if (!known) {
        const char *near = str_nearest(task, ids, count);
        return error_set(err, ERR_ABSENT, "no task is called '%s'%s%s%s", task, near ? "; did you mean '" : "",
                         near ? near : "", near ? "'?" : "");
    }
    const struct hint *hint = session_next_hint(&exercise->session, task);
    if (!hint)
        return error_set(err, ERR_ABSENT, "there is no further hint%s%s", task ? " for task " : "", task ? task : "");
    if (session_buy_hint(&exercise->session, hint, clock_boot(), clock_real(), err))
        return -1;
    size_t left = 0;
    for (size_t i = 0; i < exercise->scenario->hint_count; i++)
        left += !exercise->session.bought[i] && str_equal(exercise->scenario->hints[i].task, hint->task);
    *reply = json_pack("{s:s, s:I, s:s, s:I}", "task", hint->task, "cost", (json_int_t)hint->cost, "text", hint->text,
                       "left", (json_int_t)left);
    return 0;
}

int verb_exercise_submit(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    if (!running(err))
        return -1;
    return exercise_score(director, SESSION_SUBMITTED, request, err) ? -1 : REQUEST_DEFERRED;
}

int verb_exercise_abandon(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    (void)request;
    if (!exercise || session_abandon(&exercise->session, clock_boot(), clock_real(), err))
        return -1;
    exercise_farewell(director, exercise);
    *reply = json_pack("{s:s}", "scenario", exercise->scenario->name);
    return 0;
}

static void check_measured(struct director *director, void *context, const struct exercise_results *results,
                           const struct error *err)
{
    struct request *request = context;
    (void)director;
    json_t *list = json_array(), *verdicts = json_object();
    for (size_t i = 0; i < results->count; i++) {
        json_array_append_new(list, check_result_json(&results->results[i]));
        json_object_set_new(verdicts, results->results[i].id, json_string(verdict_name(results->results[i].verdict)));
    }
    if (!err && exercise_current()->session.state == SESSION_RUNNING)
        session_note(&exercise_current()->session, "check", json_pack("{s:O}", "verdicts", verdicts), clock_boot(),
                     clock_real(), NULL);
    json_decref(verdicts);
    request_finish(request, err ? NULL : json_pack("{s:O}", "checks", list), NULL, 0, err);
    json_decref(list);
}

int verb_exercise_check(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    if (!exercise_current())
        return verb_check(director, request, reply, err);
    struct exercise *exercise = running(err);
    if (!exercise)
        return -1;
    const json_t *ids = json_object_get(request_params(request), "ids");
    return exercise_measure_now(director, exercise, ids, false, check_measured, request, err) ? -1 : REQUEST_DEFERRED;
}
