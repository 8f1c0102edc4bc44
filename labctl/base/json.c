/* JSON writer: commas, indentation and escapes; misuse (a value without its key, too deep) is asserted. */
#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_init(struct json *json, struct str *out, bool pretty)
{
    *json = (struct json){.out = out, .pretty = pretty};
    json->first[0] = true;
}

/* Starts a line at the present depth; only in pretty texts. */
static void new_line(struct json *json)
{
    if (json->pretty)
        str_printf(json->out, "\n%*s", (int)json->depth * 2, "");
}

/* Parts the coming member or element from the one before.  Values at the top stand one a line (JSON lines). */
static void separate(struct json *json)
{
    bool first = json->first[json->depth];
    json->first[json->depth] = false;
    if (json->depth == 0) {
        if (!first)
            str_append_char(json->out, '\n');
        return;
    }
    if (!first)
        str_append_char(json->out, ',');
    new_line(json);
}

/* What precedes every value: nothing after a key, else the separator. */
static void before_value(struct json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    assert(!json->object[json->depth]);
    separate(json);
}

/* Opens an object or an array. */
static void open_level(struct json *json, bool object)
{
    before_value(json);
    assert(json->depth < JSON_DEPTH_MAX);
    str_append_char(json->out, object ? '{' : '[');
    json->depth++;
    json->first[json->depth] = true;
    json->object[json->depth] = object;
}

/* Closes what open_level opened. */
static void close_level(struct json *json, bool object)
{
    assert(json->depth > 0 && json->object[json->depth] == object && !json->after_key);
    bool empty = json->first[json->depth];
    json->depth--;
    if (!empty)
        new_line(json);
    str_append_char(json->out, object ? '}' : ']');
}

void json_put_object(struct json *json)
{
    open_level(json, true);
}

void json_put_object_end(struct json *json)
{
    close_level(json, true);
}

void json_put_array(struct json *json)
{
    open_level(json, false);
}

void json_put_array_end(struct json *json)
{
    close_level(json, false);
}

/* The letter of a two-character escape, or 0 (RFC 8259, section 7). */
static char short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return '\0';
    }
}

/* Writes a quoted string; each byte that belongs to no UTF-8 sequence becomes one U+FFFD. */
static void quote(struct str *out, const char *text)
{
    size_t length = strlen(text);
    str_append_char(out, '"');
    for (size_t at = 0, bytes; at < length; at += bytes) {
        bytes = str_utf8_length(text + at, length - at);
        char letter = short_escape(text[at]);
        if (bytes == 0) {
            str_append(out, "\xef\xbf\xbd");
            bytes = 1;
        } else if (letter != '\0') {
            str_append_char(out, '\\');
            str_append_char(out, letter);
        } else if ((unsigned char)text[at] < 0x20) {
            str_printf(out, "\\u%04x", (unsigned)text[at]);
        } else {
            str_append_bytes(out, text + at, bytes);
        }
    }
    str_append_char(out, '"');
}

void json_put_key(struct json *json, const char *key)
{
    assert(json->depth > 0 && json->object[json->depth] && !json->after_key);
    separate(json);
    quote(json->out, key);
    str_append(json->out, json->pretty ? ": " : ":");
    json->after_key = true;
}

void json_put_string(struct json *json, const char *text)
{
    if (text == NULL) {
        json_put_null(json);
        return;
    }
    before_value(json);
    quote(json->out, text);
}

void json_put_integer(struct json *json, int64_t value)
{
    before_value(json);
    str_printf(json->out, "%lld", (long long)value);
}

/* Writes the fewest digits that read back as the same number. */
void json_put_number(struct json *json, double value)
{
    if (!isfinite(value)) {
        json_put_null(json);
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) { /* 17 always suffice for a double */
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    char *comma = strchr(text, ','); /* a locale's decimal sign */
    if (comma != NULL)
        *comma = '.';
    before_value(json);
    str_append(json->out, text);
}

void json_put_boolean(struct json *json, bool value)
{
    before_value(json);
    str_append(json->out, value ? "true" : "false");
}

void json_put_null(struct json *json)
{
    before_value(json);
    str_append(json->out, "null");
}

void json_put_string_member(struct json *json, const char *key, const char *text)
{
    json_put_key(json, key);
    json_put_string(json, text);
}

void json_put_integer_member(struct json *json, const char *key, int64_t value)
{
    json_put_key(json, key);
    json_put_integer(json, value);
}

void json_put_number_member(struct json *json, const char *key, double value)
{
    json_put_key(json, key);
    json_put_number(json, value);
}

void json_put_boolean_member(struct json *json, const char *key, bool value)
{
    json_put_key(json, key);
    json_put_boolean(json, value);
}
