/* The tls check: a handshake and what must come of it. */
#include "base/table.h"
#include "load/check_kinds.h"

static const char *const versions[] = {"any", "1.0", "1.1", "1.2", "1.3"};
_Static_assert(ARRAY_SIZE(versions) == TLS_VERSION_COUNT, "a word for each version");

static const char *const reasons[] = {
    "none",  "expired", "not-yet-valid", "wrong-name", "self-signed", "missing-intermediate", "unknown-authority",
    "other", "version", "refused"};
_Static_assert(ARRAY_SIZE(reasons) == TLS_REASON_COUNT, "a word for each reason");

bool decode_version_word(struct decoder *decoder, const char *key, const struct value *value, const char *const *words,
                         size_t count, int *out)
{
    const char *text;
    struct value copy = *value;
    if (!decode_scalar(decoder, key, value, &text))
        return false;
    copy.kind = VALUE_TEXT; /* a version is no number */
    return decode_word(decoder, key, &copy, words, count, out);
}

static void decode_version(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    int word;
    if (decode_version_word(decoder, field->key, value, versions, ARRAY_SIZE(versions), &word))
        *(enum tls_version *)(void *)((char *)target + field->offset) = (enum tls_version)word;
}

static void decode_valid(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_tls *tls = target;
    tls->has_valid = decode_boolean(decoder, field->key, value, &tls->valid);
}

static void decode_days(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_tls *tls = target;
    int64_t days;
    if (!decode_integer(decoder, field->key, value, 0, 36500, &days))
        return;
    tls->has_days_left_above = true;
    tls->days_left_above = (uint32_t)days;
}

#define VERSION_FIELD(word, member, text)                                                                              \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, FIELD_AT(struct check_tls, member), .decode = decode_version,             \
        .wants = "any, 1.0, 1.1, 1.2 or 1.3", .json = "{\"type\": [\"number\", \"string\"]}", .fallback = "any",       \
        .doc = (text)                                                                                                  \
    }

static const struct field tls_fields[] = {
    TARGET_FIELD(struct check_tls, "Who is connected to: a node, a node's interface (db/eth1), or an address."),
    {.key = "port",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_tls, port),
     .least = 1,
     .most = 65535,
     .fallback = "443",
     .doc = "The port."},
    {.key = "server_name",
     .type = FIELD_TEXT,
     FIELD_AT(struct check_tls, server_name),
     .fallback = "the target's own name or address",
     .doc = "The name that is asked for (SNI) and that the certificate must be for."},
    VERSION_FIELD("version", version, "The only version that is offered."),
    {.key = "valid",
     .type = FIELD_CUSTOM,
     .decode = decode_valid,
     .wants = "true or false",
     .json = "{\"type\": \"boolean\"}",
     .fallback = "true where no reason is given",
     .doc = "Whether the certificate is one that the node's programs would take: by its own authorities, for the name, "
            "in time."},
    {.key = "reason",
     .type = FIELD_WORD,
     FIELD_AT(struct check_tls, reason),
     .words = reasons,
     .word_count = ARRAY_SIZE(reasons),
     .fallback = "none",
     .doc = "What is wrong with the certificate; version and refused: why the handshake itself fails."},
    VERSION_FIELD("min_version", min_version, "The server agrees on this or a newer version, and refuses older ones."),
    {.key = "alpn",
     .type = FIELD_TEXT,
     FIELD_AT(struct check_tls, alpn),
     .doc = "The application's protocol, such as h2, which is offered and must be agreed on."},
    {.key = "days_left_above",
     .type = FIELD_CUSTOM,
     .decode = decode_days,
     .wants = "a whole number",
     .unit = "days",
     .json = "{\"type\": \"integer\", \"minimum\": 0}",
     .doc = "The certificate is valid for more than these."},
};
const struct schema tls_schema = SCHEMA("tls check", tls_fields);
