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
#include "director/checkpoint.h"
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

void exercise_free(struct exercise *exercise)
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
    free(exercise->healthy);
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
    checkpoint_dirty();
    return failed ? error_set_errno(err, number, "write the exercise's state") : 0;
}

static int keep_all(struct director *director, const struct exercise *exercise, struct error *err)
{
    int directory = director_state_directory(director);
    struct keeper *keeper = lab_keeper(director_lab(director));
    /* The healthy topology: what a fault has taken away can still be named in a claim. */
    if (file_replace(directory, TOPOLOGY_STATE, exercise->healthy, strlen(exercise->healthy), 0600) ||
        file_replace(directory, SCENARIO_STATE, exercise->stripped, strlen(exercise->stripped), 0600))
        return error_set_errno(err, errno, "write the exercise's state");
    return exercise_keep(director, exercise, err) ||
           keeper_store(keeper, JOURNAL_TAG, exercise->session.journal.fd, err) ||
           keeper_store(keeper, REPORT_TAG, exercise->report, err) ||
           (exercise->briefing >= 0 && keeper_store(keeper, BRIEFING_TAG, exercise->briefing, err));
}

void exercise_hash(const char *stripped, const char *healthy, char out[static SHA256_TEXT])
{
    STR_AUTO both = STR_INIT;
    str_printf(&both, "%s\n%s", stripped, healthy);
    sha256_text(str_text(&both), both.length, out);
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
    STR_AUTO healthy = STR_INIT;
    char hash[SHA256_TEXT];
    dump_topology(scenario->topology, &healthy);
    exercise->scenario = scenario;
    exercise->stripped = strdup(stripped);
    exercise->healthy = str_steal(&healthy);
    exercise->listened = listened ? listened : json_object();
    exercise->report = report;
    exercise_hash(exercise->stripped, exercise->healthy, hash);
    note = note ? note : json_object();
    json_object_set_new(note, "scenario_hash", json_string(hash));
    json_object_set_new(note, "labctl", json_string(LABCTL_VERSION));
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

static void take_known(struct exercise *exercise, const json_t *known)
{
    const json_t *reach = json_object_get(known, "reach");
    exercise->listened = json_copy(json_object_get(known, "listened"));
    exercise->reach = json_is_object(reach) ? json_copy((json_t *)reach) : NULL;
    json_array_extend(exercise->present, json_object_get(known, "present"));
    json_array_extend(exercise->passed, json_object_get(known, "passed"));
}

int exercise_recall(struct director *director, const struct exercise_parts *parts, struct exercise **out,
                    struct error *err)
{
    struct exercise *exercise = exercise_new();
    int journal = parts->journal;
    FD_AUTO key = parts->key;
    take_known(exercise, parts->known);
    exercise->stripped = strdup(parts->stripped);
    exercise->healthy = strdup(parts->healthy);
    exercise->report = parts->report;
    exercise->briefing = parts->briefing;
    int result =
        exercise_load(parts->stripped, parts->healthy, director_allotments(director), &exercise->scenario, err);
    if (!result && (journal < 0 || exercise->report < 0))
        result = error_set(err, ERR_SYSTEM, "take the exercise's files up again: they are not there");
    if (!result)
        result = open_session(exercise, fd_steal(&journal), key, err);
    if (!result)
        result = keep_key(director, key, err);
    fd_close(&journal);
    if (result) {
        exercise_free(exercise);
        return -1;
    }
    *out = exercise;
    return 0;
}

static void go_on(struct director *director, struct exercise *exercise)
{
    current = exercise;
    exercise->scoring = exercise->session.state == SESSION_ENDED;
    director_exercise(director, exercise->scenario->name);
    exercise_clock(director, exercise);
}

int exercise_take_over(struct director *director, struct exercise *exercise, struct error *err)
{
    if (keep_all(director, exercise, err))
        return -1;
    go_on(director, exercise);
    return 0;
}

static int take_up(struct director *director, struct exercise **out, struct error *err)
{
    STR_AUTO stripped = STR_INIT;
    STR_AUTO known = STR_INIT;
    STR_AUTO healthy = STR_INIT;
    int directory = director_state_directory(director);
    if (file_read(directory, SCENARIO_STATE, &stripped, TEXT_MAX) ||
        file_read(directory, TOPOLOGY_STATE, &healthy, TEXT_MAX) || file_read(directory, KNOWN_STATE, &known, TEXT_MAX))
        return error_set_errno(err, errno, "read the exercise's state");
    json_t *values = json_loads(str_text(&known), 0, NULL);
    const struct exercise_parts parts = {.stripped = str_text(&stripped),
                                         .healthy = str_text(&healthy),
                                         .known = values,
                                         .journal = take_file(director, JOURNAL_TAG),
                                         .report = take_file(director, REPORT_TAG),
                                         .briefing = take_file(director, BRIEFING_TAG),
                                         .key = take_file(director, KEY_TAG)};
    int result = exercise_recall(director, &parts, out, err);
    json_decref(values);
    return result;
}

static bool has_state(struct director *director)
{
    return !faccessat(director_state_directory(director), SCENARIO_STATE, F_OK, 0);
}

void exercise_standing(struct director *director, bool restarted)
{
    struct error err = ERROR_INIT;
    struct exercise *exercise = NULL;
    if (!restarted || !has_state(director))
        return;
    if (take_up(director, &exercise, &err)) {
        fprintf(stderr, "director: the exercise cannot go on: %s\n", err.text);
    } else if (exercise->session.state == SESSION_PREPARED) {
        exercise_free(exercise);
    } else {
        recording_standing(director);
        go_on(director, exercise);
        checkpoint_standing(director);
    }
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
