/* labctl plan */
#include <stdio.h>

#include "authority/authority.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/common/exercise.h"
#include "cmd/common/reading.h"
#include "lower/lower.h"
#include "plan/difference.h"
#include "plan/plan.h"
#include "service/service.h"

static void print_plan(const struct context *context, const struct plan *plan)
{
    STR_AUTO text = STR_INIT;
    if (context->format == FORMAT_JSON) {
        struct json json;
        json_init(&json, &text, true);
        plan_json(plan, &json);
        str_append_char(&text, '\n');
    } else {
        plan_print(plan, &text);
    }
    fwrite(str_text(&text), 1, text.length, stdout);
}

static int run(struct context *context)
{
    READING_AUTO reading = READING_INIT;
    struct error err = ERROR_INIT;
    struct plan *plan = NULL;
    int status = cmd_operands(context, 1, 1);
    if (status == 0 && exercise_forbids("plan", &err) != 0)
        status = cmd_fail(context, &err);
    if (status == 0)
        status = reading_file(&reading, context, context->argv[0]);
    if (status != 0)
        return status;
    if (lower_topology(reading.topology, &plan, &err) != 0 || service_lower(reading.topology, plan, &err) != 0 ||
        authority_issue(plan, &err) != 0)
        status = cmd_fail(context, &err);
    else
        print_plan(context, plan);
    plan_free(plan);
    return status;
}

const struct command command_plan = {
    .name = "plan",
    .group = "a file",
    .synopsis = "plan FILE",
    .summary = "What `up` would build from a topology",
    .description =
        "Prints the device plan: every namespace with its interfaces, addresses, neighbours, routes, rules, sysctls, "
        "nft tables, files and processes.  The fabric and the namespaces of the cloud are what no node sees.  "
        "Nothing is built.",
    .run = run,
};
