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

/* A mapping while it is read: the check, and the words that stand with every value of the first row. */
struct reading {
    struct check_state state;
    const struct state_shape *shape;
    struct words common;
    bool only;
};

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
static void complete(struct arena *arena, struct reading *reading)
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
static void read_short(struct loader *loader, struct reading *reading, const struct value *value)
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
static void read_short_sysctl(struct loader *loader, struct reading *reading, const struct value *value)
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

static void decode_state(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct reading *reading = target;
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

static void decode_count(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct reading *reading = target;
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

static const char *const expect_words[] = {"present", "absent", "exact"};
_Static_assert(ARRAY_SIZE(expect_words) == STATE_EXPECT_COUNT, "a word for each expectation");
static const char *const process_words[] = {"running", "absent", "exact"};
_Static_assert(ARRAY_SIZE(process_words) == STATE_EXPECT_COUNT, "a word for each expectation");

#define SCALAR_JSON "{\"type\": [\"string\", \"integer\", \"boolean\", \"number\"]}"
#define LIST_JSON   "{\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}}"
#define WORD(word, what, text)                                                                                         \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .decode = decode_state, .wants = (what), .json = SCALAR_JSON,             \
        .doc = (text)                                                                                                  \
    }
#define WORDS(word, what, text)                                                                                        \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .decode = decode_state, .wants = what ", or a list of them",              \
        .json = LIST_JSON, .doc = (text)                                                                               \
    }
#define EXPECT_OF(vocabulary, first, text)                                                                             \
    {                                                                                                                  \
        .key = "expect", .type = FIELD_WORD, FIELD_AT(struct reading, state.expect), .words = (vocabulary),            \
        .word_count = ARRAY_SIZE(vocabulary), .fallback = (first), .doc = (text)                                       \
    }
#define EXPECT(text) EXPECT_OF(expect_words, "present", text)
#define COUNT(word, text)                                                                                              \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .decode = decode_count, .wants = "a whole number",                        \
        .json = "{\"type\": \"integer\", \"minimum\": 0}", .doc = (text)                                               \
    }

static const struct field route_fields[] = {
    WORDS("destination", "default, a prefix or an address", "Where the route leads to."),
    WORD("via", "an address", "The next hop."),
    WORD("dev", "an interface", "The interface."),
    {.key = "table",
     .type = FIELD_CUSTOM,
     .decode = decode_state,
     .wants = "a number, main, local or default",
     .json = SCALAR_JSON,
     .fallback = "main",
     .doc = "The routing table."},
    WORD("metric", "a whole number", "Its metric."),
    WORD("src", "an address", "The source address that it gives."),
    {.key = "type",
     .type = FIELD_CUSTOM,
     .decode = decode_state,
     .wants = "unicast, blackhole, unreachable or prohibit",
     .json = SCALAR_JSON,
     .fallback = "unicast, and any where it shall be absent",
     .doc = "What it does."},
    EXPECT("Whether it is there, is not there, or is the only one to its destination in that table."),
};
const struct schema route_check_schema = SCHEMA("route check", route_fields);

static const struct field neighbour_fields[] = {
    WORDS("address", "an address", "The neighbour's address."),
    WORD("mac", "a MAC address", "Its MAC address."),
    WORD("dev", "an interface", "The interface behind which it is."),
    WORD("state", "permanent, reachable, stale, delay, probe, failed or incomplete", "The state of the entry."),
    EXPECT("Whether an entry is there with a MAC address, is not, or is the only one of that address."),
};
const struct schema neighbour_check_schema = SCHEMA("neighbour check", neighbour_fields);

static const struct field address_fields[] = {
    WORDS("address", "an address with or without its length", "The address."),
    WORD("dev", "an interface", "The interface that has it."),
    EXPECT("Whether the node has it, has not, or the interface (all of them where none is named) has these alone; "
           "loopback and IPv6 link-local addresses are passed over."),
};
const struct schema address_check_schema = SCHEMA("address check", address_fields);

static const struct field link_fields[] = {
    WORDS("dev", "an interface", "The interface."),
    WORD("state", "up or down", "Up: switched on and connected."),
    WORD("mtu", "a whole number", "Its MTU."),
    WORD("mac", "a MAC address", "Its MAC address."),
    WORD("master", "an interface", "The bridge that it belongs to."),
    EXPECT("Whether it is there like this, is not, or these are the only ones beside lo."),
};
const struct schema link_check_schema = SCHEMA("link check", link_fields);

static const struct field sysctl_fields[] = {
    WORD("key", "a key below net", "The setting, such as net.ipv4.ip_forward."),
    WORD("value", "a value", "Its value; white space counts as one space."),
    EXPECT("Whether it has the value, or has not."),
};
const struct schema sysctl_check_schema = SCHEMA("sysctl check", sysctl_fields);

static const struct field conntrack_fields[] = {
    WORD("protocol", "tcp, udp, icmp or icmpv6", "The protocol of the flow."),
    WORD("from", "an address", "Who began it."),
    WORD("to", "an address", "To whom, as the first packet said."),
    WORD("port", "a port", "To which port."),
    WORD("source_port", "a port", "From which port."),
    WORD("reply_from", "an address", "Who answers: differs from to behind a destination NAT."),
    WORD("reply_to", "an address", "To whom answers go: differs from from behind a source NAT."),
    WORD("state", "a state of TCP such as established", "The state of a TCP connection."),
    COUNT("count", "How many such flows there are, exactly."),
    EXPECT("Whether such a flow is tracked, is not, or exactly one is."),
};
const struct schema conntrack_check_schema = SCHEMA("conntrack check", conntrack_fields);

static const struct field resolver_fields[] = {
    WORDS("servers", "an address", "The name servers of resolv.conf."),
    WORDS("search", "a domain", "Its search list."),
    EXPECT("Whether each is there, none is, or they are all, in this order."),
};
const struct schema resolver_check_schema = SCHEMA("resolver check", resolver_fields);

static const struct field socket_fields[] = {
    WORDS("listening", "a protocol and a port", "What listens, and not on loopback alone: tcp/443, udp/53."),
    {.key = "only",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct reading, only),
     .fallback = "false",
     .doc = "Nothing else listens, as far as the protocols go that are named; the same as expect: exact."},
    COUNT("time_wait_below", "Fewer connections than this are in TIME-WAIT."),
    EXPECT("Whether each listens, none does, or these alone do."),
};
const struct schema socket_check_schema = SCHEMA("socket check", socket_fields);

static const struct field process_fields[] = {
    WORD("name", "a name", "The name of its program."),
    WORD("user", "a user", "Whose it is: a name of the node's passwd file, or a number."),
    COUNT("count", "How many such processes there are, exactly."),
    EXPECT_OF(process_words, "running", "Whether one runs, none does, or exactly one (or count) does."),
};
const struct schema process_check_schema = SCHEMA("process check", process_fields);

static const struct schema *schema_of(enum check_kind kind)
{
    static const struct {
        enum check_kind kind;
        const struct schema *schema;
    } schemas[] = {
        {CHECK_SOCKET, &socket_check_schema},       {CHECK_ROUTE, &route_check_schema},
        {CHECK_NEIGHBOUR, &neighbour_check_schema}, {CHECK_ADDRESS, &address_check_schema},
        {CHECK_LINK, &link_check_schema},           {CHECK_SYSCTL, &sysctl_check_schema},
        {CHECK_CONNTRACK, &conntrack_check_schema}, {CHECK_RESOLVER, &resolver_check_schema},
        {CHECK_PROCESS, &process_check_schema},
    };
    for (size_t i = 0; i < ARRAY_SIZE(schemas); i++)
        if (schemas[i].kind == kind)
            return schemas[i].schema;
    return NULL;
}

/* Every thing that is wanted has the common words; without one of the first row, they are the thing. */
static void spread_common(struct arena *arena, struct reading *reading)
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
static void check_first(struct loader *loader, const struct reading *reading, const struct value *value)
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
    struct reading reading = {.shape = state_shape_of(check->kind)};
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
        if (!schema_decode(&loader->decoder, schema_of(check->kind), NULL, value->mark, value, &reading))
            return;
        check_first(loader, &reading, value);
        spread_common(arena, &reading);
    }
    if (reading.only)
        reading.state.expect = STATE_EXACT;
    complete(arena, &reading);
    check->state = reading.state;
}
