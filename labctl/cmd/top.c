/* labctl top: what the interfaces carry now. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/live.h"
#include "report/top.h"

#define NS_PER_MS ((int64_t)1000000)

static const struct option_spec options[] = {
    {"--interval", "TIME", "Over how long it is measured, from 100ms to 1h (default: 1s)."},
    {"--once", NULL, "Print one measurement and end, on a terminal too."},
};

struct reading {
    json_t *reply;
    int64_t at; /* ns, when it was asked for */
};

static int read_counters(struct context *context, struct reading *reading)
{
    struct error err = ERROR_INIT;
    json_t *params = json_object();
    if (context->argc)
        json_object_set_new(params, "node", json_string(context->argv[0]));
    *reading = (struct reading){NULL, clock_boot()};
    return client_call(context, "metrics", params, &reading->reply, &err) == 0 ? 0 : cmd_fail(context, &err);
}

static void show(struct context *context, struct live *live, bool stays, const struct reading *then,
                 const struct reading *now)
{
    double seconds = (double)(now->at - then->at) / 1e9;
    STR_AUTO text = STR_INIT;
    json_t *rates = top_rates(json_object_get(then->reply, "metrics"), json_object_get(now->reply, "metrics"), seconds);
    if (context->format == FORMAT_JSON) {
        json_t *result = json_pack("{s:i, s:O, s:f, s:O}", "version", 1, "lab", json_object_get(now->reply, "lab"),
                                   "interval_s", seconds, "interfaces", rates);
        client_print_json(result);
        json_decref(result);
    } else {
        top_write(rates, &text);
        if (stays)
            live_show(live, &text);
        else
            fputs(str_text(&text), stdout);
    }
    json_decref(rates);
}

/* Each reading is the end of one measurement and the beginning of the next. */
static int view(struct context *context, struct live *live, int milliseconds)
{
    bool stays = live->terminal && !cmd_option(context, "--once");
    struct reading then, now;
    int status = read_counters(context, &then);
    if (status != 0)
        return status;
    do {
        if (!live_goes_on(live, milliseconds))
            break;
        status = read_counters(context, &now);
        if (status != 0)
            break;
        /* A window that changed its size wakes the wait early: too short a time would tell nothing. */
        if (now.at - then.at >= milliseconds * NS_PER_MS / 2) {
            show(context, live, stays, &then, &now);
            json_decref(then.reply);
            then = now;
        } else {
            json_decref(now.reply);
        }
    } while (stays);
    json_decref(then.reply);
    return status;
}

static int run(struct context *context)
{
    const char *text = cmd_option(context, "--interval");
    int64_t interval = 1000 * NS_PER_MS;
    struct live live;
    if (cmd_operands(context, 0, 1) != 0)
        return 2;
    const char *wrong = text ? duration_parse(text, &interval) : NULL;
    if (wrong || interval < 100 * NS_PER_MS || interval > 3600000 * NS_PER_MS)
        return cmd_usage(context, "--interval wants a time from 100ms to 1h, not '%s'", text);
    live_begin(&live, context);
    int status = view(context, &live, (int)(interval / NS_PER_MS));
    live_end(&live);
    return status;
}

const struct command command_top = {
    .name = "top",
    .group = "looking",
    .synopsis = "top [NODE] [--interval TIME] [--once]",
    .summary = "What the nodes' interfaces carry now, the busiest first",
    .description =
        "Bits and packets in each second that every interface receives and sends, and what it drops.  On a terminal\n"
        "the view stays and is brought up to date in place; q or Ctrl-C leaves it.  In a pipe, as JSON, or with\n"
        "--once it is measured once.  What has been counted since the lab was built: labctl metrics.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
