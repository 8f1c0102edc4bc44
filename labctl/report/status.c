/* The text for a running exercise. */
#include <string.h>

#include "report/parts.h"

static void write_head(const json_t *status, bool color, struct str *out)
{
    const char *state = text(status, "state"), *phase = text(status, "phase");
    paint(out, color, BOLD, text(status, "scenario"));
    if (*text(status, "title"))
        str_printf(out, ": %s", text(status, "title"));
    str_append_char(out, '\n');
    if (*phase)
        str_printf(out, "phase %s: ", phase);
    clock_member(status, "time_used_s", out);
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
    str_printf(out, "; %lld hint%s left\n", number(status, "hints_left"), plural(number(status, "hints_left")));
}

static void write_tasks(const json_t *status, bool color, struct str *out)
{
    size_t i;
    json_t *task;
    json_array_foreach(json_object_get(status, "tasks"), i, task)
    {
        bool done = truth(task, "done");
        str_append(out, "  ");
        paint(out, color, done ? GREEN : RED, done ? "done" : "open");
        str_printf(out, "  %lld of %lld points  %s", number(task, "earned"), number(task, "maximum"), text(task, "id"));
        if (*text(task, "title"))
            str_printf(out, ": %s", text(task, "title"));
        str_append_char(out, '\n');
    }
}

static void write_guards(const json_t *status, bool color, struct str *out)
{
    size_t i;
    json_t *guard;
    json_array_foreach(json_object_get(status, "guards"), i, guard)
    {
        if (!number(guard, "lost"))
            continue;
        str_append(out, "  ");
        paint(out, color, RED, "lost");
        str_printf(out, "  %lld points  guard %s: %s\n", number(guard, "lost"), text(guard, "id"), text(guard, "seen"));
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
        const char *answered = text(question, "answered");
        str_printf(out, "  %s  question %s (%lld point%s)%s%s\n", *answered ? "said" : "open", text(question, "id"),
                   number(question, "points"), plural(number(question, "points")), *answered ? ": " : "", answered);
    }
    if (number(status, "diagnosis_points"))
        str_printf(out, "  %s  diagnosis (%lld point%s): %lld claim%s\n", number(status, "claims") ? "said" : "open",
                   number(status, "diagnosis_points"), plural(number(status, "diagnosis_points")),
                   number(status, "claims"), plural(number(status, "claims")));
    if (!json_is_object(articulate))
        return;
    str_printf(out, "  %s  in writing (%lld point%s, outside the pass mark): %lld",
               number(articulate, "words") ? "said" : "open", number(articulate, "points"),
               plural(number(articulate, "points")), number(articulate, "words"));
    if (number(articulate, "words_wanted"))
        str_printf(out, " of %lld", number(articulate, "words_wanted"));
    str_append(out, " words\n");
}

void report_status(const json_t *status, bool color, struct str *out)
{
    char total[POINTS_TEXT];
    const json_t *points = json_object_get(status, "points");
    write_head(status, color, out);
    write_tasks(status, color, out);
    write_guards(status, color, out);
    write_rest(status, out);
    str_printf(out, "%s of %lld points so far, ", points_text(points, "total", total), number(points, "maximum"));
    write_percent(points, out);
    str_printf(out, " (pass mark %s)\n", text(points, "pass_mark"));
}
