/* YAML writer.  A collection is opened when its first element is written, so that an empty one can stand on its line.
 */
#include "doc/write.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "doc/doc.h"

#define SIMPLE_KEY_MAX 500 /* bytes; YAML limits a key on one line to 1,024 characters */
#define FLOW_MAX       80  /* characters of a list of scalars that still stands on one line */

void yaml_init(struct yaml *yaml, struct str *out)
{
    *yaml = (struct yaml){.out = out};
}

static struct yaml_level *top(struct yaml *yaml)
{
    return yaml->depth > 0 ? &yaml->levels[yaml->depth - 1] : NULL;
}

static void indent(struct yaml *yaml, unsigned columns)
{
    for (unsigned i = 0; i < columns; i++)
        str_append_char(yaml->out, ' ');
}

/* Begins a line (or goes on with the one of a dash) for the next element of the open collection. */
static void begin_element(struct yaml *yaml)
{
    struct yaml_level *level = top(yaml);
    if (level == NULL)
        return;
    if (level->flow) {
        if (!level->empty)
            str_append(yaml->out, ", ");
        level->empty = false;
        return;
    }
    if (level->empty && !level->inline_first && yaml->depth > 1)
        str_append_char(yaml->out, '\n');
    if (!(level->empty && level->inline_first))
        indent(yaml, level->indent);
    level->empty = false;
    if (level->list)
        str_append(yaml->out, "- ");
}

static void open_level(struct yaml *yaml, bool list, bool flow)
{
    const struct yaml_level *parent = top(yaml);
    struct yaml_level level = {.list = list, .flow = flow, .empty = true};
    if (parent != NULL && parent->list) {
        level.indent = parent->indent + 2;
        level.inline_first = true;
        begin_element(yaml);
    } else if (parent != NULL) {
        level.indent = parent->indent + 2;
    }
    if (flow)
        str_append(yaml->out, yaml->after_key ? " [" : "[");
    yaml->after_key = false;
    assert(yaml->depth < YAML_WRITE_DEPTH);
    yaml->levels[yaml->depth++] = level;
}

static void close_level(struct yaml *yaml, const char *empty)
{
    const struct yaml_level level = yaml->levels[--yaml->depth];
    if (level.flow)
        str_append(yaml->out, "]\n");
    else if (level.empty)
        str_printf(yaml->out, "%s%s\n", level.inline_first || yaml->depth == 0 ? "" : " ", empty);
}

void yaml_map(struct yaml *yaml)
{
    open_level(yaml, false, false);
}

void yaml_map_end(struct yaml *yaml)
{
    close_level(yaml, "{}");
}

void yaml_list(struct yaml *yaml)
{
    open_level(yaml, true, false);
}

void yaml_flow_list(struct yaml *yaml)
{
    open_level(yaml, true, true);
}

void yaml_list_end(struct yaml *yaml)
{
    close_level(yaml, "[]");
}

/* ---- scalars --------------------------------------------------------------------------------------------------- */

/* The code point at the start of valid UTF-8. */
static size_t code_at(const char *text, size_t length, uint32_t *code)
{
    size_t bytes = str_utf8_length(text, length);
    const unsigned char *at = (const unsigned char *)text;
    *code = bytes == 1 ? at[0] : at[0] & (0x7fU >> bytes);
    for (size_t i = 1; i < bytes; i++)
        *code = *code << 6 | (at[i] & 0x3f);
    return bytes;
}

/* Whether a character may stand in a file as it is; line breaks of any kind may not. */
static bool printable(uint32_t code)
{
    return (code >= 0x20 && code < 0x7f) ||
           (code >= 0xa0 && code != 0x2028 && code != 0x2029 && code != 0xfeff && code != 0xfffe && code != 0xffff);
}

/* Words that older YAML takes for booleans, numbers of base 60, dates or merge keys: quoted for other programs' sake.
 */
static bool misread_elsewhere(const char *text)
{
    static const char *const words[] = {"yes", "no", "on", "off", "y", "n", "<<", "="};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return strspn(text, "0123456789:_-.+TZtz ") == strlen(text) && (strchr(text, ':') || strchr(text, '-')) &&
           isdigit((unsigned char)text[0]);
}

/* Whether every character is printable. */
static bool all_printable(const char *text, size_t length)
{
    uint32_t code;
    for (size_t at = 0; at < length;) {
        at += code_at(text + at, length - at, &code);
        if (!printable(code))
            return false;
    }
    return true;
}

/* Whether the text may stand without quotes, whatever it stands for then; `narrow` inside of brackets and as a key. */
static bool plain_form(const char *text, size_t length, bool narrow)
{
    if (length == 0 || text[0] == ' ' || text[length - 1] == ' ' || text[length - 1] == ':' ||
        strchr("-?:,[]{}#&*!|>'\"%@`=", text[0]) != NULL || str_starts(text, "...") || !all_printable(text, length))
        return false;
    return (!narrow || strpbrk(text, ",[]{}") == NULL) && strstr(text, ": ") == NULL && strstr(text, " #") == NULL;
}

/* A negative number may begin with a dash. */
static bool plain_number(const char *text, size_t length)
{
    enum value_kind kind = scalar_kind(text, length);
    return kind == VALUE_INTEGER || kind == VALUE_FLOAT || kind == VALUE_BOOLEAN;
}

void yaml_quoted(const char *text, size_t length, struct str *out)
{
    static const char escapes[][2] = {{'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}, {'\033', 'e'},
                                      {'\0', '0'}, {'"', '"'},  {'\\', '\\'}};
    str_append_char(out, '"');
    for (size_t at = 0, bytes; at < length; at += bytes) {
        uint32_t code;
        bytes = code_at(text + at, length - at, &code);
        size_t i = 0;
        while (i < ARRAY_SIZE(escapes) && (uint32_t)(unsigned char)escapes[i][0] != code)
            i++;
        if (i < ARRAY_SIZE(escapes))
            str_printf(out, "\\%c", escapes[i][1]);
        else if (printable(code))
            str_append_bytes(out, text + at, bytes);
        else
            str_printf(out, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
    }
    str_append_char(out, '"');
}

/* Whether a literal block ("|") holds the text: lines of printable characters, the first one beginning with a word. */
static bool literal_form(const char *text, size_t length)
{
    uint32_t code;
    if (memchr(text, '\n', length) == NULL || isspace((unsigned char)text[0]))
        return false;
    for (size_t at = 0; at < length;) {
        at += code_at(text + at, length - at, &code);
        if (code != '\n' && code != '\t' && !printable(code))
            return false;
    }
    return true;
}

static void write_literal(struct yaml *yaml, const char *text, size_t length)
{
    const struct yaml_level *level = top(yaml);
    size_t breaks = 0;
    while (text[length - 1 - breaks] == '\n')
        breaks++;
    str_printf(yaml->out, "|%s\n", breaks == 0 ? "-" : breaks == 1 ? "" : "+");
    for (const char *line = text, *end; line < text + length; line = end + 1) {
        end = memchr(line, '\n', length - (size_t)(line - text));
        if (end == NULL)
            end = text + length;
        if (end > line)
            indent(yaml, level->indent + 2);
        str_append_bytes(yaml->out, line, (size_t)(end - line));
        str_append_char(yaml->out, '\n');
    }
}

static void write_binary(struct str *out, const char *bytes, size_t length)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    str_append(out, "!!binary \"");
    for (size_t at = 0; at < length; at += 3) {
        size_t left = length - at < 3 ? length - at : 3;
        uint32_t bits = 0;
        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < left ? (unsigned char)bytes[at + i] : 0);
        for (size_t i = 0; i < 4; i++)
            str_append_char(out, i > left ? '=' : alphabet[bits >> (18 - 6 * i) & 63]);
    }
    str_append_char(out, '"');
}

/* Begins a scalar's line or goes on behind its key. */
static void begin_scalar(struct yaml *yaml)
{
    if (yaml->after_key)
        str_append_char(yaml->out, ' ');
    else
        begin_element(yaml);
    yaml->after_key = false;
}

static void end_scalar(struct yaml *yaml)
{
    const struct yaml_level *level = top(yaml);
    if (level == NULL || !level->flow)
        str_append_char(yaml->out, '\n');
}

void yaml_bytes(struct yaml *yaml, const char *text, size_t length)
{
    const struct yaml_level *level = top(yaml);
    begin_scalar(yaml);
    if (!str_is_utf8(text, length)) {
        write_binary(yaml->out, text, length);
    } else if (strlen(text) == length && plain_form(text, length, level == NULL || level->flow) &&
               scalar_kind(text, length) == VALUE_TEXT && !misread_elsewhere(text)) {
        str_append_bytes(yaml->out, text, length);
    } else if (level != NULL && !level->flow && literal_form(text, length)) {
        write_literal(yaml, text, length);
        return;
    } else {
        yaml_quoted(text, length, yaml->out);
    }
    end_scalar(yaml);
}

void yaml_text(struct yaml *yaml, const char *text)
{
    yaml_bytes(yaml, text, strlen(text));
}

void yaml_plain(struct yaml *yaml, const char *format, ...)
{
    va_list args;
    begin_scalar(yaml);
    va_start(args, format);
    str_vprintf(yaml->out, format, args);
    va_end(args);
    end_scalar(yaml);
}

void yaml_scalar(struct yaml *yaml, const char *text)
{
    if (plain_number(text, strlen(text)))
        yaml_plain(yaml, "%s", text);
    else
        yaml_text(yaml, text);
}

static void yaml_boolean(struct yaml *yaml, bool value)
{
    yaml_plain(yaml, "%s", value ? "true" : "false");
}

void yaml_key(struct yaml *yaml, const char *key)
{
    size_t length = strlen(key);
    begin_element(yaml);
    if (length > SIMPLE_KEY_MAX)
        str_append(yaml->out, "? ");
    if (plain_form(key, length, true) && !misread_elsewhere(key))
        str_append(yaml->out, key);
    else
        yaml_quoted(key, length, yaml->out);
    if (length > SIMPLE_KEY_MAX) {
        str_append_char(yaml->out, '\n');
        indent(yaml, top(yaml)->indent);
    }
    str_append_char(yaml->out, ':');
    yaml->after_key = true;
}

void yaml_text_member(struct yaml *yaml, const char *key, const char *text)
{
    yaml_key(yaml, key);
    yaml_text(yaml, text);
}

void yaml_plain_member(struct yaml *yaml, const char *key, const char *format, ...)
{
    va_list args;
    yaml_key(yaml, key);
    begin_scalar(yaml);
    va_start(args, format);
    str_vprintf(yaml->out, format, args);
    va_end(args);
    end_scalar(yaml);
}

void yaml_boolean_member(struct yaml *yaml, const char *key, bool value)
{
    yaml_key(yaml, key);
    yaml_boolean(yaml, value);
}

/* ---- trees ----------------------------------------------------------------------------------------------------- */

/* Whether a list stands on one line: scalars only, short, without line breaks. */
static bool is_flow(const struct value *list)
{
    size_t length = 0;
    for (size_t i = 0; i < list->item_count; i++) {
        const struct value *item = list->items[i];
        if (!value_is_scalar(item) || memchr(item->text, '\n', item->length) != NULL)
            return false;
        length += item->length + 2;
    }
    return length <= FLOW_MAX;
}

static void write_scalar(struct yaml *yaml, const struct value *value)
{
    if (value->kind == VALUE_NULL)
        yaml_plain(yaml, "null");
    else if (value->kind != VALUE_TEXT)
        yaml_plain(yaml, "%s", value->text);
    else
        yaml_bytes(yaml, value->text, value->length);
}

void yaml_value(struct yaml *yaml, const struct value *value)
{
    if (value->kind == VALUE_MAP) {
        yaml_map(yaml);
        for (size_t i = 0; i < value->entry_count; i++) {
            yaml_key(yaml, value->entries[i].key);
            yaml_value(yaml, value->entries[i].value);
        }
        yaml_map_end(yaml);
    } else if (value->kind == VALUE_LIST) {
        if (is_flow(value))
            yaml_flow_list(yaml);
        else
            yaml_list(yaml);
        for (size_t i = 0; i < value->item_count; i++)
            yaml_value(yaml, value->items[i]);
        yaml_list_end(yaml);
    } else {
        write_scalar(yaml, value);
    }
}

/* One scalar as it stands in flow style. */
static void flow_text(const char *text, size_t length, bool is_text, struct str *out)
{
    struct yaml yaml;
    yaml_init(&yaml, out);
    yaml_flow_list(&yaml);
    size_t start = out->length; /* behind the bracket, which is taken away again */
    if (is_text)
        yaml_bytes(&yaml, text, length);
    else
        yaml_plain(&yaml, "%s", text);
    memmove(out->data + start - 1, out->data + start, out->length - start + 1);
    out->length--;
}

void value_flow(const struct value *value, struct str *out)
{
    if (value->kind == VALUE_LIST || value->kind == VALUE_MAP) {
        bool map = value->kind == VALUE_MAP;
        size_t count = map ? value->entry_count : value->item_count;
        str_append(out, map ? "{" : "[");
        for (size_t i = 0; i < count; i++) {
            str_append(out, i > 0 ? ", " : "");
            if (map) {
                flow_text(value->entries[i].key, strlen(value->entries[i].key), true, out);
                str_append(out, ": ");
            }
            value_flow(map ? value->entries[i].value : value->items[i], out);
        }
        str_append(out, map ? "}" : "]");
        return;
    }
    flow_text(value->kind == VALUE_NULL ? "null" : value->text, value->length, value->kind == VALUE_TEXT, out);
}
