/* Certificates of the lab's own authority, and the TLS that services speak with them. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/check_kinds.h"
#include "load/loader.h"
#include "load/service_fields.h"

static const char *const state_words[] = {"valid",      "expired",     "not-yet-valid",
                                          "wrong-name", "self-signed", "missing-intermediate"};
_Static_assert(ARRAY_SIZE(state_words) == CERTIFICATE_STATE_COUNT, "a word for each state");
static const char *const version_words[] = {"any", "1.0", "1.1", "1.2", "1.3"};
_Static_assert(ARRAY_SIZE(version_words) == TLS_VERSION_COUNT, "a word for each version");
static const char *const client_words[] = {"none", "required"};
_Static_assert(ARRAY_SIZE(client_words) == CLIENT_MODE_COUNT, "a word for each mode");

static void read_name(struct loader *loader, const char *key, struct certificate *certificate,
                      const struct value *value)
{
    struct decoder *decoder = &loader->decoder;
    struct addr addr;
    const char *name;
    if (!decode_text(decoder, key, value, &name))
        return;
    struct value bare = *value;
    if (str_starts(name, "*.")) { /* the label of a wildcard stands for any one (RFC 6125, 6.4.3) */
        bare.text = name + 2;
        bare.length = strlen(bare.text);
    }
    const char *checked;
    if (!addr_parse(name, &addr) && !read_domain(loader, key, &bare, &checked))
        return;
    size_t count = certificate->names.count;
    *ARENA_PUSH(decoder->arena, certificate->name_marks, count) = value->mark;
    *ARENA_PUSH(decoder->arena, certificate->names.items, certificate->names.count) = name;
}

static void decode_names(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    char *names = (char *)target + field->offset;
    struct certificate *certificate = (struct certificate *)(void *)(names - offsetof(struct certificate, names));
    if (value->kind != VALUE_LIST)
        read_name(LOADER(decoder), field->key, certificate, value);
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        read_name(LOADER(decoder), field->key, certificate, value->items[i]);
}

/* Rows of a struct certificate that `part` of a struct is, or that is the whole of it. */
#define CERTIFICATE_ROWS(holder, part)                                                                                 \
    {.key = "cert",                                                                                                    \
     .type = FIELD_WORD,                                                                                               \
     FIELD_AT(holder, part state),                                                                                     \
     .words = state_words,                                                                                             \
     .word_count = ARRAY_SIZE(state_words),                                                                            \
     .fallback = "valid",                                                                                              \
     .doc = "What the certificate is worth."},                                                                         \
    {                                                                                                                  \
        .key = "names", .type = FIELD_CUSTOM, FIELD_AT(holder, part names), .decode = decode_names,                    \
        .wants = "a list of names and addresses",                                                                      \
        .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",                              \
        .fallback = "the node's name, and its full names in VPCs", .doc = "Whom it is for: names and addresses."       \
    }

#define WHOLE /* no part */
static const struct field certificate_fields[] = {CERTIFICATE_ROWS(struct certificate, WHOLE)};
const struct schema certificate_schema = SCHEMA("certificate", certificate_fields);

static void one_certificate(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct certificate certificate = {.name = name, .mark = mark};
    if (schema_decode(&loader->decoder, &certificate_schema, name, mark, value, &certificate))
        *ARENA_PUSH(loader->decoder.arena, loader->node->certificates, loader->node->certificate_count) = certificate;
}

void decode_certificates(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "certificate", LABEL_MAX, one_certificate);
}

/* ---- tls: ----------------------------------------------------------------------------------------------------------
 */

static void decode_min_version(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    struct service_tls *tls = target;
    int word;
    if (decode_version_word(decoder, field->key, value, version_words + 1, ARRAY_SIZE(version_words) - 1, &word))
        tls->min_version = (enum tls_version)(word + 1);
}

static const struct field tls_fields[] = {
    CERTIFICATE_ROWS(struct service_tls, certificate.),
    {.key = "min_version",
     .type = FIELD_CUSTOM,
     .decode = decode_min_version,
     .wants = "1.0, 1.1, 1.2 or 1.3",
     .json = "{\"type\": [\"number\", \"string\"]}",
     .fallback = "1.2",
     .doc = "The oldest version of TLS that it speaks."},
    {.key = "client_certificate",
     .type = FIELD_WORD,
     FIELD_AT(struct service_tls, clients),
     .words = client_words,
     .word_count = ARRAY_SIZE(client_words),
     .fallback = "none",
     .doc = "Whether clients must have a certificate of the lab's authority themselves (mutual TLS)."},
};
const struct schema tls_service_schema = SCHEMA("tls of a service", tls_fields);

void decode_tls(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct service_tls *tls = (struct service_tls *)(void *)((char *)target + field->offset);
    *tls = (struct service_tls){.on = true, .mark = value->mark, .min_version = TLS_1_2};
    schema_decode(decoder, field->schema, NULL, value->mark, value, tls);
}
