/* labctl start */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "cmd/common/exercise.h"
#include "cmd/common/interrupted.h"
#include "cmd/common/launch.h"
#include "cmd/common/reading.h"
#include "cmd/common/starting.h"
#include "cmd/common/terminal.h"
#include "lab/control.h"
#include "lab/start.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/scenario.h"
#include "report/briefing.h"
#include "report/report.h"

static const struct option_spec options[] = {
    {"--seed", "N", "Which variant of a scenario that draws its variables or tickets (default: none)."},
    {"--learner", "ID", "Whose exercise it is: the variant depends on it, and the report names it."},
    {"--code", "CODE", "The start code of a sealed scenario (or LABCTL_START_CODE; else it is asked for)."},
};

/* ---- telling ---- */

static json_t *json_of(const struct begun *begun, const char *lab, int64_t took)
{
    double allowed = json_number_value(json_object_get(begun->status, "time_allowed_s"));
    return json_pack("{s:i, s:s, s:s, s:f, s:O, s:O, s:O, s:I, s:I, s:O, s:O, s:O}", "version", 1, "lab", lab,
                     "directory", str_text(&begun->directory), "seconds", (double)took / 1e9, "scenario",
                     json_object_get(begun->status, "scenario"), "title", json_object_get(begun->status, "title"),
                     "briefing", json_object_get(begun->status, "briefing"), "time_allowed_ms",
                     (json_int_t)(allowed * 1000 + 0.5), "tasks",
                     (json_int_t)json_array_size(json_object_get(begun->status, "tasks")), "phase",
                     json_object_get(begun->status, "phase"), "mode", json_object_get(begun->status, "mode"), "journal",
                     json_object_get(begun->status, "journal"));
}

static void tell(const struct context *context, const char *lab, const struct begun *begun, int64_t took)
{
    if (context->format == FORMAT_JSON) {
        json_t *out = json_of(begun, lab, took);
        client_print_json(out);
        json_decref(out);
        return;
    }
    STR_AUTO text = STR_INIT;
    briefing_write(begun->status, terminal_width(STDOUT_FILENO), context->color, &text);
    fputs(str_text(&text), stdout);
    const json_t *left = json_object_get(begun->status, "time_left_s");
    STR_AUTO clock = STR_INIT;
    str_append(&clock, json_is_number(left) ? ": " : ", without a deadline");
    if (json_is_number(left))
        report_clock_left(json_number_value(left), &clock);
    printf("\nThe clock runs%s.  `labctl` alone says what can be done now.\n", str_text(&clock));
    if (!context->quiet)
        printf("This text lies in %s/%s\n", str_text(&begun->directory), BRIEFING_FILE);
    exercise_print_head(begun->status, "start");
}

static int refuse_running(const struct context *context, const char *lab)
{
    struct keeper_process running;
    if (keeper_find(lab, &running, NULL) != 0)
        return 0;
    keeper_process_close(&running);
    struct error err = ERROR_INIT;
    error_set(
        &err, ERR_BUSY,
        "lab '%s' is running already; `labctl --lab %s status` shows an exercise in it, `labctl down %s` ends it, and "
        "`labctl --lab OTHER start …` starts one beside it",
        lab, lab, lab);
    return cmd_fail(context, &err);
}

static int run_exercise(const struct context *context, const struct course *course, int64_t started)
{
    struct begun begun = {STR_INIT, NULL};
    int status = starting_run(context, course, &begun);
    if (!status)
        tell(context, course->scenario->topology->name, &begun, clock_boot() - started);
    json_decref(begun.status);
    str_free(&begun.directory);
    return status;
}

/* The findings were printed; of which variant they are is not in the file. */
static int impossible(const char *file, const struct variant *variant, int status)
{
    if (!access(file, R_OK) && (variant->seed || variant->learner))
        fprintf(stderr, "labctl: this is the variant of%s%s%s%s: it cannot be started\n", variant->seed ? " seed " : "",
                variant->seed ? variant->seed : "", variant->learner ? " learner " : "",
                variant->learner ? variant->learner : "");
    return status;
}

/* ---- what is started ---- */

static int read_open(struct context *context, const struct variant *variant, struct course *course,
                     struct exercise_reading *reading)
{
    if (cmd_option(context, "--code"))
        return cmd_usage(context, "%s is not sealed: it has no start code", course->file);
    int status = exercise_read_variant(reading, context, course->file, variant);
    if (status)
        return impossible(course->file, variant, status);
    course->scenario = reading->scenario;
    scenario_strip(reading->document, &course->texts.stripped);
    dump_topology(reading->scenario->topology, &course->texts.topology);
    return 0;
}

static int read_sealed(struct context *context, const struct variant *variant, struct course *course)
{
    struct error err = ERROR_INIT;
    STR_AUTO code = STR_INIT;
    course->exam = true;
    int status = sealed_code(context, course->file, &code);
    if (status)
        return status;
    if (sealed_open(course->file, str_text(&code), &course->sealed, &err) ||
        sealed_draw(&course->sealed, variant, &course->texts, &err) ||
        sealed_load(&course->texts, &course->scenario, &err))
        return cmd_fail(context, &err);
    return 0;
}

/* The lab may be called otherwise than its topology. */
static void name_lab(const struct context *context, struct course *course)
{
    if (!context->lab)
        return;
    course->scenario->topology->name = context->lab;
    str_clear(&course->texts.topology);
    dump_topology(course->scenario->topology, &course->texts.topology);
}

static int start_course(const struct context *context, const struct course *course, int64_t started)
{
    struct error err = ERROR_INIT;
    if (exercise_requirements(course->scenario, &err))
        return cmd_fail(context, &err);
    int status = refuse_running(context, course->scenario->topology->name);
    return status ? status : run_exercise(context, course, started);
}

static int run(struct context *context)
{
    int64_t started = clock_boot();
    STR_AUTO path = STR_INIT;
    EXERCISE_READING_AUTO reading = {0};
    if (cmd_operands(context, 1, 1))
        return 2;
    const char *rule = context->lab ? lab_name_rule(context->lab) : NULL;
    if (rule)
        return cmd_usage(context, "'%s': %s", context->lab, rule);
    struct course course = {.file = exercise_file(context->argv[0], &path)};
    const struct variant variant = {.seed = cmd_option(context, "--seed"), .learner = cmd_option(context, "--learner")};
    int status = sealed_is(course.file) ? read_sealed(context, &variant, &course)
                                        : read_open(context, &variant, &course, &reading);
    if (!status) {
        name_lab(context, &course);
        status = start_course(context, &course, started);
    }
    if (course.exam)
        scenario_free(course.scenario);
    sealed_texts_free(&course.texts);
    sealed_free(&course.sealed);
    return status;
}

const struct command command_start = {
    .name = "start",
    .group = "an exercise",
    .synopsis = "start SCENARIO [--seed N] [--learner ID] [--code CODE]",
    .summary = "Start an exercise: prove it, break the lab, start the clock",
    .description =
        "SCENARIO is a file, or the name of a scenario that labctl ships.\n"
        "A healthy lab is built, in which every task and guard must be green, and beside it one with the faults;\n"
        "each must be in force, exactly the tasks red, the guards green.  Only then the clock starts.\n"
        "If any of this does not hold, nothing is left and the exit status is 2.  The briefing is printed, and lies "
        "as\n"
        "briefing.txt in the directory of the exercise.\n"
        "A scenario that `labctl pack` sealed is opened by its start code and is an exam: its clock cannot be paused,\n"
        "its journal is keyed with the code, and the head of the journal is printed here and at the end.\n"
        "During an exercise `fault`, `plan` and `link set` are refused, and `matrix`, `apply`, `explain` unless the\n"
        "scenario allows them.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
