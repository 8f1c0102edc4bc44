/* The dns check: a question and what must come back. */
#include "load/check_kinds.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"

static const char *const transports[] = {"udp", "tcp"};

static void decode_server(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_dns *dns = target;
    const char *text;
    if (decode_text(decoder, field->key, value, &text))
        dns->has_server = read_target_text(LOADER(decoder), field->key, text, value->mark, &dns->server);
}

static void decode_transport(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct check_dns *dns = target;
    int word;
    if (decode_word(decoder, field->key, value, transports, ARRAY_SIZE(transports), &word))
        dns->tcp = word == 1;
}

/* One answer or a list of them. */
static void decode_answer(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_dns *dns = target;
    const char *text;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++)
        if (decode_scalar(decoder, field->key, value->kind == VALUE_LIST ? value->items[i] : value, &text))
            *ARENA_PUSH(decoder->arena, dns->answers, dns->answer_count) = text;
}

static void decode_ttl_below(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct check_dns *dns = target;
    int64_t ttl;
    if (!decode_seconds(decoder, field->key, value, 1, UINT32_MAX, &ttl))
        return;
    dns->has_ttl_below = true;
    dns->ttl_below = (uint32_t)ttl;
}

static void decode_authoritative(struct decoder *decoder, const struct field *field, const struct value *value,
                                 void *target)
{
    struct check_dns *dns = target;
    dns->has_authoritative = decode_boolean(decoder, field->key, value, &dns->authoritative);
}

static const struct field dns_fields[] = {
    {.key = "name",
     .type = FIELD_TEXT,
     FIELD_AT(struct check_dns, name),
     .required = true,
     .doc = "The name that is asked for."},
    {.key = "type",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct check_dns, type),
     .decode = decode_capitals,
     .wants = "a record type",
     .json = "{\"type\": \"string\"}",
     .fallback = "A",
     .doc = "The record type."},
    {.key = "server",
     .type = FIELD_CUSTOM,
     .decode = decode_server,
     .wants = "a node, a node's interface, or an address",
     .json = "{\"type\": \"string\"}",
     .fallback = "those of the node's resolv.conf",
     .doc = "The server that is asked."},
    {.key = "transport",
     .type = FIELD_CUSTOM,
     .decode = decode_transport,
     .wants = "udp or tcp",
     .json = "{\"enum\": [\"udp\", \"tcp\"]}",
     .fallback = "udp",
     .doc = "What carries the question."},
    {.key = "edns",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_dns, edns_size),
     .least = 512,
     .most = 65535,
     .unit = "bytes",
     .fallback = "none",
     .doc = "The size of answers that the question offers to take."},
    {.key = "answer",
     .type = FIELD_CUSTOM,
     .decode = decode_answer,
     .wants = "a text, or a list of texts",
     .json = "{\"type\": [\"string\", \"array\"]}",
     .fallback = "any",
     .doc = "The answers: exactly these, in any order."},
    {.key = "rcode",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct check_dns, rcode),
     .decode = decode_capitals,
     .wants = "a response code",
     .json = "{\"type\": \"string\"}",
     .fallback = "NOERROR with an answer",
     .doc = "The response code: NOERROR, NXDOMAIN, SERVFAIL, REFUSED."},
    {.key = "ttl_below",
     .type = FIELD_CUSTOM,
     .decode = decode_ttl_below,
     .wants = "a whole number",
     .unit = "seconds",
     .json = "{\"type\": [\"integer\", \"string\"]}",
     .doc = "Answers may be kept for less than this."},
    {.key = "authoritative",
     .type = FIELD_CUSTOM,
     .decode = decode_authoritative,
     .wants = "true or false",
     .json = "{\"type\": \"boolean\"}",
     .doc = "Whether the server answers for itself."},
    {.key = "time_below",
     .type = FIELD_DURATION,
     FIELD_AT(struct check_dns, time_below),
     .doc = "The answer comes within this."},
};
const struct schema dns_check_schema = SCHEMA("dns check", dns_fields);
