/* labctl down */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/common/ending.h"
#include "cmd/common/habit.h"
#include "cmd/cmd.h"
#include "cmd/common/reading.h"
#include "lab/control.h"
#include "lab/start.h"
#include "model/topology.h"

#define GONE_TIMEOUT 30000 /* ms; 4,000 nodes take less than one second */

static const struct option_spec options[] = {
    {"--all", NULL, "Every lab of yours that runs."},
    HABIT_LAB_OPTIONS,
};

/* Ends one lab.  1: it did not run.  exercise: the name of the one that ended with it is appended. */
static int end_lab(const char *lab, struct str *exercise, struct error *err)
{
    struct keeper_process process;
    if (keeper_find(lab, &process, err) != 0) {
        if (err->kind != ERR_ABSENT)
            return -1;
        error_clear(err);
        return 1;
    }
    ending_note(lab, exercise);
    int result = keeper_end(&process, GONE_TIMEOUT, err);
    keeper_process_close(&process);
    return result;
}

static void tell(const char *lab, bool ran, const char *exercise)
{
    printf(ran ? "lab %s is down\n" : "lab %s is not running\n", lab);
    if (*exercise)
        printf("exercise %s is abandoned\n", exercise);
}

static int end_labs(struct context *context, const char *const *names, size_t count)
{
    json_t *ended = json_array();
    int status = 0;
    for (size_t i = 0; i < count; i++) {
        struct error err = ERROR_INIT;
        STR_AUTO exercise = STR_INIT;
        int result = end_lab(names[i], &exercise, &err);
        if (result < 0)
            status = cmd_fail(context, &err);
        else if (result == 0)
            json_array_append_new(ended, json_string(names[i]));
        if (result >= 0 && context->format == FORMAT_TEXT && !context->quiet)
            tell(names[i], result == 0, str_text(&exercise));
    }
    json_t *reply = json_pack("{s:i, s:o}", "version", 1, "ended", ended);
    if (context->format == FORMAT_JSON)
        client_print_json(reply);
    json_decref(reply);
    return status;
}

static int end_running(struct context *context, bool all)
{
    struct error err = ERROR_INIT;
    char **names;
    size_t count;
    if (registry_list(&names, &count, &err) != 0)
        return cmd_fail(context, &err);
    int status = 0;
    if (count == 0 && context->format == FORMAT_TEXT && !context->quiet)
        puts("no lab is running");
    if (count > 1 && !all) {
        STR_AUTO list = STR_INIT;
        for (size_t i = 0; i < count; i++)
            str_printf(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
        status = cmd_usage(context, "%zu labs are running (%s): say which, or --all", count, str_text(&list));
    } else if (count > 0 || context->format == FORMAT_JSON) {
        status = end_labs(context, (const char *const *)names, count);
    }
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return status;
}

static int run(struct context *context)
{
    READING_AUTO reading = READING_INIT;
    const char *name;
    bool all = cmd_option(context, "--all") != NULL;
    int status = habit_lab(context, &reading, &name);
    if (status)
        return status;
    if (all && name && name != context->lab)
        return cmd_usage(context, "--all and the name of one lab exclude each other");
    return all || !name ? end_running(context, all) : end_labs(context, &name, 1);
}

const struct command command_down = {
    .name = "down",
    .group = "a lab",
    .synopsis = "down [NAME|--all]",
    .summary = "End a lab; nothing of it is left",
    .description =
        "Ends the lab's keeper, and with it every process, namespace and device of the lab.  A lab that does not\n"
        "run is no error.  An exercise that runs in it is abandoned, and its journal says so.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
