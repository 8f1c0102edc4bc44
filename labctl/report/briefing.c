/* The briefing: paragraphs are filled to the width of the window; what an author has indented or listed stays a line of
 * its own. */
#include "report/briefing.h"

#include <ctype.h>
#include <string.h>

#include "report/member.h"
#include "report/paint.h"

#define PAGE      80
#define NARROWEST 30

struct page {
    struct str *out;
    unsigned width;
    bool color;
};

/* ---- filling ---- */

/* Columns of a text: characters, not bytes. */
static size_t columns(const char *words, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)words[i] & 0xc0) != 0x80;
    return count;
}

/* Writes words, broken at spaces; what follows the first line is indented by `indent`.  column: where it begins;
 * runs_on: after a word. */
static size_t fill(const struct page *page, const char *words, size_t length, unsigned indent, size_t column,
                   bool runs_on)
{
    bool started = false;
    for (size_t i = 0; i < length;) {
        while (i < length && isspace((unsigned char)words[i]))
            i++;
        size_t word = 0;
        while (i + word < length && !isspace((unsigned char)words[i + word]))
            word++;
        if (!word)
            break;
        size_t wide = columns(words + i, word);
        bool first = !started && !runs_on;
        started = true;
        if (!first && column + 1 + wide > page->width) {
            str_printf(page->out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            str_append_char(page->out, ' ');
            column++;
        }
        str_append_bytes(page->out, words + i, word);
        column += wide;
        i += word;
    }
    return column;
}

static void line(const struct page *page, unsigned indent, const char *words)
{
    str_printf(page->out, "%*s", (int)indent, "");
    fill(page, words, strlen(words), indent, indent, false);
    str_append_char(page->out, '\n');
}

/* A line that does not run on from the one before it: indented, a list's, or empty. */
static bool stands_alone(const char *start, size_t length)
{
    size_t digits = 0;
    while (digits < length && isdigit((unsigned char)start[digits]))
        digits++;
    return !length || isspace((unsigned char)start[0]) ||
           ((start[0] == '-' || start[0] == '*') && length > 1 && start[1] == ' ') ||
           (digits && digits < length && (start[digits] == '.' || start[digits] == ')'));
}

static void paragraphs(const struct page *page, const char *words)
{
    size_t column = 0;
    while (*words) {
        size_t length = strcspn(words, "\n");
        bool alone = stands_alone(words, length);
        if (column && alone) {
            str_append_char(page->out, '\n');
            column = 0;
        }
        if (!length)
            str_append_char(page->out, '\n');
        else if (isspace((unsigned char)words[0]))
            str_printf(page->out, "%.*s\n", (int)length, words); /* laid out by its author */
        else
            column = fill(page, words, length, alone ? 2 : 0, column, column > 0);
        words += length + (words[length] == '\n');
    }
    if (column)
        str_append_char(page->out, '\n');
}

static void heading(const struct page *page, const char *words)
{
    str_append_char(page->out, '\n');
    paint(page->out, page->color, BOLD, words);
    str_append_char(page->out, '\n');
}

/* ---- parts ---- */

static bool of_phase(const json_t *item, const json_t *status)
{
    const char *phase = member_text(item, "phase");
    return !*member_text(status, "phase") || !*phase || !strcmp(phase, member_text(status, "phase"));
}

static const json_t *present_phase(const json_t *status)
{
    size_t i;
    json_t *phase;
    json_array_foreach(json_object_get(status, "phases"), i, phase)
    {
        if (!strcmp(member_text(phase, "id"), member_text(status, "phase")))
            return phase;
    }
    return NULL;
}

static const char *minutes(const json_t *object, const char *key, struct str *out)
{
    double seconds = json_number_value(json_object_get(object, key));
    str_clear(out);
    if (seconds < 120)
        str_printf(out, "%.10g s", seconds);
    else
        str_printf(out, "%.10g min", seconds / 60);
    return str_text(out);
}

static void write_phases(const struct page *page, const json_t *status)
{
    size_t i;
    json_t *phase;
    STR_AUTO list = STR_INIT;
    STR_AUTO time = STR_INIT;
    json_array_foreach(json_object_get(status, "phases"), i, phase)
    {
        str_printf(&list, "%s%s", i ? ", " : "Phases: ", member_text(phase, "id"));
        if (json_is_number(json_object_get(phase, "time_allowed_s")))
            str_printf(&list, " (%s)", minutes(phase, "time_allowed_s", &time));
    }
    if (list.length)
        line(page, 0, str_text(&list));
}

static void write_tickets(const struct page *page, const json_t *status)
{
    size_t i;
    json_t *ticket;
    json_array_foreach(json_object_get(status, "tickets"), i, ticket)
    {
        STR_AUTO words = STR_INIT;
        if (!of_phase(ticket, status))
            continue;
        /* Its name is the author's word for what is broken, mostly. */
        bool titled = *member_text(ticket, "title");
        str_printf(&words, "Ticket%s %s", titled ? ":" : "", member_text(ticket, titled ? "title" : "id"));
        line(page, 2, str_text(&words));
        if (*member_text(ticket, "restrict")) {
            str_clear(&words);
            str_printf(&words, "Restriction: %s", member_text(ticket, "restrict"));
            line(page, 4, str_text(&words));
        }
    }
}

static void write_tasks(const struct page *page, const json_t *status)
{
    size_t i;
    json_t *task;
    bool any = false;
    json_array_foreach(json_object_get(status, "tasks"), i, task)
    {
        STR_AUTO words = STR_INIT;
        if (!of_phase(task, status))
            continue;
        if (!any)
            heading(page, "Tasks");
        if (!any)
            write_tickets(page, status);
        any = true;
        str_printf(&words, "%s%s%s (%lld point%s)", member_text(task, "id"), *member_text(task, "title") ? ": " : "",
                   member_text(task, "title"), member_integer(task, "maximum"),
                   plural(member_integer(task, "maximum")));
        line(page, 2, str_text(&words));
    }
}

/* Those that are open. */
static void write_questions(const struct page *page, const json_t *status)
{
    size_t i, c;
    json_t *question, *choice;
    bool any = false;
    json_array_foreach(json_object_get(status, "questions"), i, question)
    {
        STR_AUTO words = STR_INIT;
        if (*member_text(question, "answered"))
            continue;
        if (!any)
            heading(page, "Questions");
        any = true;
        str_printf(&words, "%s: %s (%lld point%s)", member_text(question, "id"), member_text(question, "ask"),
                   member_integer(question, "points"), plural(member_integer(question, "points")));
        line(page, 2, str_text(&words));
        json_array_foreach(json_object_get(question, "choices"), c, choice)
        {
            str_clear(&words);
            str_printf(&words, "- %s", json_string_value(choice));
            line(page, 6, str_text(&words));
        }
    }
    if (any)
        line(page, 2, "`labctl answer ID VALUE` answers; the last answer counts.");
}

static void write_diagnosis(const struct page *page, const json_t *status)
{
    STR_AUTO words = STR_INIT;
    long long points = member_integer(status, "diagnosis_points");
    if (!points)
        return;
    heading(page, "Diagnosis");
    str_printf(&words,
               "%lld point%s for saying where it is broken and how: `labctl claim --where THING --what KIND`, or "
               "`labctl claim --none`; the last claim counts, or the last ones where several things are broken.",
               points, plural(points));
    line(page, 2, str_text(&words));
}

static void write_articulate(const struct page *page, const json_t *status)
{
    STR_AUTO words = STR_INIT;
    const json_t *articulate = json_object_get(status, "articulate");
    if (!json_is_object(articulate))
        return;
    heading(page, "In writing");
    line(page, 2, member_text(articulate, "prompt"));
    if (member_integer(articulate, "words_wanted"))
        str_printf(&words, "About %lld words, ", member_integer(articulate, "words_wanted"));
    str_printf(&words, "%lld point%s, marked by a person: `labctl answer articulate FILE`.",
               member_integer(articulate, "points"), plural(member_integer(articulate, "points")));
    line(page, 2, str_text(&words));
}

/* ---- whole ---- */

static struct page page_of(unsigned width, bool color, struct str *out)
{
    return (struct page){.out = out, .width = !width ? PAGE : width < NARROWEST ? NARROWEST : width, .color = color};
}

static void write_phase(const struct page *page, const json_t *status)
{
    const json_t *phase = present_phase(status);
    if (phase) {
        STR_AUTO words = STR_INIT;
        STR_AUTO time = STR_INIT;
        str_printf(&words, "Phase %s%s%s", member_text(phase, "id"), *member_text(phase, "title") ? ": " : "",
                   member_text(phase, "title"));
        if (json_is_number(json_object_get(phase, "time_allowed_s")))
            str_printf(&words, " (%s)", minutes(phase, "time_allowed_s", &time));
        heading(page, str_text(&words));
    }
    write_tasks(page, status);
    write_questions(page, status);
}

void briefing_phase(const json_t *status, unsigned width, bool color, struct str *out)
{
    struct page page = page_of(width, color, out);
    write_phase(&page, status);
    if (!member_integer(json_object_get(status, "articulate"), "words"))
        write_articulate(&page, status);
}

void briefing_write(const json_t *status, unsigned width, bool color, struct str *out)
{
    struct page page = page_of(width, color, out);
    STR_AUTO words = STR_INIT;
    STR_AUTO time = STR_INIT;
    const json_t *points = json_object_get(status, "points");
    paint(out, color, BOLD,
          *member_text(status, "title") ? member_text(status, "title") : member_text(status, "scenario"));
    str_printf(&words, "Scenario %s", member_text(status, "scenario"));
    if (member_integer(status, "level"))
        str_printf(&words, ", level %lld of 5", member_integer(status, "level"));
    if (str_starts(member_text(status, "note"), member_text(status, "mode")))
        str_printf(&words, "; %s", member_text(status, "note"));
    else
        str_printf(&words, "; %s: %s", member_text(status, "mode"), member_text(status, "note"));
    str_append_char(out, '\n');
    line(&page, 0, str_text(&words));
    str_clear(&words);
    if (json_is_number(json_object_get(status, "time_allowed_s")))
        str_printf(&words, "Time: %s; ", minutes(status, "time_allowed_s", &time));
    str_printf(&words, "%s%lld point%s, pass mark %s", words.length ? "" : "No deadline; ",
               member_integer(points, "maximum"), plural(member_integer(points, "maximum")),
               member_text(points, "pass_mark"));
    if (member_integer(status, "hints_left"))
        str_printf(&words, "; %lld hint%s, at a cost", member_integer(status, "hints_left"),
                   plural(member_integer(status, "hints_left")));
    line(&page, 0, str_text(&words));
    write_phases(&page, status);
    if (*member_text(status, "briefing")) {
        str_append_char(out, '\n');
        paragraphs(&page, member_text(status, "briefing"));
    }
    write_phase(&page, status);
    write_diagnosis(&page, status);
    write_articulate(&page, status);
}
