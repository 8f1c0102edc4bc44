/* The page's timeline: a bar on which each event is a stroke, and below it the list; phases where there are any. */
#include "base/str.h"
#include "report/drawing.h"
#include "report/html.h"
#include "report/member.h"

static void write_phases(const json_t *result, struct str *out)
{
    size_t i;
    const json_t *phase, *phases = member_list(result, "phases");
    if (!json_array_size(phases))
        return;
    html_heading(out, "Phases");
    str_append(out, "<table>\n");
    json_array_foreach(phases, i, phase)
    {
        STR_AUTO tickets = STR_INIT;
        member_words(member_list(phase, "tickets"), &tickets);
        str_append(out, "<tr><td>");
        member_clock(phase, "time_used_s", out);
        if (!member_is_null(phase, "time_allowed_s")) {
            str_append(out, " of ");
            member_clock(phase, "time_allowed_s", out);
        }
        str_append(out, "</td><td>");
        html_member(out, phase, *member_text(phase, "title") ? "title" : "id");
        if (*str_text(&tickets)) {
            str_append(out, " <span class=\"soft\">(");
            xml_text(out, str_text(&tickets));
            str_append(out, ")</span>");
        }
        str_append(out, "</td></tr>\n");
    }
    str_append(out, "</table>\n");
}

/* A word that is one of the page's classes, whatever the file says. */
static void write_class(const json_t *event, struct str *out)
{
    for (const char *c = member_text(event, "event"); (*c >= 'a' && *c <= 'z') || *c == '-'; c++)
        str_append_char(out, *c);
}

static void write_bar(const json_t *timeline, double whole, struct str *out)
{
    size_t i;
    const json_t *event;
    str_append(out, "<div class=\"bar\" aria-hidden=\"true\">");
    json_array_foreach(timeline, i, event)
    {
        double at = whole > 0 ? 100 * member_number(event, "after_s") / whole : 0;
        str_append(out, "<i class=\"");
        write_class(event, out);
        str_printf(out, "\" style=\"left:%.2f%%\" title=\"", at < 0 ? 0 : at > 100 ? 100 : at);
        html_member(out, event, "text");
        str_append(out, "\"></i>");
    }
    str_append(out, "</div>\n");
}

void html_events(const json_t *result, struct str *out)
{
    size_t i;
    const json_t *event, *timeline = member_list(result, "timeline");
    write_phases(result, out);
    if (!json_array_size(timeline))
        return;
    html_heading(out, "Timeline");
    write_bar(timeline, member_number(result, "time_used_s"), out);
    str_printf(out, "<details%s><summary>%zu events</summary>\n<table>\n",
               json_array_size(timeline) <= 40 ? " open" : "", json_array_size(timeline));
    json_array_foreach(timeline, i, event)
    {
        str_append(out, "<tr><td>");
        member_clock(event, "after_s", out);
        str_append(out, "</td><td>");
        html_member(out, event, "text");
        str_append(out, "</td></tr>\n");
    }
    str_append(out, "</table></details>\n");
}
