/* One line for a gradebook, below a line that names the columns (RFC 4180). */
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "report/member.h"
#include "report/writers.h"

/* A path of members, and how it is written. */
static const struct column {
    const char *name, *object, *key;
    enum { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_TRUTH } kind;
} columns[] = {
    {"learner", NULL, "learner", COLUMN_TEXT},
    {"scenario", NULL, "scenario", COLUMN_TEXT},
    {"seed", NULL, "seed", COLUMN_TEXT},
    {"mode", NULL, "mode", COLUMN_TEXT},
    {"started", NULL, "started", COLUMN_TEXT},
    {"ended", NULL, "ended", COLUMN_TEXT},
    {"end", NULL, "end", COLUMN_TEXT},
    {"time_used_s", NULL, "time_used_s", COLUMN_NUMBER},
    {"tasks", "points", "tasks", COLUMN_NUMBER},
    {"questions", "points", "questions", COLUMN_NUMBER},
    {"diagnosis", "points", "diagnosis", COLUMN_NUMBER},
    {"penalties", "points", "penalties", COLUMN_NUMBER},
    {"total", "points", "total", COLUMN_NUMBER},
    {"maximum", "points", "maximum", COLUMN_NUMBER},
    {"percent", "points", "percent", COLUMN_NUMBER},
    {"pass_mark", "points", "pass_mark", COLUMN_TEXT},
    {"passed", "points", "passed", COLUMN_TRUTH},
    {"articulate", "articulate", "marked", COLUMN_NUMBER},
    {"marker", "articulate", "marker", COLUMN_TEXT},
    {"words", "articulate", "words", COLUMN_NUMBER},
    {"detect_s", "clocks", "detect_s", COLUMN_NUMBER},
    {"localise_s", "clocks", "localise_s", COLUMN_NUMBER},
    {"diagnose_s", "clocks", "diagnose_s", COLUMN_NUMBER},
    {"mitigate_s", "clocks", "mitigate_s", COLUMN_NUMBER},
    {"journal", "journal", "head", COLUMN_TEXT},
};

/* Quoted always; a text that a spreadsheet would take for a formula is kept from it by an apostrophe. */
static void write_field(const char *text, struct str *out)
{
    str_append_char(out, '"');
    if (*text && strchr("=+-@\t\r", *text))
        str_append_char(out, '\'');
    for (; *text; text++) {
        if (*text == '"')
            str_append_char(out, '"');
        str_append_char(out, *text);
    }
    str_append_char(out, '"');
}

void report_csv(const json_t *result, bool color, struct str *out)
{
    (void)color;
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        str_printf(out, "%s%s", i ? "," : "", columns[i].name);
    str_append(out, "\r\n");
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        const struct column *column = &columns[i];
        const json_t *object = column->object ? json_object_get(result, column->object) : result;
        if (i)
            str_append_char(out, ',');
        if (member_is_null(object, column->key))
            continue;
        if (column->kind == COLUMN_TEXT)
            write_field(member_text(object, column->key), out);
        else if (column->kind == COLUMN_TRUTH)
            str_append(out, member_truth(object, column->key) ? "true" : "false");
        else
            str_printf(out, "%.10g", member_number(object, column->key));
    }
    str_append(out, "\r\n");
}
