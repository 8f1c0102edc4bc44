/* Measuring a scenario: which of its checks, over which topology, with what is known from the healthy lab. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/units.h"
#include "director/exercise.h"
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
    exercise_measured *done;
    void *context;
};

static void measured(struct director *director, void *context, const struct check_result *results, size_t count,
                     const struct error *err)
{
    struct measurement *m = context;
    struct exercise_results out = {.arena = m->arena, .checks = m->checks, .count = err ? 0 : count};
    out.outcomes = arena_alloc(m->arena, (count + 1) * sizeof *out.outcomes);
    out.results = (struct check_result *)results;
    for (size_t i = 0; i < out.count; i++)
        out.outcomes[i] = (struct outcome){.id = results[i].id,
                                           .verdict = results[i].verdict,
                                           .asked = results[i].asked,
                                           .expected = results[i].expected,
                                           .seen = results[i].seen,
                                           .duration = results[i].duration,
                                           .attempts = results[i].attempts};
    if (m->exercise)
        m->exercise->running--;
    m->done(director, m->context, &out, err);
    arena_free(m->arena);
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

static int begin_measurement(struct director *director, struct measurement *m, const struct scenario *scenario,
                             struct checks_options options, const json_t *listened, struct error *err)
{
    options.controls = controls_of(m, scenario, &options.control_count);
    int *healthy = arena_alloc(m->arena, (m->count + 1) * sizeof *healthy);
    for (size_t i = 0; i < m->count; i++)
        healthy[i] = (int)json_integer_value(json_object_get(listened, m->checks[i]->id));
    options.listened_healthy = healthy;
    if (m->exercise)
        m->exercise->running++;
    if (!m->count) {
        measured(director, m, NULL, 0, NULL);
        return 0;
    }
    if (!checks_start(director, m->checks, m->count, &options, measured, m, err))
        return 0;
    if (m->exercise)
        m->exercise->running--;
    arena_free(m->arena);
    return -1;
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

/* Adds the checks that an id means: a task's, or the check or guard of that name. */
static bool add_by_id(struct measurement *m, const struct scenario *view, const char *id)
{
    size_t before = m->count;
    for (size_t t = 0; t < view->task_count; t++)
        for (size_t c = 0; c < view->tasks[t].check_count; c++)
            if (str_equal(view->tasks[t].id, id) || str_equal(view->tasks[t].checks[c]->id, id))
                *ARENA_PUSH(m->arena, m->checks, m->count) = view->tasks[t].checks[c];
    for (size_t g = 0; g < view->guard_count; g++)
        if (str_equal(view->guards[g]->id, id))
            *ARENA_PUSH(m->arena, m->checks, m->count) = view->guards[g];
    return m->count > before;
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
        error_set(err, ERR_ABSENT, "no task, check or guard is called '%s' here", name ? name : "");
        arena_free(m->arena);
        return -1;
    }
    if (!json_array_size(ids))
        collect(m, view, PART_ALL);
    struct checks_options options = {
        .single_attempt = single_attempt, .patience = exercise->scoring ? PATIENCE : 0, .settle = exercise->settle};
    return begin_measurement(director, m, view, options, exercise->listened, err);
}
