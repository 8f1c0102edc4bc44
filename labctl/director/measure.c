/* Measuring a scenario: which of its checks, over which topology, with what is known from the healthy lab. */
#include <limits.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "base/units.h"
#include "director/exercise.h"
#include "director/prober.h"
#include "director/reach.h"
#include "load/scenario.h"
#include "model/check.h"
#include "model/scenario.h"
#include "model/topology.h"

/* Where green decides (the proof of the healthy lab, the guards of the broken one, the score), a lost packet does not:
 * a fault fails every attempt just as well. */
#define PATIENCE (3 * NANOSECONDS_PER_SECOND)

struct measurement {
    struct arena *arena;
    struct exercise *exercise; /* whose view is in use, or NULL */
    const struct check **checks;
    size_t count;
    bool with_reach;
    exercise_measured *done;
    void *context;
    unsigned pending; /* the checks, and who reaches whom */
    struct check_result *results;
    size_t result_count;
    struct error err;
    json_t *reach;
};

/* Both are there. */
static void finish(struct director *director, struct measurement *m)
{
    if (--m->pending)
        return;
    struct exercise_results out = {.arena = m->arena, .checks = m->checks, .count = m->result_count, .reach = m->reach};
    out.outcomes = arena_alloc(m->arena, (m->result_count + 1) * sizeof *out.outcomes);
    out.results = m->results;
    for (size_t i = 0; i < out.count; i++)
        out.outcomes[i] = (struct outcome){.id = m->results[i].id,
                                           .verdict = m->results[i].verdict,
                                           .asked = m->results[i].asked,
                                           .expected = m->results[i].expected,
                                           .seen = m->results[i].seen,
                                           .duration = m->results[i].duration,
                                           .attempts = m->results[i].attempts};
    if (m->exercise)
        m->exercise->running--;
    m->done(director, m->context, &out, m->err.kind ? &m->err : NULL);
    json_decref(m->reach);
    arena_free(m->arena);
}

static void reach_measured(struct director *director, void *context, json_t *reach)
{
    struct measurement *m = context;
    m->reach = reach;
    finish(director, m);
}

static void measured(struct director *director, void *context, const struct check_result *results, size_t count,
                     const struct error *err)
{
    struct measurement *m = context;
    if (err)
        m->err = *err;
    for (size_t i = 0; !err && i < count; i++) {
        struct check_result *result = ARENA_PUSH(m->arena, m->results, m->result_count);
        *result = results[i];
        result->id = arena_strdup(m->arena, result->id);
        result->cells = NULL; /* nobody asks for those of a check */
    }
    finish(director, m);
}

static void collect(struct measurement *m, const struct scenario *scenario, unsigned parts)
{
    for (size_t t = 0; t < scenario->task_count; t++)
        for (size_t c = 0;
             parts & (scenario->tasks[t].build ? PART_BUILD : PART_REPAIR) && c < scenario->tasks[t].check_count; c++)
            *ARENA_PUSH(m->arena, m->checks, m->count) = scenario->tasks[t].checks[c];
    for (size_t g = 0; parts & PART_GUARDS && g < scenario->guard_count; g++)
        *ARENA_PUSH(m->arena, m->checks, m->count) = scenario->guards[g];
}

/* The checks of the tasks of these phases, and with the first one of those without. */
static void collect_tasks(struct measurement *m, const struct scenario *scenario, int first, int last)
{
    for (size_t t = 0; t < scenario->task_count; t++) {
        const struct task *task = &scenario->tasks[t];
        for (size_t c = 0; task->phase <= last && (first ? task->phase >= first : 1) && c < task->check_count; c++)
            *ARENA_PUSH(m->arena, m->checks, m->count) = task->checks[c];
    }
}

/* Positive checks of the scenario and its topology show that a prober lives. */
static const struct check **controls_of(struct measurement *m, const struct scenario *scenario, size_t *count)
{
    struct measurement all = {.arena = m->arena};
    collect(&all, scenario, PART_ALL);
    for (size_t i = 0; i < scenario->topology->check_count; i++)
        *ARENA_PUSH(m->arena, all.checks, all.count) = scenario->topology->checks[i];
    *count = all.count;
    return all.checks;
}

/* A matrix of all nodes is one of those that the exercise was started with, too: who takes one away does not make it
 * smaller.  Named, it is seen to be gone (probe/attempt.c). */
static const struct check *with_those_gone(struct director *director, struct measurement *m, const struct check *check)
{
    const struct topology *before = m->exercise ? m->exercise->scenario->topology : NULL;
    if (!before || check->kind != CHECK_MATRIX || check->matrix.node_count)
        return check;
    struct check *named = arena_copy(m->arena, check, sizeof *check);
    named->matrix.nodes = NULL;
    bool gone = false;
    for (size_t i = 0; i < before->node_count; i++) {
        if (!checks_measurable(before->nodes[i]))
            continue;
        *ARENA_PUSH(m->arena, named->matrix.nodes, named->matrix.node_count) = before->nodes[i];
        gone = gone || !map_get(director_topology(director)->node_by_name, before->nodes[i]->name);
    }
    return gone ? named : check;
}

static int begin_measurement(struct director *director, struct measurement *m, const struct scenario *scenario,
                             struct checks_options options, const json_t *listened, struct error *err)
{
    options.controls = controls_of(m, scenario, &options.control_count);
    int *healthy = arena_alloc(m->arena, (m->count + 1) * sizeof *healthy);
    for (size_t i = 0; i < m->count; i++)
        m->checks[i] = with_those_gone(director, m, m->checks[i]);
    for (size_t i = 0; i < m->count; i++)
        healthy[i] = checks_recall(listened, m->checks[i]->id);
    options.listened_healthy = healthy;
    if (m->exercise)
        m->exercise->running++;
    m->pending = 1;
    if (m->with_reach && !reach_measure(director, scenario, reach_measured, m, NULL))
        m->pending++;
    if (m->count && !checks_start(director, m->checks, m->count, &options, measured, m, &m->err))
        return 0;
    /* None are asked for, or they could not be started: what else is measured brings the answer. */
    if (m->count && m->pending == 1) {
        if (err)
            *err = m->err;
        if (m->exercise)
            m->exercise->running--;
        arena_free(m->arena);
        return -1;
    }
    finish(director, m);
    return 0;
}

static struct measurement *measurement_new(exercise_measured *done, void *context)
{
    struct arena *arena = arena_new();
    struct measurement *m = ARENA_NEW(arena, struct measurement);
    *m = (struct measurement){.arena = arena, .done = done, .context = context};
    return m;
}

int exercise_measure(struct director *director, const struct scenario *scenario, unsigned parts, bool single_attempt,
                     const json_t *listened, exercise_measured *done, void *context, struct error *err)
{
    struct measurement *m = measurement_new(done, context);
    collect(m, scenario, parts);
    m->with_reach = parts & PART_REACH;
    struct checks_options options = {.single_attempt = single_attempt, .patience = PATIENCE};
    return begin_measurement(director, m, scenario, options, listened, err);
}

static bool in_list(const json_t *ids, const char *id)
{
    size_t i;
    json_t *item;
    json_array_foreach(ids, i, item)
    {
        if (str_equal(json_string_value(item), id))
            return true;
    }
    return false;
}

int exercise_measure_tasks(struct director *director, const struct scenario *scenario, const json_t *tasks, bool others,
                           const json_t *listened, exercise_measured *done, void *context, struct error *err)
{
    struct measurement *m = measurement_new(done, context);
    for (size_t t = 0; t < scenario->task_count; t++)
        for (size_t c = 0; in_list(tasks, scenario->tasks[t].id) != others && c < scenario->tasks[t].check_count; c++)
            *ARENA_PUSH(m->arena, m->checks, m->count) = scenario->tasks[t].checks[c];
    if (others)
        collect(m, scenario, PART_GUARDS);
    struct checks_options options = {.single_attempt = !others, .patience = PATIENCE};
    return begin_measurement(director, m, scenario, options, listened, err);
}

/* The scenario over the topology of now, so that an address that was changed is the one that is asked.  Where it does
 * not fit any more (a node is gone), what was started with is measured. */
static const struct scenario *view_of(struct director *director, struct exercise *exercise)
{
    if (exercise->view && exercise->view_generation == director_generation(director))
        return exercise->view;
    if (exercise->running)
        return exercise->view ? exercise->view : exercise->scenario;
    struct scenario *view = NULL;
    struct error problem = ERROR_INIT;
    if (exercise_load(exercise->stripped, director_text(director), director_allotments(director), &view, &problem))
        return exercise->scenario;
    scenario_free(exercise->view);
    exercise->view = view;
    exercise->view_generation = director_generation(director);
    return view;
}

/* Adds the checks that an id means: a task's, or the check or guard of that name; of the phases reached. */
static bool add_by_id(struct measurement *m, const struct scenario *view, const char *id)
{
    size_t before = m->count;
    for (size_t t = 0; t < view->task_count; t++)
        for (size_t c = 0;
             session_reached(&m->exercise->session, view->tasks[t].phase) && c < view->tasks[t].check_count; c++)
            if (str_equal(view->tasks[t].id, id) || str_equal(view->tasks[t].checks[c]->id, id))
                *ARENA_PUSH(m->arena, m->checks, m->count) = view->tasks[t].checks[c];
    for (size_t g = 0; g < view->guard_count; g++)
        if (str_equal(view->guards[g]->id, id))
            *ARENA_PUSH(m->arena, m->checks, m->count) = view->guards[g];
    return m->count > before;
}

static void absent(const struct measurement *m, const struct scenario *view, const char *name, struct error *err)
{
    const char **names = NULL, *near;
    size_t count = 0;
    for (size_t t = 0; t < view->task_count; t++)
        if (session_reached(&m->exercise->session, view->tasks[t].phase))
            *ARENA_PUSH(m->arena, names, count) = view->tasks[t].id;
    for (size_t g = 0; g < view->guard_count; g++)
        *ARENA_PUSH(m->arena, names, count) = view->guards[g]->id;
    near = name ? str_nearest(name, names, count) : NULL;
    error_set(err, ERR_ABSENT, "no task, check or guard is called '%s' here%s%s%s", name ? name : "",
              near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int exercise_measure_now(struct director *director, struct exercise *exercise, const json_t *ids, bool single_attempt,
                         exercise_measured *done, void *context, struct error *err)
{
    const struct scenario *view = view_of(director, exercise);
    struct measurement *m = measurement_new(done, context);
    m->exercise = exercise;
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id)
    {
        const char *name = json_string_value(id);
        if (name && add_by_id(m, view, name))
            continue;
        absent(m, view, name, err);
        arena_free(m->arena);
        return -1;
    }
    if (!json_array_size(ids)) {
        /* A proof has no session: it looks at all phases. */
        collect_tasks(m, view, 0, exercise->session.scenario ? (int)exercise->session.phase : INT_MAX);
        collect(m, view, PART_GUARDS);
    }
    m->with_reach = exercise->scoring && exercise->reach;
    struct checks_options options = {
        .single_attempt = single_attempt, .patience = exercise->scoring ? PATIENCE : 0, .settle = exercise->settle};
    return begin_measurement(director, m, view, options, exercise->listened, err);
}

int exercise_measure_phase(struct director *director, struct exercise *exercise, exercise_measured *done, void *context,
                           struct error *err)
{
    int phase = (int)exercise->session.phase;
    const struct scenario *view = view_of(director, exercise);
    struct measurement *m = measurement_new(done, context);
    m->exercise = exercise;
    collect_tasks(m, view, phase, phase);
    struct checks_options options = {.patience = PATIENCE};
    return begin_measurement(director, m, view, options, exercise->listened, err);
}
