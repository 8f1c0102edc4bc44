/* http services: what they answer by path. */
#include "base/arena.h"
#include "base/table.h"
#include "base/units.h"
#include "load/loader.h"
#include "load/service_fields.h"

static void decode_http_path(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct http_route *route = target;
    const char *path;
    if (!decode_text(decoder, field->key, value, &path))
        return;
    if (path[0] != '/')
        decode_bad(decoder, field->key, "a path such as /index.html", value);
    else
        route->path = path;
}

static const struct field http_route_fields[] = {
    {.key = "path",
     .type = FIELD_CUSTOM,
     .decode = decode_http_path,
     .wants = "a path",
     .json = "{\"type\": \"string\"}",
     .doc = "The path that is asked for; in a mapping of routes it is the key."},
    {.key = "body",
     .type = FIELD_TEXT,
     FIELD_AT(struct http_route, body),
     .fallback = "empty",
     .doc = "The body of the answer."},
    {.key = "location",
     .type = FIELD_TEXT,
     FIELD_AT(struct http_route, location),
     .doc = "Where a redirect leads: a path, or a whole URL."},
    {.key = "status",
     .type = FIELD_INTEGER,
     FIELD_AT(struct http_route, status),
     .least = 100,
     .most = 599,
     .fallback = "200, with location 302",
     .doc = "The status of the answer."},
};
const struct schema http_route_schema = SCHEMA("http route", http_route_fields);

/* One route: a body, or a mapping; path NULL where the mapping holds it. */
static void read_http_route(struct decoder *decoder, struct service *service, const char *path, struct mark mark,
                            const struct value *value)
{
    struct http_route route = {.path = path, .body = "", .mark = mark};
    if (path != NULL && path[0] != '/') {
        findings_add(decoder->findings, FINDING_ERROR, "bad-value", mark, "'%.80s' is no path such as /index.html",
                     path);
        return;
    }
    if (path != NULL && value->kind == VALUE_TEXT) {
        if (!decode_text(decoder, path, value, &route.body))
            return;
    } else if (!schema_decode(decoder, &http_route_schema, path, mark, value, &route)) {
        return;
    }
    if (route.status == 0)
        route.status = route.location != NULL ? 302 : 200;
    if (route.path != NULL)
        *ARENA_PUSH(decoder->arena, service->routes, service->route_count) = route;
    else if (value_get(value, "path") == NULL)
        findings_add(decoder->findings, FINDING_ERROR, "missing-key", mark, "a http route needs the key 'path'");
}

/* `routes: { /path: body }` or a list of {path, body, status}. */
static void decode_http_routes(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    if (value->kind == VALUE_LIST)
        for (size_t i = 0; i < value->item_count; i++)
            read_http_route(decoder, target, NULL, value->items[i]->mark, value->items[i]);
    else if (decode_map(decoder, field->key, value) && value->kind == VALUE_MAP)
        for (size_t i = 0; i < value->entry_count; i++)
            read_http_route(decoder, target, value->entries[i].key, value->entries[i].key_mark,
                            value->entries[i].value);
}

static const struct field http_fields[] = {
    KIND_FIELD,
    PORT_FIELD("80, with tls 443"),
    BIND_FIELD,
    {.key = "body",
     .type = FIELD_TEXT,
     FIELD_AT(struct service, body),
     .fallback = "the node's name",
     .doc = "The body of every answer that no route gives."},
    {.key = "status",
     .type = FIELD_INTEGER,
     FIELD_AT(struct service, status),
     .least = 100,
     .most = 599,
     .fallback = "200",
     .doc = "The status of these answers."},
    {.key = "delay",
     .type = FIELD_DURATION,
     FIELD_AT(struct service, delay),
     .most = NANOSECONDS_PER_HOUR,
     .fallback = "0",
     .doc = "How long it waits before it answers, at most 1h."},
    {.key = "truncate",
     .type = FIELD_INTEGER,
     FIELD_AT(struct service, truncate),
     .least = 1,
     .most = 65535,
     .unit = "bytes",
     .fallback = "whole bodies",
     .doc = "After how much of a body it closes the connection, although Content-Length says more."},
    {.key = "routes",
     .type = FIELD_CUSTOM,
     .schema = &http_route_schema,
     .decode = decode_http_routes,
     .wants = "answers by path",
     .json = "{\"type\": [\"object\", \"array\", \"null\"], \"items\": {\"$ref\": \"#/$defs/http-route\"}, "
             "\"additionalProperties\": {\"anyOf\": [{\"type\": \"string\"}, {\"$ref\": \"#/$defs/http-route\"}]}}",
     .doc = "Answers by path: a body, or a mapping with body and status."},
    TLS_FIELD("With TLS and HTTP/2, by nginx; the port is 443 then."),
};
const struct schema http_service_schema = SCHEMA("http service", http_fields);
