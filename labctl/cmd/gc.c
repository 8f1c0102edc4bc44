/* labctl gc: what exercises that were never finished left on disk.  Nothing else of a lab can be left over: the kernel
 * takes all the rest away with the keeper. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "cmd/common/exercise.h"
#include "cmd/common/interrupted.h"
#include "exercise/journal.h"
#include "exercise/result.h"

static const struct option_spec options[] = {
    {"--remove", NULL, "Take them away, journal and all."},
};

/* Nobody holds the journal, and no report was written: the lab ended before the exercise did. */
static bool is_stale(int directory)
{
    struct stat report;
    FD_AUTO journal = openat(directory, JOURNAL_FILE, O_RDONLY | O_CLOEXEC);
    if (journal >= 0 && flock(journal, LOCK_EX | LOCK_NB) != 0)
        return false;
    return fstatat(directory, RESULT_FILE, &report, AT_SYMLINK_NOFOLLOW) != 0 || report.st_size == 0;
}

static int look_at(const char *home, const char *name, bool remove, json_t *stale, struct error *err)
{
    STR_AUTO path = STR_INIT;
    str_printf(&path, "%s/%s", home, name);
    FD_AUTO directory = open(str_text(&path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0 || !is_stale(directory))
        return 0;
    json_array_append_new(stale,
                          json_pack("{s:s, s:s}", "path", str_text(&path), "reason",
                                    interrupted_is(str_text(&path))
                                        ? "its lab ended before the exercise did; `labctl resume` takes it up again"
                                        : "it was given up, or its lab ended before the exercise did"));
    if (!remove)
        return 0;
    exercise_directory_remove(str_text(&path));
    return faccessat(AT_FDCWD, str_text(&path), F_OK, 0) == 0
               ? error_set_errno(err, ENOTEMPTY, "remove %s", str_text(&path))
               : 0;
}

static int collect(bool remove, json_t *stale, struct error *err)
{
    STR_AUTO home = STR_INIT;
    if (exercises_home(&home, err) != 0)
        return -1;
    DIR *directory = opendir(str_text(&home));
    if (!directory)
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "read %s", str_text(&home));
    int result = 0;
    for (struct dirent *entry; result == 0 && (entry = readdir(directory));)
        if (entry->d_name[0] != '.')
            result = look_at(str_text(&home), entry->d_name, remove, stale, err);
    closedir(directory);
    return result;
}

static void print_text(const struct context *context, const json_t *stale, bool remove)
{
    size_t i;
    json_t *item;
    json_array_foreach(stale, i, item)
        printf("%s%s: %s\n", remove ? "removed " : "", client_text(item, "path"), client_text(item, "reason"));
    if (context->quiet)
        return;
    if (json_array_size(stale) == 0)
        puts("nothing is left over");
    else if (!remove)
        puts("`labctl gc --remove` takes them away");
}

static int run(struct context *context)
{
    struct error err = ERROR_INIT;
    bool remove = cmd_option(context, "--remove") != NULL;
    if (cmd_operands(context, 0, 0) != 0)
        return 2;
    json_t *stale = json_array();
    int status = collect(remove, stale, &err) == 0 ? 0 : cmd_fail(context, &err);
    json_t *reply = json_pack("{s:i, s:O, s:b}", "version", 1, "stale", stale, "removed", remove);
    if (context->format == FORMAT_JSON)
        client_print_json(reply);
    else
        print_text(context, stale, remove);
    json_decref(reply);
    json_decref(stale);
    return status;
}

const struct command command_gc = {
    .name = "gc",
    .group = "the machine",
    .synopsis = "gc [--remove]",
    .summary = "What exercises that were never finished left on disk",
    .description = "Nothing else of a lab can be left over: the kernel takes it away with the lab's keeper.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
