/* labctl status, labctl hint */
#include <stdio.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "cmd/common/exercise.h"
#include "cmd/common/watch.h"
#include "report/report.h"

static const struct option_spec options[] = {
    {"--watch", NULL, "Stay and show how it changes, until q or Ctrl-C."},
};

static int run_status(struct context *context)
{
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    json_t *reply = NULL;
    if (cmd_operands(context, 0, 0))
        return 2;
    exercise_choose_lab(context);
    if (cmd_option(context, "--watch"))
        return watch_exercise(context);
    if (client_call(context, "exercise-status", NULL, &reply, &err))
        return exercise_fail(context, &err);
    if (context->format == FORMAT_JSON) {
        client_print_json(reply);
    } else {
        report_status(reply, context->color, &text);
        fputs(str_text(&text), stdout);
    }
    json_decref(reply);
    return 0;
}

static int run_hint(struct context *context)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL, *params = json_object();
    if (cmd_operands(context, 0, 1)) {
        json_decref(params);
        return 2;
    }
    if (context->argc > 0)
        json_object_set_new(params, "task", json_string(context->argv[0]));
    exercise_choose_lab(context);
    if (client_call(context, "exercise-hint", params, &reply, &err))
        return exercise_fail(context, &err);
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        client_print_json(reply);
    } else {
        printf("%s\n(task %s, %lld point%s; %lld more hint%s for it)\n", client_text(reply, "text"),
               client_text(reply, "task"), (long long)client_integer(reply, "cost"),
               client_integer(reply, "cost") == 1 ? "" : "s", (long long)client_integer(reply, "left"),
               client_integer(reply, "left") == 1 ? "" : "s");
    }
    json_decref(reply);
    return 0;
}

const struct command command_status = {
    .name = "status",
    .group = "an exercise",
    .synopsis = "status [--watch]",
    .summary = "Show the clock, the phase, the points so far and the tasks",
    .description =
        "Every task and guard is measured once, without waiting.  With --watch the view stays, is brought up\n"
        "to date in place, and is left with q or Ctrl-C; in a pipe it is a line for each change.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run_status,
};

const struct command command_hint = {
    .name = "hint",
    .group = "an exercise",
    .synopsis = "hint [TASK]",
    .summary = "Take the next hint, of a task or of the first that has one",
    .description = "Its cost is recorded, and taken from what the task earns.",
    .run = run_hint,
};
