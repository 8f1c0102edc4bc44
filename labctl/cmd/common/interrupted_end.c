/* The end of an exercise that nobody takes up again.  Its lab is gone, so the journal is written by whoever ends it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "cmd/common/interrupted.h"
#include "cmd/common/sealed.h"
#include "exercise/checkpoint.h"
#include "exercise/journal.h"

#define FILE_BYTES ((size_t)256 << 20)
#define REASON     "abandoned after its lab was gone"

/* The key of an exam; none of practice.  ERR_USAGE where no code was given. */
static int read_key(const char *path, const char *code, struct journal_key *key, struct error *err)
{
    STR_AUTO file = STR_INIT;
    SEALED_AUTO sealed = {0};
    str_printf(&file, "%s/" SEALED_FILE, path);
    if (!sealed_is(str_text(&file)))
        return 0;
    if (!code)
        return error_set(err, ERR_USAGE, "its journal is an exam's, and its start code was not given (--code)");
    if (sealed_open(str_text(&file), code, &sealed, err))
        return -1;
    sealed_key(&sealed, key);
    return 0;
}

/* How long the journal was when the last checkpoint was taken; 0 where that cannot be read. */
static uint64_t entries_once(int directory, const struct journal_key *key)
{
    struct str texts[CHECKPOINT_FILES] = {STR_INIT, STR_INIT};
    struct checkpoint checkpoint;
    uint64_t entries = 0;
    for (size_t i = 0; i < CHECKPOINT_FILES; i++)
        file_read(directory, checkpoint_files[i], &texts[i], FILE_BYTES);
    if (!checkpoint_latest(texts, key, &checkpoint, NULL)) {
        entries = (uint64_t)json_integer_value(json_object_get(checkpoint.known, "entries"));
        checkpoint_free(&checkpoint);
    }
    for (size_t i = 0; i < CHECKPOINT_FILES; i++)
        str_free(&texts[i]);
    return entries;
}

static void keep_clock(void *context, json_t *entry)
{
    *(json_int_t *)context = json_integer_value(json_object_get(entry, "at"));
}

/* Adds the end.  -1 where nothing can be added: err says why. */
static int add_end(int directory, int fd, const struct journal_key *key, struct error *err)
{
    struct journal journal;
    json_int_t at = 0;
    if (journal_open(fd, &journal, key, keep_clock, &at, err))
        return -1;
    int result =
        journal.count < entries_once(directory, key)
            ? error_set(err, ERR_FILE, "corrupted journal: lines are missing at its end")
            : journal_append(&journal, json_pack("{s:s, s:I, s:s}", "event", "abandon", "at", at, "reason", REASON),
                             clock_boot(), clock_real(), NULL, NULL, err);
    journal_close(&journal);
    return result;
}

static int note_beside(int directory, const char *path, const char *problem, struct error *err)
{
    json_t *note = json_pack("{s:i, s:I, s:s, s:s}", "version", 1, "real", (json_int_t)clock_real(), "reason", REASON,
                             "problem", problem);
    char *text = json_dumps(note, JSON_INDENT(2));
    STR_AUTO line = STR_INIT;
    str_printf(&line, "%s\n", text ? text : "{}");
    int failed = file_replace(directory, ABANDONED_FILE, str_text(&line), line.length, 0600);
    int number = errno;
    free(text);
    json_decref(note);
    return failed ? error_set_errno(err, number, "write %s/" ABANDONED_FILE, path) : 0;
}

/* What was for going on is not needed any more. */
static void empty_checkpoints(int directory)
{
    static const char *const files[] = {CHECKPOINT_FILE_1, CHECKPOINT_FILE_2, ALIVE_FILE};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        FD_AUTO fd = openat(directory, files[i], O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
        (void)fd;
    }
}

int interrupted_abandon(const struct interrupted *exercise, const char *code, struct str *problem, struct error *err)
{
    struct error why = ERROR_INIT;
    struct journal_key key = {0};
    FD_AUTO directory = open(exercise->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return error_set_errno(err, errno, "open %s", exercise->path);
    int journal = openat(directory, JOURNAL_FILE, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (journal < 0)
        error_set_errno(&why, errno, "open its journal");
    else if (flock(journal, LOCK_EX | LOCK_NB)) {
        close(journal);
        return error_set(err, ERR_BUSY, "the exercise in %s goes on already, or is just being taken up",
                         exercise->path);
    }
    if (why.kind || read_key(exercise->path, code, &key, &why)) {
        if (journal >= 0)
            close(journal);
    } else {
        add_end(directory, journal, key.length ? &key : NULL, &why);
    }
    explicit_bzero(&key, sizeof key);
    if (!why.kind) {
        empty_checkpoints(directory);
        return 0;
    }
    str_append(problem, why.text);
    return note_beside(directory, exercise->path, why.text, err);
}
