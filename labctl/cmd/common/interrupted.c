/* What lies in the directories of exercises that nobody scored: a journal that ends before the exercise does, and a
 * checkpoint. */
#include "cmd/common/interrupted.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "exercise/checkpoint.h"
#include "exercise/journal.h"
#include "exercise/result.h"

#define JOURNAL_BYTES ((size_t)256 << 20)

static bool has_content(int directory, const char *name, struct stat *status)
{
    return !fstatat(directory, name, status, AT_SYMLINK_NOFOLLOW) && status->st_size > 0;
}

/* The first and the last whole line of a journal, NULL where they cannot be read.  False: somebody has it. */
static bool read_ends(int directory, json_t **first, json_t **last)
{
    STR_AUTO text = STR_INIT;
    *first = *last = NULL;
    FD_AUTO journal = openat(directory, JOURNAL_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (journal >= 0 && flock(journal, LOCK_SH | LOCK_NB))
        return false;
    if (journal < 0 || fd_read_all(journal, &text, JOURNAL_BYTES))
        return true;
    size_t end = text.length;
    while (end > 0 && text.data[end - 1] != '\n')
        end--;
    size_t begin = end ? end - 1 : 0;
    while (begin > 0 && text.data[begin - 1] != '\n')
        begin--;
    *first = end ? json_loadb(text.data, strcspn(text.data, "\n"), 0, NULL) : NULL;
    *last = end ? json_loadb(text.data + begin, end - begin, 0, NULL) : NULL;
    return true;
}

/* The scenario of a directory that is called "20260301T120000Z-broken-dns". */
static const char *scenario_of(const char *directory)
{
    const char *dash = strchr(directory, '-');
    return dash ? dash + 1 : directory;
}

static bool read_one(const char *home, const char *name, struct arena *arena, struct interrupted *out)
{
    struct stat status, checkpoint, alive = {0};
    json_t *first, *last;
    const char *path = arena_printf(arena, "%s/%s", home, name);
    FD_AUTO directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0 || has_content(directory, RESULT_FILE, &status) ||
        has_content(directory, ABANDONED_FILE, &status) ||
        (!has_content(directory, CHECKPOINT_FILE_1, &checkpoint) &&
         !has_content(directory, CHECKPOINT_FILE_2, &checkpoint)))
        return false;
    bool read = read_ends(directory, &first, &last);
    const char *event = client_text(last, "event");
    if (read && !str_equal(event, "abandon") && !str_equal(event, "score")) {
        has_content(directory, ALIVE_FILE, &alive);
        if (!alive.st_mtim.tv_sec)
            alive = checkpoint;
        *out = (struct interrupted){.name = arena_strdup(arena, name),
                                    .path = path,
                                    .scenario = arena_strdup(arena, json_is_string(json_object_get(first, "scenario"))
                                                                        ? client_text(first, "scenario")
                                                                        : scenario_of(name)),
                                    .title = arena_strdup(arena, client_text(first, "title")),
                                    .lab = arena_strdup(arena, client_text(first, "lab")),
                                    .alive = alive.st_mtim.tv_sec * NANOSECONDS_PER_SECOND};
    }
    json_decref(first);
    json_decref(last);
    return out->name != NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct interrupted *)a)->name, ((const struct interrupted *)b)->name);
}

size_t interrupted_list(struct arena *arena, struct interrupted **out)
{
    size_t count = 0;
    STR_AUTO home = STR_INIT;
    *out = NULL;
    DIR *directory = exercises_home(&home, NULL) ? NULL : opendir(str_text(&home));
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        struct interrupted one = {0};
        if (entry->d_name[0] != '.' && read_one(str_text(&home), entry->d_name, arena, &one))
            *ARENA_PUSH(arena, *out, count) = one;
    }
    if (directory)
        closedir(directory);
    if (count)
        qsort(*out, count, sizeof **out, by_name);
    return count;
}

void interrupted_tell(struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct interrupted *all;
    size_t count = interrupted_list(arena, &all);
    if (count == 1)
        str_printf(out, "Exercise %s was interrupted; `labctl resume` takes it up again\n", all[0].scenario);
    else if (count > 1)
        str_printf(out, "%zu exercises were interrupted; `labctl resume EXERCISE` takes one up again\n", count);
}

int interrupted_is(const char *path)
{
    ARENA_AUTO arena = arena_new();
    struct interrupted one = {0};
    const char *slash = strrchr(path, '/');
    return slash && read_one(arena_strndup(arena, path, (size_t)(slash - path)), slash + 1, arena, &one);
}

static bool is_called(const struct interrupted *exercise, const char *name)
{
    return str_equal(exercise->name, name) || str_equal(exercise->scenario, name) || str_equal(exercise->path, name);
}

int interrupted_choose(const struct interrupted *all, size_t count, const char *name, const char *lab,
                       const struct interrupted **out, struct error *err)
{
    STR_AUTO names = STR_INIT;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if ((name && !is_called(&all[i], name)) || (lab && !str_equal(all[i].lab, lab)))
            continue;
        str_printf(&names, "%s%s", found++ ? ", " : "", all[i].name);
        *out = &all[i]; /* of those with one name the latest */
    }
    if (found > 1 && !name)
        return error_set(err, ERR_USAGE, "several exercises were interrupted: %s; name the one that is meant",
                         str_text(&names));
    if (!found && name)
        return error_set(err, ERR_ABSENT,
                         "no exercise '%s' was interrupted (one that is paused goes on with `labctl resume`)", name);
    return found ? 0 : error_set(err, ERR_ABSENT, "no exercise is paused, and none was interrupted");
}

/* ---- taking it up --------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    int flags;
} files_of[INTERRUPTED_FILES] = {
    {JOURNAL_FILE, O_RDWR | O_APPEND},     {RESULT_FILE, O_RDWR | O_APPEND | O_CREAT},
    {BRIEFING_FILE, O_WRONLY | O_APPEND},  {CHECKPOINT_FILE_1, O_RDWR | O_CREAT},
    {CHECKPOINT_FILE_2, O_RDWR | O_CREAT}, {ALIVE_FILE, O_RDWR | O_CREAT},
};

static int open_all(const char *path, size_t first, int flags, int *files, struct error *err)
{
    FD_AUTO directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = first; i < INTERRUPTED_FILES; i++) {
        const char *name = files_of[i].name;
        int *fd = &files[i - first];
        *fd = openat(directory, name, files_of[i].flags | flags | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (*fd < 0 && !str_equal(name, BRIEFING_FILE))
            return error_set_errno(err, errno, "open %s/%s", path, name);
        /* The lock goes with the journal to the lab and ends with it. */
        if (str_equal(name, JOURNAL_FILE) && flock(*fd, LOCK_EX | LOCK_NB))
            return error_set(err, ERR_BUSY, "the exercise in %s goes on already, or is just being taken up", path);
    }
    return 0;
}

int interrupted_open(const struct interrupted *exercise, int files[static INTERRUPTED_FILES], struct error *err)
{
    for (size_t i = 0; i < INTERRUPTED_FILES; i++)
        files[i] = -1;
    return open_all(exercise->path, 0, 0, files, err);
}

int checkpoint_files_new(const char *directory, int files[static 3], struct error *err)
{
    files[0] = files[1] = files[2] = -1;
    return open_all(directory, INTERRUPTED_FILES - 3, O_EXCL, files, err);
}
