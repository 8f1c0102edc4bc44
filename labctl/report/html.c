/* One self-contained HTML page: no script, no font, no picture from elsewhere; readable on a phone and in print.
 *
 * The page is a head (score, clocks), the drawing, the points one by one with their evidence folded, the timeline. */
#include <stdio.h>

#include "base/str.h"
#include "report/drawing.h"
#include "report/html.h"
#include "report/member.h"
#include "report/writers.h"

static const char style[] =
    ":root{--ink:#1c2733;--soft:#5b6b7b;--paper:#fff;--tint:#f2f5f8;--line:#d9e0e7;--good:#1b7f3b;--bad:#c62828;"
    "--broken:#c62828;--changed:#0b63c4;color-scheme:light dark}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#9aa8b6;--paper:#14191f;--tint:#1e252d;--line:#"
    "333d47;"
    "--good:#58c27d;--bad:#ff7b72;--broken:#ff7b72;--changed:#6cb0ff}}\n"
    "@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--tint:#f4f4f4;--line:#bbb;--good:#14602c;--bad:#a01010;"
    "--broken:#a01010;--changed:#0b4f9e;color-scheme:light}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:66rem;padding:1.2rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);"
    "background:var(--paper)}\n"
    "h1{font-size:1.6rem;line-height:1.2;margin:.2rem 0}h2{font-size:1.15rem;margin:2rem 0 .6rem;"
    "border-bottom:1px solid var(--line);padding-bottom:.25rem}\n"
    ".soft{color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad)}.right{float:right;margin-left:1rem}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin:1rem 0}\n"
    ".card{background:var(--tint);border-radius:.5rem;padding:.6rem .8rem}.card b{display:block;font-size:1.35rem}\n"
    ".score{border-left:.4rem solid var(--bad)}.score.passed{border-color:var(--good)}\n"
    ".wide{overflow-x:auto}svg.drawing{max-width:100%;height:auto}"
    "@media(max-width:40rem){svg.drawing{max-width:none}}\n"
    "details{border:1px solid var(--line);border-radius:.5rem;margin:.4rem 0;padding:.35rem .7rem}\n"
    "summary{cursor:pointer;overflow-wrap:anywhere}summary:focus-visible{outline:2px solid var(--changed)}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .8rem;margin:.4rem 0}dt{color:var(--soft)}"
    "dd{margin:0;overflow-wrap:anywhere}\n"
    ".mark{display:inline-block;width:1.3em;font-weight:700}\n"
    "table{border-collapse:collapse;width:100%}td,th{padding:.2rem .5rem .2rem 0;vertical-align:top;text-align:left;"
    "border-bottom:1px solid var(--line)}td:first-child{white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "td{overflow-wrap:anywhere}\n"
    "code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}\n"
    ".bar{position:relative;height:1.6rem;background:var(--tint);border-radius:.3rem;margin:.8rem 0}\n"
    ".bar i{position:absolute;top:.2rem;bottom:.2rem;width:3px;margin-left:-1px;border-radius:2px;"
    "background:var(--soft)}.bar i.hint{background:#c98500}.bar i.check{background:var(--good)}"
    ".bar i.change,.bar i.claim,.bar i.answer{background:var(--changed)}.bar i.fault,.bar "
    "i.stop{background:var(--bad)}\n"
    "@media print{body{font-size:11pt;padding:0;max-width:none}details,.card{break-inside:avoid}h2{break-after:avoid}"
    "svg.drawing{max-width:100%}}\n";

void html_member(struct str *out, const json_t *object, const char *key)
{
    xml_text(out, member_text(object, key));
}

void html_heading(struct str *out, const char *words)
{
    str_printf(out, "<h2>%s</h2>\n", words);
}

static void card(struct str *out, const char *what)
{
    str_printf(out, "</b><span class=\"soft\">%s</span></div>\n", what);
}

static void write_clocks(const json_t *result, struct str *out)
{
    static const struct {
        const char *key, *words;
    } clocks[] = {{"detect_s", "until it was noticed"},
                  {"localise_s", "until it was located"},
                  {"diagnose_s", "until it was named"},
                  {"mitigate_s", "until it worked again"}};
    const json_t *object = json_object_get(result, "clocks");
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        str_append(out, "<div class=\"card\"><b>");
        if (member_is_null(object, clocks[i].key))
            str_append(out, "–");
        else
            member_clock(object, clocks[i].key, out);
        card(out, clocks[i].words);
    }
}

static void write_cards(const json_t *result, struct str *out)
{
    const json_t *points = json_object_get(result, "points");
    bool passed = member_truth(points, "passed");
    str_printf(out, "<div class=\"cards\">\n<div class=\"card score%s\"><b class=\"%s\">", passed ? " passed" : "",
               passed ? "good" : "bad");
    member_percent(points, out);
    str_printf(out, " %s</b><span class=\"soft\">", passed ? "passed" : "not passed");
    member_points(points, "total", out);
    str_append(out, " of ");
    member_points(points, "maximum", out);
    str_printf(out, " points; pass mark %s</span></div>\n<div class=\"card\"><b>", member_text(points, "pass_mark"));
    member_clock(result, "time_used_s", out);
    if (member_is_null(result, "time_allowed_s")) {
        card(out, "time used");
    } else {
        str_append(out, "</b><span class=\"soft\">of ");
        member_clock(result, "time_allowed_s", out);
        str_append(out, "</span></div>\n");
    }
    write_clocks(result, out);
    str_append(out, "</div>\n<p>");
    html_member(out, points, "why");
    str_append(out, ".</p>\n");
}

static void write_facts(const json_t *result, struct str *out)
{
    static const struct {
        const char *key, *words;
    } rows[] = {{"learner", "learner"}, {"seed", "seed"},   {"scenario", "scenario"}, {"mode", "mode"},
                {"started", "started"}, {"ended", "ended"}, {"end", "ended by"}};
    const char *name;
    const json_t *value;
    str_append(out, "<dl>\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (member_is_null(result, rows[i].key))
            continue;
        str_printf(out, "<dt>%s</dt><dd>", rows[i].words);
        html_member(out, result, rows[i].key);
        str_append(out, "</dd>\n");
    }
    json_object_foreach(json_object_get(result, "variables"), name, value)
    {
        str_append(out, "<dt>");
        xml_text(out, name);
        str_append(out, "</dt><dd>");
        xml_text(out, json_string_value(value) ? json_string_value(value) : "");
        str_append(out, "</dd>\n");
    }
    str_append(out, "</dl>\n");
}

static void write_graph(const json_t *result, struct str *out)
{
    const json_t *graph = json_object_get(result, "graph");
    if (!json_is_object(graph))
        return;
    html_heading(out, "The lab");
    str_append(out,
               "<p><span class=\"mark\" style=\"color:var(--broken)\">▬</span> was broken &emsp;"
               "<span class=\"mark\" style=\"color:var(--changed)\">▬</span> was changed</p>\n<div class=\"wide\">\n");
    drawing_svg(graph, out);
    str_append(out, "</div>\n");
}

static void write_journal(const json_t *result, struct str *out)
{
    const json_t *journal = json_object_get(result, "journal");
    size_t i;
    const json_t *note;
    html_heading(out, "Evidence");
    json_array_foreach(member_list(result, "notes"), i, note)
    {
        str_append(out, "<p>");
        xml_text(out, json_string_value(note) ? json_string_value(note) : "");
        str_append(out, "</p>\n");
    }
    str_printf(out, "<p class=\"soft\">Journal of %.0f entries, %s; its head: <code>",
               member_number(journal, "entries"), member_truth(journal, "keyed") ? "keyed" : "hash-chained");
    html_member(out, journal, "head");
    str_append(out, "</code></p>\n");
}

void report_html(const json_t *result, bool color, struct str *out)
{
    const char *title = member_text(result, *member_text(result, "title") ? "title" : "scenario");
    (void)color;
    str_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    xml_text(out, title);
    str_printf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n<h1>", style);
    xml_text(out, title);
    str_append(out, "</h1>\n<p class=\"soft\">");
    html_member(out, result, "note");
    str_append(out, "</p>\n</header>\n<main>\n");
    write_cards(result, out);
    write_facts(result, out);
    write_graph(result, out);
    html_points(result, out);
    html_events(result, out);
    write_journal(result, out);
    str_append(out, "</main>\n</body>\n</html>\n");
}
