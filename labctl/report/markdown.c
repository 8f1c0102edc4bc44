/* Markdown, for a wiki, an issue, a portfolio. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "report/member.h"
#include "report/writers.h"

/* A text of the result in a line of Markdown: what would be markup is escaped, lines become one. */
static void plain(struct str *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\`*_[]<>|#", *text))
            str_append_char(out, '\\');
        str_append_char(out, *text == '\n' ? ' ' : *text);
    }
}

static void member(struct str *out, const json_t *object, const char *key)
{
    plain(out, member_text(object, key));
}

static const char *sign(const json_t *check)
{
    const char *verdict = member_text(check, "verdict");
    if (str_equal(verdict, "pass"))
        return "✔";
    return str_equal(verdict, "fail") ? "✘" : "?";
}

static void write_head(const json_t *result, struct str *out)
{
    const json_t *points = json_object_get(result, "points");
    str_append(out, "# ");
    member(out, result, *member_text(result, "title") ? "title" : "scenario");
    str_append(out, "\n\n**");
    member_points(points, "total", out);
    str_append(out, " of ");
    member_points(points, "maximum", out);
    str_append(out, " points, ");
    member_percent(points, out);
    str_printf(out, ": %s** (pass mark %s).  ", member_truth(points, "passed") ? "passed" : "not passed",
               member_text(points, "pass_mark"));
    member(out, points, "why");
    str_append(out, "\n\n| | |\n|---|---|\n| scenario | ");
    member(out, result, "scenario");
    if (!member_is_null(result, "learner")) {
        str_append(out, " |\n| learner | ");
        member(out, result, "learner");
    }
    if (!member_is_null(result, "seed")) {
        str_append(out, " |\n| seed | ");
        member(out, result, "seed");
    }
    str_append(out, " |\n| mode | ");
    member(out, result, "mode");
    str_append(out, ": ");
    member(out, result, "note");
    str_printf(out, " |\n| ended | %s, %s |\n| time | ", member_text(result, "ended"), member_text(result, "end"));
    member_clock(result, "time_used_s", out);
    if (!member_is_null(result, "time_allowed_s")) {
        str_append(out, " of ");
        member_clock(result, "time_allowed_s", out);
    }
    str_append(out, " |\n");
}

static void write_check(const json_t *check, struct str *out)
{
    str_printf(out, "| %s | ", sign(check));
    member(out, check, "asked");
    str_append(out, " | ");
    if (!str_equal(member_text(check, "verdict"), "pass")) {
        str_append(out, "expected ");
        member(out, check, "expected");
        str_append(out, "; saw ");
    }
    member(out, check, "seen");
    str_append(out, " | ");
    member(out, check, "why");
    str_append(out, " |\n");
}

static void write_tasks(const json_t *result, struct str *out)
{
    size_t i, c;
    const json_t *task, *check;
    json_array_foreach(member_list(result, "tasks"), i, task)
    {
        str_append(out, "\n## ");
        member(out, task, "id");
        if (!member_is_null(task, "title")) {
            str_append(out, ": ");
            member(out, task, "title");
        }
        str_append(out, " (");
        member_points(task, "earned", out);
        str_append(out, " of ");
        member_points(task, "maximum", out);
        str_append(out, ")\n\n");
        member(out, task, "why");
        str_append(out, "\n\n| | check | seen | points |\n|---|---|---|---|\n");
        json_array_foreach(member_list(task, "checks"), c, check) write_check(check, out);
    }
    if (!json_array_size(member_list(result, "guards")))
        return;
    str_append(out, "\n## What had to stay as it was\n\n| | guard | seen | points |\n|---|---|---|---|\n");
    json_array_foreach(member_list(result, "guards"), c, check) write_check(check, out);
}

static void write_hints(const json_t *result, struct str *out)
{
    size_t i;
    const json_t *hint, *hints = member_list(result, "hints");
    if (!json_array_size(hints))
        return;
    str_append(out, "\n## Hints taken\n\n");
    json_array_foreach(hints, i, hint)
    {
        str_append(out, "- ");
        member_clock(hint, "after_s", out);
        str_append(out, ", ");
        member(out, hint, "task");
        str_append(out, ", cost ");
        member_points(hint, "cost", out);
        str_append(out, ": ");
        member(out, hint, "text");
        str_append(out, "\n");
    }
}

static void write_claim(const json_t *claim, struct str *out)
{
    STR_AUTO where = STR_INIT;
    member_words(member_list(claim, "where"), &where);
    str_append(out, "- ");
    member_clock(claim, "after_s", out);
    str_append(out, ": ");
    if (member_truth(claim, "none")) {
        str_append(out, "nothing is broken");
    } else {
        member(out, claim, "what");
        str_append(out, " at ");
        plain(out, str_text(&where));
    }
    str_append(out, "; ");
    member_points(claim, "earned", out);
    str_append(out, " points.  ");
    member(out, claim, "why");
    str_append(out, "\n");
}

static void write_answers(const json_t *result, struct str *out)
{
    size_t i;
    const json_t *item, *diagnosis = json_object_get(result, "diagnosis");
    const json_t *articulate = json_object_get(result, "articulate");
    if (json_array_size(member_list(result, "questions")))
        str_append(out, "\n## Questions\n\n");
    json_array_foreach(member_list(result, "questions"), i, item)
    {
        str_append(out, "- ");
        member(out, item, "ask");
        str_append(out, "  \n  Answered: ");
        plain(out, member_is_null(item, "answered") ? "nothing" : member_text(item, "answered"));
        str_append(out, "; right: ");
        member(out, item, "answer");
        str_append(out, ".  ");
        member(out, item, "why");
        if (!member_is_null(item, "explain")) {
            str_append(out, ".  ");
            member(out, item, "explain");
        }
        str_append(out, "\n");
    }
    if (json_is_object(diagnosis)) {
        str_append(out, "\n## Diagnosis\n\n");
        json_array_foreach(member_list(diagnosis, "claims"), i, item) write_claim(item, out);
        str_append(out, json_array_size(member_list(diagnosis, "claims")) ? "\n" : "No claim was made.\n\n");
        member(out, diagnosis, "why");
        str_append(out, "\n");
    }
    if (json_is_object(articulate)) {
        str_append(out, "\n## Articulate\n\n> ");
        member(out, articulate, "prompt");
        str_append(out, "\n\n");
        member(out, articulate, "why");
        str_append(out, "\n");
    }
}

static void write_pairs(const json_t *reach, const char *key, const char *words, struct str *out)
{
    size_t i;
    const json_t *pair, *list = member_list(reach, key);
    if (!json_array_size(list))
        return;
    str_printf(out, "- %s: ", words);
    json_array_foreach(list, i, pair)
    {
        str_append(out, i ? ", " : "");
        member(out, pair, "from");
        str_append(out, " → ");
        member(out, pair, "to");
        if (!member_is_null(pair, "port"))
            str_printf(out, ":%.0f", member_number(pair, "port"));
    }
    str_append(out, "\n");
}

static void write_lab(const json_t *result, struct str *out)
{
    size_t i;
    const json_t *item, *reach = json_object_get(result, "reachability");
    str_append(out, "\n## What was broken\n\n");
    if (!json_array_size(member_list(result, "faults")))
        str_append(out, "Nothing.\n");
    json_array_foreach(member_list(result, "faults"), i, item)
    {
        str_append(out, "- **");
        member(out, item, "description");
        str_printf(out, "** (layer %.0f): ", member_number(item, "layer"));
        member(out, item, "summary");
        str_append(out, ".  Seen as: ");
        member(out, item, "symptom");
        str_append(out, ".  Found with: ");
        member(out, item, "tools");
        str_append(out, ".\n");
    }
    if (!json_is_object(reach))
        return;
    str_append(out, "\n## Who reaches whom\n\n");
    write_pairs(reach, "fixed", "fixed", out);
    write_pairs(reach, "newly_broken", "newly broken", out);
    write_pairs(reach, "newly_opened", "newly opened", out);
    write_pairs(reach, "still_broken", "still broken", out);
    str_printf(out, "- preserved: %.0f\n", member_number(reach, "preserved"));
}

static void write_time(const json_t *result, struct str *out)
{
    static const char *const names[] = {"detect", "localise", "diagnose", "mitigate"};
    size_t i;
    const json_t *item, *clocks = json_object_get(result, "clocks");
    str_append(out, "\n## Time\n\n");
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        char key[32];
        snprintf(key, sizeof key, "%s_s", names[i]);
        str_printf(out, "- %s: ", names[i]);
        if (member_is_null(clocks, key))
            str_append(out, "never");
        else
            member_clock(clocks, key, out);
        str_append(out, "\n");
    }
    str_append(out, "\n| at | what |\n|---|---|\n");
    json_array_foreach(member_list(result, "timeline"), i, item)
    {
        str_append(out, "| ");
        member_clock(item, "after_s", out);
        str_append(out, " | ");
        member(out, item, "text");
        str_append(out, " |\n");
    }
    json_array_foreach(member_list(result, "notes"), i, item)
    {
        str_append(out, "\n");
        plain(out, json_string_value(item) ? json_string_value(item) : "");
        str_append(out, "\n");
    }
    str_printf(out, "\nJournal: %.0f entries, head `%s`.\n",
               member_number(json_object_get(result, "journal"), "entries"),
               member_text(json_object_get(result, "journal"), "head"));
}

void report_markdown(const json_t *result, bool color, struct str *out)
{
    (void)color;
    write_head(result, out);
    write_tasks(result, out);
    write_hints(result, out);
    write_answers(result, out);
    write_lab(result, out);
    write_time(result, out);
}
