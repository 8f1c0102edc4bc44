/* What a check asks: one table of keys for each kind, each with a short form. */
#include "load/check_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"

#define NEAREST_MAX 50 /* findings with a search through the names of all things */

static const char target_wants[] = "a node, a node's interface, or an address";

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
                     target_wants, thing_kind_name(thing.kind));
        return false;
    }
    struct finding *finding =
        findings_add(loader->decoder.findings, FINDING_ERROR, "dangling-reference", mark, "no node '%.80s'", text);
    if (nearest != NULL)
        finding->hint = arena_printf(loader->decoder.findings->arena, "did you mean '%s'?", nearest);
    return false;
}

static void decode_target(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_target *out = (struct check_target *)(void *)((char *)target + field->offset);
    const char *text;
    if (decode_text(decoder, field->key, value, &text))
        read_target_text(LOADER(decoder), field->key, text, value->mark, out);
}

#define TARGET_FIELD(type_name, text)                                                                                  \
    {                                                                                                                  \
        .key = "to", .type = FIELD_CUSTOM, FIELD_AT(type_name, to), .required = true, .decode = decode_target,         \
        .wants = target_wants, .json = "{\"type\": \"string\"}", .doc = (text)                                         \
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
     .type = FIELD_ADDRESS,
     FIELD_AT(struct check_ping, source),
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
     .doc = "Fewer requests than this share stay without a reply."},
    {.key = "rtt_below",
     .type = FIELD_DURATION,
     FIELD_AT(struct check_ping, rtt_below),
     .doc = "The mean round trip is shorter than this."},
    {.key = "jitter_below",
     .type = FIELD_DURATION,
     FIELD_AT(struct check_ping, jitter_below),
     .doc = "Round trips vary less than this."},
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

/* "db:5432", "[2001:db8::1]:80". */
static void read_short_tcp(struct loader *loader, struct check_tcp *tcp, const struct value *value)
{
    const char *colon = strrchr(value->text, ':');
    char *end = NULL;
    unsigned long port = colon != NULL && colon[1] >= '0' && colon[1] <= '9' ? strtoul(colon + 1, &end, 10) : 0;
    if (port < 1 || port > 65535 || end == NULL || *end != '\0') {
        decode_bad(&loader->decoder, "tcp", "a target and a port such as \"db:5432\"", value);
        return;
    }
    const char *start = value->text;
    size_t length = (size_t)(colon - start);
    if (start[0] == '[' && length > 1 && start[length - 1] == ']') {
        start++;
        length -= 2;
    }
    tcp->port = (uint16_t)port;
    read_target_text(loader, "tcp", arena_strndup(loader->decoder.arena, start, length), value->mark, &tcp->to);
}

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

/* Reads the mapping of a kind, or refuses what is neither it nor the short form. */
static void read_long(struct loader *loader, const struct schema *schema, const struct value *value, void *target)
{
    schema_decode(&loader->decoder, schema, NULL, value->mark, value, target);
}

void read_check_kind(struct loader *loader, struct check *check, const struct value *value)
{
    bool text = value->kind == VALUE_TEXT && strlen(value->text) == value->length;
    struct decoder *decoder = &loader->decoder;
    switch (check->kind) {
    case CHECK_PING:
        check->ping = (struct check_ping){.count = 1, .size = 56};
        if (text)
            read_target_text(loader, "ping", value->text, value->mark, &check->ping.to);
        else
            read_long(loader, &ping_schema, value, &check->ping);
        break;
    case CHECK_TCP:
        if (text)
            read_short_tcp(loader, &check->tcp, value);
        else
            read_long(loader, &tcp_schema, value, &check->tcp);
        break;
    case CHECK_DNS:
        check->dns.type = "A";
        if (text)
            decode_text(decoder, "dns", value, &check->dns.name);
        else
            read_long(loader, &dns_check_schema, value, &check->dns);
        break;
    case CHECK_HTTP:
        check->http.method = "GET";
        if (text)
            read_url(loader, value, &check->http.url);
        else
            read_long(loader, &http_schema, value, &check->http);
        break;
    case CHECK_MATRIX:
        read_matrix(loader, &check->matrix, value);
        break;
    case CHECK_COMMAND:
        if (text)
            decode_text(decoder, "command", value, &check->command.run);
        else
            read_long(loader, &command_schema, value, &check->command);
        break;
    case CHECK_KIND_COUNT:
        break;
    }
}

/* A target that is a node needs an address that the prober could use; a node that was misread is passed over. */
static void check_target(struct loader *loader, const struct check *check, const struct check_target *target)
{
    if (target->node == NULL)
        return;
    for (size_t i = 0; i < target->node->interface_count; i++)
        if (target->node->interfaces[i]->attachment == ATTACH_NONE)
            return;
    struct addr addr = topology_address_of(loader->topology, check->from, target->node, target->interface, 0);
    if (!addr_is_set(&addr))
        findings_add(loader->decoder.findings, FINDING_ERROR, "check-address", target->mark,
                     "'%s' has no address that '%s' could use", target->text, check->from->name);
}

void check_targets(struct loader *loader, struct check *check)
{
    if (check->kind == CHECK_PING)
        check_target(loader, check, &check->ping.to);
    else if (check->kind == CHECK_TCP)
        check_target(loader, check, &check->tcp.to);
    else if (check->kind == CHECK_DNS && check->dns.has_server)
        check_target(loader, check, &check->dns.server);
}
