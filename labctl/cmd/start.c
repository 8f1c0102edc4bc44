/* labctl start */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/table.h"
#include "base/units.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "cmd/common/exercise.h"
#include "cmd/common/launch.h"
#include "cmd/common/reading.h"
#include "lab/control.h"
#include "lab/start.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/scenario.h"

static const struct option_spec options[] = {
    {"--seed", "N", "Which variant of a scenario that has variables; recorded in the journal."},
    {"--learner", "ID", "Whose exercise it is; recorded in the journal."},
};

struct texts {
    struct str stripped, topology;
};

/* ---- the two labs ---- */

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

/* Starts the clock.  The exercise's files are made only now, so that a start that is killed leaves none. */
static int begin(struct launch *launch, struct context *context, const char *scenario, struct str *directory,
                 json_t **begun, struct error *err)
{
    FD_AUTO journal = -1;
    FD_AUTO report = -1;
    json_t *note = json_object();
    const char *seed = cmd_option(context, "--seed"), *learner = cmd_option(context, "--learner");
    if (seed)
        json_object_set_new(note, "seed", json_string(seed));
    if (learner)
        json_object_set_new(note, "learner", json_string(learner));
    json_t *params = json_pack("{s:o}", "note", note);
    if (exercise_directory_new(scenario, directory, &journal, &report, err)) {
        json_decref(params);
        return -1;
    }
    if (!launch_call_fds(launch, context, "exercise-begin", params, (const int[]){journal, report}, 2, begun, err) &&
        !launch_commit(launch, err))
        return 0;
    exercise_directory_remove(str_text(directory));
    return -1;
}

/* Builds the broken lab, sees that it is, starts the clock. */
static int break_and_begin(struct context *context, const struct scenario *scenario, const char *file,
                           const struct texts *texts, const json_t *proved, struct str *directory, json_t **begun)
{
    struct error err = ERROR_INIT;
    struct launch *launch = NULL;
    int status = 0;
    json_t *params = json_pack("{s:O}", "listened", json_object_get(proved, "listened"));
    if (launch_begin(scenario->topology->name, file, &launch, &err)) {
        json_decref(params);
        return cmd_fail(context, &err);
    }
    if (call(launch, context, "exercise-break", params, texts, NULL, &err) ||
        begin(launch, context, scenario->name, directory, begun, &err))
        status = launch_fail(launch, context, &err);
    launch_end(launch);
    return status;
}

/* ---- telling ---- */

static void tell(const struct context *context, const char *lab, const char *directory, json_t *begun, int64_t took)
{
    if (context->format == FORMAT_JSON) {
        json_t *out = json_pack("{s:i, s:s, s:s, s:f}", "version", 1, "lab", lab, "directory", directory, "seconds",
                                (double)took / 1e9);
        json_object_update(out, begun);
        client_print_json(out);
        json_decref(out);
        return;
    }
    json_int_t allowed = client_integer(begun, "time_allowed_ms");
    const char *title = client_text(begun, "title"), *briefing = client_text(begun, "briefing");
    printf("%s%s%s\n", client_text(begun, "scenario"), *title ? ": " : "", title);
    if (*briefing)
        printf("\n%s%s\n", briefing, str_ends(briefing, "\n") ? "" : "\n");
    if (allowed) {
        char text[UNITS_TEXT_MAX];
        printf("The clock runs: %s.  ", duration_format(allowed * 1000000, text));
    } else {
        printf("The clock runs, without a deadline.  ");
    }
    puts("`labctl shell NODE` looks around, `labctl check` measures, `labctl status` shows the clock,\n"
         "`labctl hint` helps at a cost, `labctl submit` ends it.");
}

static int refuse_running(const struct context *context, const char *lab)
{
    struct keeper_process running;
    if (keeper_find(lab, &running, NULL) != 0)
        return 0;
    keeper_process_close(&running);
    struct error err = ERROR_INIT;
    error_set(&err, ERR_BUSY, "lab '%s' is running already; `labctl down %s` or `labctl abandon` ends it", lab, lab);
    return cmd_fail(context, &err);
}

static int run_exercise(struct context *context, const char *file, const struct scenario *scenario,
                        const struct texts *texts, int64_t started)
{
    STR_AUTO directory = STR_INIT;
    json_t *proved = NULL, *begun = NULL;
    int status = prove(context, scenario->topology->name, file, texts, &proved);
    if (status)
        return status;
    status = break_and_begin(context, scenario, file, texts, proved, &directory, &begun);
    if (!status)
        tell(context, scenario->topology->name, str_text(&directory), begun, clock_boot() - started);
    json_decref(proved);
    json_decref(begun);
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
        return status;
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
        "If any of this does not hold, nothing is left and the exit status is 2.\n"
        "During an exercise `fault`, `plan` and `link set` are refused, and `matrix`, `apply`, `explain` unless the\n"
        "scenario allows them.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
