/* The last words with a lab that has an exercise. */
#include "cmd/common/ending.h"

#include "base/error.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "lab/control.h"
#include "lab/start.h"

#define GONE_TIMEOUT 30000 /* ms */
#define PATIENCE     2000  /* ms */

int ending_ask(struct context *context, const char *verb, json_t *params, json_t **reply, struct error *err)
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

void ending_note(const char *lab, struct str *scenario)
{
    struct error err = ERROR_INIT;
    struct control *control;
    json_t *reply = NULL, *params;
    if (control_connect_within(lab, PATIENCE, &control, &err))
        return;
    params = json_pack("{s:s}", "reason", "the lab was taken down");
    if (!control_call(control, "exercise-abandon", params, NULL, 0, NULL, NULL, &reply, NULL, NULL, &err))
        str_append(scenario, client_text(reply, "scenario"));
    json_decref(reply);
    control_close(control);
}
