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
#include "model/scenario.h"
#include "report/graph.h"

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

/* The score, with all that is needed to compute it again. */
static int record_score(struct director *director, struct exercise *exercise, const struct exercise_results *results,
                        struct error *err)
{
    STR_AUTO graph = STR_INIT;
    STR_AUTO topology = STR_INIT;
    graph_write(director_topology(director), GRAPH_JSON, &graph);
    if (file_read(director_state_directory(director), TOPOLOGY_STATE, &topology, TEXT_MAX))
        return error_set_errno(err, errno, "read the exercise's state");
    struct session_record record = {.scenario = exercise->stripped,
                                    .topology = str_text(&topology),
                                    .graph = json_loads(str_text(&graph), 0, NULL)};
    return session_score(&exercise->session, results->outcomes, results->count, &record, clock_boot(), clock_real(),
                         err);
}

/* Everything is measured: points, report, farewell. */
static void scored(struct director *director, void *context, const struct exercise_results *results,
                   const struct error *err)
{
    struct request *request = context;
    struct exercise *exercise = current;
    struct error problem = ERROR_INIT;
    json_t *result = NULL;
    (void)err; /* no outcome at all: every check counts as not judged */
    int written = record_score(director, exercise, results, &problem);
    if (!written) {
        result = result_make(&exercise->session, NULL);
        written = write_report(exercise->report, result, &problem);
    }
    if (request)
        request_finish(request, written ? NULL : json_pack("{s:O}", "report", result), NULL, 0, &problem);
    json_decref(result);
    director_after(director, request ? FAREWELL : 0, end_lab, NULL);
}

static void stop_timer(struct director *director, struct exercise *exercise)
{
    if (exercise->timer >= 0)
        director_cancel(director, exercise->timer);
    exercise->timer = -1;
}

void exercise_farewell(struct director *director, struct exercise *exercise)
{
    stop_timer(director, exercise);
    director_after(director, FAREWELL, end_lab, NULL);
}

int exercise_score(struct director *director, enum session_end end, struct request *request, struct error *err)
{
    struct exercise *exercise = current;
    if (exercise->session.state != SESSION_ENDED &&
        session_stop(&exercise->session, end, clock_boot(), clock_real(), err))
        return -1;
    exercise->scoring = true;
    stop_timer(director, exercise);
    return exercise_measure_now(director, exercise, NULL, false, scored, request, err);
}

static void deadline_came(struct director *director, void *context)
{
    struct error err = ERROR_INIT;
    (void)context;
    if (!current || current->scoring)
        return;
    current->timer = -1;
    if (exercise_score(director, SESSION_DEADLINE, NULL, &err))
        fprintf(stderr, "director: score at the deadline: %s\n", err.text);
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
    int failed =
        !listened || file_replace(directory, SCENARIO_STATE, exercise->stripped, strlen(exercise->stripped), 0600) ||
        file_replace(directory, TOPOLOGY_STATE, director_text(director), strlen(director_text(director)), 0600) ||
        file_replace(directory, LISTENED_STATE, listened, strlen(listened), 0600);
    int number = errno;
    free(listened);
    json_decref(kept);
    if (failed)
        return error_set_errno(err, number, "write the exercise's state");
    return keeper_store(keeper, JOURNAL_TAG, exercise->session.journal.fd, err) ||
           keeper_store(keeper, REPORT_TAG, exercise->report, err);
}

int exercise_begin(struct director *director, struct scenario *scenario, const char *stripped, json_t *listened,
                   int journal, int report, json_t *note, struct error *err)
{
    struct exercise *exercise = calloc(1, sizeof *exercise);
    if (!exercise)
        arena_exhausted();
    *exercise = (struct exercise){.scenario = scenario,
                                  .stripped = strdup(stripped),
                                  .listened = listened ? listened : json_object(),
                                  .report = report,
                                  .timer = -1,
                                  .session.journal.fd = -1};
    if (session_open(&exercise->session, scenario, journal, NULL, err) || keep(director, exercise, err) ||
        session_begin(&exercise->session, SESSION_PRACTICE, clock_boot(), clock_real(), note, err)) {
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
    if (file_read(directory, SCENARIO_STATE, &stripped, TEXT_MAX) ||
        file_read(directory, TOPOLOGY_STATE, &topology, TEXT_MAX) ||
        file_read(directory, LISTENED_STATE, &listened, TEXT_MAX))
        return error_set_errno(err, errno, "read the exercise's state");
    json_t *kept = json_loads(str_text(&listened), 0, NULL);
    exercise->stripped = str_steal(&stripped);
    exercise->listened = json_incref(json_object_get(kept, "listened"));
    json_decref(kept);
    exercise->report = fcntl(lab_stored(director_lab(director), REPORT_TAG), F_DUPFD_CLOEXEC, 0);
    if (exercise_load(exercise->stripped, str_text(&topology), director_allotments(director), &exercise->scenario, err))
        return -1;
    journal = fcntl(journal, F_DUPFD_CLOEXEC, 0);
    if (journal < 0 || exercise->report < 0)
        return error_set_errno(err, errno, "take the exercise's files up again");
    return session_open(&exercise->session, exercise->scenario, journal, NULL, err);
}

static bool has_state(struct director *director)
{
    return !faccessat(director_state_directory(director), SCENARIO_STATE, F_OK, 0);
}

void exercise_standing(struct director *director, bool restarted)
{
    struct error err = ERROR_INIT;
    if (!restarted || !has_state(director))
        return;
    struct exercise *exercise = calloc(1, sizeof *exercise);
    if (!exercise)
        arena_exhausted();
    *exercise = (struct exercise){.report = -1, .timer = -1, .session.journal.fd = -1};
    if (take_up(director, exercise, &err) || exercise->session.state == SESSION_PREPARED) {
        if (err.kind)
            fprintf(stderr, "director: the exercise cannot go on: %s\n", err.text);
        exercise_free(exercise);
        return;
    }
    current = exercise;
    director_exercise(director, exercise->scenario->name);
    if (exercise->session.state == SESSION_RUNNING)
        set_timer(director, exercise);
    else if (exercise->session.state == SESSION_ENDED)
        exercise->timer = director_after(director, 0, deadline_came, NULL); /* was being scored */
}

void exercise_inspect(struct director *director, json_t *reply)
{
    (void)director;
    if (!current)
        return;
    int64_t left = session_left(&current->session, clock_boot());
    json_object_set_new(reply, "exercise",
                        json_pack("{s:s, s:s, s:o}", "scenario", current->scenario->name, "state",
                                  session_state_name(current->session.state), "time_left_s",
                                  left == INT64_MAX ? json_null() : json_real((double)(left / 1000000) / 1e3)));
}
