/* command: a program in the node, started by the world; its standard output and how it ended. */
#include <string.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/program.h"

struct command {
    struct attempt *attempt;
    struct program program;
};

static void command_ended(void *context, const char *problem)
{
    struct command *command = context;
    struct attempt *attempt = command->attempt;
    const char *node = attempt->check->from->name;
    if (problem) {
        attempt_end(attempt, OUTCOME_ERROR, "run '%s' in %s: %s", attempt->check->command.run, node, problem);
        return;
    }
    struct fact *fact = &attempt->fact;
    fact->output = arena_strndup(attempt->arena, str_text(&command->program.output), command->program.output.length);
    int status = command->program.status;
    if (WIFSIGNALED(status)) {
        fact->exit_status = 128 + WTERMSIG(status);
        attempt_end(attempt, OUTCOME_ANSWERED, "ended by signal %d (%s) in %s", WTERMSIG(status),
                    strsignal(WTERMSIG(status)), node);
        return;
    }
    fact->exit_status = WEXITSTATUS(status);
    attempt_end(attempt, OUTCOME_ANSWERED, "exit status %d in %s", fact->exit_status, node);
}

static void command_start(struct attempt *attempt)
{
    struct command *command = attempt->state;
    command->attempt = attempt;
    command->program.ended = command_ended;
    command->program.context = command;
    if (attempt_netns(attempt) < 0)
        return;
    const char *const argv[] = {"/bin/sh", "-c", attempt->check->command.run, NULL};
    struct error err = ERROR_INIT;
    if (program_start(&command->program, attempt->engine, attempt->world, attempt->check->from->name, argv, &err) < 0)
        attempt_end(attempt, OUTCOME_ERROR, "%s", err.text);
}

static void command_expire(struct attempt *attempt)
{
    char limit[32];
    attempt_end(attempt, OUTCOME_SILENT, "still running after %s in %s", attempt_limit(attempt, limit),
                attempt->check->from->name);
}

static void command_release(struct attempt *attempt)
{
    struct command *command = attempt->state;
    program_stop(&command->program);
    str_free(&command->program.output);
}

const struct probe_kind probe_command = {
    .kind = CHECK_COMMAND,
    .state_size = sizeof(struct command),
    .start = command_start,
    .expire = command_expire,
    .release = command_release,
};
