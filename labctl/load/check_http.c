/* The http check: a request and what must come back. */
#include "load/check_kinds.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"

/* Whether a URL can be asked: http://HOST[:PORT][/PATH]. */
bool read_url(struct loader *loader, const struct value *value, const char **out)
{
    const char *text;
    if (!decode_text(&loader->decoder, "url", value, &text))
        return false;
    if (str_starts(text, "https://")) {
        decode_later(&loader->decoder, "https", value->mark);
        return false;
    }
    size_t host = str_starts(text, "http://") ? strcspn(text + strlen("http://"), "/:") : 0;
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

static const struct field http_fields[] = {
    {.key = "url",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_url,
     .wants = "a URL",
     .json = "{\"type\": \"string\"}",
     .doc = "What is asked for: http://HOST[:PORT]/PATH; the host is resolved as the node's programs would."},
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
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_http, status),
     .least = 100,
     .most = 599,
     .fallback = "any below 400",
     .doc = "The status of the answer."},
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
    {.key = "version", .type = FIELD_CUSTOM, .later = true, .doc = "The version of HTTP."},
    {.key = "served_by", .type = FIELD_CUSTOM, .later = true, .doc = "The node that answered."},
    {.key = "share", .type = FIELD_CUSTOM, .later = true, .doc = "Who answers how many of several requests."},
    {.key = "requests", .type = FIELD_CUSTOM, .later = true, .doc = "How many requests are made."},
};
const struct schema http_schema = SCHEMA("http check", http_fields);
