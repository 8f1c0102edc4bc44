/* Recordings of sessions: their files, and their entries in the journal.
 *
 * What is known of a session that is not on record yet lies in the state directory, so that a restarted director goes
 * on with it.  An entry that cannot be written (the disk is full) is tried again until it can. */
#include "director/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/units.h"
#include "director/exercise.h"
#include "lab/keeper.h"
#include "lab/lab.h"

#define STATE       "exercise-sessions.json"
#define TAG         "exercise-sessions"
#define FOLDER      "sessions/"
#define STATE_MAX   ((size_t)64 << 20)
#define FILE_MAX    ((size_t)17 << 20)           /* more than a recording can have */
#define LATER       (2 * NANOSECONDS_PER_SECOND) /* between attempts at the journal */
#define COMMAND_MAX 200                          /* bytes of a command in the timeline, more or less */
#define ROWS        24
#define COLUMNS     80

static int directory = -1;
static json_t *sessions; /* not on record yet; with "done": over */
static unsigned last_number;
static int timer = -1;

static void keep(struct director *director)
{
    char *text = json_dumps(sessions, JSON_COMPACT);
    if (!text || file_replace(director_state_directory(director), STATE, text, strlen(text), 0600))
        fprintf(stderr, "director: write the state of recordings: %s\n", strerror(errno));
    free(text);
}

/* ---- the file ---- */

/* The command for a person: on one line, and not too long. */
static void describe(const json_t *argv, struct str *out)
{
    size_t i;
    const json_t *word;
    json_array_foreach(argv, i, word)
    {
        if (i)
            str_append_char(out, ' ');
        for (const char *at = json_string_value(word); at && *at; at++) {
            if (out->length > COMMAND_MAX && (*at & 0xc0) != 0x80) {
                str_append(out, "…");
                return;
            }
            str_append_char(out, (unsigned char)*at < ' ' || *at == 0x7f ? ' ' : *at);
        }
    }
    if (!json_array_size(argv))
        str_append(out, "shell");
}

static int integer_or(const json_t *params, const char *key, int otherwise)
{
    json_int_t value = json_integer_value(json_object_get(params, key));
    return value > 0 && value < UINT16_MAX ? (int)value : otherwise;
}

static int write_header(int file, const char *node, const json_t *params)
{
    STR_AUTO title = STR_INIT;
    size_t i;
    const json_t *variable;
    json_t *environment = json_pack("{s:s}", "SHELL", "/bin/bash");
    json_array_foreach(json_object_get(params, "environment"), i, variable)
    {
        const char *text = json_string_value(variable);
        if (text && str_starts(text, "TERM="))
            json_object_set_new(environment, "TERM", json_string(text + strlen("TERM=")));
    }
    str_printf(&title, "%s: ", node);
    describe(json_object_get(params, "argv"), &title);
    json_t *header =
        json_pack("{s:i, s:i, s:i, s:I, s:o, s:s}", "version", 2, "width", integer_or(params, "columns", COLUMNS),
                  "height", integer_or(params, "rows", ROWS), "timestamp",
                  (json_int_t)(clock_real() / NANOSECONDS_PER_SECOND), "env", environment, "title", str_text(&title));
    char *text = json_dumps(header, 0);
    STR_AUTO line = STR_INIT;
    str_printf(&line, "%s\n", text ? text : "{}");
    free(text);
    json_decref(header);
    return fd_write_all(file, line.data, line.length);
}

/* -1 with errno. */
static int make_file(const char *node, const json_t *params, struct str *name)
{
    FD_AUTO file = -1;
    do {
        str_clear(name);
        str_printf(name, "%s-%u.cast", node, ++last_number);
        file = openat(directory, str_text(name), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    } while (file < 0 && errno == EEXIST);
    if (file < 0)
        return -1;
    if (!write_header(file, node, params))
        return fd_steal(&file);
    int number = errno;
    unlinkat(directory, str_text(name), 0);
    errno = number;
    return -1;
}

/* ---- the journal ---- */

static void set_hash(json_t *session)
{
    const char *file = json_string_value(json_object_get(session, "file"));
    char hash[SHA256_TEXT];
    STR_AUTO content = STR_INIT;
    if (!file || file_read(directory, file + strlen(FOLDER), &content, FILE_MAX))
        return;
    sha256_text(str_text(&content), content.length, hash);
    json_object_set_new(session, "sha256", json_string(hash));
}

static void set_text(json_t *session)
{
    const char *file = json_string_value(json_object_get(session, "file"));
    const char *problem = json_string_value(json_object_get(session, "problem"));
    const json_t *status = json_object_get(session, "status"), *signal = json_object_get(session, "signal");
    STR_AUTO text = STR_INIT;
    str_printf(&text, "%s: ", json_string_value(json_object_get(session, "node")));
    describe(json_object_get(session, "argv"), &text);
    if (status)
        str_printf(&text, ": exit status %d", (int)json_integer_value(status));
    else if (signal)
        str_printf(&text, ": killed by signal %d", (int)json_integer_value(signal));
    if (problem)
        str_printf(&text, "; %s", problem);
    if (file)
        str_printf(&text, " (%s)", file);
    json_object_set_new(session, "text", json_string(str_text(&text)));
}

static int write_entry(struct exercise *exercise, const json_t *session, struct error *err)
{
    json_t *entry = json_copy((json_t *)session);
    json_object_del(entry, "process");
    json_object_del(entry, "done");
    return session_note(&exercise->session, "record", entry, clock_boot(), clock_real(), err);
}

static int write_done(struct director *director, struct exercise *exercise, struct error *err)
{
    for (size_t i = 0; i < json_array_size(sessions);) {
        const json_t *session = json_array_get(sessions, i);
        if (!json_is_true(json_object_get(session, "done"))) {
            i++;
            continue;
        }
        if (write_entry(exercise, session, err))
            return -1;
        json_array_remove(sessions, i);
    }
    keep(director);
    return 0;
}

static void try_again(struct director *director, void *context);

static void write_or_later(struct director *director)
{
    struct error err = ERROR_INIT;
    struct exercise *exercise = exercise_current();
    if (!exercise || !write_done(director, exercise, &err))
        return;
    fprintf(stderr, "director: put a session on record: %s\n", err.text);
    keep(director);
    if (timer < 0)
        timer = director_after(director, LATER, try_again, NULL);
}

static void try_again(struct director *director, void *context)
{
    (void)context;
    timer = -1;
    write_or_later(director);
}

/* It is over: what is known of its end is in it. */
static void finish(json_t *session, const char *problem)
{
    if (problem && !json_object_get(session, "problem"))
        json_object_set_new(session, "problem", json_string(problem));
    set_hash(session);
    set_text(session);
    json_object_set_new(session, "done", json_true());
}

/* ---- a session ---- */

static json_t *find(uint32_t process)
{
    size_t i;
    json_t *session;
    json_array_foreach(sessions, i, session)
    {
        if (json_integer_value(json_object_get(session, "process")) == (json_int_t)process)
            return session;
    }
    return NULL;
}

void recording_begin(struct director *director, const char *node, const json_t *params, struct keeper_spawn_spec *spec,
                     int *file)
{
    const struct exercise *exercise = exercise_current();
    STR_AUTO name = STR_INIT;
    *file = -1;
    if (!exercise || !sessions)
        return;
    json_t *session = json_pack("{s:I, s:s, s:O, s:I}", "process", (json_int_t)spec->process, "node", node, "argv",
                                json_object_get(params, "argv"), "after",
                                (json_int_t)session_elapsed(&exercise->session, clock_boot()));
    if (!session)
        return;
    *file = make_file(node, params, &name);
    if (*file >= 0)
        json_object_set_new(session, "file", json_sprintf(FOLDER "%s", str_text(&name)));
    else
        json_object_set_new(session, "problem", json_sprintf("not recorded: %s", strerror(errno)));
    spec->record = *file > 0 ? *file : 0;
    spec->silent = false;
    json_array_append_new(sessions, session);
    keep(director);
}

void recording_cancel(struct director *director, const struct keeper_spawn_spec *spec)
{
    json_t *session = spec->silent ? NULL : find(spec->process);
    if (!session)
        return;
    finish(session, "it could not be started");
    write_or_later(director);
}

void recording_ended(struct director *director, const struct lab_event *event)
{
    json_t *session = find(event->process);
    if (!session || json_object_get(session, "done"))
        return;
    if (WIFSIGNALED(event->status))
        json_object_set_new(session, "signal", json_integer(WTERMSIG(event->status)));
    else
        json_object_set_new(session, "status", json_integer(WEXITSTATUS(event->status)));
    finish(session, event->problem);
    write_or_later(director);
}

int recording_rest(struct director *director, struct error *err)
{
    size_t i;
    json_t *session;
    json_array_foreach(sessions, i, session)
    {
        if (!json_object_get(session, "done"))
            finish(session, "open at the end");
    }
    return sessions && exercise_current() ? write_done(director, exercise_current(), err) : 0;
}

/* ---- beginning ---- */

int verb_exercise_record(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    if (!exercise_current() || directory >= 0 || request_fd(request, 0) < 0)
        return error_set(err, ERR_USAGE, "'%s' comes once, with a directory, when an exercise has begun",
                         request_verb(request));
    directory = request_steal_fd(request, 0);
    sessions = json_array();
    (void)reply;
    return keeper_store(lab_keeper(director_lab(director)), TAG, directory, err);
}

void recording_standing(struct director *director)
{
    size_t i;
    json_t *session;
    STR_AUTO text = STR_INIT;
    int stored = lab_stored(director_lab(director), TAG);
    if (stored < 0)
        return;
    directory = fcntl(stored, F_DUPFD_CLOEXEC, 0);
    if (!file_read(director_state_directory(director), STATE, &text, STATE_MAX))
        sessions = json_loadb(str_text(&text), text.length, 0, NULL);
    if (!json_is_array(sessions))
        sessions = json_array();
    json_array_foreach(sessions, i, session)
    {
        uint32_t process = (uint32_t)json_integer_value(json_object_get(session, "process"));
        if (!json_object_get(session, "done") && !lab_spawn_runs(director_lab(director), process))
            finish(session, "nobody saw how it ended: the lab's director was being restarted");
    }
    write_or_later(director);
}
