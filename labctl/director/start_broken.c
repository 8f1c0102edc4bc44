/* The lab with the faults in it, from its building to the exercise's clock (start.c). */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "director/checkpoint.h"
#include "director/fault.h"
#include "director/prober.h"
#include "director/start.h"
#include "facts/facts.h"
#include "model/check.h"
#include "score/verdict.h"

/* Built with its faults, and measured: first it waits for what the healthy lab has shown; then, seen to be broken, for
 * its clock, as the command line makes the exercise's files only now. */
static struct start *broken;

const char *start_pending(void)
{
    return broken ? broken->scenario->name : NULL;
}

void start_forget(struct start *start)
{
    for (size_t i = 0; i < MEASURED_COUNT; i++) {
        arena_free(start->measured[i].arena);
        start->measured[i] = (struct measured){0};
    }
    json_decref(start->broken);
    start->broken = NULL;
    start->looked = false;
}

static int verify_faults(struct director *director, struct start *start, struct error *err)
{
    size_t i;
    json_t *record;
    json_array_foreach(director_faults(director), i, record) if (fault_record_force(director, record) == FORCE_NO)
        start_problem(start, "fault '%s' is not in force", json_string_value(json_object_get(record, "id")));
    if (!start->problems.length)
        return 0;
    start_set_error(start, err, "a fault is not there");
    return -1;
}

static const struct check_result *result_of(const struct measured *one, const char *id)
{
    for (size_t i = 0; i < one->count; i++)
        if (str_equal(one->results[i].id, id))
            return &one->results[i];
    return NULL;
}

/* What is scheduled does not show yet: a task that hangs on such a fault may be green. */
static bool may_wait(const struct scenario *scenario, const struct task *task)
{
    for (size_t i = 0; i < scenario->fault_count; i++)
        if (fault_is_scheduled(&scenario->faults[i]) && scenario->faults[i].ticket == task->ticket)
            return true;
    return false;
}

/* Exactly the tasks are red: each has a check that fails. */
static void judge_tasks(struct start *start)
{
    const struct scenario *scenario = start->scenario;
    for (size_t t = 0; t < scenario->task_count; t++) {
        const struct task *task = &scenario->tasks[t];
        bool red = scenario->control || may_wait(scenario, task), all_judged = true;
        for (size_t c = 0; c < task->check_count; c++) {
            const struct check_result *result = result_of(&start->measured[MEASURED_TASKS], task->checks[c]->id);
            if (!result)
                continue;
            all_judged = start_judged(start, result) && all_judged;
            red = red || result->verdict == VERDICT_FAIL;
        }
        if (!red && all_judged)
            start_problem(start, "task '%s' is green although nothing was done", task->id);
    }
}

static void end_break(struct director *director, struct start *start)
{
    struct error failed = ERROR_INIT;
    const struct measured *guards = &start->measured[MEASURED_GUARDS];
    director_occupy(director, NULL, 0);
    for (size_t i = 0; i < MEASURED_COUNT; i++)
        if (start->measured[i].failure)
            start_problem(start, "%s", start->measured[i].failure);
    if (start->looked && !start->measured[MEASURED_TASKS].failure)
        judge_tasks(start);
    for (size_t i = 0; i < guards->count; i++)
        start_want_green(start, &guards->results[i]);
    if (start->problems.length)
        start_set_error(start, &failed, "the faults do not show as they should");
    bool bad = start->problems.length > 0;
    request_finish(start->request, bad ? NULL : json_pack("{s:O?}", "reach", start->broken), NULL, 0,
                   bad ? &failed : NULL);
    start->request = NULL;
    if (!bad)
        return;
    start_free(start);
    broken = NULL;
}

/* Both are there: after "exercise-look" that is all for now. */
static void end_look(struct director *director, struct start *start)
{
    start->looked = true;
    if (start->listened) {
        end_break(director, start);
        return;
    }
    director_occupy(director, NULL, 0);
    request_finish(start->request, json_object(), NULL, 0, NULL);
    start->request = NULL;
}

static void keep_measured(struct director *director, struct start *start, int which,
                          const struct exercise_results *results, const struct error *err)
{
    struct measured *one = &start->measured[which];
    one->arena = arena_new();
    one->failure = err ? arena_strdup(one->arena, err->text) : NULL;
    for (size_t i = 0; !err && i < results->count; i++) {
        struct check_result *result = ARENA_PUSH(one->arena, one->results, one->count);
        *result = results->results[i];
        result->id = arena_strdup(one->arena, result->id);
    }
    if (--start->pending == 0)
        end_look(director, start);
}

static void tasks_seen(struct director *director, void *context, const struct exercise_results *results,
                       const struct error *err)
{
    struct start *start = context;
    if (results->reach)
        start->broken = json_incref(results->reach);
    keep_measured(director, start, MEASURED_TASKS, results, err);
}

static void guards_seen(struct director *director, void *context, const struct exercise_results *results,
                        const struct error *err)
{
    keep_measured(director, context, MEASURED_GUARDS, results, err);
}

static int look(struct director *director, struct start *start, struct error *err)
{
    start_say(start, "looking for the symptoms");
    start_forget(start);
    director_occupy(director, "start", request_client(start->request));
    /* The tasks are expected red, so one attempt decides; the guards are expected green and may take their time.  Both
     * sets run at once. */
    start->pending = MEASURED_COUNT;
    if (exercise_measure(director, start->scenario, PART_REPAIR | PART_BUILD | PART_REACH, true, start->listened,
                         tasks_seen, start, err)) {
        start->pending = 0;
        director_occupy(director, NULL, 0);
        return -1;
    }
    struct error late = ERROR_INIT;
    if (exercise_measure(director, start->scenario, PART_GUARDS, false, start->listened, guards_seen, start, &late)) {
        start->measured[MEASURED_GUARDS].arena = arena_new();
        start->measured[MEASURED_GUARDS].failure = arena_strdup(start->measured[MEASURED_GUARDS].arena, late.text);
        start->pending--;
    }
    return 0;
}

/* Would this be judged otherwise with what the healthy lab has shown? */
static bool depends(const struct check_result *result, int healthy)
{
    bool nobody =
        result->listener == LISTENER_NO || result->listener == LISTENER_NOBODY || result->listener == LISTENER_DOWN;
    if (result->verdict == VERDICT_FAIL)
        return result->listener == LISTENER_NO && memory_listened(healthy) == LISTENED_NO;
    return result->verdict == VERDICT_PASS && ((nobody && memory_listened(healthy) == LISTENED_YES) ||
                                               (result->left == SIGHT_NO && memory_left(healthy) == SIGHT_YES) ||
                                               (result->returned == SIGHT_YES && memory_returned(healthy) == SIGHT_NO));
}

/* What "exercise-look" has seen can be judged as it stands. */
static bool measured_hold(const struct start *start)
{
    bool hold = start->looked;
    for (size_t i = 0; i < MEASURED_COUNT; i++) {
        const struct measured *one = &start->measured[i];
        hold = hold && !one->failure;
        for (size_t r = 0; r < one->count && hold; r++)
            hold = !depends(&one->results[r], checks_recall(start->listened, one->results[r].id));
    }
    return hold;
}

static int build_broken(struct director *director, struct start *start, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    json_t *records = NULL;
    struct scenario some = *start->scenario;
    some.faults = NULL;
    some.fault_count = 0;
    for (size_t i = 0; i < start->scenario->fault_count; i++) {
        const struct fault *fault = &start->scenario->faults[i];
        if (!fault_is_scheduled(fault) && (!start->begins || fault_is_first(fault)))
            *ARENA_PUSH(arena, some.faults, some.fault_count) = *fault;
    }
    if (faults_fold(&some, &text, &records, err))
        return -1;
    int result = director_build(director, str_text(&text), records, start->request, err);
    json_decref(records);
    return result ? -1 : verify_faults(director, start, err);
}

/* params: begins: false: with the faults of all phases, to be looked at only. */
int verb_exercise_build(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    STR_AUTO topology = STR_INIT;
    (void)reply;
    struct start *start = start_read(request, &topology, err);
    if (!start)
        return -1;
    start->begins = json_is_true(json_object_get(request_params(request), "begins"));
    if (build_broken(director, start, err)) {
        start_free(start);
        return -1;
    }
    start->request = NULL;
    start_free(broken);
    broken = start;
    return 0;
}

/* Where the exercise begins with some of its faults, the symptoms are seen in the lab that has all of them. */
static bool shows_nothing(const struct start *start)
{
    return start->begins && !scenario_begins_with_all(start->scenario);
}

int verb_exercise_look(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    if (!broken || broken->looked || broken->listened || broken->pending)
        return error_set(err, ERR_USAGE, "'%s' comes once, after 'exercise-build'", request_verb(request));
    broken->request = request;
    if (!shows_nothing(broken) && look(director, broken, err) == 0)
        return REQUEST_DEFERRED;
    broken->request = NULL;
    return shows_nothing(broken) ? 0 : -1;
}

/* params: listened. */
int verb_exercise_break(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    if (!broken || broken->listened || broken->pending)
        return error_set(err, ERR_USAGE, "'%s' comes once, after 'exercise-build'", request_verb(request));
    broken->request = request;
    broken->listened = json_incref(json_object_get(request_params(request), "listened"));
    if (shows_nothing(broken) || measured_hold(broken)) {
        end_break(director, broken);
        return REQUEST_DEFERRED;
    }
    if (look(director, broken, err) == 0)
        return REQUEST_DEFERRED;
    start_free(broken);
    broken = NULL;
    return -1;
}

/* The files in which checkpoints are kept. */
static int keep(struct director *director, struct request *request, struct error *err)
{
    int files[CHECKPOINT_FD_COUNT];
    for (size_t i = 0; i < CHECKPOINT_FD_COUNT; i++)
        files[i] = request_steal_fd(request, 3 + i);
    return checkpoint_begin(director, files, NULL, json_object_get(request_params(request), "options"), err);
}

/* params: note, reach, options (checkpoint_begin); descriptors: the files of journal, report, briefing, those of
 * checkpoints, and of an exam its key. */
int verb_exercise_begin(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct start *start = broken;
    if (!start || !start->listened || request_fd(request, 1) < 0)
        return error_set(err, ERR_USAGE, "'%s' comes after 'exercise-break', with the exercise's files",
                         request_verb(request));
    broken = NULL;
    json_t *note = json_copy(json_object_get(request_params(request), "note"));
    json_t *reach = json_object_get(request_params(request), "reach");
    int result = exercise_begin(director, start->scenario, str_text(&start->stripped), json_incref(start->listened),
                                request_steal_fd(request, 0), request_steal_fd(request, 1),
                                request_steal_fd(request, 3 + CHECKPOINT_FD_COUNT), note, err);
    start->scenario = NULL; /* the exercise's, or freed */
    start_free(start);
    if (result ||
        exercise_equip(director, exercise_current(), json_is_object(reach) ? json_incref(reach) : NULL,
                       request_steal_fd(request, 2), err) ||
        keep(director, request, err))
        return -1;
    *reply = exercise_status(exercise_current());
    return 0;
}
