/* The exercise while it runs.  What must outlive the director lies in three places: the scenario (without its
 * solution), what was known of the healthy lab and which faults are in by the clock in the state directory; the
 * journal, the report and the briefing in files of the user's, whose descriptors the keeper holds.  The clock, the
 * phases, the hints and the end are what the journal says. */
#include "director/exercise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "director/recording.h"
#include "lab/keeper.h"
#include "lab/lab.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/check.h"
#include "model/scenario.h"

#define SCENARIO_STATE  "exercise.yaml"
#define TOPOLOGY_STATE  "exercise-topology.yaml"
#define KNOWN_STATE     "exercise.json"
#define JOURNAL_TAG     "exercise-journal"
#define REPORT_TAG      "exercise-report"
#define BRIEFING_TAG    "exercise-briefing"
#define KEY_TAG         "exercise-key" /* of an exam: in memory alone */
#define TEXT_MAX        ((size_t)64 << 20)
#define CHANGE_TEXT_MAX 400 /* bytes of a change in the journal, more or less */

static struct exercise *current;

struct exercise *exercise_current(void)
{
    return current;
}

/* ---- what is kept ---- */

static struct exercise *exercise_new(void)
{
    struct exercise *exercise = calloc(1, sizeof *exercise);
    if (!exercise)
        arena_exhausted();
    *exercise = (struct exercise){.present = json_array(),
                                  .passed = json_array(),
                                  .report = -1,
                                  .briefing = -1,
                                  .timer = -1,
                                  .session.journal.fd = -1};
    return exercise;
}

static void forget_outcomes(struct exercise *exercise)
{
    json_decref(exercise->last.reach);
    arena_free(exercise->last.arena);
    exercise->last = (struct exercise_kept){0};
}

static void exercise_free(struct exercise *exercise)
{
    session_close(&exercise->session);
    forget_outcomes(exercise);
    scenario_free(exercise->view);
    scenario_free(exercise->scenario);
    json_decref(exercise->listened);
    json_decref(exercise->reach);
    json_decref(exercise->present);
    json_decref(exercise->passed);
    fd_close(&exercise->report);
    fd_close(&exercise->briefing);
    free(exercise->stripped);
    free(exercise);
}

void exercise_keep_outcomes(struct exercise *exercise, const struct exercise_results *results)
{
    struct arena *arena = arena_new();
    struct outcome *outcomes = arena_alloc(arena, (results->count + 1) * sizeof *outcomes);
    for (size_t i = 0; i < results->count; i++) {
        outcomes[i] = results->outcomes[i];
        outcomes[i].id = arena_strdup(arena, outcomes[i].id);
        outcomes[i].asked = arena_strdup(arena, outcomes[i].asked);
        outcomes[i].expected = arena_strdup(arena, outcomes[i].expected);
        outcomes[i].seen = arena_strdup(arena, outcomes[i].seen);
    }
    json_t *reach = results->reach ? json_incref(results->reach) : NULL;
    forget_outcomes(exercise);
    exercise->last = (struct exercise_kept){arena, outcomes, results->count, reach, clock_boot()};
}

int exercise_keep(struct director *director, const struct exercise *exercise, struct error *err)
{
    json_t *known = json_pack("{s:O, s:O?, s:O, s:O}", "listened", exercise->listened, "reach", exercise->reach,
                              "present", exercise->present, "passed", exercise->passed);
    char *text = json_dumps(known, JSON_COMPACT);
    int failed =
        !text || file_replace(director_state_directory(director), KNOWN_STATE, text, text ? strlen(text) : 0, 0600);
    int number = errno;
    free(text);
    json_decref(known);
    return failed ? error_set_errno(err, number, "write the exercise's state") : 0;
}

static int keep_all(struct director *director, const struct exercise *exercise, struct error *err)
{
    int directory = director_state_directory(director);
    struct keeper *keeper = lab_keeper(director_lab(director));
    STR_AUTO topology = STR_INIT;
    /* The healthy one: what a fault has taken away can still be named in a claim. */
    dump_topology(exercise->scenario->topology, &topology);
    if (file_replace(directory, SCENARIO_STATE, exercise->stripped, strlen(exercise->stripped), 0600) ||
        file_replace(directory, TOPOLOGY_STATE, str_text(&topology), topology.length, 0600))
        return error_set_errno(err, errno, "write the exercise's state");
    return exercise_keep(director, exercise, err) ||
           keeper_store(keeper, JOURNAL_TAG, exercise->session.journal.fd, err) ||
           keeper_store(keeper, REPORT_TAG, exercise->report, err);
}

/* ---- beginning ---- */

static int read_key(int fd, struct journal_key *key, struct error *err)
{
    ssize_t length = fd < 0 ? 0 : pread(fd, key->bytes, sizeof key->bytes, 0);
    if (fd >= 0 && length <= 0)
        return error_set_errno(err, errno, "read the key of the exam");
    key->length = (size_t)length;
    return 0;
}

/* The session over its journal; one with a key is an exam's. */
static int open_session(struct exercise *exercise, int journal, int key_file, struct error *err)
{
    struct journal_key key = {0};
    int result = read_key(key_file, &key, err);
    if (result)
        fd_close(&journal);
    else
        result = session_open(&exercise->session, exercise->scenario, journal, key.length ? &key : NULL, err);
    explicit_bzero(&key, sizeof key);
    return result;
}

static int keep_key(struct director *director, int key, struct error *err)
{
    return key < 0 ? 0 : keeper_store(lab_keeper(director_lab(director)), KEY_TAG, key, err);
}

int exercise_begin(struct director *director, struct scenario *scenario, const char *stripped, json_t *listened,
                   int journal, int report, int key, json_t *note, struct error *err)
{
    struct exercise *exercise = exercise_new();
    FD_AUTO key_file = key;
    size_t i;
    json_t *record;
    exercise->scenario = scenario;
    exercise->stripped = strdup(stripped);
    exercise->listened = listened ? listened : json_object();
    exercise->report = report;
    json_array_foreach(director_faults(director), i, record)
    {
        json_array_append(exercise->present, json_object_get(record, "id"));
    }
    if (open_session(exercise, journal, key_file, err) || keep_all(director, exercise, err) ||
        keep_key(director, key_file, err) ||
        session_begin(&exercise->session, key_file < 0 ? SESSION_PRACTICE : SESSION_EXAM, clock_boot(), clock_real(),
                      note, err)) {
        exercise_free(exercise);
        return -1;
    }
    current = exercise;
    director_exercise(director, scenario->name);
    exercise_clock(director, exercise);
    return 0;
}

int exercise_equip(struct director *director, struct exercise *exercise, json_t *reach, int briefing, struct error *err)
{
    exercise->reach = reach;
    exercise->briefing = briefing;
    if (briefing >= 0 && keeper_store(lab_keeper(director_lab(director)), BRIEFING_TAG, briefing, err))
        return -1;
    return exercise_keep(director, exercise, err);
}

/* ---- beginning again ---- */

static int take_file(struct director *director, const char *tag)
{
    int fd = lab_stored(director_lab(director), tag);
    return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void take_known(struct exercise *exercise, const char *text)
{
    json_t *known = json_loads(text, 0, NULL);
    json_t *present = json_object_get(known, "present"), *passed = json_object_get(known, "passed");
    exercise->listened = json_incref(json_object_get(known, "listened"));
    exercise->reach =
        json_is_object(json_object_get(known, "reach")) ? json_copy(json_object_get(known, "reach")) : NULL;
    json_array_extend(exercise->present, present);
    json_array_extend(exercise->passed, passed);
    json_decref(known);
}

static int take_up(struct director *director, struct exercise *exercise, struct error *err)
{
    STR_AUTO stripped = STR_INIT;
    STR_AUTO known = STR_INIT;
    STR_AUTO topology = STR_INIT;
    int directory = director_state_directory(director);
    if (file_read(directory, SCENARIO_STATE, &stripped, TEXT_MAX) ||
        file_read(directory, TOPOLOGY_STATE, &topology, TEXT_MAX) ||
        file_read(directory, KNOWN_STATE, &known, TEXT_MAX))
        return error_set_errno(err, errno, "read the exercise's state");
    take_known(exercise, str_text(&known));
    exercise->stripped = str_steal(&stripped);
    exercise->report = take_file(director, REPORT_TAG);
    exercise->briefing = take_file(director, BRIEFING_TAG);
    if (exercise_load(exercise->stripped, str_text(&topology), director_allotments(director), &exercise->scenario, err))
        return -1;
    int journal = take_file(director, JOURNAL_TAG);
    if (journal < 0 || exercise->report < 0)
        return error_set_errno(err, errno, "take the exercise's files up again");
    FD_AUTO key = take_file(director, KEY_TAG);
    return open_session(exercise, journal, key, err);
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
    struct exercise *exercise = exercise_new();
    if (take_up(director, exercise, &err) || exercise->session.state == SESSION_PREPARED) {
        if (err.kind)
            fprintf(stderr, "director: the exercise cannot go on: %s\n", err.text);
        exercise_free(exercise);
        return;
    }
    current = exercise;
    exercise->scoring = exercise->session.state == SESSION_ENDED;
    director_exercise(director, exercise->scenario->name);
    recording_standing(director);
    exercise_clock(director, exercise);
}

/* ---- looking ---- */

static void add_outcome(const struct exercise *exercise, const struct check *check, enum verdict verdict,
                        struct arena *arena, struct outcome **outcomes, size_t *count)
{
    struct outcome outcome = {.id = check->id, .verdict = verdict, .asked = "", .expected = "", .seen = ""};
    for (size_t i = 0; i < exercise->last.count; i++)
        if (str_equal(exercise->last.outcomes[i].id, check->id))
            outcome = exercise->last.outcomes[i];
    *ARENA_PUSH(arena, *outcomes, *count) = outcome;
}

json_t *exercise_status(const struct exercise *exercise)
{
    ARENA_AUTO arena = arena_new();
    struct outcome *outcomes = NULL;
    size_t count = 0;
    const struct scenario *scenario = exercise->scenario;
    for (size_t t = 0; t < scenario->task_count; t++)
        for (size_t c = 0; c < scenario->tasks[t].check_count; c++)
            add_outcome(exercise, scenario->tasks[t].checks[c], VERDICT_FAIL, arena, &outcomes, &count);
    for (size_t g = 0; g < scenario->guard_count; g++)
        add_outcome(exercise, scenario->guards[g], VERDICT_PASS, arena, &outcomes, &count);
    return result_status(&exercise->session, outcomes, count, clock_boot());
}

/* ---- hooks ---- */

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

/* The thing that a path is about: all of it but the key. */
static json_t *things_of(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? json_pack("[o]", json_stringn(path, (size_t)(slash - path))) : json_array();
}

void exercise_changed(struct director *director, const struct request *request, const char *operations)
{
    struct error err = ERROR_INIT;
    const char *path = json_string_value(json_object_get(request_params(request), "path"));
    (void)director;
    if (!current || current->session.state != SESSION_RUNNING || !*operations)
        return;
    STR_AUTO text = STR_INIT;
    str_append(&text, path ? path : "apply");
    for (const char *line = operations; *line && text.length < CHANGE_TEXT_MAX;) {
        size_t length = strcspn(line, "\n");
        str_append(&text, line == operations ? ": " : "; ");
        str_append_bytes(&text, line, length);
        line += length + (line[length] == '\n');
    }
    json_t *entry = json_pack("{s:s, s:o}", "text", str_text(&text), "things", things_of(path));
    if (session_note(&current->session, "change", entry, clock_boot(), clock_real(), &err))
        fprintf(stderr, "director: %s\n", err.text);
}
