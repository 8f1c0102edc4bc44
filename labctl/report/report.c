/* The table of report writers, and the two that every exercise needs: text for people, JSON for programs. */
#include "report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "report/member.h"
#include "report/paint.h"
#include "report/writers.h"

void report_clock(double seconds, struct str *out)
{
    long whole = seconds > 0 ? (long)seconds : 0;
    if (whole >= 3600)
        str_printf(out, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        str_printf(out, "%ld:%02ld", whole / 60, whole % 60);
}

void report_clock_left(double seconds, struct str *out)
{
    report_clock(ceil(seconds), out);
}

static void verdict(struct str *out, bool color, const json_t *check)
{
    const char *word = member_text(check, "verdict");
    const char *code = !strcmp(word, "pass") ? GREEN : !strcmp(word, "fail") ? RED : BOLD;
    str_printf(out, "%s%-5s%s", color ? code : "", word, color ? PLAIN : "");
}

/* What was expected and what was seen; a pass needs one line, anything else both. */
static void evidence(const json_t *check, const char *indent, struct str *out)
{
    if (strcmp(member_text(check, "verdict"), "pass"))
        str_printf(out, "%sexpected %s\n", indent, member_text(check, "expected"));
    str_printf(out, "%s%s %s\n", indent, strcmp(member_text(check, "verdict"), "pass") ? "got     " : "saw",
               member_text(check, "seen"));
}

static void write_task(const json_t *task, bool color, struct str *out)
{
    size_t i;
    json_t *check;
    str_printf(out, "\n%lld of %lld points  ", member_integer(task, "earned"), member_integer(task, "maximum"));
    paint(out, color, BOLD, member_text(task, "id"));
    if (*member_text(task, "title"))
        str_printf(out, ": %s", member_text(task, "title"));
    str_append(out, "\n");
    json_array_foreach(json_object_get(task, "checks"), i, check)
    {
        str_append(out, "  ");
        verdict(out, color, check);
        str_printf(out, " %4lld of %lld  %s\n", member_integer(check, "earned"), member_integer(check, "points"),
                   member_text(check, "asked"));
        evidence(check, "                     ", out);
        if (!member_truth(check, "counted"))
            str_append(out, "                     could not be judged: counts neither for nor against\n");
        else if (str_equal(member_text(check, "verdict"), "pass") &&
                 member_integer(check, "earned") < member_integer(check, "points"))
            str_printf(out, "                     %s\n", member_text(check, "why"));
    }
    if (member_integer(task, "hints"))
        str_printf(out, "  hints      -%lld  (%lld points of checks, never below 0)\n", member_integer(task, "hints"),
                   member_integer(task, "passed"));
    str_printf(out, "  %s\n", member_text(task, "why"));
}

static void write_guards(const json_t *result, bool color, struct str *out)
{
    size_t i;
    json_t *guard;
    const json_t *guards = json_object_get(result, "guards");
    if (!json_array_size(guards))
        return;
    str_append(out, "\n");
    paint(out, color, BOLD, "Guards");
    str_append(out, " (what had to stay as it was)\n");
    json_array_foreach(guards, i, guard)
    {
        str_append(out, "  ");
        verdict(out, color, guard);
        str_printf(out, " %5lld       %s: %s\n", -member_integer(guard, "lost"), member_text(guard, "id"),
                   member_text(guard, "asked"));
        evidence(guard, "                     ", out);
    }
}

static void write_hints(const json_t *result, bool color, struct str *out)
{
    size_t i;
    json_t *hint;
    const json_t *hints = json_object_get(result, "hints");
    if (!json_array_size(hints))
        return;
    str_append(out, "\n");
    paint(out, color, BOLD, "Hints");
    str_append(out, " (taken)\n");
    json_array_foreach(hints, i, hint)
    {
        str_append(out, "  at ");
        member_clock(hint, "after_s", out);
        str_printf(out, ", %s, cost %lld: %s\n", member_text(hint, "task"), member_integer(hint, "cost"),
                   member_text(hint, "text"));
    }
}

static void write_articulate(const json_t *result, bool color, struct str *out)
{
    size_t i;
    json_t *row;
    const json_t *articulate = json_object_get(result, "articulate"), *quotes = json_object_get(articulate, "quotes");
    if (!json_is_object(articulate))
        return;
    str_append(out, "\n");
    paint(out, color, BOLD, "In writing");
    str_printf(out, " (%lld words", member_integer(articulate, "words"));
    if (member_integer(articulate, "words_wanted"))
        str_printf(out, " of about %lld", member_integer(articulate, "words_wanted"));
    str_printf(out, ")\n  %s\n  %s\n", member_text(articulate, "prompt"), member_text(articulate, "why"));
    json_array_foreach(json_object_get(articulate, "rubric"), i, row)
    {
        if (json_is_integer(json_object_get(row, "awarded")))
            str_printf(out, "  %9lld of %lld  %s\n", member_integer(row, "awarded"), member_integer(row, "points"),
                       member_text(row, "text"));
        else
            str_printf(out, "          - of %lld  %s\n", member_integer(row, "points"), member_text(row, "text"));
    }
    if (member_integer(quotes, "of"))
        str_printf(out, "  %lld of %lld quoted lines stand in what was recorded\n", member_integer(quotes, "found"),
                   member_integer(quotes, "of"));
}

static void write_faults(const json_t *result, bool color, struct str *out)
{
    size_t i;
    json_t *fault;
    const json_t *faults = json_object_get(result, "faults");
    str_append(out, "\n");
    paint(out, color, BOLD, "What was broken");
    str_append(out, "\n");
    if (!json_array_size(faults))
        str_append(out, "  nothing\n");
    json_array_foreach(faults, i, fault)
    {
        str_printf(out, "  %s\n      %s (layer %lld)\n      seen as: %s\n      found with: %s\n",
                   member_text(fault, "description"), member_text(fault, "summary"), member_integer(fault, "layer"),
                   member_text(fault, "symptom"), member_text(fault, "tools"));
    }
}

/* What the tasks alone are worth; where that is all, the total needs no sum. */
static long long tasks_maximum(const json_t *result)
{
    size_t i;
    json_t *task;
    long long sum = 0;
    json_array_foreach(json_object_get(result, "tasks"), i, task)
    {
        sum += member_integer(task, "maximum");
    }
    return sum;
}

static void write_score(const json_t *result, bool color, struct str *out)
{
    const json_t *points = json_object_get(result, "points");
    bool passed = member_truth(points, "passed");
    str_append(out, "\n");
    if (member_integer(points, "penalties") || member_integer(points, "maximum") != tasks_maximum(result))
        str_printf(out, "%s\n", member_text(points, "why"));
    member_points(points, "total", out);
    str_printf(out, " of %lld points, ", member_integer(points, "maximum"));
    member_percent(points, out);
    str_printf(out, "; pass mark %s: ", member_text(points, "pass_mark"));
    paint(out, color, passed ? GREEN : RED, passed ? "passed" : "not passed");
    str_append(out, "\n");
}

static void write_text(const json_t *result, bool color, struct str *out)
{
    size_t i;
    json_t *task;
    paint(out, color, BOLD, member_text(result, "scenario"));
    if (*member_text(result, "title"))
        str_printf(out, ": %s", member_text(result, "title"));
    str_printf(out, "\n%s; %s at %s after ", member_text(result, "note"), member_text(result, "end"),
               member_text(result, "ended"));
    member_clock(result, "time_used_s", out);
    if (json_is_number(json_object_get(result, "time_allowed_s"))) {
        str_append(out, " of ");
        member_clock(result, "time_allowed_s", out);
    }
    str_append(out, "\n");
    json_array_foreach(json_object_get(result, "tasks"), i, task)
    {
        write_task(task, color, out);
    }
    write_guards(result, color, out);
    write_hints(result, color, out);
    text_answers(result, color, out);
    write_articulate(result, color, out);
    write_faults(result, color, out);
    text_reach(result, color, out);
    text_time(result, color, out);
    write_score(result, color, out);
}

static void write_json(const json_t *result, bool color, struct str *out)
{
    (void)color;
    char *dumped = json_dumps(result, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    str_append(out, dumped ? dumped : "null");
    str_append(out, "\n");
    free(dumped);
}

const struct report_writer report_writers[] = {
    {"text", "for people", write_text},
    {"json", "documented in labctl(1)", write_json},
    {"markdown", "for a wiki or a portfolio", report_markdown},
    {"html", "one self-contained page", report_html},
    {"junit", "JUnit XML, for build servers", report_junit},
    {"csv", "a line for a gradebook, below the names of its columns", report_csv},
};
const size_t report_writer_count = ARRAY_SIZE(report_writers);

const struct report_writer *report_writer_find(const char *name)
{
    for (size_t i = 0; i < report_writer_count; i++)
        if (str_equal(report_writers[i].name, name))
            return &report_writers[i];
    return NULL;
}
