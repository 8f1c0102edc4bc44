/* The exercise while it runs.  What must outlive the director lies in three places: the scenario (without its solution)
 * and what listened when the lab was healthy in the state directory; the journal and the report in files of the user's,
 * whose descriptors the keeper holds.  The clock, the hints and the end are what the journal says. */
#include "director/exercise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "director/fault.h"
#include "lab/keeper.h"
#include "lab/lab.h"
#include "load/scenario.h"
#include "model/check.h"
#include "model/scenario.h"

#define SCENARIO_STATE "exercise.yaml"
#define TOPOLOGY_STATE "exercise-topology.yaml"
#define LISTENED_STATE "exercise.json"
#define JOURNAL_TAG    "exercise-journal"
#define REPORT_TAG     "exercise-report"
#define TEXT_MAX       ((size_t)64 << 20)
#define FAREWELL       (3 * NANOSECONDS_PER_SECOND) /* time for the client to fetch the report and end the lab itself */

static struct exercise *current;

struct exercise *exercise_current(void)
{
    return current;
}

/* ---- measuring ---- */

struct measurement {
    struct arena *arena;
    struct exercise *exercise; /* whose view is in use, or NULL */
    const struct check **checks;
    size_t count;
    exercise_measured *done;
    void *context;
};

static void measured(struct director *director, void *context, const struct check_result *results, size_t count, const struct error *err)
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
    if (m->exercise) m->exercise->running--;
    m->done(director, m->context, &out, err);
    arena_free(m->arena);
}

static void collect(struct measurement *m, const struct scenario *scenario, unsigned parts)
{
    for (size_t t = 0; t < scenario->task_count; t++)
        for (size_t c = 0; parts & (scenario->tasks[t].build ? PART_BUILD : PART_REPAIR) && c < scenario->tasks[t].check_count; c++)
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

static int start_measurement(struct director *director, struct measurement *m, const struct scenario *scenario, bool single_attempt,
                             const json_t *listened, struct error *err)
{
    struct checks_options options = {.single_attempt = single_attempt};
    options.controls = controls_of(m, scenario, &options.control_count);
    int *healthy = arena_alloc(m->arena, (m->count + 1) * sizeof *healthy);
    for (size_t i = 0; i < m->count; i++) healthy[i] = (int)json_integer_value(json_object_get(listened, m->checks[i]->id));
    options.listened_healthy = healthy;
    if (m->exercise) m->exercise->running++;
    if (!m->count) {
        measured(director, m, NULL, 0, NULL);
        return 0;
    }
    if (!checks_start(director, m->checks, m->count, &options, measured, m, err)) return 0;
    if (m->exercise) m->exercise->running--;
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
    return start_measurement(director, m, scenario, single_attempt, listened, err);
}

/* The scenario over the topology of now, so that an address that was changed is the one that is asked.  Where it does not
 * fit any more (a node is gone), what was started with is measured. */
static const struct scenario *view_of(struct director *director, struct exercise *exercise)
{
    if (exercise->view && exercise->view_generation == director_generation(director)) return exercise->view;
    if (exercise->running) return exercise->view ? exercise->view : exercise->scenario;
    struct scenario *view = NULL;
    struct error problem = ERROR_INIT;
    if (exercise_load(exercise->stripped, director_text(director), &view, &problem)) return exercise->scenario;
    scenario_free(exercise->view);
    exercise->view = view;
    exercise->view_generation = director_generation(director);
    return view;
}

static int measure_now(struct director *director, struct exercise *exercise, bool single_attempt, exercise_measured *done, void *context,
                       struct error *err)
{
    const struct scenario *view = view_of(director, exercise);
    struct measurement *m = measurement_new(done, context);
    m->exercise = exercise;
    collect(m, view, PART_ALL);
    return start_measurement(director, m, view, single_attempt, exercise->listened, err);
}

/* ---- the end ---- */

static void end_lab(struct director *director, void *context)
{
    (void)context;
    struct error err = ERROR_INIT;
    keeper_exit(lab_keeper(director_lab(director)), &err);
}

static int write_report(int fd, const json_t *result, struct error *err)
{
    STR_AUTO text = STR_INIT;
    char *dumped = json_dumps(result, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    str_append(&text, dumped ? dumped : "null");
    str_append_char(&text, '\n');
    free(dumped);
    if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET) < 0 || fd_write_all(fd, text.data, text.length) || fdatasync(fd))
        return error_set_errno(err, errno, "write the report of the exercise");
    return 0;
}

/* Everything is measured: points, report, farewell. */
static void scored(struct director *director, void *context, const struct exercise_results *results, const struct error *err)
{
    struct request *request = context;
    struct exercise *exercise = current;
    struct points points;
    struct error problem = ERROR_INIT;
    (void)err; /* no outcome at all: every check counts as not judged */
    json_t *result = result_make(&exercise->session, results->outcomes, results->count, &points);
    json_t *score = json_pack("{s:I, s:I, s:b}", "total", (json_int_t)points.total, "maximum", (json_int_t)points.maximum, "passed", points.passed);
    session_note(&exercise->session, "score", score, clock_boot(), clock_real(), NULL);
    json_object_set_new(result, "journal", json_pack("{s:I, s:s}", "entries", (json_int_t)exercise->session.journal.count, "head",
                                                     exercise->session.journal.head));
    int written = write_report(exercise->report, result, &problem);
    if (request) request_finish(request, written ? NULL : json_pack("{s:O}", "report", result), NULL, 0, &problem);
    json_decref(result);
    director_after(director, request ? FAREWELL : 0, end_lab, NULL);
}

static int stop_and_score(struct director *director, enum session_end end, struct request *request, struct error *err)
{
    struct exercise *exercise = current;
    int64_t now = clock_boot(), deadline = session_deadline(&exercise->session), real = clock_real();
    if (deadline <= now) {
        end = SESSION_DEADLINE;
        real -= now - deadline;
        now = deadline;
    }
    if (exercise->session.state == SESSION_RUNNING && session_stop(&exercise->session, end, now, real, err)) return -1;
    exercise->scoring = true;
    if (exercise->timer >= 0) director_cancel(director, exercise->timer);
    exercise->timer = -1;
    return measure_now(director, exercise, false, scored, request, err);
}

static void deadline_came(struct director *director, void *context)
{
    struct error err = ERROR_INIT;
    (void)context;
    if (!current || current->scoring) return;
    current->timer = -1;
    if (stop_and_score(director, SESSION_DEADLINE, NULL, &err)) fprintf(stderr, "director: score at the deadline: %s\n", err.text);
}

static void set_timer(struct director *director, struct exercise *exercise)
{
    int64_t left = session_left(&exercise->session, clock_boot());
    exercise->timer = left == INT64_MAX ? -1 : director_after(director, left, deadline_came, NULL);
}

/* ---- beginning, and beginning again ---- */

static void exercise_free(struct exercise *exercise)
{
    session_close(&exercise->session);
    scenario_free(exercise->view);
    scenario_free(exercise->scenario);
    json_decref(exercise->listened);
    fd_close(&exercise->report);
    free(exercise->stripped);
    free(exercise);
}

static int keep(struct director *director, const struct exercise *exercise, struct error *err)
{
    int directory = director_state_directory(director);
    struct keeper *keeper = lab_keeper(director_lab(director));
    json_t *kept = json_pack("{s:O}", "listened", exercise->listened);
    char *listened = json_dumps(kept, JSON_COMPACT);
    int failed = !listened || file_replace(directory, SCENARIO_STATE, exercise->stripped, strlen(exercise->stripped), 0600) ||
                 file_replace(directory, TOPOLOGY_STATE, director_text(director), strlen(director_text(director)), 0600) ||
                 file_replace(directory, LISTENED_STATE, listened, strlen(listened), 0600);
    int number = errno;
    free(listened);
    json_decref(kept);
    if (failed) return error_set_errno(err, number, "write the exercise's state");
    return keeper_store(keeper, JOURNAL_TAG, exercise->session.journal.fd, err) || keeper_store(keeper, REPORT_TAG, exercise->report, err);
}

int exercise_begin(struct director *director, struct scenario *scenario, const char *stripped, json_t *listened, int journal,
                   int report, json_t *note, struct error *err)
{
    struct exercise *exercise = calloc(1, sizeof *exercise);
    if (!exercise) arena_exhausted();
    *exercise = (struct exercise){.scenario = scenario, .stripped = strdup(stripped), .listened = listened ? listened : json_object(),
                                  .report = report, .timer = -1, .session.journal.fd = -1};
    if (session_open(&exercise->session, scenario, journal, err) || keep(director, exercise, err) ||
        session_begin(&exercise->session, clock_boot(), clock_real(), note, err)) {
        exercise_free(exercise);
        return -1;
    }
    current = exercise;
    director_exercise(director, scenario->name);
    set_timer(director, exercise);
    return 0;
}

static int take_up(struct director *director, struct exercise *exercise, struct error *err)
{
    STR_AUTO stripped = STR_INIT;
    STR_AUTO listened = STR_INIT;
    STR_AUTO topology = STR_INIT;
    int directory = director_state_directory(director), journal = lab_stored(director_lab(director), JOURNAL_TAG);
    if (file_read(directory, SCENARIO_STATE, &stripped, TEXT_MAX) || file_read(directory, TOPOLOGY_STATE, &topology, TEXT_MAX) ||
        file_read(directory, LISTENED_STATE, &listened, TEXT_MAX))
        return error_set_errno(err, errno, "read the exercise's state");
    json_t *kept = json_loads(str_text(&listened), 0, NULL);
    exercise->stripped = str_steal(&stripped);
    exercise->listened = json_incref(json_object_get(kept, "listened"));
    json_decref(kept);
    exercise->report = fcntl(lab_stored(director_lab(director), REPORT_TAG), F_DUPFD_CLOEXEC, 0);
    if (exercise_load(exercise->stripped, str_text(&topology), &exercise->scenario, err)) return -1;
    journal = fcntl(journal, F_DUPFD_CLOEXEC, 0);
    if (journal < 0 || exercise->report < 0) return error_set_errno(err, errno, "take the exercise's files up again");
    return session_open(&exercise->session, exercise->scenario, journal, err);
}

static bool has_state(struct director *director)
{
    return !faccessat(director_state_directory(director), SCENARIO_STATE, F_OK, 0);
}

void exercise_standing(struct director *director, bool restarted)
{
    struct error err = ERROR_INIT;
    if (!restarted || !has_state(director)) return;
    struct exercise *exercise = calloc(1, sizeof *exercise);
    if (!exercise) arena_exhausted();
    *exercise = (struct exercise){.report = -1, .timer = -1, .session.journal.fd = -1};
    if (take_up(director, exercise, &err) || exercise->session.state == SESSION_PREPARED) {
        if (err.kind) fprintf(stderr, "director: the exercise cannot go on: %s\n", err.text);
        exercise_free(exercise);
        return;
    }
    current = exercise;
    director_exercise(director, exercise->scenario->name);
    if (exercise->session.state == SESSION_RUNNING) set_timer(director, exercise);
    else if (exercise->session.state == SESSION_ENDED) exercise->timer = director_after(director, 0, deadline_came, NULL); /* was being scored */
}

void exercise_inspect(struct director *director, json_t *reply)
{
    (void)director;
    if (!current) return;
    int64_t left = session_left(&current->session, clock_boot());
    json_object_set_new(reply, "exercise",
                        json_pack("{s:s, s:s, s:o}", "scenario", current->scenario->name, "state", session_state_name(current->session.state),
                                  "time_left_s", left == INT64_MAX ? json_null() : json_real((double)(left / 1000000) / 1e3)));
}

/* ---- what is refused ---- */

static bool allowed(const char *word)
{
    const struct strings *allow = &current->scenario->allow;
    for (size_t i = 0; i < allow->count; i++)
        if (str_equal(allow->items[i], word)) return true;
    return false;
}

int exercise_refuse(struct director *director, const struct request *request, struct error *err)
{
    static const struct {
        const char *verb, *command, *word;
    } rows[] = {
        {"fault-inject", "fault", NULL}, {"fault-clear", "fault", NULL}, {"fault-status", "fault", NULL}, {"plan", "plan", NULL},
        {"link-set", "link set", NULL},  {"prove", "prove", NULL},       {"matrix", "matrix", "matrix"},  {"explain", "explain", "explain"},
        {"apply", "apply", "apply"},     {"difference", "apply", "apply"},
    };
    (void)director;
    if (!current) return 0;
    if (current->scoring && !str_equal(request_verb(request), "exercise-submit"))
        return error_set(err, ERR_BUSY, "exercise '%s' is being scored", current->scenario->name);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!str_equal(rows[i].verb, request_verb(request)) || (rows[i].word && allowed(rows[i].word))) continue;
        /* `set`, `unset` and `edit` change what they have read: they name its generation, `apply FILE` does not. */
        if (str_equal(rows[i].word, "apply") && json_object_get(request_params(request), "generation")) continue;
        return error_set(err, ERR_BUSY, "'%s' is refused during exercise '%s'%s", rows[i].command, current->scenario->name,
                         rows[i].word ? ": it does not allow it" : "");
    }
    return 0;
}

/* ---- verbs ---- */

static struct exercise *running(struct error *err)
{
    if (current && current->session.state == SESSION_RUNNING && !current->scoring) return current;
    if (current) error_set(err, ERR_BUSY, "exercise '%s' has ended", current->scenario->name);
    else error_set(err, ERR_ABSENT, "no exercise runs in this lab (`labctl start SCENARIO` starts one)");
    return NULL;
}

static void status_measured(struct director *director, void *context, const struct exercise_results *results, const struct error *err)
{
    struct request *request = context;
    (void)director;
    json_t *reply = err ? NULL : result_status(&current->session, results->outcomes, results->count, clock_boot());
    request_finish(request, reply, NULL, 0, err);
}

int verb_exercise_status(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    (void)reply;
    if (!exercise) return -1;
    return measure_now(director, exercise, true, status_measured, request, err) ? -1 : REQUEST_DEFERRED;
}

int verb_exercise_hint(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    const char *task = json_string_value(json_object_get(request_params(request), "task"));
    (void)director;
    if (!exercise) return -1;
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
        return error_set(err, ERR_ABSENT, "no task is called '%s'%s%s%s", task, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    const struct hint *hint = session_next_hint(&exercise->session, task);
    if (!hint) return error_set(err, ERR_ABSENT, "there is no further hint%s%s", task ? " for task " : "", task ? task : "");
    if (session_buy_hint(&exercise->session, hint, clock_boot(), clock_real(), err)) return -1;
    size_t left = 0;
    for (size_t i = 0; i < exercise->scenario->hint_count; i++)
        left += !exercise->session.bought[i] && str_equal(exercise->scenario->hints[i].task, hint->task);
    *reply = json_pack("{s:s, s:I, s:s, s:I}", "task", hint->task, "cost", (json_int_t)hint->cost, "text", hint->text, "left", (json_int_t)left);
    return 0;
}

int verb_exercise_submit(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    if (!running(err)) return -1;
    return stop_and_score(director, SESSION_SUBMITTED, request, err) ? -1 : REQUEST_DEFERRED;
}

int verb_exercise_abandon(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct exercise *exercise = running(err);
    (void)request;
    if (!exercise || session_abandon(&exercise->session, clock_boot(), clock_real(), err)) return -1;
    if (exercise->timer >= 0) director_cancel(director, exercise->timer);
    exercise->timer = -1;
    director_after(director, FAREWELL, end_lab, NULL);
    *reply = json_pack("{s:s}", "scenario", exercise->scenario->name);
    return 0;
}

static void check_measured(struct director *director, void *context, const struct exercise_results *results, const struct error *err)
{
    struct request *request = context;
    (void)director;
    json_t *list = json_array(), *verdicts = json_object();
    for (size_t i = 0; i < results->count; i++) {
        json_array_append_new(list, check_result_json(&results->results[i]));
        json_object_set_new(verdicts, results->results[i].id, json_string(verdict_name(results->results[i].verdict)));
    }
    if (!err && current->session.state == SESSION_RUNNING)
        session_note(&current->session, "check", json_pack("{s:O}", "verdicts", verdicts), clock_boot(), clock_real(), NULL);
    json_decref(verdicts);
    request_finish(request, err ? NULL : json_pack("{s:O}", "checks", list), NULL, 0, err);
    json_decref(list);
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
        if (str_equal(view->guards[g]->id, id)) *ARENA_PUSH(m->arena, m->checks, m->count) = view->guards[g];
    return m->count > before;
}

int verb_exercise_check(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    if (!current) return verb_check(director, request, reply, err);
    struct exercise *exercise = running(err);
    if (!exercise) return -1;
    const json_t *ids = json_object_get(request_params(request), "ids");
    const struct scenario *view = view_of(director, exercise);
    struct measurement *m = measurement_new(check_measured, request);
    m->exercise = exercise;
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id)
    {
        if (add_by_id(m, view, json_string_value(id))) continue;
        arena_free(m->arena);
        return error_set(err, ERR_ABSENT, "no task, check or guard is called '%s' here", json_string_value(id));
    }
    if (!json_array_size(ids)) collect(m, view, PART_ALL);
    return start_measurement(director, m, view, false, exercise->listened, err) ? -1 : REQUEST_DEFERRED;
}
