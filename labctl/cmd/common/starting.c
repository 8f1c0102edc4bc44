/* Starting an exercise.
 *
 * Theory of operation.  A healthy lab, the one with the faults in it, and where later phases bring faults of their own
 * one with those as well, are built and measured side by side, because most of the time is spent waiting for answers
 * that do not come.  The last but one is the exercise's and this process's own; the others are those of processes
 * beside it, and end with them.  What the healthy lab has shown (who listened where) is told to the broken ones, which
 * judge with it what they have seen. */
#include "cmd/common/starting.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/beside.h"
#include "cmd/common/exercise.h"
#include "cmd/common/interrupted.h"
#include "cmd/common/launch.h"
#include "model/scenario.h"
#include "report/briefing.h"

/* ---- labs beside ---- */

/* A call with the two texts. */
static int call(struct launch *launch, const struct context *context, const char *verb, json_t *params,
                const struct sealed_texts *texts, json_t **reply, struct error *err)
{
    FD_AUTO stripped = fd_memory("scenario", str_text(&texts->stripped), texts->stripped.length);
    FD_AUTO topology = fd_memory("topology", str_text(&texts->topology), texts->topology.length);
    if (stripped < 0 || topology < 0) {
        json_decref(params);
        return error_set_errno(err, errno, "make a memory file");
    }
    return launch_call_fds(launch, context, verb, params, (const int[]){stripped, topology}, 2, reply, err);
}

/* Of a lab that is built beside the others.  Who interrupts hears of it once, from the first of the processes. */
static int failed(struct launch *launch, const struct context *context, const struct error *err)
{
    if (launch_interrupted())
        return 3;
    return launch ? launch_fail(launch, context, err) : cmd_fail(context, err);
}

/* What is to be known of it beside this process. */
struct beside_context {
    struct context context; /* without progress */
    const struct course *course;
};

/* Builds the healthy lab and checks it. */
static int prove_beside(void *data, struct beside *self)
{
    const struct beside_context *known = data;
    struct error err = ERROR_INIT;
    struct launch *launch = NULL;
    json_t *proved = NULL;
    int status = 0;
    if (launch_begin(self->name, known->course->file, &launch, &err))
        return failed(NULL, &known->context, &err);
    if (call(launch, &known->context, "exercise-prove", NULL, &known->course->texts, &proved, &err))
        status = failed(launch, &known->context, &err);
    else
        beside_tell(self, proved);
    launch_end(launch);
    return status;
}

/* A lab with faults, and what shows of them. */
static int build_broken(struct launch *launch, const struct context *context, const struct sealed_texts *texts,
                        bool begins, struct error *err)
{
    if (call(launch, context, "exercise-build", json_pack("{s:b}", "begins", begins), texts, NULL, err))
        return -1;
    return launch_call_fds(launch, context, "exercise-look", NULL, NULL, 0, NULL, err);
}

/* Builds a lab with the faults of all phases; when it is told what the healthy one has shown, says whether they show.
 */
static int break_beside(void *data, struct beside *self)
{
    const struct beside_context *known = data;
    struct error err = ERROR_INIT;
    struct launch *launch = NULL;
    json_t *listened = NULL, *seen = NULL;
    int status = 0;
    if (launch_begin(self->name, known->course->file, &launch, &err))
        return failed(NULL, &known->context, &err);
    bool built = !build_broken(launch, &known->context, &known->course->texts, false, &err);
    if (!(listened = beside_hear(self)))
        status = 3; /* another one failed; that was said */
    else if (!built)
        status = failed(launch, &known->context, &err);
    else if (launch_call_fds(launch, &known->context, "exercise-break", json_pack("{s:o}", "listened", listened), NULL,
                             0, &seen, &err))
        status = failed(launch, &known->context, &err);
    else
        beside_tell(self, seen);
    launch_end(launch);
    return status;
}

/* ---- beginning ---- */

/* What is told goes to the file as well: a page wide, without colours. */
static void write_briefing(int fd, const json_t *status)
{
    STR_AUTO text = STR_INIT;
    briefing_write(status, 0, false, &text);
    if (fd_write_all(fd, str_text(&text), text.length))
        fprintf(stderr, "labctl: write the briefing: %s\n", strerror(errno));
}

/* What stays of the scenario of an exam, for whoever verifies its journal. */
static int keep_sealed(const char *directory, const struct sealed *sealed, struct error *err)
{
    STR_AUTO path = STR_INIT;
    str_printf(&path, "%s/" SEALED_FILE, directory);
    if (file_replace(AT_FDCWD, str_text(&path), sealed->file.data, sealed->file.length, 0600))
        return error_set_errno(err, errno, "write %s", str_text(&path));
    return 0;
}

/* How its checkpoints are taken; and what a lab that is built again must hide from its nodes. */
static json_t *keeping(const char *file)
{
    char path[PATH_MAX];
    const char *seconds = getenv("LABCTL_CHECKPOINT");
    return json_pack("{s:s, s:I}", "hidden", file && realpath(file, path) ? path : "", "interval_ms",
                     (json_int_t)(seconds ? strtod(seconds, NULL) * 1000 : 0));
}

/* The director takes the exercise over with its files, and with the key where it is an exam. */
static int hand_over(struct launch *launch, const struct context *context, const struct course *course,
                     const json_t *reach, const int files[static INTERRUPTED_FILES], struct begun *begun,
                     struct error *err)
{
    FD_AUTO key = -1;
    json_t *note =
        json_pack("{s:s, s:s}", "lab", course->scenario->topology->name, "directory", str_text(&begun->directory));
    json_t *params = json_pack("{s:o, s:O, s:o}", "note", note, "reach", reach, "options", keeping(course->file));
    if (course->exam) {
        json_object_set_new(note, "sealed", json_string(course->sealed.sum));
        key = fd_memory("key", course->sealed.key, SEAL_KEY);
        if (key < 0 || keep_sealed(str_text(&begun->directory), &course->sealed, err)) {
            json_decref(params);
            return err->kind ? -1 : error_set_errno(err, errno, "make a memory file");
        }
    }
    int all[INTERRUPTED_FILES + 1];
    memcpy(all, files, INTERRUPTED_FILES * sizeof *files);
    all[INTERRUPTED_FILES] = key;
    return launch_call_fds(launch, context, "exercise-begin", params, all, INTERRUPTED_FILES + (course->exam ? 1 : 0),
                           &begun->status, err);
}

/* Starts the clock.  The exercise's files are made only now, so that a start that is killed leaves none. */
static int begin(struct launch *launch, const struct context *context, const struct course *course, const json_t *reach,
                 struct begun *begun, struct error *err)
{
    FD_AUTO journal = -1;
    FD_AUTO report = -1;
    FD_AUTO briefing = -1;
    int kept[3] = {-1, -1, -1}, result = -1;
    if (exercise_directory_new(course->scenario->name, &begun->directory, &journal, &report, err))
        return -1;
    if (!exercise_briefing_new(str_text(&begun->directory), &briefing, err) &&
        !checkpoint_files_new(str_text(&begun->directory), kept, err)) {
        const int files[INTERRUPTED_FILES] = {journal, report, briefing, kept[0], kept[1], kept[2]};
        if (!hand_over(launch, context, course, reach, files, begun, err) &&
            !exercise_record(launch, context, str_text(&begun->directory), err) && !launch_commit(launch, err)) {
            write_briefing(briefing, begun->status);
            result = 0;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        fd_close(&kept[i]);
    if (result)
        exercise_directory_remove(str_text(&begun->directory));
    return result;
}

/* ---- all of it ---- */

/* The labs of a start: this process's own becomes the exercise's. */
struct starting {
    struct launch *launch;
    struct beside healthy, later; /* later: with the faults of all phases, where some are not the beginning's */
};

/* What another process finds out: 0, or the exit status. */
static int take(struct beside *beside, const struct context *context, json_t **out)
{
    struct error err = ERROR_INIT;
    int status = beside_take(beside, out, &err);
    return status < 0 ? cmd_fail(context, &err) : status;
}

static int build_all(struct starting *labs, struct beside_context *known, const struct context *context,
                     json_t **proved)
{
    const struct course *course = known->course;
    struct error err = ERROR_INIT;
    if (beside_begin(&labs->healthy, prove_beside, known, &err) ||
        (!scenario_begins_with_all(course->scenario) && beside_begin(&labs->later, break_beside, known, &err)))
        return cmd_fail(context, &err);
    bool built = !launch_begin(course->scenario->topology->name, course->file, &labs->launch, &err) &&
                 !build_broken(labs->launch, context, &course->texts, true, &err);
    /* What fails here may be what fails there, and was said. */
    int status = launch_interrupted() ? 0 : take(&labs->healthy, context, proved);
    if (status || built)
        return status;
    return labs->launch ? launch_fail(labs->launch, context, &err) : cmd_fail(context, &err);
}

static void keep_reach(json_t *reach, const char *name, const json_t *seen)
{
    if (json_is_object(json_object_get(seen, "reach")))
        json_object_set(reach, name, json_object_get(seen, "reach"));
}

/* That what is broken shows. */
static int see(struct starting *labs, const struct context *context, const json_t *proved, json_t *reach)
{
    struct error err = ERROR_INIT;
    int status = 0;
    json_t *seen = NULL, *later = NULL, *listened = json_object_get(proved, "listened");
    if (labs->later.pid)
        beside_tell(&labs->later, listened);
    if (launch_call_fds(labs->launch, context, "exercise-break", json_pack("{s:O}", "listened", listened), NULL, 0,
                        &seen, &err))
        status = launch_fail(labs->launch, context, &err);
    else if (labs->later.pid)
        status = take(&labs->later, context, &later);
    keep_reach(reach, "healthy", proved);
    keep_reach(reach, "broken", later ? later : seen);
    json_decref(seen);
    json_decref(later);
    return status;
}

int starting_run(const struct context *context, const struct course *course, struct begun *begun)
{
    struct error err = ERROR_INIT;
    struct starting labs = {0};
    struct beside_context known = {*context, course};
    json_t *proved = NULL, *reach = json_object();
    known.context.quiet = true;
    int status = build_all(&labs, &known, context, &proved);
    if (!status)
        status = see(&labs, context, proved, reach);
    beside_end(&labs.healthy);
    beside_end(&labs.later);
    if (!status && begin(labs.launch, context, course, reach, begun, &err))
        status = launch_fail(labs.launch, context, &err);
    json_decref(proved);
    json_decref(reach);
    launch_end(labs.launch);
    return status;
}
