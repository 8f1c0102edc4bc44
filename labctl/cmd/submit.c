/* labctl submit */
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "cmd/common/ending.h"
#include "cmd/common/exercise.h"
#include "cmd/common/terminal.h"
#include "report/briefing.h"

static const struct option_spec submit_options[] = {
    {"--as", "FORMAT", "Print the report so: text, json, markdown, html, junit or csv."},
    {"--all", NULL, "End the exercise, whatever phases are left."},
};

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
    if (ending_ask(context, "exercise-submit", params, &reply, &err))
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
