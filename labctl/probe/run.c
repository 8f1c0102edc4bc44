/* Running a set of checks: all at once, each repeated as its `within`, `repeat` and `stable_for` ask.
 *
 * Kinds that would disturb every other measurement run one after the other when all others are done.
 *
 * A check is a job.  Its attempts follow one another at a pace that begins at 100 ms and slows to 500 ms, counted from
 * the beginning of the attempt before.  Green ends the job, once it has been green `repeat` times in a row and for
 * `stable_for`; red ends it when `within` is over.  An attempt that failed by labctl's own fault says nothing: it is
 * tried again, three times, before it is the job's result. */

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "probe/engine.h"
#include "probe/impostor.h"
#include "probe/neighbour.h"
#include "probe/witness.h"

#define PACE_FIRST INT64_C(100000000)
#define PACE_SLOW  INT64_C(500000000)
#define ERRORS_MAX 3

struct job {
    struct run *run;
    size_t index;
    int64_t began, attempt_began;
    int64_t pace;
    uint32_t attempts, errors;
    uint32_t green; /* in a row */
    int64_t green_since;
    struct timer again;
};

struct run {
    struct engine *engine;
    const struct probe_world *world;
    const struct check *const *checks;
    const struct probe_options *options;
    size_t busy, together; /* not done yet; of these, not alone */
    struct job *jobs;
    size_t count, next_alone;
};

/* Begins the next of those that run alone, when all others are done and the last of them is. */
static void next_alone(struct run *run, bool was_alone)
{
    if (run->together || (run->next_alone && !was_alone))
        return;
    for (size_t i = run->next_alone; i < run->count; i++)
        if (check_is_alone(run->checks[i]->kind)) {
            run->next_alone = i + 1;
            run->jobs[i].began = clock_monotonic();
            engine_set(run->engine, &run->jobs[i].again, run->jobs[i].began);
            return;
        }
}

static void finish(struct job *job, const struct fact *fact)
{
    struct run *run = job->run;
    run->options->result(run->options->context, job->index, fact, job->attempts, clock_monotonic() - job->began);
    run->busy--;
    run->together -= !check_is_alone(run->checks[job->index]->kind);
    next_alone(run, check_is_alone(run->checks[job->index]->kind));
}

/* Whether the job is over with this fact; counts it. */
static bool is_over(struct job *job, const struct fact *fact)
{
    const struct check *check = job->run->checks[job->index];
    const struct probe_options *options = job->run->options;
    int64_t now = clock_monotonic();
    if (fact->outcome == OUTCOME_ERROR)
        return ++job->errors > ERRORS_MAX;
    job->errors = 0;
    if (options->single_attempt)
        return true;
    if (!options->satisfied(options->context, job->index, fact)) {
        job->green = 0;
        return now >= job->began + check->within;
    }
    if (!job->green++)
        job->green_since = now;
    return job->green >= check->repeat && now - job->green_since >= check->stable_for;
}

static void attempt_done(struct attempt *attempt, void *context)
{
    struct job *job = context;
    if (is_over(job, &attempt->fact)) {
        finish(job, &attempt->fact);
        return;
    }
    int64_t now = clock_monotonic(), next = job->attempt_began + job->pace;
    job->pace = job->pace * 2 < PACE_SLOW ? job->pace * 2 : PACE_SLOW;
    engine_set(job->run->engine, &job->again, next > now ? next : now);
}

static void begin(void *context)
{
    struct job *job = context;
    job->attempts++;
    job->attempt_began = clock_monotonic();
    attempt_begin(job->run->engine, job->run->world, job->run->checks[job->index], attempt_done, job);
}

/* Both directions of what the checks measure between nodes. */
static struct neighbours *add_neighbours(const struct run *run, size_t count, struct arena *arena)
{
    struct neighbour_pair *pairs = NULL;
    size_t pair_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct check *check = run->checks[i];
        const struct check_target *target = check_target_of(check);
        if (!target || !target->node || !check->from || target->node == check->from)
            continue;
        *ARENA_PUSH(arena, pairs, pair_count) = (struct neighbour_pair){check->from, target->node};
        *ARENA_PUSH(arena, pairs, pair_count) = (struct neighbour_pair){target->node, check->from};
    }
    return pair_count ? neighbours_add(run->world, pairs, pair_count) : NULL;
}

#define SILENCE_NODES_MAX 64 /* of a matrix whose silent pairs are looked at as well */

/* A large matrix has so many packets that what is not needed is left out, unless others need it. */
static enum tap_part part_of(const struct run *run, size_t count)
{
    bool tcp = false;
    for (size_t i = 0; i < count; i++) {
        if (run->checks[i]->kind != CHECK_MATRIX)
            return TAP_ALL;
        if (!run->checks[i]->matrix.all && run->checks[i]->matrix.node_count <= SILENCE_NODES_MAX)
            return TAP_ALL;
        for (size_t k = 0; k < check_matrix_layers(&run->checks[i]->matrix); k++)
            tcp = tcp || check_matrix_port(&run->checks[i]->matrix, k);
    }
    return tcp ? TAP_QUESTIONS : TAP_ARRIVALS;
}

/* The witness watches who asks and who is asked, as far as that is known before. */
static struct witness *watch(const struct run *run, size_t count)
{
    struct witness *witness = witness_new(run->world, run->engine, part_of(run, count));
    for (size_t i = 0; witness && i < count; i++) {
        const struct check *check = run->checks[i];
        const struct check_target *target = check_target_of(check);
        if (check_is_local(check->kind))
            continue;
        witness_cover(witness, check->from);
        if (target && target->node)
            witness_cover(witness, target->node);
        else if (target && run->world->topology)
            witness_cover(witness, address_owner(run->world->topology, &target->addr));
        for (size_t k = 0; check->kind == CHECK_MATRIX && k < check->matrix.node_count; k++)
            witness_cover(witness, check->matrix.nodes[k]);
    }
    engine_set_witness(run->engine, witness);
    return witness;
}

int probe_checks(const struct probe_world *world, const struct check *const *checks, size_t count,
                 const struct probe_options *options, struct error *err)
{
    struct run run = {.world = world, .checks = checks, .options = options, .busy = count};
    for (size_t i = 0; i < count; i++) /* before anything is timed */
        attempt_prepare(checks[i]->kind);
    if (engine_new(&run.engine, err) < 0)
        return -1;
    struct arena *arena = arena_new();
    struct neighbours *neighbours = add_neighbours(&run, count, arena);
    struct witness *witness = watch(&run, count);
    struct job *jobs = arena_alloc(arena, count * sizeof *jobs);
    int64_t now = clock_monotonic();
    for (size_t i = 0; i < count; i++) {
        jobs[i] = (struct job){.run = &run, .index = i, .began = now, .pace = PACE_FIRST};
        jobs[i].again = (struct timer){.expired = begin, .context = &jobs[i]};
        if (check_is_alone(checks[i]->kind))
            continue;
        run.together++;
        engine_set(run.engine, &jobs[i].again, now);
    }
    run.jobs = jobs;
    run.count = count;
    next_alone(&run, false);
    int result = engine_run(run.engine, &run.busy, err);
    neighbours_remove(neighbours);
    witness_free(witness);
    engine_free(run.engine);
    arena_free(arena);
    return result;
}
