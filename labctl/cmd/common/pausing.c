/* What `pause` and `resume` share. */
#include "cmd/common/pausing.h"

#include <stdio.h>

#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "lab/start.h"
#include "report/report.h"

bool pausing_is_running(struct context *context)
{
    struct keeper_process process;
    exercise_choose_lab(context);
    if (!context->lab || keeper_find(context->lab, &process, NULL))
        return false;
    keeper_process_close(&process);
    return true;
}

int pausing_change_clock(struct context *context, const char *verb, const char *text)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL;
    exercise_choose_lab(context);
    if (client_call(context, verb, NULL, &reply, &err))
        return exercise_fail(context, &err);
    const json_t *left = json_object_get(reply, "time_left_s");
    if (*client_text(reply, "not_kept"))
        fprintf(stderr, "labctl: the lab is not kept as it is now: %s\n", client_text(reply, "not_kept"));
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        client_print_json(reply);
    } else if (!context->quiet) {
        STR_AUTO clock = STR_INIT;
        report_clock_left(json_number_value(left), &clock);
        printf("%s%s%s\n", text, json_is_number(left) ? ", time left: " : "",
               json_is_number(left) ? str_text(&clock) : "");
    }
    json_decref(reply);
    return 0;
}
