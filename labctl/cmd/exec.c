/* labctl exec */
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/common/spawn.h"

static int run(struct context *context)
{
    if (context->argc < 1) {
        cmd_usage(context, "'exec' needs a node and a command");
        return 125;
    }
    int skip = context->argc > 1 && str_equal(context->argv[1], "--") ? 2 : 1;
    if (context->argc <= skip) {
        cmd_usage(context, "'exec' needs a command to run in '%s'; `labctl shell %s` opens a shell", context->argv[0],
                  context->argv[0]);
        return 125;
    }
    const struct spawn spawn = {
        .node = context->argv[0], .argv = context->argv + skip, .argc = (size_t)(context->argc - skip)};
    return spawn_run(context, &spawn);
}

const struct command command_exec = {
    .name = "exec",
    .group = "its nodes",
    .synopsis = "exec NODE [--] CMD…",
    .summary = "Run a command in a node",
    .description =
        "The command runs as the node's root in /root, with the caller's standard input, output and error; signals\n"
        "are forwarded.  The exit status is the command's: 126 not executable, 127 not found, 128 + N killed by\n"
        "signal N, and 125 where labctl itself failed.  `labctl NODE CMD…` is short for it.  In an exercise it is "
        "recorded.",
    .takes_command = true,
    .run = run,
};
