/* Tasks, guards and hints. */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "exercise/result_parts.h"
#include "fault/fault.h"
#include "model/check.h"

static json_t *check_json(const struct check *check, const struct standing *standing)
{
    char asked[400];
    const json_t *outcome = standing->shown;
    const char *recorded = entry_text(outcome, "asked"), *seen = entry_text(outcome, "seen");
    json_t *object = json_object();
    set_text(object, "id", check->id);
    set_text(object, "title", check->title);
    set_text(object, "asked", *recorded ? recorded : check_describe(check, asked, sizeof asked));
    set_text(object, "verdict", verdict_name(standing->verdict));
    set_text(object, "expected", entry_text(outcome, "expected"));
    set_text(object, "seen", outcome ? seen : "it was not measured");
    json_object_set_new(object, "duration_ms", json_real((double)entry_integer(outcome, "duration") / 1e6));
    json_object_set_new(object, "attempts", json_integer(entry_integer(outcome, "attempts")));
    return object;
}

static void explain_check(json_t *object, const struct check *check, const struct standing *standing)
{
    const char *more = standing->why ? standing->why : "";
    const char *join = standing->why ? "; " : "";
    if (standing->verdict == VERDICT_PASS)
        set_why(object, "it passes: %u points", check->points);
    else if (standing->verdict != VERDICT_FAIL)
        set_why(object, "it could not be judged: its %u points count neither for nor against%s%s", check->points, join,
                more);
    else if (!standing->shown)
        set_why(object, "0 of %u points: %s", check->points, standing->why ? standing->why : "it was not measured");
    else
        set_why(object, "0 of %u points: expected %s, got %s%s%s", check->points,
                entry_text(standing->shown, "expected"), entry_text(standing->shown, "seen"), join, more);
}

static json_t *task_checks_json(const struct tally *tally, const struct task *task, bool *done)
{
    json_t *checks = json_array();
    *done = task->check_count > 0;
    for (size_t c = 0; c < task->check_count; c++) {
        const struct check *check = task->checks[c];
        struct standing standing = check_standing(tally, check->id, task->phase);
        bool passed = standing.verdict == VERDICT_PASS;
        json_t *object = check_json(check, &standing);
        *done = *done && passed;
        json_object_set_new(object, "points", json_integer(check->points));
        json_object_set_new(object, "earned", json_integer(passed ? check->points : 0));
        json_object_set_new(object, "counted", json_boolean(passed || standing.verdict == VERDICT_FAIL));
        explain_check(object, check, &standing);
        json_array_append_new(checks, object);
    }
    return checks;
}

static size_t hints_bought(const struct session *session, const char *task)
{
    size_t count = 0;
    for (size_t i = 0; i < session->scenario->hint_count; i++)
        count += session->bought[i] && str_equal(session->scenario->hints[i].task, task);
    return count;
}

static void explain_task(json_t *object, const struct session *session, const struct points_task *points)
{
    size_t hints = hints_bought(session, points->id);
    STR_AUTO text = STR_INIT;
    str_printf(&text, "its checks earn %llu of %llu points", (unsigned long long)points->passed,
               (unsigned long long)points->maximum);
    if (hints)
        str_printf(&text, ", less %u for %zu hint%s: %llu", points->hint_cost, hints, hints == 1 ? "" : "s",
                   (unsigned long long)points->earned);
    if (points->unjudged)
        str_printf(&text, "; %llu points could not be judged and do not count", (unsigned long long)points->unjudged);
    set_text(object, "why", str_text(&text));
}

static json_t *task_json(const struct tally *tally, size_t index)
{
    const struct scenario *scenario = tally->session->scenario;
    const struct task *task = &scenario->tasks[index];
    const struct points_task *points = &tally->tasks[index];
    bool done, phased = task->phase >= 0 && (size_t)task->phase < scenario->phase_count;
    json_t *object = json_object(), *checks = task_checks_json(tally, task, &done);
    set_text(object, "id", task->id);
    set_text(object, "title", task->title);
    set_text(object, "kind", task->build ? "build" : "repair");
    json_object_set_new(object, "phase", text_or_null(phased ? scenario->phases[task->phase].id : NULL));
    json_object_set_new(object, "ticket", text_or_null(task->ticket ? task->ticket->id : NULL));
    json_object_set_new(object, "done", json_boolean(done));
    json_object_set_new(object, "maximum", json_integer((json_int_t)points->maximum));
    json_object_set_new(object, "passed", json_integer((json_int_t)points->passed));
    json_object_set_new(object, "hints", json_integer(points->hint_cost));
    json_object_set_new(object, "earned", json_integer((json_int_t)points->earned));
    json_object_set_new(object, "not_judged", json_integer((json_int_t)points->unjudged));
    explain_task(object, tally->session, points);
    json_object_set_new(object, "checks", checks);
    return object;
}

json_t *tasks_json(const struct tally *tally, bool running)
{
    json_t *tasks = json_array();
    for (size_t t = 0; t < tally->session->scenario->task_count; t++)
        if (!running || session_reached(tally->session, tally->session->scenario->tasks[t].phase))
            json_array_append_new(tasks, task_json(tally, t));
    return tasks;
}

json_t *guards_json(const struct tally *tally)
{
    json_t *guards = json_array();
    const struct scenario *scenario = tally->session->scenario;
    for (size_t g = 0; g < scenario->guard_count; g++) {
        const struct check *guard = scenario->guards[g];
        struct standing standing = check_standing(tally, guard->id, -1);
        json_t *object = check_json(guard, &standing);
        json_object_set_new(object, "penalty", json_integer(guard->penalty));
        json_object_set_new(object, "lost", json_integer((json_int_t)tally->guards[g].lost));
        if (standing.verdict == VERDICT_FAIL)
            set_why(object, "it is red: %u points lost, once", guard->penalty);
        else
            set_why(object, "%s: nothing is lost",
                    standing.verdict == VERDICT_PASS ? "it is green" : "it could not be judged");
        json_array_append_new(guards, object);
    }
    return guards;
}

json_t *hints_json(const struct session *session)
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
        json_object_set_new(object, "after_s", seconds_json(session->bought_at[i]));
        json_array_append_new(hints, object);
    }
    return hints;
}

json_t *faults_json(const struct session *session)
{
    const struct scenario *scenario = session->scenario;
    json_t *faults = json_array();
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct fault *fault = &scenario->faults[i];
        const struct fault_kind *kind = fault_kind_find(fault->kind);
        json_t *object = json_object(), *at = json_array();
        for (size_t p = 0; p < fault->at.count; p++)
            json_array_append_new(at, json_string(fault->at.items[p]));
        set_text(object, "id", fault->id);
        set_text(object, "kind", fault->kind);
        json_object_set_new(object, "at", at);
        bool came = session_fault_came(session, fault);
        set_text(object, "description",
                 arena_printf(scenario->arena, "%s%s", fault_describe(fault, scenario->arena),
                              came ? "" : " (the exercise was over before it came)"));
        json_object_set_new(object, "scheduled", json_boolean(fault_is_scheduled(fault)));
        json_object_set_new(object, "came", json_boolean(came));
        json_object_set_new(object, "ticket", text_or_null(fault->ticket ? fault->ticket->id : NULL));
        if (kind) {
            set_text(object, "family", fault_family_name(kind->family));
            set_text(object, "summary", kind->summary);
            set_text(object, "symptom", kind->symptom);
            set_text(object, "tools", kind->tools);
            json_object_set_new(object, "layer", json_integer(kind->layer));
        }
        json_array_append_new(faults, object);
    }
    return faults;
}
