/* labctl report */
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/exercise.h"

static const struct option_spec options[] = {
    {"--as", "FORMAT", "Write it so: text or json (--format is the same here)."},
};

static int run(struct context *context)
{
    STR_AUTO path = STR_INIT;
    struct error err = ERROR_INIT;
    json_t *result = NULL;
    const char *as = cmd_option(context, "--as");
    if (cmd_operands(context, 0, 1))
        return 2;
    if (!as)
        as = context->format_text;
    if (exercise_report_read(context->argc > 0 ? context->argv[0] : NULL, &path, &result, &err))
        return cmd_fail(context, &err);
    int status = exercise_print_report(context, as, result);
    json_decref(result);
    return status == 2 ? 2 : 0;
}

const struct command command_report = {
    .name = "report",
    .group = "an exercise",
    .synopsis = "report [EXERCISE] [--as FORMAT]",
    .summary = "Explain every point of an exercise that has ended",
    .description = "EXERCISE is the name of a scenario (its latest exercise) or of a directory below\n"
                   "$XDG_STATE_HOME/labctl/exercises; without it, the latest exercise of all.\n"
                   "Exit status: 0, however many points there are; that of `submit` tells the pass mark.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .own_formats = true,
    .run = run,
};
