/* labctl resume: the clock of a paused exercise runs on; an exercise whose lab is gone is taken up again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "cmd/common/interrupted.h"
#include "cmd/common/launch.h"
#include "cmd/common/pausing.h"
#include "cmd/common/sealed.h"
#include "exercise/checkpoint.h"
#include "exercise/record.h"
#include "lab/start.h"
#include "report/report.h"

#define FILE_BYTES ((size_t)256 << 20)

static const struct option_spec options[] = {
    {"--code", "CODE", "The start code of an exam that is taken up (or LABCTL_START_CODE; else it is asked for)."},
};

/* ---- taking it up --------------------------------------------------------------------------------------------------
 */

static int read_file(int fd, const char *path, struct str *out, struct error *err)
{
    if (fd_read_all(fd, out, FILE_BYTES))
        return error_set(err, ERR_FILE, "read the files in %s", path);
    return 0;
}

/* What is damaged is refused before anything is built. */
static int verify(const struct interrupted *exercise, const int *files, const struct journal_key *key,
                  struct checkpoint *checkpoint, struct error *err)
{
    STR_AUTO journal = STR_INIT;
    struct record record;
    struct str texts[CHECKPOINT_FILES] = {STR_INIT, STR_INIT};
    int result = read_file(files[0], exercise->path, &journal, err);
    if (!result && !(result = record_read(str_text(&journal), journal.length, key, &record, err)))
        record_free(&record);
    for (size_t i = 0; !result && i < CHECKPOINT_FILES; i++)
        result = read_file(files[3 + i], exercise->path, &texts[i], err);
    if (!result)
        result = checkpoint_latest(texts, key, checkpoint, err);
    for (size_t i = 0; i < CHECKPOINT_FILES; i++)
        str_free(&texts[i]);
    if (!result)
        return 0;
    STR_AUTO text = STR_INIT;
    str_printf(&text, "%s: %s\n`labctl abandon %s` gives it up, and its files stay", exercise->path, err->text,
               exercise->name);
    error_clear(err);
    return error_set(err, ERR_FILE, "%s", str_text(&text));
}

static int refuse_running(const struct interrupted *exercise, struct error *err)
{
    struct keeper_process running;
    if (keeper_find(exercise->lab, &running, NULL))
        return 0;
    keeper_process_close(&running);
    return error_set(err, ERR_BUSY, "exercise '%s' cannot be taken up: a lab '%s' is running; `labctl down %s` ends it",
                     exercise->name, exercise->lab, exercise->lab);
}

/* Of when what was put back is. */
static void tell_age(double seconds)
{
    char at[32];
    struct tm local;
    time_t then = time(NULL) - (time_t)seconds;
    STR_AUTO age = STR_INIT;
    report_clock(seconds, &age);
    strftime(at, sizeof at, "%H:%M:%S", localtime_r(&then, &local));
    printf("What you had changed was put back as it was at %s, %s ago; what was changed after that, programs that you "
           "had started, connections and conntrack entries are gone.\n",
           at, str_text(&age));
}

static void tell(const struct context *context, const struct interrupted *exercise, json_t *reply)
{
    size_t i;
    const json_t *note, *status = json_object_get(reply, "status"), *left = json_object_get(status, "time_left_s");
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        json_object_set_new(reply, "lab", json_string(exercise->lab));
        json_object_set_new(reply, "directory", json_string(exercise->path));
        client_print_json(reply);
        return;
    }
    STR_AUTO text = STR_INIT;
    report_clock(json_number_value(json_object_get(reply, "lost_s")), &text);
    str_append(&text, " lost, ");
    report_clock(json_number_value(json_object_get(reply, "given_s")), &text);
    str_append(&text, " of it given back");
    if (json_is_number(left)) {
        str_append(&text, "; time left: ");
        report_clock_left(json_number_value(left), &text);
    }
    printf("Exercise %s goes on in lab %s: %s\n", exercise->scenario, exercise->lab, str_text(&text));
    if (context->quiet)
        return;
    tell_age(json_number_value(json_object_get(reply, "checkpoint_age_s")));
    json_array_foreach(json_object_get(reply, "notes"), i, note)
        printf("  not put back: %s\n", json_string_value(note));
}

/* The key of an exam, from the sealed scenario beside its journal and the start code.  0, or the exit status. */
static int read_key(struct context *context, const struct interrupted *exercise, struct journal_key *key)
{
    struct error err = ERROR_INIT;
    STR_AUTO path = STR_INIT;
    STR_AUTO code = STR_INIT;
    SEALED_AUTO sealed = {0};
    str_printf(&path, "%s/" SEALED_FILE, exercise->path);
    if (!sealed_is(str_text(&path)))
        return 0;
    int status = sealed_code(context, exercise->name, &code);
    if (status)
        return status;
    if (sealed_open(str_text(&path), str_text(&code), &sealed, &err))
        return cmd_fail(context, &err);
    sealed_key(&sealed, key);
    return 0;
}

static int take_up(struct context *context, const struct interrupted *exercise, const int *files)
{
    struct error err = ERROR_INIT;
    struct journal_key key = {0};
    FD_AUTO key_file = -1;
    struct checkpoint checkpoint = {0};
    struct launch *launch = NULL;
    json_t *reply = NULL;
    int status = read_key(context, exercise, &key);
    if (status)
        return status;
    if (key.length && (key_file = fd_memory("key", key.bytes, key.length)) < 0)
        error_set_errno(&err, errno, "make a memory file");
    if (err.kind || verify(exercise, files, key.length ? &key : NULL, &checkpoint, &err) ||
        refuse_running(exercise, &err) ||
        launch_begin(exercise->lab, client_text(json_object_get(checkpoint.known, "options"), "hidden"), &launch,
                     &err)) {
        checkpoint_free(&checkpoint);
        return cmd_fail(context, &err);
    }
    checkpoint_free(&checkpoint);
    int all[INTERRUPTED_FILES + 1];
    memcpy(all, files, INTERRUPTED_FILES * sizeof *files);
    all[INTERRUPTED_FILES] = key_file;
    if (launch_call_fds(launch, context, "exercise-restore", NULL, all, INTERRUPTED_FILES + (key.length ? 1 : 0),
                        &reply, &err) ||
        exercise_record(launch, context, exercise->path, &err) || launch_commit(launch, &err))
        status = launch_fail(launch, context, &err);
    else
        tell(context, exercise, reply);
    launch_end(launch);
    json_decref(reply);
    return status;
}

static int run(struct context *context)
{
    struct error err = ERROR_INIT;
    ARENA_AUTO arena = arena_new();
    struct interrupted *all;
    const struct interrupted *exercise = NULL;
    int files[INTERRUPTED_FILES];
    if (cmd_operands(context, 0, 1))
        return 2;
    const char *name = context->argc > 0 ? context->argv[0] : NULL;
    if (!name && pausing_is_running(context))
        return pausing_change_clock(context, "exercise-resume", "The clock runs");
    size_t count = interrupted_list(arena, &all);
    if (interrupted_choose(all, count, name, context->lab, &exercise, &err))
        return cmd_fail(context, &err);
    int status = interrupted_open(exercise, files, &err) ? cmd_fail(context, &err) : take_up(context, exercise, files);
    for (size_t i = 0; i < INTERRUPTED_FILES; i++)
        fd_close(&files[i]);
    return status;
}

const struct command command_resume = {
    .name = "resume",
    .group = "an exercise",
    .synopsis = "resume [EXERCISE] [--code CODE]",
    .summary = "Let the clock of a paused exercise run on, or take up one whose lab is gone",
    .description =
        "An exercise that is paused goes on.  Where none runs, the one whose lab ended before it did (the machine was "
        "restarted, its keeper killed) is taken up again: its lab is built from the topology and the faults as they "
        "were last, and what was changed in its nodes is put back: files, links, addresses, neighbours, routes, rules, "
        "sysctls, the nftables ruleset.  Programs that were started by hand, connections and conntrack entries are "
        "not.  EXERCISE is the name of its directory or of its scenario, where there are several.\n\n"
        "It is kept every 10 s at most, where something has changed, and by `labctl pause`.  The time from then on is "
        "lost: all of it is given back, in an exam at most the scenario's `grace`; the report says so.\n"
        "A journal that was changed is refused, with its line.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
