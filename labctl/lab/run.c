/* The author's `run` lines: a shell in the node, in order; a failure fails the whole. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/units.h"
#include "lab/internal.h"
#include "lab/keeper.h"

#define RUN_DEADLINE (60 * NANOSECONDS_PER_SECOND)

int run_command(struct lab *lab, const struct plan *plan, size_t run, struct error *err)
{
    const struct plan_run *spec = &plan->runs[run];
    struct space *space = space_of(lab, plan, spec->ns);
    const char *const argv[] = {"/bin/sh", "-c", spec->command};
    struct process process = {.name = "run", .own = true, .state = LAB_PROCESS_RUNNING, .due = INT64_MAX};
    FD_AUTO output = memfd_create("run", MFD_CLOEXEC);
    if (output < 0)
        return error_set_errno(err, errno, "run '%s' in %s", spec->command, space->name);
    process.number = process_number(lab, &process);
    struct keeper_spawn_spec request = {
        .process = process.number,
        .target = space_target(space),
        .id = space->id,
        .argv = argv,
        .argc = 3,
        .fds = {-1, output, output},
        .control = -1,
    };
    STR_AUTO what = STR_INIT;
    str_printf(&what, "run '%s' in %s", spec->command, space->name);
    int result = keeper_spawn(lab->keeper, &request, err);
    if (result == 0)
        result = lab_await(lab, process_has_ended, &process, clock_boot() + RUN_DEADLINE, str_text(&what), err);
    *process_numbered(lab, process.number) = NULL;
    if (result != 0 || process.wait_status == 0)
        return result;
    STR_AUTO text = STR_INIT;
    log_end(output, 20, &text, NULL);
    if (process.failure)
        return error_set(err, ERR_SYSTEM, "%s: %s", str_text(&what), process.failure);
    if (WIFSIGNALED(process.wait_status))
        return error_set(err, ERR_SYSTEM, "%s: killed by signal %d\n%s", str_text(&what), WTERMSIG(process.wait_status),
                         str_text(&text));
    return error_set(err, ERR_SYSTEM, "%s: exit status %d\n%s", str_text(&what), WEXITSTATUS(process.wait_status),
                     str_text(&text));
}
