/* labctl pause, labctl resume: the clock of an exercise stands, and goes on. */
#include <stdio.h>

#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "report/report.h"

static int change_clock(struct context *context, const char *verb, const char *text)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL;
    if (cmd_operands(context, 0, 0))
        return 2;
    exercise_choose_lab(context);
    if (client_call(context, verb, NULL, &reply, &err))
        return exercise_fail(context, &err);
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        client_print_json(reply);
    } else if (!context->quiet) {
        STR_AUTO left = STR_INIT;
        report_clock_left(json_number_value(json_object_get(reply, "time_left_s")), &left);
        printf("%s%s%s\n", text, json_is_number(json_object_get(reply, "time_left_s")) ? ", time left: " : "",
               json_is_number(json_object_get(reply, "time_left_s")) ? str_text(&left) : "");
    }
    json_decref(reply);
    return 0;
}

static int run_pause(struct context *context)
{
    return change_clock(context, "exercise-pause", "The clock stands; `labctl resume` lets it run on");
}

static int run_resume(struct context *context)
{
    return change_clock(context, "exercise-resume", "The clock runs");
}

const struct command command_pause = {
    .name = "pause",
    .group = "an exercise",
    .synopsis = "pause",
    .summary = "Stop the clock of an exercise for a while (practice only)",
    .description = "The lab goes on as it is; what touches it is refused until `labctl resume`.  Shells that are open\n"
                   "stay open.  The report tells how long the clock stood.",
    .run = run_pause,
};

const struct command command_resume = {
    .name = "resume",
    .group = "an exercise",
    .synopsis = "resume",
    .summary = "Let the clock of a paused exercise run on",
    .run = run_resume,
};
