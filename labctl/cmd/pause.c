/* labctl pause: the clock of an exercise stands for a while. */
#include "cmd/cmd.h"
#include "cmd/common/pausing.h"

static int run(struct context *context)
{
    if (cmd_operands(context, 0, 0))
        return 2;
    return pausing_change_clock(context, "exercise-pause", "The clock stands; `labctl resume` lets it run on");
}

const struct command command_pause = {
    .name = "pause",
    .group = "an exercise",
    .synopsis = "pause",
    .summary = "Stop the clock of an exercise for a while (practice only)",
    .description =
        "The lab goes on as it is; what touches it is refused until `labctl resume`.  Shells that are open\n"
        "stay open.  The report tells how long the clock stood.  What was changed in the nodes is kept when\n"
        "the command ends: the machine may be switched off, and `labctl resume` builds the lab again.",
    .run = run,
};
