/* labctl report */
#include <stdio.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "cmd/common/rescore.h"

static const struct option_spec options[] = {
    {"--as", "FORMAT", "Write it so: text, json, markdown, html, junit or csv (--format is the same)."},
    {"--rescore", NULL, "Compute it again from the journal alone, and compare; several exercises may be named."},
};

/* ---- several, computed again ---- */

static void tell(const struct context *context, const char *name, const struct points *points, json_t *list)
{
    char total[RATIO_TEXT_MAX];
    if (context->format == FORMAT_JSON) {
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:b}", "exercise", name, "total",
                                              ratio_exact(points->total, total), "maximum", (json_int_t)points->maximum,
                                              "passed", points->passed));
        return;
    }
    printf("%s: %s of %llu points, %s, as recorded\n", name, ratio_format(points->total, total),
           (unsigned long long)points->maximum, points->passed ? "passed" : "not passed");
}

/* A line for each; the worst exit status. */
static int rescore_all(const struct context *context, struct rescoring *rescoring)
{
    int status = 0;
    json_t *list = json_array();
    for (int i = 0; i < context->argc; i++) {
        struct error err = ERROR_INIT;
        struct points points;
        if (rescore(rescoring, context->argv[i], NULL, &points, &err))
            status = cmd_fail(context, &err);
        else
            tell(context, context->argv[i], &points, list);
    }
    if (context->format == FORMAT_JSON) {
        json_t *out = json_pack("{s:i, s:O}", "version", 1, "exercises", list);
        client_print_json(out);
        json_decref(out);
    }
    json_decref(list);
    return status;
}

/* ---- one ---- */

static int read_one(struct context *context, struct rescoring *rescoring, json_t **result, struct error *err)
{
    STR_AUTO path = STR_INIT;
    struct points points;
    const char *name = context->argc > 0 ? context->argv[0] : NULL;
    return rescoring ? rescore(rescoring, name, result, &points, err) : exercise_report_read(name, &path, result, err);
}

static int report_one(struct context *context, struct rescoring *rescoring)
{
    struct error err = ERROR_INIT;
    json_t *result = NULL;
    const char *as = cmd_option(context, "--as");
    if (read_one(context, rescoring, &result, &err))
        return cmd_fail(context, &err);
    int status = exercise_print_report(context, as ? as : context->format_text, result);
    json_decref(result);
    return status == 2 ? 2 : 0;
}

static int run(struct context *context)
{
    bool again = cmd_option(context, "--rescore") != NULL;
    if (cmd_operands(context, 0, again ? -1 : 1))
        return 2;
    struct rescoring *rescoring = again ? rescoring_new() : NULL;
    int status = context->argc > 1 ? rescore_all(context, rescoring) : report_one(context, rescoring);
    rescoring_free(rescoring);
    return status;
}

const struct command command_report = {
    .name = "report",
    .group = "an exercise",
    .synopsis = "report [EXERCISE...] [--as FORMAT] [--rescore]",
    .summary = "Explain every point of an exercise that has ended",
    .description = "EXERCISE is the name of a scenario (its latest exercise), of a directory below\n"
                   "$XDG_STATE_HOME/labctl/exercises, or the path of a directory; without it, the latest exercise of\n"
                   "all.  With --rescore the journal is verified and the result computed from it alone; several\n"
                   "exercises then get a line each.\n"
                   "Exit status: 0, however many points there are; that of `submit` tells the pass mark.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .own_formats = true,
    .run = run,
};
