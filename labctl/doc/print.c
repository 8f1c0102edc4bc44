/* Diagnostics: findings as a person reads them, and as JSON. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "base/table.h"
#include "doc/doc.h"

#define LINE_SHOWN  160  /* characters of a line that are shown */
#define LINE_BEFORE 100  /* of them before the place, where the line is longer */
#define COLUMN_MAX  4096 /* behind it a line is not shown: nobody wrote it by hand */
#define LINES_MAX   1000 /* findings whose lines are shown; of more the messages alone */

/* East Asian wide characters and emoji (Unicode 15, EastAsianWidth.txt, coarsely), and characters without a width. */
static const struct {
    uint32_t first, last;
    unsigned width;
} widths[] = {
    {0x0300, 0x036f, 0}, {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0}, {0x2e80, 0xa4cf, 2},
    {0xac00, 0xd7a3, 2}, {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe6f, 2}, {0xff00, 0xff60, 2},
    {0xffe0, 0xffe6, 2}, {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
};

/* One character of a text: its bytes and code point; an invalid byte counts as U+FFFD. */
static size_t character(const char *text, size_t length, uint32_t *code)
{
    size_t bytes = str_utf8_length(text, length);
    const unsigned char *at = (const unsigned char *)text;
    *code = bytes == 1 ? at[0] : bytes == 0 ? 0xfffd : at[0] & (0x7fU >> bytes);
    for (size_t i = 1; i < bytes; i++)
        *code = *code << 6 | (at[i] & 0x3f);
    return bytes > 0 ? bytes : 1;
}

static unsigned width_of(uint32_t code)
{
    for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
        if (code >= widths[i].first && code <= widths[i].last)
            return widths[i].width;
    return 1;
}

/* Whether a terminal would take the character for a command. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Appends text with control characters made visible. */
static void append_safe(struct str *out, const char *text)
{
    for (size_t at = 0, length = strlen(text), bytes; at < length; at += bytes) {
        uint32_t code;
        bytes = character(text + at, length - at, &code);
        if (is_control(code))
            str_printf(out, "\\x%02x", code);
        else if (code == 0xfffd)
            str_append(out, "\xef\xbf\xbd");
        else
            str_append_bytes(out, text + at, bytes);
    }
}

/* Shows the line of a mark and a caret under its column. */
static void print_line(struct sources *sources, struct mark mark, const char *caret_on, const char *caret_off,
                       struct str *out)
{
    const char *text;
    size_t length;
    if (mark.column > COLUMN_MAX || !sources_line(sources, mark, &text, &length))
        return;
    STR_AUTO pad = STR_INIT;
    uint32_t first = mark.column > LINE_SHOWN ? mark.column - LINE_BEFORE : 1, column = 1;
    str_append(out, first > 1 ? "  …" : "  ");
    str_append(&pad, first > 1 ? "   " : "  ");
    for (size_t at = 0, bytes; at < length; at += bytes, column++) {
        uint32_t code;
        bytes = character(text + at, length - at, &code);
        if (column < first)
            continue;
        if (column >= first + LINE_SHOWN) {
            str_append(out, "…");
            break;
        }
        if (code == '\t' || !is_control(code))
            str_append_bytes(out, code == 0xfffd ? "?" : text + at, code == 0xfffd ? 1 : bytes);
        else
            str_append_char(out, '?');
        if (column < mark.column)
            str_append(&pad, code == '\t' ? "\t" : width_of(code) == 2 ? "  " : width_of(code) == 1 ? " " : "");
    }
    str_printf(out, "\n%s%s^%s\n", str_text(&pad), caret_on, caret_off);
}

static const char *file_name(const struct sources *sources, struct mark mark)
{
    return mark.file < sources->count ? sources->items[mark.file].name : "?";
}

/* "file:line:column: ", or "file: " for what has no line. */
static void print_place(const struct sources *sources, struct mark mark, struct str *out)
{
    append_safe(out, file_name(sources, mark));
    if (mark.line > 0)
        str_printf(out, ":%u:%u", mark.line, mark.column);
    str_append(out, ": ");
}

/* Writes one finding, with or without its lines. */
static void print_finding(const struct finding *finding, struct sources *sources, bool color, bool lines,
                          struct str *out)
{
    bool error = finding->level == FINDING_ERROR;
    const char *bold = color ? "\033[1m" : "", *off = color ? "\033[0m" : "";
    const char *strong = !color ? "" : error ? "\033[1;31m" : "\033[1;35m", *green = color ? "\033[1;32m" : "";
    str_append(out, bold);
    print_place(sources, finding->mark, out);
    str_printf(out, "%s%s%s:%s ", off, strong, error ? "error" : "warning", off);
    append_safe(out, finding->text);
    str_printf(out, " [%s]\n", finding->rule);
    if (lines)
        print_line(sources, finding->mark, green, off, out);
    if (finding->hint != NULL) {
        str_append(out, "  ");
        append_safe(out, finding->hint);
        str_append_char(out, '\n');
    }
    if (finding->other.line == 0)
        return;
    str_append(out, bold);
    print_place(sources, finding->other, out);
    str_printf(out, "%snote: ", off);
    append_safe(out, finding->other_text != NULL ? finding->other_text : "the other place");
    str_append_char(out, '\n');
    if (lines)
        print_line(sources, finding->other, green, off, out);
}

void findings_print(const struct findings *findings, struct sources *sources, bool color, struct str *out)
{
    for (size_t i = 0; i < findings->count; i++)
        print_finding(&findings->items[i], sources, color, i < LINES_MAX, out);
}

/* file, line, column of a mark as members. */
static void json_mark(const struct sources *sources, struct mark mark, struct json *json)
{
    json_put_string_member(json, "file", file_name(sources, mark));
    json_put_integer_member(json, "line", mark.line);
    json_put_integer_member(json, "column", mark.column);
}

void findings_json(const struct findings *findings, const struct sources *sources, struct json *json)
{
    json_put_array(json);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        json_put_object(json);
        json_put_string_member(json, "level", finding->level == FINDING_ERROR ? "error" : "warning");
        json_mark(sources, finding->mark, json);
        json_put_string_member(json, "rule", finding->rule);
        json_put_string_member(json, "text", finding->text);
        if (finding->hint != NULL)
            json_put_string_member(json, "hint", finding->hint);
        if (finding->other.line > 0) {
            json_put_key(json, "other");
            json_put_object(json);
            json_mark(sources, finding->other, json);
            json_put_string_member(json, "text", finding->other_text);
            json_put_object_end(json);
        }
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

const char *findings_first(const struct findings *findings, const struct sources *sources, struct arena *arena)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (finding->level != FINDING_ERROR)
            continue;
        STR_AUTO text = STR_INIT;
        print_place(sources, finding->mark, &text);
        append_safe(&text, finding->text);
        str_printf(&text, " [%s]", finding->rule);
        return arena_strdup(arena, str_text(&text));
    }
    return NULL;
}
