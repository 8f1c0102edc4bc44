/* The http check: a request and what must come back. */
#include "load/check_kinds.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"

/* Whether a URL can be asked: http[s]://HOST[:PORT][/PATH]. */
bool read_url(struct loader *loader, const struct value *value, const char **out)
{
    const char *text;
    if (!decode_text(&loader->decoder, "url", value, &text))
        return false;
    size_t scheme = str_starts(text, "http://")    ? strlen("http://")
                    : str_starts(text, "https://") ? strlen("https://")
                                                   : 0;
    size_t host = scheme > 0 ? strcspn(text + scheme, "/:") : 0;
    if (host == 0 || strpbrk(text, " \t\r\n") != NULL) {
        decode_bad(&loader->decoder, "url", "a URL such as http://web/", value);
        return false;
    }
    *out = text;
    return true;
}

static void decode_url(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_http *http = target;
    (void)field;
    read_url(LOADER(decoder), value, &http->url);
}

/* A mapping from names to values, or a list of "Name: value". */
static void decode_headers(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_http *http = target;
    const char *text;
    if (value->kind == VALUE_MAP) {
        for (size_t i = 0; i < value->entry_count; i++)
            if (decode_scalar(decoder, value->entries[i].key, value->entries[i].value, &text))
                *ARENA_PUSH(decoder->arena, http->headers, http->header_count) =
                    arena_printf(decoder->arena, "%s: %s", value->entries[i].key, text);
        return;
    }
    if (!decode_list(decoder, field->key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++) {
        if (!decode_text(decoder, field->key, value->items[i], &text))
            continue;
        if (strchr(text, ':') == NULL)
            decode_bad(decoder, field->key, "a header such as \"Host: shop.test\"", value->items[i]);
        else
            *ARENA_PUSH(decoder->arena, http->headers, http->header_count) = text;
    }
}

/* "Name", "Name: value" or { Name: value }. */
static void decode_header(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_http *http = target;
    const char *text;
    if (value->kind == VALUE_MAP && value->entry_count == 1) {
        http->header_name = value->entries[0].key;
        decode_scalar(decoder, field->key, value->entries[0].value, &http->header_value);
        return;
    }
    if (!decode_text(decoder, field->key, value, &text))
        return;
    const char *colon = strchr(text, ':');
    http->header_name = colon != NULL ? arena_strndup(decoder->arena, text, (size_t)(colon - text)) : text;
    if (colon != NULL)
        http->header_value = colon + 1 + strspn(colon + 1, " ");
}

static const char *const versions[] = {"any", "1.0", "1.1", "2"};
_Static_assert(ARRAY_SIZE(versions) == HTTP_VERSION_COUNT, "a word for each version");

static void decode_version(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_http *http = target;
    int word;
    if (decode_version_word(decoder, field->key, value, versions, ARRAY_SIZE(versions), &word))
        http->version = (enum http_version)word;
}

/* 200, or 2xx. */
static void decode_status(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_http *http = target;
    int64_t status;
    const char *text = value->kind == VALUE_TEXT ? value->text : "";
    if (*text >= '1' && *text <= '5' && str_equal(text + 1, "xx"))
        http->status_class = (uint32_t)(*text - '0');
    else if (*text && strspn(text, "0123456789") != strlen(text))
        decode_bad(decoder, field->key, field->wants, value);
    else if (decode_integer(decoder, field->key, value, 100, 599, &status))
        http->status = (uint32_t)status;
}

#define REQUESTS_MAX     10000
#define REQUESTS_SHARING 100

static void decode_requests(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_http *http = target;
    int64_t requests;
    if (decode_integer(decoder, field->key, value, 1, REQUESTS_MAX, &requests))
        http->requests = (uint32_t)requests;
}

static void decode_served_by(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct check_http *http = target;
    http->served_by = load_node_reference(LOADER(decoder)->topology, decoder, field->key, value);
}

/* { web-1: 50%, web-2: 50% } */
static void decode_shares(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_http *http = target;
    uint64_t sum = 0;
    if (!decode_map(decoder, field->key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++) {
        const struct entry *entry = &value->entries[i];
        struct value name = {
            .kind = VALUE_TEXT, .mark = entry->key_mark, .text = entry->key, .length = strlen(entry->key)};
        struct http_share share = {.node = load_node_reference(LOADER(decoder)->topology, decoder, field->key, &name)};
        if (share.node == NULL || !decode_share(decoder, entry->key, entry->value, &share.share))
            continue;
        sum += share.share;
        *ARENA_PUSH(decoder->arena, http->shares, http->share_count) = share;
    }
    if (sum > SHARE_WHOLE)
        findings_add(decoder->findings, FINDING_ERROR, "out-of-range", value->mark,
                     "'share' wants at most 100%% in all");
    if (http->requests == 1 && http->share_count > 0)
        http->requests = REQUESTS_SHARING;
}

static const struct field http_fields[] = {
    {.key = "url",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_url,
     .wants = "a URL",
     .json = "{\"type\": \"string\"}",
     .doc = "What is asked for: http://HOST[:PORT]/PATH, or https; the host is resolved as the node's programs would."},
    {.key = "method",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct check_http, method),
     .decode = decode_capitals,
     .wants = "a method",
     .json = "{\"type\": \"string\"}",
     .fallback = "GET",
     .doc = "The method."},
    {.key = "headers",
     .type = FIELD_CUSTOM,
     .decode = decode_headers,
     .wants = "headers",
     .json = "{\"type\": [\"object\", \"array\"]}",
     .doc = "Headers that are sent: values by name."},
    {.key = "body", .type = FIELD_TEXT, FIELD_AT(struct check_http, body), .doc = "A body that is sent."},
    {.key = "status",
     .type = FIELD_CUSTOM,
     .decode = decode_status,
     .wants = "100 to 599, or a class such as 2xx",
     .json = "{\"anyOf\": [{\"type\": \"integer\", \"minimum\": 100, \"maximum\": 599}, "
             "{\"enum\": [\"1xx\", \"2xx\", \"3xx\", \"4xx\", \"5xx\"]}]}",
     .fallback = "any below 400",
     .doc = "The status of the answer, or its class: 2xx."},
    {.key = "body_contains",
     .type = FIELD_TEXT,
     FIELD_AT(struct check_http, body_contains),
     .doc = "What stands in the body of the answer."},
    {.key = "header",
     .type = FIELD_CUSTOM,
     .decode = decode_header,
     .wants = "a header",
     .json = "{\"type\": [\"string\", \"object\"]}",
     .doc = "A header of the answer: its name, or { NAME: VALUE }."},
    {.key = "time_below",
     .type = FIELD_DURATION,
     FIELD_AT(struct check_http, time_below),
     .doc = "The answer comes within this."},
    {.key = "version",
     .type = FIELD_CUSTOM,
     .decode = decode_version,
     .wants = "any, 1.0, 1.1 or 2",
     .json = "{\"type\": [\"number\", \"string\"]}",
     .fallback = "any",
     .doc = "The version of HTTP that is asked for and must be answered with."},
    {.key = "redirects",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_http, redirects),
     .least = 0,
     .most = 50,
     .fallback = "0",
     .doc = "How many redirects are followed; the answer behind the last one counts."},
    {.key = "requests",
     .type = FIELD_CUSTOM,
     .decode = decode_requests,
     .wants = "a whole number",
     .json = "{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 10000}",
     .fallback = "1; with share 100",
     .doc = "How many requests are made, one after the other, each on a connection of its own; all must be answered as "
            "expected."},
    {.key = "served_by",
     .type = FIELD_CUSTOM,
     .decode = decode_served_by,
     .wants = "a node",
     .json = "{\"type\": \"string\"}",
     .doc =
         "The node that answers: as the header X-Served-By says, which the http service sends, else the owner of the "
         "address."},
    {.key = "share",
     .type = FIELD_CUSTOM,
     .decode = decode_shares,
     .wants = "shares by node",
     .json = "{\"type\": \"object\", \"additionalProperties\": {\"type\": \"string\"}}",
     .doc =
         "Which node answers what share of the requests; what is not named is for nobody else. Chance is allowed for."},
};
const struct schema http_schema = SCHEMA("http check", http_fields);
