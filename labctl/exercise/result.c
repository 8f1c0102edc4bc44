/* From outcomes to points to JSON. */
#include "exercise/result.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/units.h"
#include "fault/fault.h"
#include "model/check.h"

static const struct outcome unmeasured = {.verdict = VERDICT_ERROR,
                                          .asked = "",
                                          .expected = "",
                                          .seen = "it was not measured"};

struct tally {
    struct points_task *tasks;
    struct points_guard *guards;
    struct points points;
};

static const struct outcome *outcome_of(const struct outcome *outcomes, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(outcomes[i].id, id))
            return &outcomes[i];
    return &unmeasured;
}

static struct tally add_up(const struct session *session, const struct outcome *outcomes, size_t count,
                           struct arena *arena)
{
    const struct scenario *scenario = session->scenario;
    struct tally tally = {.tasks = arena_alloc(arena, (scenario->task_count + 1) * sizeof *tally.tasks),
                          .guards = arena_alloc(arena, (scenario->guard_count + 1) * sizeof *tally.guards)};
    for (size_t t = 0; t < scenario->task_count; t++) {
        const struct task *task = &scenario->tasks[t];
        struct points_check *checks = arena_alloc(arena, (task->check_count + 1) * sizeof *checks);
        for (size_t c = 0; c < task->check_count; c++)
            checks[c] = (struct points_check){.id = task->checks[c]->id,
                                              .verdict = outcome_of(outcomes, count, task->checks[c]->id)->verdict,
                                              .points = task->checks[c]->points};
        tally.tasks[t] = (struct points_task){.id = task->id,
                                              .checks = checks,
                                              .check_count = task->check_count,
                                              .hint_cost = session_hint_cost(session, task->id)};
    }
    for (size_t g = 0; g < scenario->guard_count; g++)
        tally.guards[g] =
            (struct points_guard){.id = scenario->guards[g]->id,
                                  .verdict = outcome_of(outcomes, count, scenario->guards[g]->id)->verdict,
                                  .penalty = scenario->guards[g]->penalty};
    tally.points = points_score(tally.tasks, scenario->task_count, tally.guards, scenario->guard_count, scenario->pass);
    return tally;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (!text)
        return;
    json_t *value = json_string(text);
    json_object_set_new(object, key, value ? value : json_string("(not valid UTF-8)"));
}

static json_t *check_json(const struct check *check, const struct outcome *outcome)
{
    char asked[400];
    json_t *object = json_object();
    set_text(object, "id", check->id);
    set_text(object, "title", check->title);
    set_text(object, "asked", *outcome->asked ? outcome->asked : check_describe(check, asked, sizeof asked));
    set_text(object, "verdict", verdict_name(outcome->verdict));
    set_text(object, "expected", outcome->expected);
    set_text(object, "seen", outcome->seen);
    json_object_set_new(object, "duration_ms", json_real((double)outcome->duration / 1e6));
    json_object_set_new(object, "attempts", json_integer(outcome->attempts));
    return object;
}

static json_t *tasks_json(const struct session *session, const struct tally *tally, const struct outcome *outcomes,
                          size_t count)
{
    const struct scenario *scenario = session->scenario;
    json_t *tasks = json_array();
    for (size_t t = 0; t < scenario->task_count; t++) {
        const struct task *task = &scenario->tasks[t];
        const struct points_task *points = &tally->tasks[t];
        json_t *object = json_object(), *checks = json_array();
        bool done = task->check_count > 0;
        for (size_t c = 0; c < task->check_count; c++) {
            const struct outcome *outcome = outcome_of(outcomes, count, task->checks[c]->id);
            json_t *check = check_json(task->checks[c], outcome);
            bool passed = outcome->verdict == VERDICT_PASS, judged = passed || outcome->verdict == VERDICT_FAIL;
            done = done && passed;
            json_object_set_new(check, "points", json_integer(task->checks[c]->points));
            json_object_set_new(check, "earned", json_integer(passed ? task->checks[c]->points : 0));
            json_object_set_new(check, "counted", json_boolean(judged));
            json_array_append_new(checks, check);
        }
        set_text(object, "id", task->id);
        set_text(object, "title", task->title);
        set_text(object, "kind", task->build ? "build" : "repair");
        json_object_set_new(object, "done", json_boolean(done));
        json_object_set_new(object, "maximum", json_integer((json_int_t)points->maximum));
        json_object_set_new(object, "passed", json_integer((json_int_t)points->passed));
        json_object_set_new(object, "hints", json_integer(points->hint_cost));
        json_object_set_new(object, "earned", json_integer((json_int_t)points->earned));
        json_object_set_new(object, "not_judged", json_integer((json_int_t)points->unjudged));
        json_object_set_new(object, "checks", checks);
        json_array_append_new(tasks, object);
    }
    return tasks;
}

static json_t *guards_json(const struct session *session, const struct tally *tally, const struct outcome *outcomes,
                           size_t count)
{
    json_t *guards = json_array();
    for (size_t g = 0; g < session->scenario->guard_count; g++) {
        const struct check *guard = session->scenario->guards[g];
        json_t *object = check_json(guard, outcome_of(outcomes, count, guard->id));
        json_object_set_new(object, "penalty", json_integer(guard->penalty));
        json_object_set_new(object, "lost", json_integer((json_int_t)tally->guards[g].lost));
        json_array_append_new(guards, object);
    }
    return guards;
}

static json_t *hints_json(const struct session *session)
{
    json_t *hints = json_array();
    for (size_t i = 0; i < session->scenario->hint_count; i++) {
        const struct hint *hint = &session->scenario->hints[i];
        if (!session->bought[i])
            continue;
        json_t *object = json_object();
        set_text(object, "task", hint->task);
        json_object_set_new(object, "cost", json_integer(hint->cost));
        set_text(object, "text", hint->text);
        json_object_set_new(object, "after_s", json_real((double)session->bought_at[i] / 1e9));
        json_array_append_new(hints, object);
    }
    return hints;
}

static json_t *faults_json(const struct scenario *scenario)
{
    json_t *faults = json_array();
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct fault *fault = &scenario->faults[i];
        const struct fault_kind *kind = fault_kind_find(fault->kind);
        json_t *object = json_object();
        set_text(object, "id", fault->id);
        set_text(object, "kind", fault->kind);
        set_text(object, "description", fault_describe(fault, scenario->arena));
        if (kind) {
            set_text(object, "summary", kind->summary);
            set_text(object, "symptom", kind->symptom);
            set_text(object, "tools", kind->tools);
            json_object_set_new(object, "layer", json_integer(kind->layer));
        }
        json_array_append_new(faults, object);
    }
    return faults;
}

/* "83.33": a share as a percentage with two places, rounded down, so that it never shows a pass mark that was missed.
 */
static json_t *percent_json(uint32_t share)
{
    return json_real((double)(share / (SHARE_WHOLE / 10000)) / 100.0);
}

static json_t *points_json(const struct points *points, uint32_t pass)
{
    char text[UNITS_TEXT_MAX];
    json_t *object = json_object();
    json_object_set_new(object, "earned", json_integer((json_int_t)points->earned));
    json_object_set_new(object, "penalties", json_integer((json_int_t)points->penalties));
    json_object_set_new(object, "total", json_integer((json_int_t)points->total));
    json_object_set_new(object, "maximum", json_integer((json_int_t)points->maximum));
    json_object_set_new(object, "percent", percent_json(points->share));
    set_text(object, "pass_mark", share_format(pass, text));
    json_object_set_new(object, "passed", json_boolean(points->passed));
    return object;
}

static json_t *head(const struct session *session)
{
    const struct scenario *scenario = session->scenario;
    json_t *object = json_object();
    json_object_set_new(object, "version", json_integer(RESULT_VERSION));
    set_text(object, "scenario", scenario->name);
    set_text(object, "title", scenario->title);
    set_text(object, "lab", scenario->topology->name);
    if (scenario->level)
        json_object_set_new(object, "level", json_integer(scenario->level));
    set_text(object, "mode", "practice");
    set_text(object, "note", "self-study, unverified");
    return object;
}

static json_t *seconds(int64_t nanoseconds)
{
    return json_real((double)(nanoseconds / 1000000) / 1e3);
}

json_t *result_make(const struct session *session, const struct outcome *outcomes, size_t count, struct points *points)
{
    ARENA_AUTO arena = arena_new();
    const struct scenario *scenario = session->scenario;
    struct tally tally = add_up(session, outcomes, count, arena);
    char time[CLOCK_TEXT_MAX];
    json_t *result = head(session);
    set_text(result, "state", session_state_name(session->state));
    set_text(result, "end", session_end_name(session->end));
    set_text(result, "started", clock_format_real(session->started_real, time));
    set_text(result, "ended", clock_format_real(session->ended_real, time));
    json_object_set_new(result, "time_used_s", seconds(session_elapsed(session, session->ended)));
    json_object_set_new(result, "time_allowed_s", scenario->time ? seconds(scenario->time) : json_null());
    json_object_set_new(result, "points", points_json(&tally.points, scenario->pass));
    json_object_set_new(result, "tasks", tasks_json(session, &tally, outcomes, count));
    json_object_set_new(result, "guards", guards_json(session, &tally, outcomes, count));
    json_object_set_new(result, "hints", hints_json(session));
    json_object_set_new(result, "faults", faults_json(scenario));
    json_object_set_new(
        result, "journal",
        json_pack("{s:I, s:s}", "entries", (json_int_t)session->journal.count, "head", session->journal.head));
    if (points)
        *points = tally.points;
    return result;
}

json_t *result_status(const struct session *session, const struct outcome *outcomes, size_t count, int64_t boot)
{
    ARENA_AUTO arena = arena_new();
    const struct scenario *scenario = session->scenario;
    struct tally tally = add_up(session, outcomes, count, arena);
    json_t *result = head(session);
    int64_t left = session_left(session, boot);
    set_text(result, "state", session_state_name(session->state));
    set_text(result, "briefing", scenario->briefing);
    json_object_set_new(result, "time_used_s", seconds(session_elapsed(session, boot)));
    json_object_set_new(result, "time_allowed_s", scenario->time ? seconds(scenario->time) : json_null());
    json_object_set_new(result, "time_left_s", left == INT64_MAX ? json_null() : seconds(left));
    json_object_set_new(result, "points", points_json(&tally.points, scenario->pass));
    json_object_set_new(result, "tasks", tasks_json(session, &tally, outcomes, count));
    json_object_set_new(result, "guards", guards_json(session, &tally, outcomes, count));
    json_object_set_new(result, "hints", hints_json(session));
    size_t more = 0;
    for (size_t i = 0; i < scenario->hint_count; i++)
        more += !session->bought[i];
    json_object_set_new(result, "hints_left", json_integer((json_int_t)more));
    return result;
}
