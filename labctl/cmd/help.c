/* labctl help */
#include <stdio.h>

#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/common/habit.h"

static int run(struct context *context)
{
    if (cmd_operands(context, 0, 1) != 0)
        return 2;
    const struct command *command = NULL;
    if (context->argc == 1) {
        command = cmd_find(context->argv[0]);
        if (!command)
            command = habit_command(context->argv[0]);
        if (!command)
            return habit_complain(context->argv[0], context->lab);
    }
    STR_AUTO text = STR_INIT;
    cmd_help(command, &text);
    fputs(str_text(&text), stdout);
    return 0;
}

const struct command command_help = {
    .name = "help",
    .group = "the machine",
    .synopsis = "help [COMMAND]",
    .summary = "Help on all commands, or on one",
    .run = run,
};
