/* labctl start */
#include <errno.h>
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
#include "cmd/common/launch.h"
#include "cmd/common/reading.h"
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
};

struct texts {
    struct str stripped, topology;
};

/* ---- the labs ---- */

/* A call with the two texts. */
static int call(struct launch *launch, const struct context *context, const char *verb, json_t *params,
                const struct texts *texts, json_t **reply, struct error *err)
{
    FD_AUTO stripped = fd_memory("scenario", str_text(&texts->stripped), texts->stripped.length);
    FD_AUTO topology = fd_memory("topology", str_text(&texts->topology), texts->topology.length);
    if (stripped < 0 || topology < 0) {
        json_decref(params);
        return error_set_errno(err, errno, "make a memory file");
    }
    return launch_call_fds(launch, context, verb, params, (const int[]){stripped, topology}, 2, reply, err);
}

/* Builds the healthy lab, checks it, takes it down again. */
static int prove(const struct context *context, const char *lab, const char *file, const struct texts *texts,
                 json_t **proved)
{
    struct error err = ERROR_INIT;
    struct launch *launch = NULL;
    int status = 0;
    if (launch_begin(lab, file, &launch, &err))
        return cmd_fail(context, &err);
    if (call(launch, context, "exercise-prove", NULL, texts, proved, &err))
        status = launch_fail(launch, context, &err);
    launch_end(launch);
    return status;
}

/* ---- beginning ---- */

struct begun {
    struct str directory;
    json_t *status;
};

/* What is told goes to the file as well: a page wide, without colours. */
static void write_briefing(int fd, const json_t *status)
{
    STR_AUTO text = STR_INIT;
    briefing_write(status, 0, false, &text);
    if (fd_write_all(fd, str_text(&text), text.length))
        fprintf(stderr, "labctl: write the briefing: %s\n", strerror(errno));
}

/* Starts the clock.  The exercise's files are made only now, so that a start that is killed leaves none. */
static int begin(struct launch *launch, const struct context *context, const struct scenario *scenario,
                 const json_t *reach, struct begun *begun, struct error *err)
{
    FD_AUTO journal = -1;
    FD_AUTO report = -1;
    FD_AUTO briefing = -1;
    if (exercise_directory_new(scenario->name, &begun->directory, &journal, &report, err))
        return -1;
    if (!exercise_briefing_new(str_text(&begun->directory), &briefing, err)) {
        const int files[] = {journal, report, briefing};
        json_t *params = json_pack("{s:{s:s, s:s}, s:O}", "note", "lab", scenario->topology->name, "directory",
                                   str_text(&begun->directory), "reach", reach);
        if (!launch_call_fds(launch, context, "exercise-begin", params, files, ARRAY_SIZE(files), &begun->status,
                             err) &&
            !launch_commit(launch, err)) {
            write_briefing(briefing, begun->status);
            return 0;
        }
    }
    exercise_directory_remove(str_text(&begun->directory));
    return -1;
}

/* One lab with faults in it: it is seen that they show, and where these are the faults of the beginning, it is the
 * exercise.  0, or the exit status. */
static int break_lab(const struct context *context, const struct scenario *scenario, const char *file,
                     const struct texts *texts, const json_t *listened, json_t *reach, bool begins, struct begun *begun)
{
    struct error err = ERROR_INIT;
    struct launch *launch = NULL;
    json_t *broken = NULL;
    int status = 0;
    if (launch_begin(scenario->topology->name, file, &launch, &err))
        return cmd_fail(context, &err);
    json_t *params = json_pack("{s:O, s:b}", "listened", listened, "begins", begins);
    if (call(launch, context, "exercise-break", params, texts, &broken, &err)) {
        status = launch_fail(launch, context, &err);
    } else {
        if (json_is_object(json_object_get(broken, "reach")))
            json_object_set(reach, "broken", json_object_get(broken, "reach"));
        if (client_truth(broken, "begins") && begin(launch, context, scenario, reach, begun, &err))
            status = launch_fail(launch, context, &err);
    }
    json_decref(broken);
    launch_end(launch);
    return status;
}

/* ---- telling ---- */

static json_t *json_of(const struct begun *begun, const char *lab, int64_t took)
{
    double allowed = json_number_value(json_object_get(begun->status, "time_allowed_s"));
    return json_pack("{s:i, s:s, s:s, s:f, s:O, s:O, s:O, s:I, s:I, s:O, s:O}", "version", 1, "lab", lab, "directory",
                     str_text(&begun->directory), "seconds", (double)took / 1e9, "scenario",
                     json_object_get(begun->status, "scenario"), "title", json_object_get(begun->status, "title"),
                     "briefing", json_object_get(begun->status, "briefing"), "time_allowed_ms",
                     (json_int_t)(allowed * 1000 + 0.5), "tasks",
                     (json_int_t)json_array_size(json_object_get(begun->status, "tasks")), "phase",
                     json_object_get(begun->status, "phase"), "variables", json_object_get(begun->status, "variables"));
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
    report_clock_left(json_number_value(left), &clock);
    printf("\nThe clock runs%s%s.  `labctl` alone says what can be done now.\n",
           json_is_number(left) ? ": " : ", without a deadline", str_text(&clock));
    if (!context->quiet)
        printf("This text lies in %s/%s\n", str_text(&begun->directory), BRIEFING_FILE);
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

static int run_exercise(const struct context *context, const char *file, const struct scenario *scenario,
                        const struct texts *texts, int64_t started)
{
    struct begun begun = {STR_INIT, NULL};
    json_t *proved = NULL, *reach = json_object();
    int status = prove(context, scenario->topology->name, file, texts, &proved);
    if (!status) {
        const json_t *listened = json_object_get(proved, "listened");
        json_object_set(reach, "healthy", json_object_get(proved, "reach"));
        status = break_lab(context, scenario, file, texts, listened, reach, false, &begun);
        if (!status && !begun.status) /* later phases bring faults of their own */
            status = break_lab(context, scenario, file, texts, listened, reach, true, &begun);
    }
    if (!status)
        tell(context, scenario->topology->name, &begun, clock_boot() - started);
    json_decref(proved);
    json_decref(reach);
    json_decref(begun.status);
    str_free(&begun.directory);
    return status;
}

/* The findings were printed; of which variant they are is not in the file. */
static int impossible(const struct variant *variant, int status)
{
    if (variant->seed || variant->learner)
        fprintf(stderr, "labctl: this is the variant of%s%s%s%s: it cannot be started\n", variant->seed ? " seed " : "",
                variant->seed ? variant->seed : "", variant->learner ? " learner " : "",
                variant->learner ? variant->learner : "");
    return status;
}

static int run(struct context *context)
{
    int64_t started = clock_boot();
    STR_AUTO path = STR_INIT;
    EXERCISE_READING_AUTO reading = {0};
    struct texts texts = {STR_INIT, STR_INIT};
    struct error err = ERROR_INIT;
    if (cmd_operands(context, 1, 1))
        return 2;
    const char *rule = context->lab ? lab_name_rule(context->lab) : NULL;
    if (rule)
        return cmd_usage(context, "'%s': %s", context->lab, rule);
    const char *file = exercise_file(context->argv[0], &path);
    const struct variant variant = {cmd_option(context, "--seed"), cmd_option(context, "--learner")};
    int status = exercise_read_variant(&reading, context, file, &variant);
    if (status)
        return impossible(&variant, status);
    struct scenario *scenario = reading.scenario;
    if (context->lab)
        scenario->topology->name = context->lab;
    if (exercise_requirements(scenario, &err))
        return cmd_fail(context, &err);
    status = refuse_running(context, scenario->topology->name);
    if (status)
        return status;
    scenario_strip(reading.document, &texts.stripped);
    dump_topology(scenario->topology, &texts.topology);
    status = run_exercise(context, file, scenario, &texts, started);
    str_free(&texts.stripped);
    str_free(&texts.topology);
    return status;
}

const struct command command_start = {
    .name = "start",
    .group = "an exercise",
    .synopsis = "start SCENARIO [--seed N] [--learner ID]",
    .summary = "Start an exercise: prove it, break the lab, start the clock",
    .description =
        "SCENARIO is a file, or the name of a scenario that labctl ships.\n"
        "The healthy lab is built and every task and guard must be green; it is taken down and built again with the\n"
        "faults in it; each must be in force, exactly the tasks red, the guards green.  Only then the clock starts.\n"
        "If any of this does not hold, nothing is left and the exit status is 2.  The briefing is printed, and lies "
        "as\n"
        "briefing.txt in the directory of the exercise.\n"
        "During an exercise `fault`, `plan` and `link set` are refused, and `matrix`, `apply`, `explain` unless the\n"
        "scenario allows them.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
