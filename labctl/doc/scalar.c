/* Scalars by the core schema of YAML 1.2 (chapter 10.3.2): what a plain word stands for. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "doc/doc.h"

static const struct {
    const char *text;
    enum value_kind kind;
    bool boolean;
} constants[] = {
    {"", VALUE_NULL, false},         {"~", VALUE_NULL, false},        {"null", VALUE_NULL, false},
    {"Null", VALUE_NULL, false},     {"NULL", VALUE_NULL, false},     {"true", VALUE_BOOLEAN, true},
    {"True", VALUE_BOOLEAN, true},   {"TRUE", VALUE_BOOLEAN, true},   {"false", VALUE_BOOLEAN, false},
    {"False", VALUE_BOOLEAN, false}, {"FALSE", VALUE_BOOLEAN, false},
};

static const char *const special_floats[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf", "+.INF",
                                             "-.inf", "-.Inf", "-.INF", ".nan",  ".NaN",  ".NAN"};

/* Digits of the base from *at on; moves *at behind them and tells how many there were. */
static size_t digits(const char **at, unsigned base)
{
    const char *start = *at;
    for (;; (*at)++) {
        char c = **at;
        bool fits = base == 16 ? isxdigit((unsigned char)c) : c >= '0' && c < (char)('0' + base);
        if (!fits)
            return (size_t)(*at - start);
    }
}

/* [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ */
static bool is_integer(const char *text)
{
    if (text[0] == '0' && (text[1] == 'o' || text[1] == 'x')) {
        const char *at = text + 2;
        return digits(&at, text[1] == 'o' ? 8 : 16) > 0 && *at == '\0';
    }
    text += *text == '-' || *text == '+';
    return digits(&text, 10) > 0 && *text == '\0';
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? and the special ones */
static bool is_float(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(special_floats); i++)
        if (strcmp(text, special_floats[i]) == 0)
            return true;
    text += *text == '-' || *text == '+';
    size_t whole = digits(&text, 10), part = 0;
    if (*text == '.') {
        text++;
        part = digits(&text, 10);
    }
    if (whole + part == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        if (digits(&text, 10) == 0)
            return false;
    }
    return *text == '\0';
}

/* Whether a word with this first character can be anything but a text. */
static bool may_be_special(char c)
{
    return c == '\0' || strchr("~nNtTfF+-.0123456789", c) != NULL;
}

enum value_kind scalar_kind(const char *text, size_t length)
{
    if (!may_be_special(text[0]) || strlen(text) != length)
        return VALUE_TEXT;
    for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
        if (strcmp(text, constants[i].text) == 0)
            return constants[i].kind;
    if (is_integer(text))
        return VALUE_INTEGER;
    return is_float(text) ? VALUE_FLOAT : VALUE_TEXT;
}

/* The number, saturated. */
static int64_t integer_of(const char *text)
{
    unsigned base = text[0] == '0' && text[1] == 'o' ? 8 : text[0] == '0' && text[1] == 'x' ? 16 : 10;
    errno = 0;
    long long value = strtoll(base == 8 ? text + 2 : text, NULL, (int)base);
    return value;
}

void scalar_resolve(struct value *value)
{
    value->kind = scalar_kind(value->text, value->length);
    if (value->kind == VALUE_INTEGER)
        value->integer = integer_of(value->text);
    else if (value->kind == VALUE_FLOAT)
        value->number = strtod(value->text, NULL);
    else if (value->kind == VALUE_BOOLEAN)
        value->boolean = tolower((unsigned char)value->text[0]) == 't';
}

struct value *value_get(const struct value *map, const char *key)
{
    const struct entry *entry = value_entry(map, key);
    return entry != NULL ? entry->value : NULL;
}

const struct entry *value_entry(const struct value *map, const char *key)
{
    if (map == NULL || map->kind != VALUE_MAP)
        return NULL;
    for (size_t i = 0; i < map->entry_count; i++)
        if (strcmp(map->entries[i].key, key) == 0)
            return &map->entries[i];
    return NULL;
}

bool value_is_scalar(const struct value *value)
{
    return value->kind != VALUE_LIST && value->kind != VALUE_MAP;
}

#define DESCRIBED_MAX 60 /* bytes of a text that a message shows */

const char *value_describe(const struct value *value, struct arena *arena)
{
    size_t length = value->length;
    switch (value->kind) {
    case VALUE_NULL:
        return "nothing";
    case VALUE_BOOLEAN:
        return arena_strdup(arena, value->text);
    case VALUE_INTEGER:
    case VALUE_FLOAT:
        return arena_printf(arena, "the number %.*s", DESCRIBED_MAX, value->text);
    case VALUE_LIST:
        return value->item_count == 0 ? "an empty list" : "a list";
    case VALUE_MAP:
        return value->entry_count == 0 ? "an empty mapping" : "a mapping";
    case VALUE_TEXT:
        break;
    }
    if (length <= DESCRIBED_MAX)
        return arena_printf(arena, "'%s'", value->text);
    for (length = DESCRIBED_MAX; length > 0 && (value->text[length] & 0xc0) == 0x80;)
        length--;
    return arena_printf(arena, "'%.*s…'", (int)length, value->text);
}
