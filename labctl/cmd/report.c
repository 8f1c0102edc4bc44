/* labctl report */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "cmd/common/matching.h"
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
    struct rescoring *rescoring;
    bool again; /* computed from the journal; else the report as it was written */
    const char *code;
};

/* A report and what speaks against it. */
struct found {
    json_t *result;
    struct str path;    /* of report.json, where there is one */
    struct str differs; /* it is not what follows from its journal */
    struct str note;    /* it cannot be told */
};
#define FOUND_AUTO __attribute__((cleanup(found_free))) struct found
static void found_free(struct found *found)
{
    json_decref(found->result);
    str_free(&found->path);
    str_free(&found->differs);
    str_free(&found->note);
}

/* The journal's result, and whether the report beside it says the same. */
static int read_again(const struct reading *reading, const char *name, struct found *found, struct error *err)
{
    struct error none = ERROR_INIT;
    struct points points;
    json_t *told = NULL;
    if (rescore(reading->rescoring, name, reading->code, &found->result, &points, err))
        return -1;
    if (exercise_report_read(name, &found->path, &told, &none))
        str_append(&found->differs, none.text);
    else
        report_differs(told, found->result, &found->differs);
    json_decref(told);
    return 0;
}

static int read_one(const struct reading *reading, const char *name, struct found *found, struct error *err)
{
    if (reading->again)
        return read_again(reading, name, found, err);
    if (exercise_report_read(name, &found->path, &found->result, err))
        return -1;
    report_match(reading->rescoring, name, str_text(&found->path), found->result, reading->code, &found->differs,
                 &found->note);
    return 0;
}

/* What speaks against it, on stderr; the exit status. */
static int warn(const struct context *context, const struct reading *reading, const struct found *found)
{
    if (found->note.length && !context->quiet)
        fprintf(stderr, "labctl: %s\n", str_text(&found->note));
    if (!found->differs.length)
        return 0;
    fprintf(stderr, "labctl: %s is not what follows from its journal: %s\n", str_text(&found->path),
            str_text(&found->differs));
    if (!reading->again && !context->quiet)
        fputs("`labctl report --rescore` shows what does\n", stderr);
    return 2;
}

/* ---- several ---- */

struct summary {
    char exact[RATIO_TEXT_MAX], shown[RATIO_TEXT_MAX];
    unsigned long long maximum;
    bool passed, again; /* again: computed anew */
};

/* Points alone are computed faster than all that explains them, and compared with what the machine scored. */
static int summarise_again(const struct reading *reading, const char *name, struct summary *summary,
                           struct found *found, struct error *err)
{
    struct error none = ERROR_INIT;
    struct points points;
    if (rescore(reading->rescoring, name, reading->code, NULL, &points, err))
        return -1;
    *summary = (struct summary){.maximum = points.maximum, .passed = points.passed, .again = true};
    ratio_exact(points.total, summary->exact);
    ratio_format(points.total, summary->shown);
    if (exercise_report_read(name, &found->path, &found->result, &none)) {
        str_append(&found->differs, none.text);
        return 0;
    }
    const json_t *machine = json_object_get(found->result, "machine_points");
    const json_t *told = json_is_object(machine) ? machine : json_object_get(found->result, "points");
    json_t *follows = json_pack("{s:s, s:I, s:b}", "exact", summary->exact, "maximum", (json_int_t)points.maximum,
                                "passed", points.passed);
    json_t *part = json_pack("{s:O?, s:O?, s:O?}", "exact", json_object_get(told, "exact"), "maximum",
                             json_object_get(told, "maximum"), "passed", json_object_get(told, "passed"));
    report_differs(part, follows, &found->differs);
    json_decref(part);
    json_decref(follows);
    return 0;
}

static int summarise(const struct reading *reading, const char *name, struct summary *summary, struct found *found,
                     struct error *err)
{
    if (reading->again)
        return summarise_again(reading, name, summary, found, err);
    if (read_one(reading, name, found, err))
        return -1;
    const json_t *told = json_object_get(found->result, "points");
    *summary = (struct summary){.maximum = (unsigned long long)client_integer(told, "maximum"),
                                .passed = client_truth(told, "passed")};
    snprintf(summary->exact, sizeof summary->exact, "%s", client_text(told, "exact"));
    snprintf(summary->shown, sizeof summary->shown, "%.10g", json_number_value(json_object_get(told, "total")));
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
static void tell_csv(const json_t *result, bool *first)
{
    STR_AUTO text = STR_INIT;
    report_writer_find(CSV)->write(result, false, &text);
    const char *line = strchr(str_text(&text), '\n');
    fputs(*first || !line ? str_text(&text) : line + 1, stdout);
    *first = false;
}

/* One of several: read by whichever worker takes it, told in its turn. */
struct one {
    struct found found;
    struct summary summary;
    struct error err;
    bool failed;
};

struct several {
    const struct context *context;
    const struct reading *readings; /* by worker */
    struct one *ones;
    bool csv;
};

static void read_several(void *context, unsigned worker, size_t index)
{
    const struct several *several = context;
    const struct reading *reading = &several->readings[worker];
    const char *name = several->context->argv[index];
    struct one *one = &several->ones[index];
    one->err = (struct error)ERROR_INIT;
    one->failed = several->csv ? read_one(reading, name, &one->found, &one->err)
                               : summarise(reading, name, &one->summary, &one->found, &one->err);
    if (!several->csv) { /* what is told stands in the summary */
        json_decref(one->found.result);
        one->found.result = NULL;
    }
}

/* What is wrong with one keeps nobody from reading the others.  A report that does not follow from its journal is left
 * out; one that was computed from it is not. */
static int tell_several(const struct several *several)
{
    const struct context *context = several->context;
    bool first = true, again = several->readings->again;
    int status = 0;
    json_t *list = json_array();
    for (int i = 0; i < context->argc; i++) {
        struct one *one = &several->ones[i];
        if (one->failed) {
            status = cmd_fail(context, &one->err);
            continue;
        }
        int wrong = warn(context, several->readings, &one->found);
        status = wrong ? wrong : status;
        if (wrong && !again)
            continue;
        if (several->csv)
            tell_csv(one->found.result, &first);
        else
            tell(context, context->argv[i], &one->summary, list);
    }
    if (!several->csv && context->format == FORMAT_JSON) {
        json_t *out = json_pack("{s:i, s:O}", "version", 1, "exercises", list);
        client_print_json(out);
        json_decref(out);
    }
    json_decref(list);
    return status;
}

static int report_all(const struct context *context, const struct reading *how, bool csv)
{
    ARENA_AUTO arena = arena_new();
    size_t count = (size_t)context->argc;
    unsigned workers = parallel_workers(count);
    struct reading *readings = arena_alloc(arena, workers * sizeof *readings);
    struct several several = {context, readings, arena_alloc(arena, count * sizeof *several.ones), csv};
    for (unsigned i = 0; i < workers; i++) {
        readings[i] = *how;
        readings[i].rescoring = rescoring_new();
    }
    parallel_each(count, read_several, &several);
    int status = tell_several(&several);
    for (unsigned i = 0; i < workers; i++)
        rescoring_free(readings[i].rescoring);
    for (size_t i = 0; i < count; i++)
        found_free(&several.ones[i].found);
    return status;
}

/* ---- one ---- */

static int report_one(struct context *context, const struct reading *reading, const char *as)
{
    struct error err = ERROR_INIT;
    FOUND_AUTO found = {0};
    STR_AUTO later = STR_INIT;
    const char *name = context->argc > 0 ? context->argv[0] : NULL;
    if (read_one(reading, name, &found, &err))
        return cmd_fail(context, &err);
    if (!context->quiet && exercise_later(name, &later))
        fprintf(stderr, "labctl: the latest exercise, %s, has no report: this is one before it\n", str_text(&later));
    int wrong = warn(context, reading, &found), status = exercise_print_report(context, as, found.result);
    return wrong || status == 2 ? 2 : 0;
}

static int run(struct context *context)
{
    const char *as = cmd_option(context, "--as");
    struct reading reading = {.again = cmd_option(context, "--rescore") != NULL, .code = sealed_code_given(context)};
    if (!as)
        as = context->format_text;
    bool csv = str_equal(as, CSV);
    if (cmd_operands(context, 0, -1))
        return 2;
    if (context->argc > 1 && as && !csv && !str_equal(as, "text") && !str_equal(as, "json"))
        return cmd_usage(context, "several exercises are written as text, json or csv, not '%s'", as);
    reading.rescoring = rescoring_new();
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
        "columns.  A report that is not what follows from its journal (it was edited, or the journal was) is\n"
        "told of, and left out of the lines of several.  With --rescore the result is computed from the journal\n"
        "alone, and it is told where the report says something else.  The journal of an exam is verified with its\n"
        "start code.\n"
        "Exit status: 0, however many points there are (that of `submit` tells the pass mark); 2 where report and\n"
        "journal differ.",

    .options = options,
    .option_count = ARRAY_SIZE(options),
    .own_formats = true,
    .run = run,
};
