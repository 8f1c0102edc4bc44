/* The throughput check: how much passes. */
#include "base/table.h"
#include "base/units.h"
#include "load/check_kinds.h"

static const char *const protocols[] = {"tcp", "udp"};

static void decode_protocol(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_throughput *throughput = target;
    int word;
    if (decode_word(decoder, field->key, value, protocols, ARRAY_SIZE(protocols), &word))
        throughput->udp = word == 1;
}

static void decode_some_rate(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    const char *text;
    uint64_t rate;
    if (!decode_scalar(decoder, field->key, value, &text))
        return;
    const char *rule = rate_parse(text, &rate);
    if (rule != NULL)
        decode_bad(decoder, field->key, rule, value);
    else if (rate == 0)
        decode_bad(decoder, field->key, "a rate above 0", value);
    else
        *(uint64_t *)(void *)((char *)target + field->offset) = rate;
}

static void decode_retransmits(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    struct check_throughput *throughput = target;
    int64_t count;
    if (!decode_integer(decoder, field->key, value, 1, 1000000000, &count))
        return;
    throughput->has_retransmits_below = true;
    throughput->retransmits_below = (uint32_t)count;
}

#define RATE_FIELD(word, member, text)                                                                                 \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, FIELD_AT(struct check_throughput, member), .decode = decode_some_rate,    \
        .wants = "a rate such as 10mbit", .json = "{\"type\": \"string\"}", .doc = (text)                              \
    }

static const struct field throughput_fields[] = {
    TARGET_FIELD(
        struct check_throughput,
        "Where data is sent: a node, a node's interface (db/eth1), or an address; an iperf server is started there "
        "for the time of the test, unless one listens already."),
    {.key = "protocol",
     .type = FIELD_CUSTOM,
     .decode = decode_protocol,
     .wants = "tcp or udp",
     .json = "{\"enum\": [\"tcp\", \"udp\"]}",
     .fallback = "tcp",
     .doc = "What carries the data."},
    {.key = "port",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_throughput, port),
     .least = 1,
     .most = 65535,
     .fallback = "5201",
     .doc = "The port of the iperf server; firewalls on the way must let it through."},
    {.key = "duration",
     .type = FIELD_SECONDS,
     FIELD_AT(struct check_throughput, duration),
     .least = 1,
     .most = 60,
     .fallback = "2s",
     .doc = "How long data is sent."},
    {.key = "streams",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_throughput, streams),
     .least = 1,
     .most = 100,
     .fallback = "1",
     .doc = "How many connections or flows send at once."},
    RATE_FIELD("rate", rate, "With udp, what is sent in all; without it twice what is expected, else as much as goes."),
    RATE_FIELD("above", above, "More than this arrives."),
    RATE_FIELD("below", below, "Less than this arrives."),
    {.key = "retransmits_below",
     .type = FIELD_CUSTOM,
     .decode = decode_retransmits,
     .wants = "a whole number",
     .json = "{\"type\": \"integer\", \"minimum\": 1}",
     .doc = "Fewer segments than this are sent again (tcp)."},
};
const struct schema throughput_schema = SCHEMA("throughput check", throughput_fields);
