/* labctl apply */
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/changing.h"
#include "cmd/cmd.h"
#include "cmd/common/reading.h"
#include "lab/start.h"
#include "model/topology.h"

static const struct option_spec options[] = {
    {"--dry-run", NULL, "Show the operations and do nothing."},
};

static int run(struct context *context)
{
    if (cmd_operands(context, 1, 1) != 0)
        return 2;
    const char *file = context->argv[0];
    READING_AUTO reading = READING_INIT;
    int status = reading_applied(&reading, context, file);
    if (status != 0)
        return status;
    struct error err = ERROR_INIT;
    struct keeper_process running;
    if (context->lab) {
        reading.topology->name = context->lab;
    } else if (keeper_find(reading.topology->name, &running, &err) == 0) {
        keeper_process_close(&running);
        context->lab = reading.topology->name;
    } else {
        if (err.kind == ERR_ABSENT) {
            error_clear(&err);
            error_set(&err, ERR_ABSENT,
                      "lab '%s', which %s names, is not running; `labctl up %s` starts it, --lab NAME "
                      "applies the file to another lab",
                      reading.topology->name, file, file);
        }
        return cmd_fail(context, &err);
    }
    struct changing changing = {.topology = reading.topology,
                                .sources = reading.sources,
                                .generation = -1,
                                .dry_run = cmd_option(context, "--dry-run") != NULL};
    return changing_apply(context, &changing);
}

const struct command command_apply = {
    .name = "apply",
    .group = "a lab",
    .synopsis = "apply FILE [--dry-run]",
    .summary = "Change the running lab to what a file says",
    .description =
        "Only the difference is executed, and shown: `+` added, `-` removed, `~` changed.  Where an operation is\n"
        "refused, the lab goes back to what it was.  An interface that was deleted inside its node is made again.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
