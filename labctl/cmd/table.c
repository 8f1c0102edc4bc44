/* The table of commands, sorted by name.  A new command: one line here, one file with its `command_NAME`. */
#include "base/table.h"
#include "cmd/cmd.h"

#define COMMANDS                                                                                                       \
    COMMAND(abandon)                                                                                                   \
    COMMAND(answer)                                                                                                    \
    COMMAND(apply)                                                                                                     \
    COMMAND(capture)                                                                                                   \
    COMMAND(check)                                                                                                     \
    COMMAND(claim)                                                                                                     \
    COMMAND(complete)                                                                                                  \
    COMMAND(completion)                                                                                                \
    COMMAND(doctor)                                                                                                    \
    COMMAND(down)                                                                                                      \
    COMMAND(dump)                                                                                                      \
    COMMAND(edit)                                                                                                      \
    COMMAND(exec)                                                                                                      \
    COMMAND(exercises)                                                                                                 \
    COMMAND(explain)                                                                                                   \
    COMMAND(fault)                                                                                                     \
    COMMAND(flow_logs)                                                                                                 \
    COMMAND(fmt)                                                                                                       \
    COMMAND(gc)                                                                                                        \
    COMMAND(graph)                                                                                                     \
    COMMAND(help)                                                                                                      \
    COMMAND(hint)                                                                                                      \
    COMMAND(inspect)                                                                                                   \
    COMMAND(link)                                                                                                      \
    COMMAND(list)                                                                                                      \
    COMMAND(logs)                                                                                                      \
    COMMAND(mark)                                                                                                      \
    COMMAND(matrix)                                                                                                    \
    COMMAND(metrics)                                                                                                   \
    COMMAND(new)                                                                                                       \
    COMMAND(pack)                                                                                                      \
    COMMAND(pause)                                                                                                     \
    COMMAND(plan)                                                                                                      \
    COMMAND(probe)                                                                                                     \
    COMMAND(prove)                                                                                                     \
    COMMAND(report)                                                                                                    \
    COMMAND(resume)                                                                                                    \
    COMMAND(set)                                                                                                       \
    COMMAND(shell)                                                                                                     \
    COMMAND(start)                                                                                                     \
    COMMAND(status)                                                                                                    \
    COMMAND(submit)                                                                                                    \
    COMMAND(top)                                                                                                       \
    COMMAND(unset)                                                                                                     \
    COMMAND(up)                                                                                                        \
    COMMAND(validate)                                                                                                  \
    COMMAND(version)

#define COMMAND(name) extern const struct command command_##name;
COMMANDS
#undef COMMAND

const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
    COMMANDS
#undef COMMAND
};
const size_t command_count = ARRAY_SIZE(commands);
