/* labctl abandon: ends an exercise without a score, the one that runs or one whose lab is gone. */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/ending.h"
#include "cmd/common/exercise.h"
#include "cmd/common/interrupted.h"
#include "cmd/common/sealed.h"

static const struct option_spec options[] = {
    {"--code", "CODE", "The start code of an exam whose lab is gone (or LABCTL_START_CODE)."},
};

static int abandon_interrupted(struct context *context, const struct interrupted *exercise)
{
    struct error err = ERROR_INIT;
    STR_AUTO problem = STR_INIT;
    if (interrupted_abandon(exercise, sealed_code_given(context), &problem, &err))
        return cmd_fail(context, &err);
    if (context->format == FORMAT_JSON) {
        json_t *reply = json_pack("{s:i, s:s, s:s, s:s}", "version", 1, "scenario", exercise->scenario, "directory",
                                  exercise->path, "problem", str_text(&problem));
        client_print_json(reply);
        json_decref(reply);
        return 0;
    }
    if (context->quiet)
        return 0;
    printf("exercise %s is abandoned; its files stay in %s\n", exercise->scenario, exercise->path);
    if (problem.length)
        printf("its journal stays as it is (%s); that it was given up is noted beside it, in " ABANDONED_FILE "\n",
               str_text(&problem));
    return 0;
}

/* One whose lab is gone; err: why none runs, where that was tried first. */
static int find_interrupted(struct context *context, const char *name, const struct error *absent)
{
    struct error err = ERROR_INIT;
    ARENA_AUTO arena = arena_new();
    struct interrupted *all;
    const struct interrupted *exercise;
    size_t count = interrupted_list(arena, &all);
    if (!count && absent)
        return exercise_fail(context, absent);
    if (interrupted_choose(all, count, name, context->lab, &exercise, &err))
        return cmd_fail(context, &err);
    return abandon_interrupted(context, exercise);
}

static int run(struct context *context)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL;
    if (cmd_operands(context, 0, 1))
        return 2;
    if (context->argc > 0)
        return find_interrupted(context, context->argv[0], NULL);
    const char *lab = context->lab; /* a name that was chosen says nothing of those that were interrupted */
    if (ending_ask(context, "exercise-abandon", NULL, &reply, &err)) {
        context->lab = lab;
        return err.kind == ERR_ABSENT ? find_interrupted(context, NULL, &err) : exercise_fail(context, &err);
    }
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        client_print_json(reply);
    } else if (!context->quiet) {
        printf("exercise %s is abandoned\n", client_text(reply, "scenario"));
    }
    json_decref(reply);
    return 0;
}

const struct command command_abandon = {
    .name = "abandon",
    .group = "an exercise",
    .synopsis = "abandon [EXERCISE] [--code CODE]",
    .summary = "End the exercise without a score and take the lab down",
    .description =
        "What is left is the exercise's directory with its journal.  Where none runs, or EXERCISE is named, one whose\n"
        "lab is gone is given up instead of taken up again: its journal gets its end.  A journal that was changed, or\n"
        "that is an exam's and no code was given, stays as it is, as evidence, and the end is noted beside it.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
