/* The text for a running exercise. */
#include <string.h>

#include "report/member.h"
#include "report/paint.h"
#include "report/report.h"

static void write_head(const json_t *status, bool color, struct str *out)
{
    const char *state = member_text(status, "state"), *phase = member_text(status, "phase");
    paint(out, color, BOLD, member_text(status, "scenario"));
    if (*member_text(status, "title"))
        str_printf(out, ": %s", member_text(status, "title"));
    str_append_char(out, '\n');
    if (*phase)
        str_printf(out, "phase %s: ", phase);
    member_clock(status, "time_used_s", out);
    str_append(out, " used");
    if (json_is_number(json_object_get(status, "time_left_s"))) {
        str_append(out, ", ");
        report_clock_left(json_number_value(json_object_get(status, "time_left_s")), out);
        str_printf(out, " left%s", *phase ? " of this phase" : "");
    }
    if (!strcmp(state, "paused"))
        str_append(out, "; the clock stands (`labctl resume`)");
    else if (!strcmp(state, "between"))
        str_append(out, "; the phase has ended and is being measured");
    else if (!strcmp(state, "ended"))
        str_append(out, "; it has ended and is being scored");
    str_printf(out, "; %lld hint%s left\n", member_integer(status, "hints_left"),
               plural(member_integer(status, "hints_left")));
}

static void write_tasks(const json_t *status, bool color, struct str *out)
{
    size_t i;
    json_t *task;
    json_array_foreach(json_object_get(status, "tasks"), i, task)
    {
        bool done = member_truth(task, "done");
        str_append(out, "  ");
        paint(out, color, done ? GREEN : RED, done ? "done" : "open");
        str_printf(out, "  %lld of %lld points  %s", member_integer(task, "earned"), member_integer(task, "maximum"),
                   member_text(task, "id"));
        if (*member_text(task, "title"))
            str_printf(out, ": %s", member_text(task, "title"));
        str_append_char(out, '\n');
    }
}

static void write_guards(const json_t *status, bool color, struct str *out)
{
    size_t i;
    json_t *guard;
    json_array_foreach(json_object_get(status, "guards"), i, guard)
    {
        if (!member_integer(guard, "lost"))
            continue;
        str_append(out, "  ");
        paint(out, color, RED, "lost");
        str_printf(out, "  %lld points  guard %s: %s\n", member_integer(guard, "lost"), member_text(guard, "id"),
                   member_text(guard, "seen"));
    }
}

/* What is asked beside the tasks; whether it is right is told at the end. */
static void write_rest(const json_t *status, struct str *out)
{
    size_t i;
    json_t *question;
    const json_t *articulate = json_object_get(status, "articulate");
    json_array_foreach(json_object_get(status, "questions"), i, question)
    {
        const char *answered = member_text(question, "answered");
        str_printf(out, "  %s  question %s (%lld point%s)%s%s\n", *answered ? "said" : "open",
                   member_text(question, "id"), member_integer(question, "points"),
                   plural(member_integer(question, "points")), *answered ? ": " : "", answered);
    }
    if (member_integer(status, "diagnosis_points"))
        str_printf(out, "  %s  diagnosis (%lld point%s): %lld claim%s\n",
                   member_integer(status, "claims") ? "said" : "open", member_integer(status, "diagnosis_points"),
                   plural(member_integer(status, "diagnosis_points")), member_integer(status, "claims"),
                   plural(member_integer(status, "claims")));
    if (!json_is_object(articulate))
        return;
    str_printf(out, "  %s  in writing (%lld point%s, outside the pass mark): %lld",
               member_integer(articulate, "words") ? "said" : "open", member_integer(articulate, "points"),
               plural(member_integer(articulate, "points")), member_integer(articulate, "words"));
    if (member_integer(articulate, "words_wanted"))
        str_printf(out, " of %lld", member_integer(articulate, "words_wanted"));
    str_append(out, " words\n");
}

void report_status(const json_t *status, bool color, struct str *out)
{
    const json_t *points = json_object_get(status, "points");
    write_head(status, color, out);
    write_tasks(status, color, out);
    write_guards(status, color, out);
    write_rest(status, out);
    member_points(points, "total", out);
    str_printf(out, " of %lld points so far, ", member_integer(points, "maximum"));
    member_percent(points, out);
    str_printf(out, " (pass mark %s)\n", member_text(points, "pass_mark"));
}
