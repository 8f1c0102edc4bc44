/* An exercise whose lab is gone is taken up again: the lab is built from the topology and the faults as they were last,
 * what was changed in its nodes is put back, and the clock goes on where it was seen last.  Nothing is written to the
 * exercise's files before all of that has succeeded. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "director/checkpoint.h"
#include "director/exercise.h"
#include "exercise/checkpoint.h"
#include "lab/snapshot.h"
#include "model/scenario.h"
#include "plan/plan.h"

#define FILE_BYTES ((size_t)256 << 20)

enum file {
    FILE_JOURNAL,
    FILE_REPORT,
    FILE_BRIEFING,
    FILE_CHECKPOINT,
    FILE_KEY = FILE_CHECKPOINT + CHECKPOINT_FD_COUNT
};

struct restoring {
    struct director *director;
    struct request *request;
    struct checkpoint checkpoint;
    struct alive alive;
    bool seen_alive;
    int64_t age;               /* ns: of the checkpoint */
    struct journal_key key;    /* of an exam */
    struct exercise *exercise; /* until it is this director's */
};

static const char *member(const struct restoring *r, const char *key)
{
    const char *text = json_string_value(json_object_get(r->checkpoint.known, key));
    return text ? text : "";
}

static int read_file(struct request *request, size_t index, struct str *out, struct error *err)
{
    int fd = request_fd(request, index);
    if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, out, FILE_BYTES))
        return error_set_errno(err, fd < 0 ? EBADF : errno, "read the files of the exercise");
    return 0;
}

static int read_checkpoint(struct restoring *r, struct error *err)
{
    struct str texts[CHECKPOINT_FILES] = {STR_INIT, STR_INIT};
    STR_AUTO alive = STR_INIT;
    int key = request_fd(r->request, FILE_KEY);
    ssize_t length = key < 0 ? 0 : pread(key, r->key.bytes, sizeof r->key.bytes, 0);
    if (key >= 0 && length <= 0)
        return error_set_errno(err, errno, "read the key of the exam");
    r->key.length = (size_t)length;
    int result = read_file(r->request, FILE_CHECKPOINT + CHECKPOINT_FD_ALIVE, &alive, err);
    for (size_t i = 0; !result && i < CHECKPOINT_FILES; i++)
        result = read_file(r->request, FILE_CHECKPOINT + i, &texts[i], err);
    if (!result)
        result = checkpoint_latest(texts, &r->key, &r->checkpoint, err);
    for (size_t i = 0; i < CHECKPOINT_FILES; i++)
        str_free(&texts[i]);
    r->seen_alive = !alive_read(str_text(&alive), alive.length, &r->key, &r->alive);
    return result;
}

static int build(struct restoring *r, json_t *notes, struct error *err)
{
    struct director *director = r->director;
    STR_AUTO lines = STR_INIT;
    if (director_build_keeping(director, member(r, "text"), json_object_get(r->checkpoint.known, "faults"),
                               member(r, "allotments"), r->request, err))
        return -1;
    request_progress(r->request, json_pack("{s:s}", "text", "putting back what was changed"));
    for (size_t i = 0; i < r->checkpoint.node_count; i++) {
        const struct checkpoint_node *node = &r->checkpoint.nodes[i];
        if (plan_find_namespace(director_plan(director), node->name) != UINT32_MAX &&
            snapshot_apply(director_lab(director), node->name, node->snapshot, node->length, &lines, err))
            return -1;
    }
    for (const char *line = str_text(&lines); *line;) {
        size_t length = strcspn(line, "\n");
        json_t *text = json_stringn(line, length);
        json_array_append_new(notes, text ? text : json_string("(a name that is not UTF-8)"));
        line += length + (line[length] == '\n');
    }
    return 0;
}

static int recall(struct restoring *r, struct error *err)
{
    char hash[SHA256_TEXT];
    const struct exercise_parts parts = {.stripped = member(r, "scenario"),
                                         .healthy = member(r, "healthy"),
                                         .known = r->checkpoint.known,
                                         .journal = request_steal_fd(r->request, FILE_JOURNAL),
                                         .report = request_steal_fd(r->request, FILE_REPORT),
                                         .briefing = request_steal_fd(r->request, FILE_BRIEFING),
                                         .key = request_steal_fd(r->request, FILE_KEY)};
    if (exercise_recall(r->director, &parts, &r->exercise, err))
        return -1;
    const struct session *session = &r->exercise->session;
    const char *began = json_string_value(json_object_get(json_array_get(session->entries, 0), "scenario_hash"));
    json_int_t entries = json_integer_value(json_object_get(r->checkpoint.known, "entries"));
    if ((json_int_t)session->journal.count < entries)
        return error_set(
            err, ERR_FILE,
            "corrupted journal: it has %llu entries, and had %lld when the checkpoint was taken: lines are "
            "missing at its end",
            (unsigned long long)session->journal.count, (long long)entries);
    exercise_hash(parts.stripped, parts.healthy, hash);
    if (session->state == SESSION_PREPARED || session->state == SESSION_ABANDONED)
        return error_set(err, ERR_FILE, "the exercise is %s: there is nothing to take up",
                         session_state_name(session->state));
    if (!str_equal(began, hash))
        return error_set(err, ERR_FILE,
                         "the scenario of the checkpoint is not the one that the journal was begun with");
    return 0;
}

/* What was lost is on record, and the clock goes on. */
static int count_lost(struct restoring *r, json_t *notes, struct error *err)
{
    struct session *session = &r->exercise->session;
    struct alive now;
    alive_now(&now);
    const json_t *last = json_array_get(session->entries, json_array_size(session->entries) - 1);
    bool rebooted = (r->seen_alive && !str_equal(now.boot_id, r->alive.boot_id)) ||
                    now.boot < json_integer_value(json_object_get(last, "boot"));
    r->age = checkpoint_age(&r->checkpoint, r->seen_alive ? &r->alive : NULL, now.real);
    /* An entry of the journal is a sign of life as well. */
    if (r->seen_alive && json_integer_value(json_object_get(last, "real")) > r->alive.real)
        r->seen_alive = false;
    const struct session_gap gap = {.reason = rebooted ? "the machine was restarted" : "the lab ended",
                                    .alive_boot = r->seen_alive ? r->alive.boot : 0,
                                    .alive_real = r->seen_alive ? r->alive.real : 0,
                                    .rebooted = rebooted,
                                    .checkpoint_age = r->age,
                                    .restored = json_incref(notes)};
    if (session->state == SESSION_ENDED) {
        json_decref(notes);
        return 0;
    }
    if (session_lost(session, &gap, now.boot, now.real, err))
        return -1;
    return session->state == SESSION_PAUSED ? session_resume(session, clock_boot(), clock_real(), err) : 0;
}

static int keep(struct restoring *r, struct error *err)
{
    int files[CHECKPOINT_FD_COUNT];
    for (size_t i = 0; i < CHECKPOINT_FD_COUNT; i++)
        files[i] = request_steal_fd(r->request, FILE_CHECKPOINT + i);
    return checkpoint_begin(r->director, files, &r->checkpoint, json_object_get(r->checkpoint.known, "options"), err);
}

static json_t *told(const struct restoring *r, const struct exercise *exercise, json_t *notes)
{
    size_t i;
    const json_t *entry, *lost = NULL;
    json_array_foreach(exercise->session.entries, i, entry)
    {
        if (str_equal(json_string_value(json_object_get(entry, "event")), "lost"))
            lost = entry;
    }
    return json_pack("{s:o, s:f, s:f, s:f, s:O}", "status", exercise_status(exercise), "lost_s",
                     (double)json_integer_value(json_object_get(lost, "lost")) / 1e9, "given_s",
                     (double)json_integer_value(json_object_get(lost, "given")) / 1e9, "checkpoint_age_s",
                     (double)r->age / 1e9, "notes", notes);
}

static int restore(struct restoring *r, json_t **reply, struct error *err)
{
    json_t *notes = json_array();
    int result = read_checkpoint(r, err) || build(r, notes, err) || recall(r, err) || count_lost(r, notes, err);
    if (!result) {
        struct exercise *exercise = r->exercise;
        result = exercise_take_over(r->director, exercise, err);
        r->exercise = result ? exercise : NULL;
        if (!result)
            result = keep(r, err);
        if (!result)
            *reply = told(r, exercise, notes);
    }
    json_decref(notes);
    return result ? -1 : 0;
}

/* Descriptors: journal, report, briefing, the files of checkpoints, and of an exam its key. */
int verb_exercise_restore(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    struct restoring r = {.director = director, .request = request};
    int result = restore(&r, reply, err);
    checkpoint_free(&r.checkpoint);
    explicit_bzero(&r.key, sizeof r.key);
    if (r.exercise)
        exercise_free(r.exercise);
    return result;
}
