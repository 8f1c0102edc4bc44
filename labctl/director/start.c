/* How an exercise starts.  "exercise-prove": a healthy lab is built and every check must be green.  Beside it, to
 * another lab, "exercise-build": the same, built with the faults folded in, so that nothing was changed and there is
 * nothing to find but the state itself; each fault must be in force.  Then, with what the healthy one has shown,
 * "exercise-break": each symptom must be seen, exactly the repair tasks red, the guards green.  Where only some of the
 * faults are those of the beginning, that is a lab with the faults of all phases, and another is built with those of
 * the beginning alone. "exercise-begin" then starts the clock in the latter.  Scheduled faults are no part of it:
 * nobody waits for them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "director/checkpoint.h"
#include "director/exercise.h"
#include "director/fault.h"
#include "doc/doc.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/check.h"

#define TEXT_MAX ((size_t)64 << 20)

struct start {
    struct request *request;
    struct scenario *scenario;
    struct str stripped;
    json_t *listened, *broken; /* broken: who reaches whom with the faults in */
    bool begins;               /* this lab is the one in which the exercise begins: with the faults of the beginning */
    unsigned pending;          /* sets of checks under way */
    struct str problems;
    bool error, unsupported; /* some check had no verdict */
};

static void start_free(struct start *start)
{
    if (!start)
        return;
    scenario_free(start->scenario);
    str_free(&start->stripped);
    str_free(&start->problems);
    json_decref(start->listened);
    json_decref(start->broken);
    free(start);
}

int exercise_load(const char *stripped, const char *topology, const char *allotments, struct scenario **out,
                  struct error *err)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    struct findings findings;
    findings_init(&findings, arena);
    struct sources *sources = sources_new(arena);
    scenario_join(stripped, topology, &text);
    if (!load_scenario_keeping("scenario", str_text(&text), text.length, allotments, sources, &findings, out))
        return 0;
    const char *first = findings_first(&findings, sources, arena);
    error_set(err, ERR_FILE, "%s", first ? first : "the scenario is not valid");
    scenario_free(*out);
    *out = NULL;
    return -1;
}

static int read_text(struct request *request, size_t index, struct str *out, struct error *err)
{
    int fd = request_fd(request, index);
    if (fd < 0)
        return error_set(err, ERR_USAGE, "'%s' needs the scenario and its topology", request_verb(request));
    if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, out, TEXT_MAX))
        return error_set(err, ERR_SYSTEM, "read the scenario: it could not be handed over");
    return 0;
}

static struct start *read_start(struct request *request, struct str *topology, struct error *err)
{
    struct start *start = calloc(1, sizeof *start);
    if (!start)
        arena_exhausted();
    start->request = request;
    if (read_text(request, 0, &start->stripped, err) || read_text(request, 1, topology, err) ||
        exercise_load(str_text(&start->stripped), str_text(topology), NULL, &start->scenario, err)) {
        start_free(start);
        return NULL;
    }
    return start;
}

static void say(struct start *start, const char *text)
{
    request_progress(start->request, json_pack("{s:s}", "text", text));
}

static void problem(struct start *start, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void problem(struct start *start, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    str_append(&start->problems, "\n  ");
    str_vprintf(&start->problems, format, args);
    va_end(args);
}

/* A check that has no verdict speaks for nothing; green where green is wanted is fine. */
static bool judged(struct start *start, const struct check_result *result)
{
    if (result->verdict == VERDICT_PASS || result->verdict == VERDICT_FAIL)
        return true;
    start->error = start->error || result->verdict == VERDICT_ERROR;
    start->unsupported = start->unsupported || result->verdict == VERDICT_UNSUPPORTED;
    problem(start, "%s (%s) could not be judged: %s", result->id, result->asked, result->seen);
    return false;
}

static void want_green(struct start *start, const struct check_result *result)
{
    if (judged(start, result) && result->verdict == VERDICT_FAIL)
        problem(start, "%s (%s): expected %s, got %s", result->id, result->asked, result->expected, result->seen);
}

static void set_error(const struct start *start, struct error *err, const char *what)
{
    enum error_kind kind = start->unsupported ? ERR_CAPABILITY : start->error ? ERR_PROBE : ERR_FILE;
    const struct scenario *scenario = start->scenario;
    STR_AUTO variant = STR_INIT;
    if (scenario->seed && *scenario->seed)
        str_printf(&variant, ", seed %s", scenario->seed);
    if (scenario->learner && *scenario->learner)
        str_printf(&variant, ", learner %s", scenario->learner);
    for (size_t i = 0; i < scenario->variable_count; i++)
        str_printf(&variant, ", %s: %s", scenario->variables[i].name, scenario->variables[i].value);
    error_set(err, kind, "scenario '%s'%s%s%s cannot be started: %s:%s", scenario->name, variant.length ? " (" : "",
              variant.length ? str_text(&variant) + 2 : "", variant.length ? ")" : "", what,
              str_text(&start->problems));
}

/* ---- the healthy lab ---- */

static void proved(struct director *director, void *context, const struct exercise_results *results,
                   const struct error *err)
{
    struct start *start = context;
    struct error not_healthy = ERROR_INIT;
    json_t *listened = json_object(), *reply = NULL;
    for (size_t i = 0; !err && i < results->count; i++) {
        want_green(start, &results->results[i]);
        checks_remember(listened, &results->results[i]);
    }
    if (!err && start->problems.length) {
        set_error(start, &not_healthy, "the healthy lab is not healthy");
        err = &not_healthy;
    }
    if (!err)
        reply = json_pack("{s:O, s:O?}", "listened", listened, "reach", results->reach);
    json_decref(listened);
    director_occupy(director, NULL, 0);
    request_finish(start->request, reply, NULL, 0, err);
    start_free(start);
}

int verb_exercise_prove(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    STR_AUTO topology = STR_INIT;
    struct start *start = read_start(request, &topology, err);
    (void)reply;
    if (!start)
        return -1;
    if (director_build(director, str_text(&topology), NULL, request, err)) {
        start_free(start);
        return -1;
    }
    say(start, "checking the healthy lab");
    director_occupy(director, "start", request_client(request));
    if (!exercise_measure(director, start->scenario, PART_REPAIR | PART_GUARDS | PART_REACH, false, NULL, proved, start,
                          err))
        return REQUEST_DEFERRED;
    director_occupy(director, NULL, 0);
    start_free(start);
    return -1;
}

/* ---- the broken lab ---- */

/* Built with its faults: first it waits for what the healthy lab has shown; then, seen to be broken, for its clock, as
 * the command line makes the exercise's files only now. */
static struct start *broken;

const char *start_pending(void)
{
    return broken ? broken->scenario->name : NULL;
}

static int verify_faults(struct director *director, struct start *start, struct error *err)
{
    size_t i;
    json_t *record;
    json_array_foreach(director_faults(director), i, record) if (fault_record_force(director, record) == FORCE_NO)
        problem(start, "fault '%s' is not in force", json_string_value(json_object_get(record, "id")));
    if (!start->problems.length)
        return 0;
    set_error(start, err, "a fault is not there");
    return -1;
}

static const struct check_result *result_of(const struct exercise_results *results, const char *id)
{
    for (size_t i = 0; i < results->count; i++)
        if (str_equal(results->results[i].id, id))
            return &results->results[i];
    return NULL;
}

static void end_break(struct director *director, struct start *start, const struct error *err)
{
    struct error failed = ERROR_INIT;
    director_occupy(director, NULL, 0);
    if (!err && start->problems.length) {
        set_error(start, &failed, "the faults do not show as they should");
        err = &failed;
    }
    request_finish(start->request, err ? NULL : json_pack("{s:O?}", "reach", start->broken), NULL, 0, err);
    start->request = NULL;
    if (!err)
        return;
    start_free(start);
    broken = NULL;
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
static void tasks_seen(struct director *director, void *context, const struct exercise_results *results,
                       const struct error *err)
{
    struct start *start = context;
    const struct scenario *scenario = start->scenario;
    if (err)
        problem(start, "%s", err->text);
    if (results->reach)
        start->broken = json_incref(results->reach);
    for (size_t t = 0; !err && t < scenario->task_count; t++) {
        const struct task *task = &scenario->tasks[t];
        bool red = scenario->control || may_wait(scenario, task), all_judged = true;
        for (size_t c = 0; c < task->check_count; c++) {
            const struct check_result *result = result_of(results, task->checks[c]->id);
            if (!result)
                continue;
            all_judged = judged(start, result) && all_judged;
            red = red || result->verdict == VERDICT_FAIL;
        }
        if (!red && all_judged)
            problem(start, "task '%s' is green although nothing was done", task->id);
    }
    if (--start->pending == 0)
        end_break(director, start, NULL);
}

static void guards_seen(struct director *director, void *context, const struct exercise_results *results,
                        const struct error *err)
{
    struct start *start = context;
    if (err)
        problem(start, "%s", err->text);
    for (size_t i = 0; !err && i < results->count; i++)
        want_green(start, &results->results[i]);
    if (--start->pending == 0)
        end_break(director, start, NULL);
}

static int see_symptoms(struct director *director, struct start *start, struct error *err)
{
    say(start, "looking for the symptoms");
    /* The tasks are expected red, so one attempt decides; the guards are expected green and may take their time.  Both
     * sets run at once. */
    start->pending = 2;
    if (exercise_measure(director, start->scenario, PART_REPAIR | PART_BUILD | PART_REACH, true, start->listened,
                         tasks_seen, start, err))
        return -1;
    struct error late = ERROR_INIT;
    if (!exercise_measure(director, start->scenario, PART_GUARDS, false, start->listened, guards_seen, start, &late))
        return 0;
    problem(start, "%s", late.text);
    start->pending--;
    return 0;
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
    struct start *start = read_start(request, &topology, err);
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

/* params: listened.  Where the exercise begins with some of its faults, the symptoms were seen in the lab that has all
 * of them. */
int verb_exercise_break(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    if (!broken || broken->listened)
        return error_set(err, ERR_USAGE, "'%s' comes once, after 'exercise-build'", request_verb(request));
    broken->request = request;
    broken->listened = json_incref(json_object_get(request_params(request), "listened"));
    if (broken->begins && !scenario_begins_with_all(broken->scenario)) {
        end_break(director, broken, NULL);
        return REQUEST_DEFERRED;
    }
    director_occupy(director, "start", request_client(request));
    if (!see_symptoms(director, broken, err))
        return REQUEST_DEFERRED;
    director_occupy(director, NULL, 0);
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
