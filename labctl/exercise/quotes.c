/* Quotes in a text. */
#include "exercise/quotes.h"

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"

#define FENCE    "```"
#define LEAST    3 /* characters that are no space */
#define ESCAPE   '\033'
#define BELL     '\007'
#define RECORDED 2 /* the version of asciicast */

/* A text without its space. */
static void squeeze(const char *text, size_t length, struct str *out)
{
    for (size_t i = 0; i < length; i++)
        if (!isspace((unsigned char)text[i]))
            str_append_char(out, text[i]);
}

/* ---- what is quoted ---- */

static void add_quote(struct quotes *quotes, const char *line, size_t length, struct arena *arena)
{
    STR_AUTO squeezed = STR_INIT;
    while (length && isspace((unsigned char)line[length - 1]))
        length--;
    while (length && isspace((unsigned char)*line)) {
        line++;
        length--;
    }
    if (length > 2 && (*line == '$' || *line == '#') && line[1] == ' ') {
        line += 2;
        length -= 2;
    }
    squeeze(line, length, &squeezed);
    if (squeezed.length >= LEAST)
        *ARENA_PUSH(arena, quotes->items, quotes->count) = (struct quote){.line = arena_strndup(arena, line, length)};
}

struct quotes quotes_of(const char *text, size_t length, struct arena *arena)
{
    struct quotes quotes = {0};
    bool fenced = false;
    for (size_t i = 0; i < length;) {
        const char *line = text + i, *end = memchr(line, '\n', length - i);
        size_t count = end ? (size_t)(end - line) : length - i;
        i += count + 1;
        while (count && isspace((unsigned char)*line)) {
            line++;
            count--;
        }
        if (count >= sizeof FENCE - 1 && !memcmp(line, FENCE, sizeof FENCE - 1))
            fenced = !fenced;
        else if (fenced)
            add_quote(&quotes, line, count, arena);
        else if (count && *line == '>')
            add_quote(&quotes, line + 1, count - 1, arena);
    }
    return quotes;
}

void quotes_look(struct quotes *quotes, const char *where, const char *transcript, size_t length, struct arena *arena)
{
    STR_AUTO seen = STR_INIT;
    squeeze(transcript, length, &seen);
    for (size_t i = 0; i < quotes->count; i++) {
        STR_AUTO line = STR_INIT;
        squeeze(quotes->items[i].line, strlen(quotes->items[i].line), &line);
        if (quotes->items[i].found || !seen.length || !memmem(seen.data, seen.length, line.data, line.length))
            continue;
        quotes->items[i].found = arena_strdup(arena, where);
        quotes->found++;
    }
}

/* ---- what was recorded ---- */

/* Bytes of the control sequence at the start: ESC [ … letter, ESC ] … BEL or ESC \, ESC and one more. */
static size_t sequence(const char *text, size_t length)
{
    size_t i = 2;
    if (length < 2)
        return length;
    if (text[1] == '[') {
        while (i < length && (unsigned char)text[i] < '@')
            i++;
        return i < length ? i + 1 : length;
    }
    if (text[1] != ']')
        return 2;
    while (i < length && text[i] != BELL && text[i] != ESCAPE)
        i++;
    return i < length && text[i] == ESCAPE ? (i + 2 < length ? i + 2 : length) : i + (i < length);
}

static void take_back(struct str *out)
{
    while (out->length && ((unsigned char)out->data[out->length - 1] & 0xc0) == 0x80)
        out->length--;
    if (out->length && out->data[out->length - 1] != '\n')
        out->length--;
    if (out->data)
        out->data[out->length] = 0;
}

static void show(const char *text, size_t length, struct str *out)
{
    for (size_t i = 0; i < length;) {
        unsigned char c = (unsigned char)text[i];
        if (c == ESCAPE) {
            i += sequence(text + i, length - i);
            continue;
        }
        if (c == '\b' || c == 127)
            take_back(out);
        else if (c == '\n' || c == '\t' || c >= ' ')
            str_append_char(out, (char)c);
        i++;
    }
}

/* Calls for each line that is JSON. */
static void each_line(const char *text, size_t length, void (*line)(const json_t *value, struct str *out),
                      struct str *out)
{
    for (size_t i = 0; i < length;) {
        const char *end = memchr(text + i, '\n', length - i);
        size_t count = end ? (size_t)(end - (text + i)) : length - i;
        json_t *value = json_loadb(text + i, count, 0, NULL);
        line(value, out);
        json_decref(value);
        i += count + 1;
    }
}

/* [seconds, "o", text] */
static void add_event(const json_t *event, struct str *out)
{
    const char *kind = json_string_value(json_array_get(event, 1));
    const json_t *text = json_array_get(event, 2);
    if (str_equal(kind, "o") && json_is_string(text))
        str_append_bytes(out, json_string_value(text), json_string_length(text));
}

void quotes_transcript(const char *cast, size_t length, struct str *out)
{
    STR_AUTO raw = STR_INIT;
    const char *end = memchr(cast, '\n', length);
    json_t *head = end ? json_loadb(cast, (size_t)(end - cast), 0, NULL) : NULL;
    bool recording = json_integer_value(json_object_get(head, "version")) == RECORDED;
    json_decref(head);
    if (!recording)
        return;
    /* A sequence may be spread over several events. */
    each_line(end + 1, length - (size_t)(end + 1 - cast), add_event, &raw);
    show(str_text(&raw), raw.length, out);
}

static void add_texts(const json_t *value, struct str *out)
{
    const char *key;
    const json_t *member;
    size_t i;
    if (json_is_string(value))
        str_printf(out, "%s\n", json_string_value(value));
    json_array_foreach(value, i, member) add_texts(member, out);
    json_object_foreach((json_t *)value, key, member) add_texts(member, out);
}

static void add_entry(const json_t *entry, struct str *out)
{
    static const char *const members[] = {"text", "things", "where", "what", "answer", "verdicts", "outcomes"};
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        add_texts(json_object_get(entry, members[i]), out);
}

void quotes_journal(const char *journal, size_t length, struct str *out)
{
    each_line(journal, length, add_entry, out);
}
