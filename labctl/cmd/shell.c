/* labctl shell */
#include <unistd.h>

#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/spawn.h"

static int run(struct context *context)
{
    if (cmd_operands(context, 1, 1) != 0)
        return 125;
    static char *plain[] = {(char *)"sh"};
    bool pty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    const struct spawn spawn = {
        .node = context->argv[0], .pty = pty, .argv = plain, .argc = pty ? 0 : ARRAY_SIZE(plain)};
    return spawn_run(context, &spawn);
}

const struct command command_shell = {
    .name = "shell",
    .group = "its nodes",
    .synopsis = "shell NODE",
    .summary = "Open a shell in a node",
    .description =
        "On a terminal of the node's own, with job control, colours and the window's size.  Where standard input is\n"
        "no terminal, a plain sh reads it.  The exit status is the shell's, or 125 where labctl itself failed.  In an\n"
        "exercise it is recorded.",
    .takes_command = true,
    .run = run,
};
