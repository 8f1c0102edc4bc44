/* labctl report */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "cmd/common/rescore.h"
#include "cmd/common/sealed.h"
#include "report/report.h"

static const struct option_spec options[] = {
    {"--as", "FORMAT", "Write it so: text, json, markdown, html, junit or csv (--format is the same)."},
    {"--rescore", NULL, "Compute it again from the journal alone, and compare."},
    {"--code", "CODE", "The start code of an exam, whose journal is verified with it (or LABCTL_START_CODE)."},
};

#define CSV "csv"

/* ---- reading ---- */

struct reading {
    struct rescoring *rescoring; /* NULL: the report as it was written */
    const char *code;
};

static int read_one(const struct reading *reading, const char *name, json_t **result, struct error *err)
{
    STR_AUTO path = STR_INIT;
    struct points points;
    return reading->rescoring ? rescore(reading->rescoring, name, reading->code, result, &points, err)
                              : exercise_report_read(name, &path, result, err);
}

/* ---- several ---- */

struct summary {
    char exact[RATIO_TEXT_MAX], shown[RATIO_TEXT_MAX];
    unsigned long long maximum;
    bool passed, again; /* again: computed anew */
};

/* Points alone are computed faster than all that explains them. */
static int summarise(const struct reading *reading, const char *name, struct summary *summary, struct error *err)
{
    json_t *result = NULL;
    struct points points;
    if (reading->rescoring) {
        if (rescore(reading->rescoring, name, reading->code, NULL, &points, err))
            return -1;
        *summary = (struct summary){.maximum = points.maximum, .passed = points.passed, .again = true};
        ratio_exact(points.total, summary->exact);
        ratio_format(points.total, summary->shown);
        return 0;
    }
    if (read_one(reading, name, &result, err))
        return -1;
    const json_t *told = json_object_get(result, "points");
    *summary = (struct summary){.maximum = (unsigned long long)client_integer(told, "maximum"),
                                .passed = client_truth(told, "passed")};
    snprintf(summary->exact, sizeof summary->exact, "%s", client_text(told, "exact"));
    snprintf(summary->shown, sizeof summary->shown, "%.10g", json_number_value(json_object_get(told, "total")));
    json_decref(result);
    return 0;
}

static void tell(const struct context *context, const char *name, const struct summary *summary, json_t *list)
{
    if (context->format == FORMAT_JSON) {
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:b}", "exercise", name, "total", summary->exact,
                                              "maximum", (json_int_t)summary->maximum, "passed", summary->passed));
        return;
    }
    printf("%s: %s of %llu points, %s%s\n", name, summary->shown, summary->maximum,
           summary->passed ? "passed" : "not passed", summary->again ? ", as recorded" : "");
}

/* A line for each, below one line that names the columns. */
static int tell_csv(const struct reading *reading, const char *name, bool *first, struct error *err)
{
    STR_AUTO text = STR_INIT;
    json_t *result = NULL;
    if (read_one(reading, name, &result, err))
        return -1;
    report_writer_find(CSV)->write(result, false, &text);
    const char *line = strchr(str_text(&text), '\n');
    fputs(*first || !line ? str_text(&text) : line + 1, stdout);
    *first = false;
    json_decref(result);
    return 0;
}

/* What is wrong with one keeps nobody from reading the others; the worst exit status. */
static int report_all(const struct context *context, const struct reading *reading, bool csv)
{
    int status = 0;
    bool first = true;
    json_t *list = json_array();
    for (int i = 0; i < context->argc; i++) {
        struct error err = ERROR_INIT;
        struct summary summary;
        if (csv ? tell_csv(reading, context->argv[i], &first, &err)
                : summarise(reading, context->argv[i], &summary, &err))
            status = cmd_fail(context, &err);
        else if (!csv)
            tell(context, context->argv[i], &summary, list);
    }
    if (!csv && context->format == FORMAT_JSON) {
        json_t *out = json_pack("{s:i, s:O}", "version", 1, "exercises", list);
        client_print_json(out);
        json_decref(out);
    }
    json_decref(list);
    return status;
}

/* ---- one ---- */

static int report_one(struct context *context, const struct reading *reading, const char *as)
{
    struct error err = ERROR_INIT;
    json_t *result = NULL;
    if (read_one(reading, context->argc > 0 ? context->argv[0] : NULL, &result, &err))
        return cmd_fail(context, &err);
    int status = exercise_print_report(context, as, result);
    json_decref(result);
    return status == 2 ? 2 : 0;
}

static int run(struct context *context)
{
    const char *as = cmd_option(context, "--as");
    struct reading reading = {.code = sealed_code_given(context)};
    if (!as)
        as = context->format_text;
    bool csv = str_equal(as, CSV);
    if (cmd_operands(context, 0, -1))
        return 2;
    if (context->argc > 1 && as && !csv && !str_equal(as, "text") && !str_equal(as, "json"))
        return cmd_usage(context, "several exercises are written as text, json or csv, not '%s'", as);
    reading.rescoring = cmd_option(context, "--rescore") ? rescoring_new() : NULL;
    int status = context->argc > 1 ? report_all(context, &reading, csv) : report_one(context, &reading, as);
    rescoring_free(reading.rescoring);
    return status;
}

const struct command command_report = {
    .name = "report",
    .group = "an exercise",
    .synopsis = "report [EXERCISE...] [--as FORMAT] [--rescore] [--code CODE]",
    .summary = "Explain every point of an exercise that has ended",
    .description =
        "EXERCISE is the name of a scenario (its latest exercise), of a directory below\n"
        "$XDG_STATE_HOME/labctl/exercises, or the path of a directory; without it, the latest exercise of\n"
        "all.  Several get a line each: with --as csv the lines of a gradebook below one line that names the\n"
        "columns.  With --rescore the journal is verified and the result computed from it alone; that of an\n"
        "exam needs its start code.\n"
        "Exit status: 0, however many points there are; that of `submit` tells the pass mark.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .own_formats = true,
    .run = run,
};
