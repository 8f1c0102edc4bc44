/* The judgement over the steps of a proof. */
#include "exercise/proof.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "facts/facts.h"
#include "model/check.h"
#include "score/verdict.h"

static const char *const step_names[] = {
    [PROOF_HEALTHY] = "healthy",   [PROOF_FAULTS] = "faults",       [PROOF_NOTHING] = "nothing done",
    [PROOF_TICKET] = "ticket",     [PROOF_LEAKS] = "leaks",         [PROOF_TAKEN_OUT] = "taken out",
    [PROOF_SOLUTION] = "solution", [PROOF_WRONG_FIX] = "wrong fix", [PROOF_GUARDS] = "guards",
};
_Static_assert(ARRAY_SIZE(step_names) == PROOF_STEP_COUNT, "a name for each step");

const char *proof_step_name(enum proof_step step)
{
    return step_names[step];
}

static const char *const verdict_names[] =
    {[PROOF_OK] = "ok", [PROOF_UNSUPPORTED] = "unsupported", [PROOF_ERROR] = "error", [PROOF_FAILED] = "failed"};
_Static_assert(ARRAY_SIZE(verdict_names) == PROOF_VERDICT_COUNT, "a name for each verdict");

const char *proof_verdict_name(enum proof_verdict verdict)
{
    return verdict_names[verdict];
}

/* ---- notes ---- */

struct proof_judgement proof_judgement_new(struct arena *arena)
{
    return (struct proof_judgement){.arena = arena, .summary = ""};
}

void proof_note(struct proof_judgement *judgement, enum proof_verdict verdict, struct mark mark, const char *format,
                ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(judgement->arena, format, args);
    va_end(args);
    *ARENA_PUSH(judgement->arena, judgement->notes, judgement->count) =
        (struct proof_note){.verdict = verdict, .text = text, .mark = mark};
    if (verdict > judgement->verdict)
        judgement->verdict = verdict;
}

/* ---- what was measured ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const json_t *by_id(const json_t *list, const char *id)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (str_equal(text_of(item, "id"), id))
            return item;
    }
    return NULL;
}

static enum verdict verdict_in(const json_t *check)
{
    return check ? verdict_from_name(text_of(check, "verdict")) : VERDICT_ERROR;
}

/* Whether there is a verdict at all; where not, that is noted. */
static bool judged(struct proof_judgement *judgement, const struct check *check, const json_t *seen)
{
    enum verdict verdict = verdict_in(seen);
    if (verdict == VERDICT_PASS || verdict == VERDICT_FAIL)
        return true;
    proof_note(judgement, verdict == VERDICT_UNSUPPORTED ? PROOF_UNSUPPORTED : PROOF_ERROR, check->mark,
               "'%s' has no verdict (%s): %s", check->id, verdict_name(verdict),
               seen ? text_of(seen, "seen") : "it was not measured");
    return false;
}

static void want_green(struct proof_judgement *judgement, const char *what, const struct check *check,
                       const json_t *seen)
{
    if (judged(judgement, check, seen) && verdict_in(seen) == VERDICT_FAIL)
        proof_note(judgement, PROOF_FAILED, check->mark, "%s '%s' is red, not green (%s): expected %s, got %s", what,
                   check->id, text_of(seen, "asked"), text_of(seen, "expected"), text_of(seen, "seen"));
}

/* ---- colours ---- */

enum color { GREEN, RED, OWN /* red where the ticket is its own, else green */ };
/* What each step expects of the parts of a scenario; of the guards always green. */
static const struct row {
    enum proof_step step;
    enum color repair, build;
} rows[] = {
    {PROOF_HEALTHY, GREEN, RED},
    {PROOF_FAULTS, RED, RED},
    {PROOF_TICKET, OWN, RED},
};

static bool expects_red(enum proof_step step, const struct task *task, bool own)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        enum color color = task->build ? rows[i].build : rows[i].repair;
        if (rows[i].step == step)
            return color == RED || (color == OWN && own);
    }
    return false;
}

static bool is_own(const struct task *task, const struct ticket *ticket)
{
    return ticket && task->ticket == ticket;
}

json_t *proof_red_tasks(const struct scenario *scenario, enum proof_step step, const struct ticket *ticket)
{
    json_t *ids = json_array();
    for (size_t t = 0; t < scenario->task_count; t++)
        if (expects_red(step, &scenario->tasks[t], is_own(&scenario->tasks[t], ticket)))
            json_array_append_new(ids, json_string(scenario->tasks[t].id));
    return ids;
}

/* A task is red where at least one of its checks is; those that are green all the same are worth a word. */
static void want_red(struct proof_judgement *judgement, const struct task *task, const json_t *checks)
{
    bool red = false, all_judged = true;
    for (size_t c = 0; c < task->check_count; c++) {
        const json_t *seen = by_id(checks, task->checks[c]->id);
        all_judged = judged(judgement, task->checks[c], seen) && all_judged;
        red = red || verdict_in(seen) == VERDICT_FAIL;
    }
    if (!red && all_judged)
        proof_note(judgement, PROOF_FAILED, task->mark, "task '%s' is green although nothing was done, not red",
                   task->id);
    for (size_t c = 0; red && c < task->check_count; c++)
        if (verdict_in(by_id(checks, task->checks[c]->id)) == VERDICT_PASS)
            proof_note(judgement, PROOF_OK, task->checks[c]->mark,
                       "check '%s' of task '%s' stays green although nothing was done", task->checks[c]->id, task->id);
}

static const char *colors_summary(struct arena *arena, const struct scenario *scenario, size_t red)
{
    const struct {
        size_t count;
        const char *what, *color;
    } parts[] = {
        {scenario->task_count - red, "task", "green"}, {red, "task", "red"}, {scenario->guard_count, "guard", "green"}};
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (parts[i].count)
            str_printf(&text, "%s%zu %s%s %s", text.length ? ", " : "", parts[i].count, parts[i].what,
                       parts[i].count == 1 ? "" : "s", parts[i].color);
    return arena_strdup(arena, str_text(&text));
}

void proof_judge_colors(struct proof_judgement *judgement, const struct scenario *scenario, enum proof_step step,
                        const struct ticket *ticket, const json_t *checks)
{
    size_t red = 0;
    for (size_t t = 0; t < scenario->task_count; t++) {
        const struct task *task = &scenario->tasks[t];
        if (expects_red(step, task, is_own(task, ticket))) {
            want_red(judgement, task, checks);
            red++;
            continue;
        }
        for (size_t c = 0; c < task->check_count; c++)
            want_green(judgement, "check", task->checks[c], by_id(checks, task->checks[c]->id));
    }
    for (size_t g = 0; g < scenario->guard_count; g++)
        want_green(judgement, "guard", scenario->guards[g], by_id(checks, scenario->guards[g]->id));
    if (judgement->verdict == PROOF_OK)
        judgement->summary = colors_summary(judgement->arena, scenario, red);
}

void proof_judge_listeners(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *listened)
{
    size_t guards = scenario->guard_count;
    for (size_t t = 0; t <= scenario->task_count; t++) {
        bool task = t < scenario->task_count;
        struct check **checks = task ? scenario->tasks[t].checks : scenario->guards;
        for (size_t c = 0; c < (task ? scenario->tasks[t].check_count : guards); c++)
            if (check_is_negative(checks[c]) &&
                json_integer_value(json_object_get(listened, checks[c]->id)) == LISTENER_NO)
                proof_note(
                    judgement, PROOF_OK, checks[c]->mark,
                    "nothing listened where '%s' asks, even when the lab was healthy: it is judged by the packet "
                    "alone, and a service that is stopped is not noticed",
                    checks[c]->id);
    }
}

/* ---- faults ---- */

static bool goes_by_itself(const struct fault *fault)
{
    return fault->lasts || fault->every;
}

json_t *proof_faults(const struct scenario *scenario, enum proof_step step, const struct ticket *ticket)
{
    bool at_end = step == PROOF_SOLUTION || step == PROOF_WRONG_FIX, lasting = false;
    json_t *ids = json_array();
    for (size_t i = 0; i < scenario->fault_count; i++)
        lasting = lasting || !goes_by_itself(&scenario->faults[i]);
    for (size_t i = 0; step != PROOF_HEALTHY && i < scenario->fault_count; i++) {
        const struct fault *fault = &scenario->faults[i];
        if ((!ticket || fault->ticket == ticket) && !(at_end && lasting && goes_by_itself(fault)))
            json_array_append_new(ids, json_string(fault->id));
    }
    return ids;
}

void proof_judge_force(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *faults)
{
    size_t i;
    json_t *fault;
    json_array_foreach(faults, i, fault)
    {
        const char *id = text_of(fault, "id"), *force = text_of(fault, "in_force");
        struct mark mark = {0};
        for (size_t f = 0; f < scenario->fault_count; f++)
            if (str_equal(scenario->faults[f].id, id))
                mark = scenario->faults[f].mark;
        if (str_equal(force, "no"))
            proof_note(judgement, PROOF_FAILED, mark, "fault '%s' (%s) is not in force", id, text_of(fault, "kind"));
        else if (str_equal(force, "unknown"))
            proof_note(judgement, PROOF_OK, mark, "whether fault '%s' (%s) is in force cannot be read from the devices",
                       id, text_of(fault, "kind"));
    }
}

/* ---- points ---- */

static const json_t *checks_of(const json_t *result, const char *task)
{
    return json_object_get(by_id(json_object_get(result, "tasks"), task), "checks");
}

static const char *points_summary(struct proof_judgement *judgement, const json_t *result)
{
    const json_t *points = json_object_get(result, "points");
    return arena_printf(judgement->arena, "%.10g of %.10g points", number_of(points, "total"),
                        number_of(points, "maximum"));
}

void proof_judge_nothing(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *result)
{
    double earned = 0;
    for (size_t t = 0; t < scenario->task_count; t++) {
        const struct task *task = &scenario->tasks[t];
        for (size_t c = 0; c < task->check_count; c++) {
            const json_t *check = by_id(checks_of(result, task->id), task->checks[c]->id);
            double points = number_of(check, "earned");
            earned += points;
            if (points > 0)
                proof_note(judgement, PROOF_FAILED, task->checks[c]->mark,
                           "check '%s' of task '%s' gives %.10g points for nothing: it is green under the faults",
                           task->checks[c]->id, task->id, points);
        }
    }
    judgement->summary = arena_printf(judgement->arena, "%.10g points for tasks", earned);
}

/* Every part that has not given all its points, with the reason. */
static void solution_tasks(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *result)
{
    for (size_t t = 0; t < scenario->task_count; t++) {
        const struct task *task = &scenario->tasks[t];
        for (size_t c = 0; c < task->check_count; c++)
            want_green(judgement, "with the solution, check", task->checks[c],
                       by_id(checks_of(result, task->id), task->checks[c]->id));
    }
    for (size_t g = 0; g < scenario->guard_count; g++)
        want_green(judgement, "with the solution, guard", scenario->guards[g],
                   by_id(json_object_get(result, "guards"), scenario->guards[g]->id));
}

/* Points of questions that the answer key says nothing about. */
static double solution_answers(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *result)
{
    double open = 0;
    char text[UNITS_TEXT_MAX];
    for (size_t q = 0; q < scenario->question_count; q++) {
        const struct question *question = &scenario->questions[q];
        const json_t *seen = by_id(json_object_get(result, "questions"), question->id);
        const char *answer = proof_answer(question, text);
        if (!answer) {
            open += question->points;
            proof_note(judgement, PROOF_OK, question->mark,
                       "question '%s' has no `answer` beside its pattern: that one can be given is not shown",
                       question->id);
        } else if (number_of(seen, "earned") < question->points) {
            proof_note(judgement, PROOF_FAILED, question->mark,
                       "question '%s' gives %.10g of %u points for its own answer '%s'", question->id,
                       number_of(seen, "earned"), question->points, answer);
        }
    }
    const json_t *diagnosis = json_object_get(result, "diagnosis");
    if (json_is_object(diagnosis) && number_of(diagnosis, "earned") < number_of(diagnosis, "points"))
        proof_note(judgement, PROOF_FAILED, scenario->mark, "the true claim earns %.10g of %.10g points",
                   number_of(diagnosis, "earned"), number_of(diagnosis, "points"));
    return open;
}

void proof_judge_solution(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *result)
{
    const json_t *points = json_object_get(result, "points");
    judgement->summary = points_summary(judgement, result);
    solution_tasks(judgement, scenario, result);
    double open = solution_answers(judgement, scenario, result);
    bool full = number_of(points, "total") + open >= number_of(points, "maximum");
    if (judgement->verdict != PROOF_OK)
        return;
    if (!full)
        proof_note(judgement, PROOF_FAILED, scenario->mark, "the solution gives %s, not all of them",
                   judgement->summary);
    else if (!json_is_true(json_object_get(points, "passed")))
        proof_note(judgement, PROOF_FAILED, scenario->mark, "the solution gives %s and does not pass (%s)",
                   judgement->summary, text_of(points, "pass_mark"));
}

/* Whether a task or a guard is red in a result: a task where a check of it fails. */
static bool is_red(const struct scenario *scenario, const json_t *result, const char *id)
{
    for (size_t g = 0; g < scenario->guard_count; g++)
        if (str_equal(scenario->guards[g]->id, id))
            return verdict_in(by_id(json_object_get(result, "guards"), id)) == VERDICT_FAIL;
    size_t i;
    json_t *check;
    json_array_foreach(checks_of(result, id), i, check)
    {
        if (verdict_in(check) == VERDICT_FAIL)
            return true;
    }
    return false;
}

void proof_judge_wrong_fix(struct proof_judgement *judgement, const struct scenario *scenario,
                           const struct wrong_fix *fix, const json_t *result)
{
    STR_AUTO red = STR_INIT;
    const json_t *points = json_object_get(result, "points");
    for (size_t t = 0; t < scenario->task_count; t++)
        for (size_t c = 0; c < scenario->tasks[t].check_count; c++)
            judged(judgement, scenario->tasks[t].checks[c],
                   by_id(checks_of(result, scenario->tasks[t].id), scenario->tasks[t].checks[c]->id));
    for (size_t i = 0; i < fix->caught_by.count; i++) {
        const char *id = fix->caught_by.items[i];
        if (is_red(scenario, result, id))
            str_printf(&red, "%s%s", red.length ? ", " : "; red: ", id);
        else
            proof_note(judgement, PROOF_FAILED, fix->mark, "'%s' is to catch it and is green, not red", id);
    }
    if (json_is_true(json_object_get(points, "passed")))
        proof_note(judgement, PROOF_FAILED, fix->mark, "it passes: %s, the pass mark is %s",
                   points_summary(judgement, result), text_of(points, "pass_mark"));
    judgement->summary = arena_printf(judgement->arena, "%s%s", points_summary(judgement, result), str_text(&red));
}

void proof_judge_guards(struct proof_judgement *judgement, const struct scenario *scenario, const json_t *results)
{
    for (size_t g = 0; g < scenario->guard_count; g++) {
        bool red = false;
        size_t i;
        json_t *result;
        json_array_foreach(results, i, result)
        {
            red = red || is_red(scenario, result, scenario->guards[g]->id);
        }
        if (!red)
            proof_note(judgement, PROOF_FAILED, scenario->guards[g]->mark,
                       "guard '%s' is never red: no wrong fix shows that it can be", scenario->guards[g]->id);
    }
    if (judgement->verdict == PROOF_OK)
        judgement->summary = arena_printf(judgement->arena, "%zu, each red under a wrong fix", scenario->guard_count);
}
