/* labctl mark */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/evidence.h"
#include "cmd/common/exercise.h"
#include "cmd/common/marking.h"
#include "exercise/result.h"
#include "exercise/session.h"
#include "load/scenario.h"
#include "model/scenario.h"

enum { ROWS_MOST = 100 };

static const struct option_spec options[] = {
    {"--points", "N,N", "Points for each row of the rubric, in its order (one number where there is none)."},
    {"--rubric", "ROW=N…", "Points for one row: its number, or how its text begins."},
    {"--marker", "NAME", "Who marks it (default: the name of the user)."},
    {"--code", "CODE", "The start code of an exam, whose journal goes on with it (or LABCTL_START_CODE)."},
};

/* ---- showing ---- */

static void show_rubric(const json_t *asked)
{
    size_t i;
    json_t *row;
    const json_t *rubric = json_object_get(asked, "rubric");
    printf("\nRubric\n");
    json_array_foreach(rubric, i, row)
    {
        const json_t *awarded = json_object_get(row, "awarded");
        char given[24] = "-";
        if (json_is_integer(awarded))
            snprintf(given, sizeof given, "%lld", (long long)json_integer_value(awarded));
        printf("  %zu  %3s of %-3lld  %s\n", i + 1, given, (long long)client_integer(row, "points"),
               client_text(row, "text"));
    }
    if (!json_array_size(rubric))
        printf("  none: up to %lld points\n", (long long)client_integer(asked, "points"));
}

static void show_quotes(const struct marking *marking)
{
    if (!marking->quotes.count)
        return;
    printf("\nQuoted lines (%zu of %zu found, in the journal and %zu recorded session%s)\n", marking->quotes.found,
           marking->quotes.count, marking->recordings, marking->recordings == 1 ? "" : "s");
    for (size_t i = 0; i < marking->quotes.count; i++) {
        const struct quote *quote = &marking->quotes.items[i];
        printf("  %-9s  %s%s%s%s\n", quote->found ? "found" : "not found", quote->line, quote->found ? "  [" : "",
               quote->found ? quote->found : "", quote->found ? "]" : "");
    }
}

static void show(const struct marking *marking)
{
    STR_AUTO length = STR_INIT;
    const json_t *asked = marking->asked;
    const char *learner = client_text(marking->result, "learner");
    marking_length(marking, &length);
    printf("%s%s%s\n%s\n\n%s", client_text(marking->result, "scenario"), *learner ? ", " : "", learner,
           client_text(asked, "prompt"), str_text(&marking->text));
    printf("%s\n%lld words", marking->text.length && !str_ends(str_text(&marking->text), "\n") ? "\n" : "",
           (long long)client_integer(asked, "words"));
    if (client_integer(asked, "words_wanted"))
        printf(" of about %lld%s%s", (long long)client_integer(asked, "words_wanted"), length.length ? ": " : "",
               str_text(&length));
    printf("\n");
    show_quotes(marking);
    show_rubric(asked);
    if (json_is_integer(json_object_get(asked, "marked")))
        printf("\n%s\n", client_text(asked, "why"));
}

static json_t *json_of(const struct marking *marking)
{
    STR_AUTO length = STR_INIT;
    json_t *lines = json_array();
    marking_length(marking, &length);
    for (size_t i = 0; i < marking->quotes.count; i++)
        json_array_append_new(lines, json_pack("{s:s, s:s?}", "line", marking->quotes.items[i].line, "found",
                                               marking->quotes.items[i].found));
    return json_pack("{s:s, s:O, s:O, s:s, s:s, s:o, s:O}", "directory", str_text(&marking->directory), "scenario",
                     json_object_get(marking->result, "scenario"), "learner",
                     json_object_get(marking->result, "learner"), "text", str_text(&marking->text), "length",
                     str_text(&length), "quotes", lines, "articulate", marking->asked);
}

/* One whole, several a line each. */
static void tell(const struct context *context, const struct marking *marking, json_t *list)
{
    STR_AUTO length = STR_INIT;
    const json_t *marked = json_object_get(marking->asked, "marked");
    if (context->format == FORMAT_JSON) {
        json_array_append_new(list, json_of(marking));
        return;
    }
    if (context->argc <= 1) {
        show(marking);
        return;
    }
    marking_length(marking, &length);
    printf("%s: %s, %lld words%s%s%s, %zu of %zu quotes found, ", str_text(&marking->directory),
           client_text(marking->result, "learner"), (long long)client_integer(marking->asked, "words"),
           length.length ? " (" : "", str_text(&length), length.length ? ")" : "", marking->quotes.found,
           marking->quotes.count);
    if (json_is_integer(marked))
        printf("%lld of %lld points\n", (long long)json_integer_value(marked),
               (long long)client_integer(marking->asked, "points"));
    else
        printf("not marked\n");
}

static int show_all(const struct context *context)
{
    int status = 0;
    json_t *list = json_array();
    for (int i = 0; i < context->argc || i < 1; i++) {
        ARENA_AUTO arena = arena_new();
        MARKING_AUTO marking = {0};
        struct error err = ERROR_INIT;
        if (marking_read(&marking, context->argc ? context->argv[i] : NULL, arena, &err))
            status = cmd_fail(context, &err);
        else
            tell(context, &marking, list);
    }
    if (context->format == FORMAT_JSON) {
        json_t *out = json_pack("{s:i, s:O}", "version", 1, "texts", list);
        client_print_json(out);
        json_decref(out);
    }
    json_decref(list);
    return status;
}

/* ---- points ---- */

struct marks {
    uint32_t points[ROWS_MOST];
    bool given[ROWS_MOST];
    size_t count;
};

static int read_number(const char *text, size_t length, uint32_t *out, struct error *err)
{
    char digits[8] = "";
    if (length && length < sizeof digits)
        memcpy(digits, text, length);
    if (!*digits || strspn(digits, "0123456789") != length)
        return error_set(err, ERR_USAGE, "points are a whole number, not '%.*s'", (int)length, text);
    *out = (uint32_t)strtoul(digits, NULL, 10);
    return 0;
}

static int read_list(const char *text, struct marks *marks, struct error *err)
{
    for (size_t row = 0;; row++) {
        size_t length = strcspn(text, ",");
        if (row >= marks->count)
            return error_set(err, ERR_USAGE, "--points names more than the %zu row%s of the rubric", marks->count,
                             marks->count == 1 ? "" : "s");
        if (read_number(text, length, &marks->points[row], err))
            return -1;
        marks->given[row] = true;
        if (!text[length])
            return 0;
        text += length + 1;
    }
}

/* The row of that number, or the only one whose text begins so; ROWS_MOST where there is none. */
static size_t find_row(const json_t *rubric, const char *word, size_t length)
{
    size_t i, found = ROWS_MOST;
    json_t *row;
    if (length && strspn(word, "0123456789") >= length) {
        size_t number = strtoul(word, NULL, 10);
        return number ? number - 1 : ROWS_MOST;
    }
    json_array_foreach(rubric, i, row)
    {
        if (!length || strncasecmp(client_text(row, "text"), word, length))
            continue;
        if (found != ROWS_MOST)
            return ROWS_MOST;
        found = i;
    }
    return found;
}

static int read_row(const json_t *rubric, const char *line, size_t length, struct marks *marks, struct error *err)
{
    const char *sign = memrchr(line, '=', length);
    size_t row = sign ? find_row(rubric, line, (size_t)(sign - line)) : ROWS_MOST;
    if (!sign)
        return error_set(err, ERR_USAGE, "--rubric says ROW=N, not '%.*s'", (int)length, line);
    if (row >= marks->count)
        return error_set(err, ERR_USAGE,
                         "the rubric has no row '%.*s', or several that begin so: it has the rows 1 to %zu",
                         (int)(sign - line), line, marks->count);
    marks->given[row] = true;
    return read_number(sign + 1, (size_t)(line + length - sign - 1), &marks->points[row], err);
}

/* Rows that are not named keep what an earlier mark gave them. */
static int read_marks(struct context *context, const json_t *asked, struct marks *marks, struct error *err)
{
    const json_t *rubric = json_object_get(asked, "rubric");
    const char *list = cmd_option(context, "--points"), *rows = cmd_option(context, "--rubric");
    size_t lines = json_array_size(rubric);
    *marks = (struct marks){.count = lines ? lines : 1};
    if (marks->count > ROWS_MOST)
        return error_set(err, ERR_USAGE, "the rubric has more than %d rows", ROWS_MOST);
    for (size_t i = 0; i < lines; i++) {
        const json_t *awarded = json_object_get(json_array_get(rubric, i), "awarded");
        marks->given[i] = json_is_integer(awarded);
        marks->points[i] = (uint32_t)json_integer_value(awarded);
    }
    if (list && read_list(list, marks, err))
        return -1;
    for (; rows && *rows; rows += strcspn(rows, "\n"), rows += *rows == '\n')
        if (read_row(rubric, rows, strcspn(rows, "\n"), marks, err))
            return -1;
    for (size_t i = 0; i < marks->count; i++)
        if (!marks->given[i])
            return error_set(err, ERR_USAGE,
                             "row %zu of the rubric has no points yet: every row needs some (0 is none)", i + 1);
    return 0;
}

/* ---- recording ---- */

static int open_journal(const char *path, int *fd, struct error *err)
{
    *fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
    if (*fd < 0)
        return error_set_errno(err, errno, "open %s", path);
    return flock(*fd, LOCK_EX | LOCK_NB)
               ? error_set(err, ERR_BUSY, "%s: the exercise still runs, or somebody marks it", path)
               : 0;
}

static int write_report(const char *directory, const json_t *result, struct error *err)
{
    STR_AUTO path = STR_INIT;
    STR_AUTO text = STR_INIT;
    str_printf(&path, "%s/" RESULT_FILE, directory);
    char *dumped = json_dumps(result, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    str_printf(&text, "%s\n", dumped ? dumped : "null");
    free(dumped);
    return file_replace(AT_FDCWD, str_text(&path), text.data, text.length, 0600)
               ? error_set_errno(err, errno, "write %s", str_text(&path))
               : 0;
}

/* The journal goes on: the marks are its next entry, and the report follows from it anew. */
static int record(struct context *context, const struct marking *marking, const struct evidence *evidence,
                  const struct marks *marks, json_t **result, struct error *err)
{
    const char *marker = cmd_option(context, "--marker");
    struct scenario *scenario = NULL;
    struct session session;
    int journal = -1;
    if (!marker)
        marker = getenv("USER");
    if (marker && !str_is_utf8(marker, strlen(marker)))
        return error_set(err, ERR_USAGE, "the marker's name is not valid UTF-8");
    if (sealed_load(&evidence->texts, &scenario, err))
        return -1;
    int failed = open_journal(str_text(&evidence->path), &journal, err);
    if (failed)
        fd_close(&journal);
    else
        failed = session_open(&session, scenario, journal, evidence->key.length ? &evidence->key : NULL, err);
    if (!failed) {
        json_t *quotes = json_pack("{s:I, s:I}", "of", (json_int_t)marking->quotes.count, "found",
                                   (json_int_t)marking->quotes.found);
        failed = session_mark(&session, marker, marks->points, marks->count, quotes, clock_boot(), clock_real(), err);
        *result = failed ? NULL : result_make(&session, NULL);
        session_close(&session);
    }
    scenario_free(scenario);
    return failed ? -1 : write_report(str_text(&marking->directory), *result, err);
}

static int mark(struct context *context, json_t **result, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    MARKING_AUTO marking = {0};
    EVIDENCE_AUTO evidence = {0};
    struct marks marks;
    STR_AUTO name = STR_INIT;
    if (marking_read(&marking, context->argc ? context->argv[0] : NULL, arena, err) ||
        read_marks(context, marking.asked, &marks, err))
        return -1;
    str_append(&name, str_text(&marking.directory));
    return evidence_read(&evidence, str_text(&name), sealed_code_given(context), err) ||
                   record(context, &marking, &evidence, &marks, result, err)
               ? -1
               : 0;
}

static int run(struct context *context)
{
    struct error err = ERROR_INIT;
    json_t *result = NULL;
    bool marks = cmd_option(context, "--points") || cmd_option(context, "--rubric");
    if (cmd_operands(context, 0, -1))
        return 2;
    if (!marks)
        return show_all(context);
    if (context->argc > 1)
        return cmd_usage(context, "points are given to one text at a time");
    if (mark(context, &result, &err)) {
        json_decref(result);
        return cmd_fail(context, &err);
    }
    if (context->format == FORMAT_JSON)
        client_print_json(result);
    else
        printf("%s\n%s\n", client_text(json_object_get(result, "articulate"), "why"),
               client_text(json_object_get(result, "points"), "why"));
    json_decref(result);
    return 0;
}

const struct command command_mark = {
    .name = "mark",
    .group = "an author, an instructor",
    .synopsis = "mark [EXERCISE...] [--points N,N] [--rubric ROW=N] [--marker NAME] [--code CODE]",
    .summary = "Show a text that was handed in, and give points for it",
    .description =
        "Shows what was asked, the text, how many words it has (about as many as wanted: within a tenth), whether the\n"
        "lines that it quotes (behind > or between ```) stand in the recorded sessions or the journal, and the "
        "rubric.\n"
        "Several exercises get a line each.\n"
        "With --points or --rubric the points are recorded: as an entry of the journal, and in a new report, where "
        "they\n"
        "count from then on; what the machine scored stays in it.  The last marks count; a row that is not named "
        "keeps\n"
        "its points.  EXERCISE is what `report` takes.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
