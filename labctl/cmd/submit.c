/* labctl submit, labctl abandon: both end the exercise and its lab. */
#include <stdio.h>

#include "base/fd.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "cmd/common/exercise.h"
#include "lab/control.h"
#include "lab/start.h"

#define GONE_TIMEOUT 30000 /* ms */

static const struct option_spec submit_options[] = {
    {"--as", "FORMAT", "Print the report so: text or json."},
};

/* Asks, then ends the lab: what is left is the directory of the exercise. */
static int finish(struct context *context, const char *verb, json_t **reply, struct error *err)
{
    struct control *control;
    struct keeper_process keeper;
    exercise_choose_lab(context);
    if (client_connect(context, &control, err))
        return -1;
    int result = control_call(control, verb, NULL, NULL, 0, client_progress, (void *)context, reply, NULL, NULL, err);
    client_progress_end(context);
    if (!result && !keeper_find(control_lab(control), &keeper, NULL)) {
        result = keeper_end(&keeper, GONE_TIMEOUT, err);
        keeper_process_close(&keeper);
    }
    control_close(control);
    return result;
}

static int run_submit(struct context *context)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL;
    if (cmd_operands(context, 0, 0))
        return 2;
    if (finish(context, "exercise-submit", &reply, &err))
        return cmd_fail(context, &err);
    int status = exercise_print_report(context, cmd_option(context, "--as"), json_object_get(reply, "report"));
    json_decref(reply);
    return status;
}

static int run_abandon(struct context *context)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL;
    if (cmd_operands(context, 0, 0))
        return 2;
    if (finish(context, "exercise-abandon", &reply, &err))
        return cmd_fail(context, &err);
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        client_print_json(reply);
    } else if (!context->quiet) {
        printf("exercise %s is abandoned\n", client_text(reply, "scenario"));
    }
    json_decref(reply);
    return 0;
}

const struct command command_submit = {
    .name = "submit",
    .group = "an exercise",
    .synopsis = "submit [--as FORMAT]",
    .summary = "End the exercise: measure, score, report, take the lab down",
    .description =
        "The clock stops, every task and guard is measured, the report is written and printed, and the lab is gone.\n"
        "Exit status: 0 the pass mark is reached, 1 below it.",
    .options = submit_options,
    .option_count = ARRAY_SIZE(submit_options),
    .run = run_submit,
};

const struct command command_abandon = {
    .name = "abandon",
    .group = "an exercise",
    .synopsis = "abandon",
    .summary = "End the exercise without a score and take the lab down",
    .description = "What is left is the exercise's directory with its journal.",
    .run = run_abandon,
};
