/* The page's points: tasks, guards, questions, diagnosis, text; what was broken, and who reaches whom. */
#include <stdio.h>

#include "base/str.h"
#include "report/drawing.h"
#include "report/html.h"
#include "report/member.h"

static void term(struct str *out, const char *name, const json_t *object, const char *key)
{
    if (!*member_text(object, key))
        return;
    str_printf(out, "<dt>%s</dt><dd>", name);
    html_member(out, object, key);
    str_append(out, "</dd>\n");
}

static void mark(const json_t *check, struct str *out)
{
    const char *verdict = member_text(check, "verdict");
    bool pass = str_equal(verdict, "pass"), fail = str_equal(verdict, "fail");
    str_printf(out, "<span class=\"mark %s\" title=\"", pass ? "good" : fail ? "bad" : "soft");
    xml_text(out, verdict);
    str_printf(out, "\">%s</span>", pass ? "✔" : fail ? "✘" : "?");
}

/* Folded: what was asked and the points; inside: the evidence. */
static void write_check(const json_t *check, struct str *out)
{
    str_append(out, "<details><summary><span class=\"right soft\">");
    if (!member_is_null(check, "points")) {
        member_points(check, "earned", out);
        str_append(out, " of ");
        member_points(check, "points", out);
    } else if (member_number(check, "lost") > 0) {
        str_append(out, "−");
        member_points(check, "lost", out);
    }
    str_append(out, "</span>");
    mark(check, out);
    html_member(out, check, *member_text(check, "title") ? "title" : "asked");
    str_append(out, "</summary>\n<dl>\n");
    term(out, "check", check, "id");
    term(out, "asked", check, "asked");
    term(out, "expected", check, "expected");
    term(out, "seen", check, "seen");
    term(out, "points", check, "why");
    str_printf(out, "<dt>took</dt><dd>%.0f ms, %.0f attempt%s</dd>\n</dl></details>\n",
               member_number(check, "duration_ms"), member_number(check, "attempts"),
               member_number(check, "attempts") == 1 ? "" : "s");
}

static void write_task(const json_t *task, struct str *out)
{
    size_t i;
    const json_t *check;
    str_append(out, "<h2><span class=\"right\">");
    member_points(task, "earned", out);
    str_append(out, " of ");
    member_points(task, "maximum", out);
    str_append(out, "</span>");
    html_member(out, task, *member_text(task, "title") ? "title" : "id");
    str_append(out, "</h2>\n<p class=\"soft\">");
    html_member(out, task, "why");
    str_append(out, "</p>\n");
    json_array_foreach(member_list(task, "checks"), i, check) write_check(check, out);
}

static void write_hints(const json_t *result, struct str *out)
{
    size_t i;
    const json_t *hint, *hints = member_list(result, "hints");
    if (!json_array_size(hints))
        return;
    html_heading(out, "Hints taken");
    str_append(out, "<table>\n");
    json_array_foreach(hints, i, hint)
    {
        str_append(out, "<tr><td>");
        member_clock(hint, "after_s", out);
        str_append(out, "</td><td>");
        html_member(out, hint, "text");
        str_append(out, " <span class=\"soft\">(");
        html_member(out, hint, "task");
        str_append(out, ", −");
        member_points(hint, "cost", out);
        str_append(out, ")</span></td></tr>\n");
    }
    str_append(out, "</table>\n");
}

static void write_question(const json_t *question, struct str *out)
{
    bool correct = member_truth(question, "correct");
    str_append(out, "<details><summary><span class=\"right soft\">");
    member_points(question, "earned", out);
    str_append(out, " of ");
    member_points(question, "points", out);
    str_printf(out, "</span><span class=\"mark %s\">%s</span>", correct ? "good" : "bad", correct ? "✔" : "✘");
    html_member(out, question, "ask");
    str_append(out, "</summary>\n<dl>\n");
    term(out, "answered", question, "answered");
    term(out, "right", question, "answer");
    term(out, "because", question, "explain");
    term(out, "points", question, "why");
    str_append(out, "</dl></details>\n");
}

static void write_claims(const json_t *diagnosis, struct str *out)
{
    size_t i;
    const json_t *claim;
    str_append(out, "<table>\n");
    json_array_foreach(member_list(diagnosis, "claims"), i, claim)
    {
        STR_AUTO where = STR_INIT;
        member_words(member_list(claim, "where"), &where);
        str_append(out, "<tr><td>");
        member_clock(claim, "after_s", out);
        str_append(out, "</td><td>");
        if (member_truth(claim, "none"))
            str_append(out, "nothing is broken");
        else
            html_member(out, claim, "what");
        str_append(out, *str_text(&where) ? " at " : "");
        xml_text(out, str_text(&where));
        str_append(out, " <span class=\"soft\">(");
        html_member(out, claim, "why");
        str_append(out, ")</span></td></tr>\n");
    }
    str_append(out, "</table>\n");
}

static void write_answers(const json_t *result, struct str *out)
{
    size_t i;
    const json_t *item, *diagnosis = json_object_get(result, "diagnosis");
    const json_t *articulate = json_object_get(result, "articulate");
    if (json_array_size(member_list(result, "questions")))
        html_heading(out, "Questions");
    json_array_foreach(member_list(result, "questions"), i, item) write_question(item, out);
    if (json_is_object(diagnosis)) {
        html_heading(out, "Diagnosis");
        str_append(out, "<p>");
        html_member(out, diagnosis, "why");
        str_append(out, "</p>\n");
        write_claims(diagnosis, out);
    }
    if (!json_is_object(articulate))
        return;
    html_heading(out, "Articulate");
    str_append(out, "<p>");
    html_member(out, articulate, "prompt");
    str_append(out, "</p>\n<p class=\"soft\">");
    html_member(out, articulate, "why");
    str_append(out, "</p>\n<table>\n");
    json_array_foreach(member_list(articulate, "rubric"), i, item)
    {
        str_append(out, "<tr><td>");
        if (member_is_null(item, "awarded"))
            str_append(out, "–");
        else
            member_points(item, "awarded", out);
        str_append(out, " of ");
        member_points(item, "points", out);
        str_append(out, "</td><td>");
        html_member(out, item, "text");
        str_append(out, "</td></tr>\n");
    }
    str_append(out, "</table>\n");
}

static void write_faults(const json_t *result, struct str *out)
{
    size_t i;
    const json_t *fault;
    html_heading(out, "What was broken");
    if (!json_array_size(member_list(result, "faults")))
        str_append(out, "<p>Nothing.</p>\n");
    json_array_foreach(member_list(result, "faults"), i, fault)
    {
        str_append(out, "<details open><summary>");
        html_member(out, fault, "description");
        str_append(out, "</summary>\n<dl>\n");
        term(out, "what", fault, "summary");
        str_printf(out, "<dt>layer</dt><dd>%.0f</dd>\n", member_number(fault, "layer"));
        term(out, "seen as", fault, "symptom");
        term(out, "found with", fault, "tools");
        str_append(out, "</dl></details>\n");
    }
}

static void write_pairs(const json_t *reach, const char *key, const char *words, struct str *out)
{
    size_t i;
    const json_t *pair, *list = member_list(reach, key);
    if (!json_array_size(list))
        return;
    str_printf(out, "<details><summary>%zu %s</summary>\n<p>", json_array_size(list), words);
    json_array_foreach(list, i, pair)
    {
        str_append(out, i ? ", " : "");
        html_member(out, pair, "from");
        str_append(out, " → ");
        html_member(out, pair, "to");
        if (!member_is_null(pair, "port"))
            str_printf(out, ":%.0f", member_number(pair, "port"));
    }
    str_append(out, "</p></details>\n");
}

static void write_reach(const json_t *result, struct str *out)
{
    size_t i;
    const json_t *change, *reach = json_object_get(result, "reachability");
    if (json_is_object(reach)) {
        html_heading(out, "Who reaches whom");
        write_pairs(reach, "fixed", "fixed", out);
        write_pairs(reach, "newly_broken", "newly broken", out);
        write_pairs(reach, "newly_opened", "newly opened", out);
        write_pairs(reach, "still_broken", "still broken", out);
        str_printf(out, "<p class=\"soft\">%.0f preserved</p>\n", member_number(reach, "preserved"));
    }
    if (!json_array_size(member_list(result, "topology_changes")))
        return;
    html_heading(out, "What was changed in the topology");
    str_append(out, "<ul>\n");
    json_array_foreach(member_list(result, "topology_changes"), i, change)
    {
        str_append(out, "<li><code>");
        xml_text(out, json_string_value(change) ? json_string_value(change) : "");
        str_append(out, "</code></li>\n");
    }
    str_append(out, "</ul>\n");
}

void html_points(const json_t *result, struct str *out)
{
    size_t i;
    const json_t *item;
    json_array_foreach(member_list(result, "tasks"), i, item) write_task(item, out);
    if (json_array_size(member_list(result, "guards")))
        html_heading(out, "What had to stay as it was");
    json_array_foreach(member_list(result, "guards"), i, item) write_check(item, out);
    write_hints(result, out);
    write_answers(result, out);
    write_faults(result, out);
    write_reach(result, out);
}
