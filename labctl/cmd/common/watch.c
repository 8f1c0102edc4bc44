/* The live view: once a second the director is asked for what it knows, and measures in its own time. */
#include "cmd/common/watch.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/live.h"
#include "report/report.h"

#define SECOND       1000 /* ms */
#define LINE_SECONDS 60   /* in a pipe a line comes at least so often */

struct watch {
    struct context *context;
    struct live live;
    struct str last; /* in a pipe: what was said, without the clock */
    int64_t said;
};

static void show(struct watch *watch, const json_t *status)
{
    STR_AUTO text = STR_INIT;
    report_status(status, watch->context->color, &text);
    live_show(&watch->live, &text);
}

/* ---- in a pipe ---- */

static void add_open(const json_t *status, struct str *out)
{
    size_t i;
    json_t *task;
    const char *join = "; open: ";
    json_array_foreach(json_object_get(status, "tasks"), i, task)
    {
        if (client_truth(task, "done"))
            continue;
        str_printf(out, "%s%s", join, client_text(task, "id"));
        join = " ";
    }
}

static void say(struct watch *watch, const json_t *status)
{
    STR_AUTO rest = STR_INIT;
    STR_AUTO clock = STR_INIT;
    const json_t *points = json_object_get(status, "points"), *left = json_object_get(status, "time_left_s");
    str_printf(&rest, "%s%s%s; %.10g of %lld points", client_text(status, "state"),
               *client_text(status, "phase") ? ", phase " : "", client_text(status, "phase"),
               json_number_value(json_object_get(points, "total")), (long long)client_integer(points, "maximum"));
    add_open(status, &rest);
    bool due = clock_boot() - watch->said >= (int64_t)LINE_SECONDS * 1000000000;
    if (str_equal(str_text(&rest), str_text(&watch->last)) && !due)
        return;
    report_clock(json_number_value(json_is_number(left) ? left : json_object_get(status, "time_used_s")), &clock);
    printf("%s %s; %s\n", str_text(&clock), json_is_number(left) ? "left" : "used", str_text(&rest));
    fflush(stdout);
    str_clear(&watch->last);
    str_append(&watch->last, str_text(&rest));
    watch->said = clock_boot();
}

/* ---- both ---- */

/* The lab is gone, or its exercise is: what the view can say last. */
static int leave(struct watch *watch, const struct error *err, bool shown)
{
    if (!shown || (err->kind != ERR_ABSENT && err->kind != ERR_BUSY && err->kind != ERR_SYSTEM))
        return cmd_fail(watch->context, err);
    printf("The exercise has ended; `labctl report` explains it.\n");
    return 0;
}

static int view(struct watch *watch)
{
    for (bool shown = false;; shown = true) {
        struct error err = ERROR_INIT;
        json_t *status = NULL;
        if (client_call(watch->context, "exercise-status", json_pack("{s:b}", "live", 1), &status, &err))
            return leave(watch, &err, shown);
        if (watch->context->format == FORMAT_JSON) {
            json_dumpf(status, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
            putchar('\n');
            fflush(stdout);
        } else {
            (watch->live.terminal ? show : say)(watch, status);
        }
        json_decref(status);
        if (ferror(stdout) || !live_goes_on(&watch->live, SECOND))
            return 0;
    }
}

int watch_exercise(struct context *context)
{
    struct watch watch = {.context = context, .last = STR_INIT};
    live_begin(&watch.live, context);
    int status = view(&watch);
    live_end(&watch.live);
    str_free(&watch.last);
    return status;
}
