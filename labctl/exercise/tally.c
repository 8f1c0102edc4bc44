/* From recorded outcomes, answers and claims to points. */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "exercise/replay.h"
#include "exercise/result_parts.h"
#include "fault/fault.h"
#include "model/check.h"
#include "score/question.h"

/* ---- checks ---- */

static enum verdict verdict_in(const json_t *outcome)
{
    const char *name = json_string_value(json_object_get(outcome, "verdict"));
    return name ? verdict_from_name(name) : VERDICT_ERROR;
}

struct standing check_standing(const struct tally *tally, const char *id, int phase)
{
    const struct session *session = tally->session;
    const json_t *now = json_object_get(tally->outcomes, id);
    struct standing standing = {.verdict = verdict_in(now), .shown = now};
    if (!session_reached(session, phase))
        return (struct standing){VERDICT_FAIL, NULL, "its phase was not begun"};
    const json_t *then = phase >= 0 ? json_object_get(session->phases[phase].outcomes, id) : NULL;
    if (!then || verdict_in(then) == VERDICT_PASS) {
        if (then && standing.verdict == VERDICT_FAIL)
            standing.why = "it passed at the end of its phase, but must stay solved";
        return standing;
    }
    if (standing.verdict == VERDICT_FAIL && verdict_in(then) != VERDICT_FAIL)
        return standing;
    return (struct standing){verdict_in(then), then, "so it was at the end of its phase, which decides"};
}

static void tally_tasks(struct tally *tally, struct arena *arena)
{
    const struct scenario *scenario = tally->session->scenario;
    for (size_t t = 0; t < scenario->task_count; t++) {
        const struct task *task = &scenario->tasks[t];
        struct points_check *checks = arena_alloc(arena, (task->check_count + 1) * sizeof *checks);
        for (size_t c = 0; c < task->check_count; c++)
            checks[c] =
                (struct points_check){.id = task->checks[c]->id,
                                      .verdict = check_standing(tally, task->checks[c]->id, task->phase).verdict,
                                      .points = task->checks[c]->points};
        tally->tasks[t] = (struct points_task){.id = task->id,
                                               .checks = checks,
                                               .check_count = task->check_count,
                                               .hint_cost = session_hint_cost(tally->session, task->id)};
    }
}

static void tally_guards(struct tally *tally)
{
    const struct scenario *scenario = tally->session->scenario;
    for (size_t g = 0; g < scenario->guard_count; g++)
        tally->guards[g] = (struct points_guard){.id = scenario->guards[g]->id,
                                                 .verdict = check_standing(tally, scenario->guards[g]->id, -1).verdict,
                                                 .penalty = scenario->guards[g]->penalty};
}

/* ---- claims ---- */

static const char *family_of(const char *name)
{
    const struct fault_kind *kind = name ? fault_kind_find(name) : NULL;
    return kind ? fault_family_name(kind->family) : NULL;
}

static struct strings full_names(const struct topology *topology, const struct strings *names, struct arena *arena)
{
    struct strings full = {0};
    for (size_t i = 0; i < names->count; i++) {
        struct thing thing = topology_thing(topology, names->items[i], NULL);
        *ARENA_PUSH(arena, full.items, full.count) =
            thing.kind == THING_NONE ? names->items[i] : thing_name(topology, &thing);
    }
    return full;
}

static void tally_diagnosis(struct tally *tally, struct arena *arena)
{
    const struct session *session = tally->session;
    const struct scenario *scenario = session->scenario;
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct fault *fault = &scenario->faults[i];
        tally->truths[i] = (struct truth){.places = full_names(scenario->topology, &fault->at, arena),
                                          .accept = full_names(scenario->topology, &fault->accept, arena),
                                          .kind = fault->kind,
                                          .family = family_of(fault->kind),
                                          .scheduled = fault_is_scheduled(fault)};
    }
    for (size_t i = 0; i < session->claim_count; i++) {
        const struct session_claim *claim = &session->claims[i];
        tally->claims[i] = (struct claim){
            .where = claim->where, .what = claim->what, .family = family_of(claim->what), .none = claim->none};
    }
    tally->accept = full_names(scenario->topology, &scenario->diagnosis_accept, arena);
    tally->diagnosis = diagnosis_score(scenario->topology, scenario->diagnosis_points, &tally->accept, tally->truths,
                                       scenario->fault_count, tally->claims, session->claim_count);
}

/* ---- all ---- */

static struct points_rest tally_rest(const struct tally *tally)
{
    const struct session *session = tally->session;
    const struct scenario *scenario = session->scenario;
    struct points_rest rest = {.diagnosis = tally->final ? tally->diagnosis.earned : ratio_whole(0),
                               .diagnosis_maximum = scenario->diagnosis_points};
    for (size_t i = 0; i < scenario->question_count; i++) {
        rest.questions_maximum += scenario->questions[i].points;
        if (tally->final && session->answers[i] && question_correct(&scenario->questions[i], session->answers[i]))
            rest.questions += scenario->questions[i].points;
    }
    return rest;
}

struct tally tally_of(const struct session *session, const json_t *outcomes, bool final, struct arena *arena)
{
    const struct scenario *scenario = session->scenario;
    struct tally tally = {.session = session,
                          .outcomes = outcomes,
                          .final = final,
                          .tasks = arena_alloc(arena, (scenario->task_count + 1) * sizeof *tally.tasks),
                          .guards = arena_alloc(arena, (scenario->guard_count + 1) * sizeof *tally.guards),
                          .truths = arena_alloc(arena, (scenario->fault_count + 1) * sizeof *tally.truths),
                          .claims = arena_alloc(arena, (session->claim_count + 1) * sizeof *tally.claims)};
    tally_tasks(&tally, arena);
    tally_guards(&tally);
    tally_diagnosis(&tally, arena);
    struct points_rest rest = tally_rest(&tally);
    tally.marked = tally.points =
        points_score(tally.tasks, scenario->task_count, tally.guards, scenario->guard_count, &rest, scenario->pass);
    if (final && session->marks && scenario->articulate) {
        rest.text = session_marked(session);
        rest.text_maximum = scenario->articulate->points;
        tally.marked =
            points_score(tally.tasks, scenario->task_count, tally.guards, scenario->guard_count, &rest, scenario->pass);
    }
    return tally;
}

struct points result_points(const struct session *session, const struct outcome *outcomes, size_t count)
{
    ARENA_AUTO arena = arena_new();
    json_t *recorded = outcomes_json(outcomes, count);
    struct points points = tally_of(session, recorded, true, arena).points;
    json_decref(recorded);
    return points;
}
