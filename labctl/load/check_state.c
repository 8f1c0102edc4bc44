/* Checks of a node's own state.
 *
 * What is wanted is a list of things, each a list of words with canonical values (base/words.h).  In a mapping the keys
 * of the first row may be a list: then each of them is wanted, with the other words.  The short form is what ip(8)
 * would print: "10.0.0.0/8 via 10.0.1.1 dev eth0". */
#include "load/check_state.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"

/* ---- one value ------------------------------------------------------------------------------------------------- */

static const char *const word_wants[] = {
    [WORD_TEXT] = "a name",
    [WORD_ADDRESS] = "an address such as 10.0.0.1 or \"2001:db8::1\"",
    [WORD_OWN_ADDRESS] = "an address such as 10.0.0.5/24 or 10.0.0.5",
    [WORD_DESTINATION] = "default, a prefix such as 10.0.0.0/16, or an address",
    [WORD_MAC] = "a MAC address such as 02:00:00:00:00:01",
    [WORD_NUMBER] = "a whole number",
    [WORD_PORT] = "a port from 1 to 65535",
    [WORD_TABLE] = "a table: its number, main, local or default",
    [WORD_CHOICE] = "one of the words",
    [WORD_SYSCTL] = "a sysctl key below net such as net.ipv4.ip_forward",
    [WORD_VALUE] = "a value",
    [WORD_SOCKET] = "a protocol and a port such as tcp/443 or udp/53",
};
_Static_assert(ARRAY_SIZE(word_wants) == WORD_TYPE_COUNT, "words for each type");

static bool read_number(const char *text, unsigned long least, unsigned long most, unsigned long *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *out = strtoul(text, &end, 10);
    return *end == '\0' && *out >= least && *out <= most;
}

static const char *read_table(struct arena *arena, const char *text)
{
    static const struct {
        const char *name;
        unsigned long number;
    } names[] = {{"main", 254}, {"local", 255}, {"default", 253}};
    unsigned long number = 0;
    bool digits = read_number(text, 1, UINT32_MAX, &number);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_equal(text, names[i].name) || (digits && number == names[i].number))
            return names[i].name;
    return digits ? arena_printf(arena, "%lu", number) : NULL;
}

/* "tcp/443", "udp/53" */
static const char *read_socket(struct arena *arena, const char *text)
{
    unsigned long port;
    bool known = str_starts(text, "tcp/") || str_starts(text, "udp/");
    return known && read_number(text + 4, 1, 65535, &port) ? arena_printf(arena, "%.4s%lu", text, port) : NULL;
}

/* Dots between the parts, as people write it; slashes where an interface's name has dots, as sysctl(8) takes it. */
static const char *read_sysctl_key(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    bool fits = (str_starts(text, "net.") || str_starts(text, "net/")) && strspn(text, letters) == strlen(text) &&
                !strstr(text, "..") && text[strlen(text) - 1] != '.';
    return fits ? text : NULL;
}

static const char *read_sysctl_value(struct arena *arena, const char *text)
{
    char *out = arena_alloc(arena, strlen(text) + 1), *end = out;
    for (const char *c = text + strspn(text, " \t\n"); *c; c++)
        if (!isspace((unsigned char)*c))
            *end++ = *c;
        else if (c[1] && !isspace((unsigned char)c[1]))
            *end++ = ' ';
    return *out ? out : NULL;
}

static const char *read_destination_text(struct arena *arena, const char *text)
{
    struct prefix prefix;
    struct addr addr;
    char formatted[ADDR_TEXT_MAX];
    if (str_equal(text, "default") || str_equal(text, "any4") || str_equal(text, "any6"))
        return str_equal(text, "any4") ? "0.0.0.0/0" : str_equal(text, "any6") ? "::/0" : text;
    if (addr_parse(text, &addr))
        prefix = prefix_of_addr(addr);
    else if (!prefix_parse(text, &prefix) || prefix_has_host_bits(&prefix))
        return NULL;
    return arena_strdup(arena, prefix_format(&prefix, formatted));
}

static const char *read_own_address(struct arena *arena, const char *text)
{
    struct prefix prefix;
    struct addr addr;
    char formatted[ADDR_TEXT_MAX];
    if (addr_parse(text, &addr))
        return arena_strdup(arena, addr_format(&addr, formatted));
    return prefix_parse(text, &prefix) ? arena_strdup(arena, prefix_format(&prefix, formatted)) : NULL;
}

/* The canonical form; NULL where the text does not do. */
static const char *read_word(struct arena *arena, const struct word_row *row, const char *text)
{
    char formatted[ADDR_TEXT_MAX];
    unsigned long number;
    struct addr addr;
    struct mac mac;
    switch (row->type) {
    case WORD_TEXT:
        return *text && !strpbrk(text, " \t\n") ? text : NULL;
    case WORD_ADDRESS:
        return addr_parse(text, &addr) ? arena_strdup(arena, addr_format(&addr, formatted)) : NULL;
    case WORD_OWN_ADDRESS:
        return read_own_address(arena, text);
    case WORD_DESTINATION:
        return read_destination_text(arena, text);
    case WORD_MAC:
        return mac_parse(text, &mac) ? arena_strdup(arena, mac_format(&mac, formatted)) : NULL;
    case WORD_NUMBER:
        return read_number(text, 0, UINT32_MAX, &number) ? arena_printf(arena, "%lu", number) : NULL;
    case WORD_PORT:
        return read_number(text, 1, 65535, &number) ? arena_printf(arena, "%lu", number) : NULL;
    case WORD_TABLE:
        return read_table(arena, text);
    case WORD_CHOICE:
        for (size_t i = 0; i < row->choice_count; i++)
            if (str_equal(text, row->choices[i]))
                return row->choices[i];
        return NULL;
    case WORD_SYSCTL:
        return read_sysctl_key(text);
    case WORD_VALUE:
        return read_sysctl_value(arena, text);
    case WORD_SOCKET:
        return read_socket(arena, text);
    case WORD_TYPE_COUNT:
        break;
    }
    return NULL;
}

/* Reports what does not do. */
static const char *decode_state_word(struct decoder *decoder, const struct word_row *row, const struct value *value)
{
    const char *text, *canonical;
    if (!decode_scalar(decoder, row->key, value, &text))
        return NULL;
    if ((canonical = read_word(decoder->arena, row, text)) != NULL)
        return canonical;
    if (row->type == WORD_CHOICE && value->kind == VALUE_TEXT) {
        int word;
        decode_word(decoder, row->key, value, row->choices, row->choice_count, &word);
    } else {
        decode_bad(decoder, row->key, word_wants[row->type], value);
    }
    return NULL;
}

/* ---- what is wanted -------------------------------------------------------------------------------------------- */

static void add_word(struct arena *arena, struct words *words, const struct word_row *row, const char *value)
{
    const char *word = row->word;
    enum word_manner manner = str_equal(value, row->fallback) ? WORD_QUIET
                              : row->plain || row->bare       ? WORD_BARE
                                                              : WORD_KEYED;
    if (row->type == WORD_OWN_ADDRESS && !strchr(value, '/'))
        word = "ip"; /* whatever its length */
    else if (str_equal(word, "user") && strspn(value, "0123456789") == strlen(value))
        word = "uid";
    words_add(arena, words, manner, word, value);
    if (row->type == WORD_SOCKET)
        words_add(arena, words, WORD_QUIET, "protocol", *value == 't' ? "tcp" : "udp");
}

/* Default words, and a default route's family. */
static void complete(struct arena *arena, struct state_reading *reading)
{
    for (size_t i = 0; i < reading->state.wanted_count; i++) {
        struct words *words = &reading->state.wanted[i];
        const char *via = words_get(words, "via");
        for (size_t k = 0; k < words->count; k++)
            if (str_equal(words->items[k].value, "default") && str_equal(words->items[k].key, "destination"))
                words->items[k].value = via && strchr(via, ':') ? "::/0" : "0.0.0.0/0";
        for (size_t k = 0; k < reading->shape->count; k++) {
            const struct word_row *row = &reading->shape->rows[k];
            bool wants = row->fallback && (reading->state.expect != STATE_ABSENT || row->type == WORD_TABLE);
            if (wants && !words_get(words, row->word))
                words_add(arena, words, WORD_QUIET, row->word, row->fallback);
        }
    }
}

/* ---- the short form -------------------------------------------------------------------------------------------- */

static const struct word_row *row_of(const struct state_shape *shape, const char *key)
{
    for (size_t i = 0; i < shape->count; i++)
        if (str_equal(shape->rows[i].key, key))
            return &shape->rows[i];
    return NULL;
}

static const struct word_row *bare_row_of(const struct state_shape *shape, const char *word)
{
    for (size_t i = 0; i < shape->count; i++)
        for (size_t k = 0; shape->rows[i].bare && k < shape->rows[i].choice_count; k++)
            if (str_equal(shape->rows[i].choices[k], word))
                return &shape->rows[i];
    return NULL;
}

static void bad_short(struct loader *loader, const struct state_shape *shape, const char *word,
                      const struct value *value)
{
    const char *keys[16] = {0};
    STR_AUTO list = STR_INIT;
    for (size_t i = 1; i < shape->count && i < ARRAY_SIZE(keys); i++) {
        keys[i - 1] = shape->rows[i].key;
        str_printf(&list, "%s%s", i > 1 ? ", " : "", shape->rows[i].key);
    }
    struct finding *finding = findings_add(loader->decoder.findings, FINDING_ERROR, "bad-value", value->mark,
                                           "'%.40s' does not fit into '%s'", word, check_kind_name(shape->kind));
    finding->hint = shape->count > 1 ? decode_hint(&loader->decoder, word, keys, shape->count - 1) : NULL;
    if (!finding->hint && shape->count > 1)
        finding->hint = arena_printf(loader->decoder.findings->arena, "after the first word: %s, each with its value",
                                     str_text(&list));
}

/* "10.0.0.0/8 via 10.0.1.1 dev eth0": the first word, then words with their keys, or choices alone. */
static void read_short(struct loader *loader, struct state_reading *reading, const struct value *value)
{
    struct arena *arena = loader->decoder.arena;
    const struct state_shape *shape = reading->shape;
    char *rest, *text = arena_strdup(arena, value->text);
    bool first = true;
    for (char *word = strtok_r(text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        const struct word_row *row = bare_row_of(shape, word);
        struct value one = *value;
        one.text = word;
        if (!row && first) {
            row = &shape->rows[0];
            first = false;
        } else if (!row) {
            row = row_of(shape, word);
            one.text = strtok_r(NULL, " \t", &rest);
        }
        if (!row || !one.text || words_get(&reading->common, row->word)) {
            bad_short(loader, shape, word, value);
            return;
        }
        one.length = strlen(one.text);
        const char *canonical = decode_state_word(&loader->decoder, row, &one);
        if (!canonical)
            return;
        add_word(arena, &reading->common, row, canonical);
    }
    if (first && shape->kind != CHECK_CONNTRACK)
        decode_bad(&loader->decoder, shape->rows[0].key, word_wants[shape->rows[0].type], value);
    else
        *ARENA_PUSH(arena, reading->state.wanted, reading->state.wanted_count) = reading->common;
}

/* "net.ipv4.ip_forward=1" */
static void read_short_sysctl(struct loader *loader, struct state_reading *reading, const struct value *value)
{
    struct arena *arena = loader->decoder.arena;
    const char *equals = strchr(value->text, '=');
    size_t length = equals ? (size_t)(equals - value->text) : strlen(value->text);
    while (length && value->text[length - 1] == ' ')
        length--;
    struct value key = *value, setting = *value;
    key.text = arena_strndup(arena, value->text, length);
    key.length = length;
    const char *canonical = decode_state_word(&loader->decoder, &reading->shape->rows[0], &key), *wanted = NULL;
    if (canonical)
        words_add(arena, &reading->common, WORD_BARE, "key", canonical);
    if (equals) {
        setting.text = equals + 1;
        setting.length = strlen(equals + 1);
        if ((wanted = decode_state_word(&loader->decoder, &reading->shape->rows[1], &setting)) != NULL)
            words_add(arena, &reading->common, WORD_KEYED, "value", wanted);
    }
    *ARENA_PUSH(arena, reading->state.wanted, reading->state.wanted_count) = reading->common;
}

/* ---- the mapping ----------------------------------------------------------------------------------------------- */

void decode_state(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct state_reading *reading = target;
    const struct word_row *row = row_of(reading->shape, field->key);
    bool list = value->kind == VALUE_LIST && row->many;
    for (size_t i = 0; i < (list ? value->item_count : 1); i++) {
        const char *canonical = decode_state_word(decoder, row, list ? value->items[i] : value);
        if (!canonical)
            continue;
        if (!row->many) {
            add_word(decoder->arena, &reading->common, row, canonical);
            continue;
        }
        struct words *words = ARENA_PUSH(decoder->arena, reading->state.wanted, reading->state.wanted_count);
        add_word(decoder->arena, words, row, canonical);
    }
}

void decode_state_count(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct state_reading *reading = target;
    int64_t number;
    if (!decode_integer(decoder, field->key, value, 0, 10000000, &number))
        return;
    if (str_equal(field->key, "count")) {
        reading->state.has_count = true;
        reading->state.count = (uint32_t)number;
    } else {
        reading->state.has_time_wait_below = true;
        reading->state.time_wait_below = (uint32_t)number;
    }
}

/* Every thing that is wanted has the common words; without one of the first row, they are the thing. */
static void spread_common(struct arena *arena, struct state_reading *reading)
{
    struct check_state *state = &reading->state;
    bool any = reading->shape->kind == CHECK_CONNTRACK; /* a flow without words is any flow */
    if (!state->wanted_count && (reading->common.count || any))
        *ARENA_PUSH(arena, state->wanted, state->wanted_count) = (struct words){0};
    for (size_t i = 0; i < state->wanted_count; i++)
        for (size_t k = 0; k < reading->common.count; k++)
            *ARENA_PUSH(arena, state->wanted[i].items, state->wanted[i].count) = reading->common.items[k];
}

/* A thing needs its first word, but a flow may be any. */
static void check_first(struct loader *loader, const struct state_reading *reading, const struct value *value)
{
    const struct state_shape *shape = reading->shape;
    bool given = value_get(value, shape->rows[0].key) != NULL;
    bool else_given = (shape->kind == CHECK_RESOLVER && value_get(value, "search")) ||
                      (shape->kind == CHECK_SOCKET && value_get(value, "time_wait_below")) ||
                      (shape->kind == CHECK_ADDRESS && value_get(value, "dev")) ||
                      (shape->kind == CHECK_PROCESS && value_get(value, "user")) || shape->kind == CHECK_CONNTRACK;
    if (!given && !else_given)
        findings_add(loader->decoder.findings, FINDING_ERROR, "missing-key", value->mark, "%s check needs the key '%s'",
                     check_kind_name(shape->kind), shape->rows[0].key);
}

void read_state(struct loader *loader, struct check *check, const struct value *value)
{
    struct state_reading reading = {.shape = state_shape_of(check->kind)};
    struct arena *arena = loader->decoder.arena;
    bool text = value->kind == VALUE_TEXT && strlen(value->text) == value->length;
    if (text && check->kind == CHECK_SYSCTL) {
        read_short_sysctl(loader, &reading, value);
    } else if (text) {
        read_short(loader, &reading, value);
    } else if (value->kind == VALUE_LIST && reading.shape->rows[0].many) {
        const struct field field = {.key = reading.shape->rows[0].key};
        decode_state(&loader->decoder, &field, value, &reading);
    } else {
        if (!schema_decode(&loader->decoder, state_schema_of(check->kind), NULL, value->mark, value, &reading))
            return;
        check_first(loader, &reading, value);
        spread_common(arena, &reading);
    }
    if (reading.only)
        reading.state.expect = STATE_EXACT;
    complete(arena, &reading);
    check->state = reading.state;
}
