/* What a check asks: one table of keys for each kind, each with a short form. */
#include "load/check_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/check_state.h"

#define NEAREST_MAX 50 /* findings with a search through the names of all things */

/* ---- targets --------------------------------------------------------------------------------------------------- */

/* "db", "node/db", "db/eth1" or an address. */
bool read_target_text(struct loader *loader, const char *key, const char *text, struct mark mark,
                      struct check_target *out)
{
    const char *nearest = NULL;
    bool helps = loader->decoder.findings->count < NEAREST_MAX;
    *out = (struct check_target){.text = text, .mark = mark};
    if (addr_parse(text, &out->addr))
        return true;
    struct thing thing = topology_thing(loader->topology, text, helps ? &nearest : NULL);
    if (thing.kind == THING_NODE || thing.kind == THING_INTERFACE) {
        out->node = thing.node;
        out->interface = thing.interface;
        return true;
    }
    if (thing.kind != THING_NONE) {
        findings_add(loader->decoder.findings, FINDING_ERROR, "bad-value", mark, "'%s' wants %s, got a %s", key,
                     TARGET_WANTS, thing_kind_name(thing.kind));
        return false;
    }
    struct finding *finding =
        findings_add(loader->decoder.findings, FINDING_ERROR, "dangling-reference", mark, "no node '%.80s'", text);
    if (nearest != NULL)
        finding->hint = arena_printf(loader->decoder.findings->arena, "did you mean '%s'?", nearest);
    return false;
}

void decode_target(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_target *out = (struct check_target *)(void *)((char *)target + field->offset);
    const char *text;
    if (decode_text(decoder, field->key, value, &text))
        read_target_text(LOADER(decoder), field->key, text, value->mark, out);
}

/* Where packets come from: an address, or the node's or interface's that has it. */
static void decode_source(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct addr *out = (struct addr *)(void *)((char *)target + field->offset);
    struct check_target source;
    const char *text;
    if (!decode_text(decoder, field->key, value, &text) ||
        !read_target_text(LOADER(decoder), field->key, text, value->mark, &source))
        return;
    *out = source.node == NULL
               ? source.addr
               : topology_address_of(LOADER(decoder)->topology, source.node, source.node, source.interface, 0);
    if (!addr_is_set(out) && !node_misread(source.node))
        findings_add(decoder->findings, FINDING_ERROR, "check-address", value->mark, "'%s' has no address", text);
}

/* Words in capitals: "A", "NXDOMAIN". */
void decode_capitals(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    const char *text;
    if (!decode_text(decoder, field->key, value, &text))
        return;
    char *upper = arena_strdup(decoder->arena, text);
    for (char *c = upper; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    *(const char **)(void *)((char *)target + field->offset) = upper;
}

/* ---- ping ------------------------------------------------------------------------------------------------------ */

static const char *const ping_words[] = {"reachable", "unreachable"};

static void decode_loss_below(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    struct check_ping *ping = target;
    ping->has_loss_below = decode_share(decoder, field->key, value, &ping->loss_below);
}

static const struct field ping_fields[] = {
    TARGET_FIELD(struct check_ping, "Who is asked: a node, a node's interface (db/eth1), or an address."),
    {.key = "count",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_ping, count),
     .least = 1,
     .most = 10000,
     .fallback = "1",
     .doc = "How many requests are sent."},
    {.key = "size",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_ping, size),
     .least = 0,
     .most = 65507,
     .unit = "bytes",
     .fallback = "56",
     .doc = "What a request carries."},
    {.key = "df",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct check_ping, dont_fragment),
     .fallback = "false",
     .doc = "Whether it must not be fragmented."},
    {.key = "source",
     .type = FIELD_CUSTOM,
     .decode = decode_source,
     FIELD_AT(struct check_ping, source),
     .wants = TARGET_WANTS,
     .json = "{\"type\": \"string\"}",
     .fallback = "the kernel's choice",
     .doc = "The address that it comes from."},
    {.key = "expect",
     .type = FIELD_WORD,
     FIELD_AT(struct check_ping, expect),
     .words = ping_words,
     .word_count = ARRAY_SIZE(ping_words),
     .fallback = "reachable",
     .doc = "What must be seen."},
    {.key = "loss_below",
     .type = FIELD_CUSTOM,
     .decode = decode_loss_below,
     .wants = "a share",
     .json = "{\"type\": \"string\"}",
     .doc = "Fewer requests than this share stay without a reply; a count above it by chance alone does not fail."},
    {.key = "rtt_below",
     .type = FIELD_DURATION,
     FIELD_AT(struct check_ping, rtt_below),
     .doc = "The median round trip is shorter than this."},
    {.key = "jitter_below",
     .type = FIELD_DURATION,
     FIELD_AT(struct check_ping, jitter_below),
     .doc = "The median difference between one round trip and the next is less than this."},
};
const struct schema ping_schema = SCHEMA("ping check", ping_fields);

/* ---- tcp ------------------------------------------------------------------------------------------------------- */

static const char *const tcp_words[] = {"open", "refused", "blocked", "closed"};
_Static_assert(ARRAY_SIZE(tcp_words) == TCP_EXPECT_COUNT, "a word for each expectation");

static const struct field tcp_fields[] = {
    TARGET_FIELD(struct check_tcp, "Who is connected to: a node, a node's interface (db/eth1), or an address."),
    {.key = "port",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_tcp, port),
     .required = true,
     .least = 1,
     .most = 65535,
     .doc = "The port."},
    {.key = "expect",
     .type = FIELD_WORD,
     FIELD_AT(struct check_tcp, expect),
     .words = tcp_words,
     .word_count = ARRAY_SIZE(tcp_words),
     .fallback = "open",
     .doc = "What must be seen: open, refused (RST), blocked (no answer, or ICMP) or closed (either)."},
};
const struct schema tcp_schema = SCHEMA("tcp check", tcp_fields);

/* ---- udp ------------------------------------------------------------------------------------------------------- */

static const char *const udp_words[] = {"answered", "refused", "silent"};
_Static_assert(ARRAY_SIZE(udp_words) == UDP_EXPECT_COUNT, "a word for each expectation");

static const struct field udp_fields[] = {
    TARGET_FIELD(struct check_udp, "Who is sent to: a node, a node's interface (db/eth1), or an address."),
    {.key = "port",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_udp, port),
     .required = true,
     .least = 1,
     .most = 65535,
     .doc = "The port."},
    {.key = "payload",
     .type = FIELD_TEXT,
     FIELD_AT(struct check_udp, payload),
     .fallback = "nothing",
     .doc = "What the datagram carries."},
    {.key = "expect",
     .type = FIELD_WORD,
     FIELD_AT(struct check_udp, expect),
     .words = udp_words,
     .word_count = ARRAY_SIZE(udp_words),
     .fallback = "answered",
     .doc = "What must be seen: answered, refused (ICMP port unreachable) or silent (no answer, or another ICMP "
            "error)."},
};
const struct schema udp_schema = SCHEMA("udp check", udp_fields);

/* ---- command --------------------------------------------------------------------------------------------------- */

static void decode_exit_status(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    struct check_command *command = target;
    int64_t status;
    if (decode_integer(decoder, field->key, value, 0, 255, &status))
        command->status = (int32_t)status;
}

static const struct field command_fields[] = {
    {.key = "run",
     .type = FIELD_TEXT,
     FIELD_AT(struct check_command, run),
     .required = true,
     .doc = "The command line, run by the shell at the node."},
    {.key = "status",
     .type = FIELD_CUSTOM,
     .decode = decode_exit_status,
     .wants = "a whole number from 0 to 255",
     .json = "{\"type\": \"integer\"}",
     .fallback = "0",
     .doc = "Its exit status."},
    {.key = "stdout_contains",
     .type = FIELD_TEXT,
     FIELD_AT(struct check_command, stdout_contains),
     .doc = "What stands in its output."},
};
const struct schema command_schema = SCHEMA("command check", command_fields);

/* ---- reading --------------------------------------------------------------------------------------------------- */

static void default_ping(struct check *check)
{
    check->ping = (struct check_ping){.count = 1, .size = 56};
}

static void default_dns(struct check *check)
{
    check->dns.type = "A";
}

static void default_http(struct check *check)
{
    check->http.method = "GET";
    check->http.requests = 1;
}

static void default_tls(struct check *check)
{
    check->tls.port = 443;
}

static void default_throughput(struct check *check)
{
    check->throughput = (struct check_throughput){.port = 5201, .duration = 2, .streams = 1};
}

/* How each kind is read: the keys of its mapping, what stands in it before, and what the short form, a text alone,
 * stands for. */
static const struct kind_row {
    const struct schema *schema;
    const char *key;                                       /* which the text of the short form belongs to */
    enum { PORT_NONE, PORT_OPTIONAL, PORT_REQUIRED } port; /* does "TARGET:PORT" stand for two keys? */
    void (*defaults)(struct check *check);
    void (*read)(struct loader *loader, struct check *check, const struct value *value); /* reads both itself */
} kind_rows[] = {
    [CHECK_PING] = {.schema = &ping_schema, .key = "to", .defaults = default_ping},
    [CHECK_TCP] = {.schema = &tcp_schema, .key = "to", .port = PORT_REQUIRED},
    [CHECK_UDP] = {.schema = &udp_schema, .key = "to", .port = PORT_REQUIRED},
    [CHECK_DNS] = {.schema = &dns_check_schema, .key = "name", .defaults = default_dns},
    [CHECK_HTTP] = {.schema = &http_schema, .key = "url", .defaults = default_http},
    [CHECK_TLS] = {.schema = &tls_schema, .key = "to", .port = PORT_OPTIONAL, .defaults = default_tls},
    [CHECK_PATH] = {.schema = &path_schema, .key = "to"},
    [CHECK_MTU] = {.schema = &mtu_schema, .key = "to"},
    [CHECK_THROUGHPUT] = {.schema = &throughput_schema, .key = "to", .defaults = default_throughput},
    [CHECK_FIREWALL] = {.read = read_firewall},
    [CHECK_MATRIX] = {.read = read_matrix},
    [CHECK_COMMAND] = {.schema = &command_schema, .key = "run"},
    [CHECK_SOCKET] = {.read = read_state},
    [CHECK_ROUTE] = {.read = read_state},
    [CHECK_NEIGHBOUR] = {.read = read_state},
    [CHECK_ADDRESS] = {.read = read_state},
    [CHECK_LINK] = {.read = read_state},
    [CHECK_SYSCTL] = {.read = read_state},
    [CHECK_CONNTRACK] = {.read = read_state},
    [CHECK_RESOLVER] = {.read = read_state},
    [CHECK_FILE] = {.read = read_file_check},
    [CHECK_PROCESS] = {.read = read_state},
};
_Static_assert(ARRAY_SIZE(kind_rows) == CHECK_KIND_COUNT, "every kind of check is read");

static struct value *text_value(struct arena *arena, const struct value *whole, const char *text, size_t length)
{
    struct value *value = ARENA_NEW(arena, struct value);
    *value = (struct value){.kind = VALUE_TEXT, .quoted = true, .mark = whole->mark, .length = length, .weight = 1};
    value->text = arena_strndup(arena, text, length);
    return value;
}

void check_add_key(struct arena *arena, struct value *map, const char *key, struct value *value)
{
    struct entry *entries = NULL;
    size_t count = 0;
    for (size_t i = 0; i < map->entry_count; i++)
        *ARENA_PUSH(arena, entries, count) = map->entries[i];
    *ARENA_PUSH(arena, entries, count) = (struct entry){.key = key, .key_mark = map->mark, .value = value};
    map->entries = entries;
    map->entry_count = count;
}

/* Splits "db:5432" or "[2001:db8::1]:80" into the length of the target and the port, 0 where there is none. */
static size_t split_port(const char *text, const char **target, unsigned long *port)
{
    const char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');
    char *end = NULL;
    size_t length = strlen(text);
    bool digits = colon != NULL && colon[1] >= '0' && colon[1] <= '9';
    bool alone = bracket != NULL ? colon > bracket : colon == strchr(text, ':'); /* an IPv6 address is full of them */
    *port = digits && alone ? strtoul(colon + 1, &end, 10) : 0;
    if (*port > 0 && *end == '\0')
        length = (size_t)(colon - text);
    else
        *port = 0;
    bool brackets = text[0] == '[' && length > 1 && text[length - 1] == ']';
    *target = text + brackets;
    return length - 2 * brackets;
}

bool check_short_form_is_whole(enum check_kind kind)
{
    return kind_rows[kind].read != NULL;
}

struct value *check_short_form(struct decoder *decoder, enum check_kind kind, const struct value *value, bool has_port)
{
    const struct kind_row *row = &kind_rows[kind];
    struct arena *arena = decoder->arena;
    struct value *map = ARENA_NEW(arena, struct value);
    *map = (struct value){.kind = VALUE_MAP, .mark = value->mark};
    const char *text = value->text, *target = text;
    unsigned long port = 0;
    size_t length = row->port == PORT_NONE ? strlen(text) : split_port(text, &target, &port);
    if (port > 65535 || (row->port == PORT_REQUIRED && port == 0 && !has_port)) {
        decode_bad(decoder, check_kind_name(kind), "a target and a port such as \"db:5432\"", value);
        return NULL;
    }
    check_add_key(arena, map, row->key, text_value(arena, value, target, length));
    if (port > 0) {
        struct value *number = text_value(arena, value, "", 0);
        number->kind = VALUE_INTEGER;
        number->integer = (int64_t)port;
        number->text = arena_printf(arena, "%lu", port);
        number->length = strlen(number->text);
        check_add_key(arena, map, "port", number);
    }
    return map;
}

void read_check_kind(struct loader *loader, struct check *check, const struct value *value)
{
    const struct kind_row *row = &kind_rows[check->kind];
    if (row->read != NULL) {
        row->read(loader, check, value);
        return;
    }
    if (row->defaults != NULL)
        row->defaults(check);
    if (value->kind == VALUE_TEXT && strlen(value->text) == value->length)
        value = check_short_form(&loader->decoder, check->kind, value, false);
    if (value != NULL) /* all members of the union stand at one place */
        schema_decode(&loader->decoder, row->schema, NULL, value->mark, value, &check->ping);
}

/* A target that is a node needs an address that the prober could use. */
static void check_target(struct loader *loader, const struct check *check, const struct check_target *target)
{
    if (target->node == NULL || node_misread(target->node) || node_misread(check->from))
        return;
    struct addr addr = topology_address_of(loader->topology, check->from, target->node, target->interface, 0);
    if (!addr_is_set(&addr))
        findings_add(loader->decoder.findings, FINDING_ERROR, "check-address", target->mark,
                     "'%s' has no address that '%s' could use", target->text, check->from->name);
}

void check_targets(struct loader *loader, struct check *check)
{
    const struct check_target *target = check_target_of(check);
    if (target != NULL)
        check_target(loader, check, target);
}
