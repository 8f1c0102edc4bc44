/* labctl submit, labctl abandon: both end the exercise and its lab. */
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "cmd/common/exercise.h"
#include "cmd/common/terminal.h"
#include "lab/control.h"
#include "lab/start.h"
#include "report/briefing.h"

#define GONE_TIMEOUT 30000 /* ms */

static const struct option_spec submit_options[] = {
    {"--as", "FORMAT", "Print the report so: text, json, markdown, html, junit or csv."},
    {"--all", NULL, "End the exercise, whatever phases are left."},
};

/* Asks, then ends the lab where the exercise is over: what is left is its directory. */
static int finish(struct context *context, const char *verb, json_t *params, json_t **reply, struct error *err)
{
    struct control *control;
    struct keeper_process keeper;
    exercise_choose_lab(context);
    if (client_connect(context, &control, err)) {
        json_decref(params);
        return -1;
    }
    int result = control_call(control, verb, params, NULL, 0, client_progress, (void *)context, reply, NULL, NULL, err);
    client_progress_end(context);
    if (!result && !json_object_get(*reply, "phase") && !keeper_find(control_lab(control), &keeper, NULL)) {
        result = keeper_end(&keeper, GONE_TIMEOUT, err);
        keeper_process_close(&keeper);
    }
    control_close(control);
    return result;
}

/* A phase has ended and the next one has begun. */
static int print_phase(const struct context *context, const json_t *status)
{
    STR_AUTO text = STR_INIT;
    if (context->format == FORMAT_JSON) {
        client_print_json(status);
        return 0;
    }
    briefing_phase(status, terminal_width(STDOUT_FILENO), context->color, &text);
    fputs(str_text(&text), stdout);
    return 0;
}

static int run_submit(struct context *context)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL;
    if (cmd_operands(context, 0, 0))
        return 2;
    json_t *params = json_pack("{s:b}", "all", cmd_option(context, "--all") != NULL);
    if (finish(context, "exercise-submit", params, &reply, &err))
        return exercise_fail(context, &err);
    const json_t *phase = json_object_get(reply, "phase");
    const json_t *report = json_object_get(reply, "report");
    const char *as = cmd_option(context, "--as");
    int status = phase ? print_phase(context, phase) : exercise_print_report(context, as, report);
    if (!phase && context->format == FORMAT_TEXT && (!as || str_equal(as, "text")))
        exercise_print_head(report, "end");
    json_decref(reply);
    return status;
}

static int run_abandon(struct context *context)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL;
    if (cmd_operands(context, 0, 0))
        return 2;
    if (finish(context, "exercise-abandon", NULL, &reply, &err))
        return exercise_fail(context, &err);
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
    .synopsis = "submit [--all] [--as FORMAT]",
    .summary = "End the exercise, or its present phase: measure, score, report",
    .description =
        "The clock stops, every task and guard is measured, the report is written and printed, and the lab is gone.\n"
        "Where the scenario has phases this ends the present one: its tasks are measured, and the next phase begins;\n"
        "in the last phase, and with --all, the exercise ends.\n"
        "Exit status: 0 the pass mark is reached (or the next phase has begun), 1 below it.",
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
