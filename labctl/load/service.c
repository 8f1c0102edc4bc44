/* Services of a node: one table of keys for each kind. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

static const char *const kind_words[] = {"http", "tcp", "tcp-echo", "udp-echo", "dns", "exec"};
_Static_assert(ARRAY_SIZE(kind_words) == SERVICE_KIND_COUNT, "a word for each service kind");

static const char *const later_kinds[] = {"proxy", "dhcp", "iperf", "bgp", "ospf"};

/* ---- DNS ------------------------------------------------------------------------------------------------------- */

static void decode_zones(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct service *service = target;
    read_zones(LOADER(decoder), field->key, value, false, &service->zones, &service->zone_count);
}

/* The networks of a view: prefixes, single addresses, any4. */
static void decode_view_from(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct dns_view *view = target;
    struct prefix prefix;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++)
        if (read_destination(LOADER(decoder), field->key, value->kind == VALUE_LIST ? value->items[i] : value, &prefix))
            *ARENA_PUSH(decoder->arena, view->from, view->from_count) = prefix;
}

static void decode_view_zones(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    struct dns_view *view = target;
    read_zones(LOADER(decoder), field->key, value, false, &view->zones, &view->zone_count);
}

#define ZONES_JSON "{\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"object\", \"null\"]}}"

static const struct field view_fields[] = {
    {.key = "from",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_view_from,
     .wants = "a list of networks",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc = "The networks that the askers are in."},
    {.key = "zones",
     .type = FIELD_CUSTOM,
     .required = true,
     .schema = &record_schema,
     .decode = decode_view_zones,
     .wants = "zones by name",
     .json = ZONES_JSON,
     .doc = "Zones that these askers see, instead of the service's own zones of the same name."},
};
const struct schema view_schema = SCHEMA("view", view_fields);

static void one_view(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct service *service = loader->service;
    struct dns_view view = {.name = name, .mark = mark};
    if (schema_decode(&loader->decoder, &view_schema, name, mark, value, &view))
        *ARENA_PUSH(loader->decoder.arena, service->views, service->view_count) = view;
}

static void decode_views(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    LOADER(decoder)->service = target;
    each_named(LOADER(decoder), field->key, value, "view", LABEL_MAX, one_view);
}

static void decode_dns_forward(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    struct service *service = target;
    struct addr addr;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++)
        if (decode_address(decoder, field->key, value->kind == VALUE_LIST ? value->items[i] : value, &addr))
            *ARENA_PUSH(decoder->arena, service->forward, service->forward_count) = addr;
}

/* ---- HTTP routes ----------------------------------------------------------------------------------------------- */

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
    {.key = "status",
     .type = FIELD_INTEGER,
     FIELD_AT(struct http_route, status),
     .least = 100,
     .most = 599,
     .fallback = "200",
     .doc = "The status of the answer."},
};
const struct schema http_route_schema = SCHEMA("http route", http_route_fields);

/* One route: a body, or a mapping; path NULL where the mapping holds it. */
static void read_http_route(struct decoder *decoder, struct service *service, const char *path, struct mark mark,
                            const struct value *value)
{
    struct http_route route = {.path = path, .body = "", .status = 200, .mark = mark};
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

/* ---- exec ------------------------------------------------------------------------------------------------------ */

/* A list is an argv; one text is run by the shell. */
static void decode_command(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct service *service = target;
    static const char *const shell[] = {"/bin/sh", "-c"};
    const char *text;
    struct strings *command = &service->command;
    if (value->kind == VALUE_TEXT && decode_text(decoder, field->key, value, &text)) {
        for (size_t i = 0; i < ARRAY_SIZE(shell); i++)
            *ARENA_PUSH(decoder->arena, command->items, command->count) = shell[i];
        *ARENA_PUSH(decoder->arena, command->items, command->count) = text;
    } else if (value->kind == VALUE_LIST && value->item_count > 0) {
        for (size_t i = 0; i < value->item_count; i++)
            if (decode_scalar(decoder, field->key, value->items[i], &text))
                *ARENA_PUSH(decoder->arena, command->items, command->count) = text;
    } else if (value->kind != VALUE_TEXT) {
        decode_wrong(decoder, field->key, "a command line, or a list of a program and its arguments", value);
    }
}

static void decode_ready_port(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    struct service *service = target;
    int64_t port;
    if (!decode_integer(decoder, field->key, value, 1, 65535, &port))
        return;
    service->ready_port = (uint16_t)port;
    service->ready_protocol = strcmp(field->key, "tcp") == 0 ? PROTOCOL_TCP : PROTOCOL_UDP;
}

#define PORT_JSON "{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 65535}"

static const struct field ready_fields[] = {
    {.key = "tcp",
     .type = FIELD_CUSTOM,
     .decode = decode_ready_port,
     .wants = "a port",
     .json = PORT_JSON,
     .doc = "It is ready when this TCP port listens."},
    {.key = "udp",
     .type = FIELD_CUSTOM,
     .decode = decode_ready_port,
     .wants = "a port",
     .json = PORT_JSON,
     .doc = "It is ready when this UDP port is bound."},
};
const struct schema ready_schema = SCHEMA("readiness probe", ready_fields);

static void decode_ready(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    schema_decode(decoder, field->schema, NULL, value->mark, value, target);
}

/* ---- the kinds ------------------------------------------------------------------------------------------------- */

/* `kind:` was read before its table was chosen. */
static void decode_kind(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)decoder, (void)field, (void)value, (void)target;
}

#define KIND_FIELD                                                                                                     \
    {                                                                                                                  \
        .key = "kind", .type = FIELD_CUSTOM, .decode = decode_kind, .wants = "a kind of service",                      \
        .json = "{\"type\": \"string\"}", .fallback = "the service's name", .doc = "What the service is."              \
    }
#define PORT_FIELD(default_text, ...)                                                                                  \
    {                                                                                                                  \
        .key = "port", .type = FIELD_INTEGER, FIELD_AT(struct service, port), .least = 1, .most = 65535,               \
        .fallback = default_text, .doc = "The port at which it listens.", __VA_ARGS__                                  \
    }
#define BIND_FIELD                                                                                                     \
    {                                                                                                                  \
        .key = "bind", .type = FIELD_ADDRESS, FIELD_AT(struct service, bind), .fallback = "every address",             \
        .doc = "The address at which it listens."                                                                      \
    }

static const struct field http_fields[] = {
    KIND_FIELD,
    PORT_FIELD("80"),
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
     .fallback = "0",
     .doc = "How long it waits before it answers."},
    {.key = "routes",
     .type = FIELD_CUSTOM,
     .schema = &http_route_schema,
     .decode = decode_http_routes,
     .wants = "answers by path",
     .json = "{\"type\": [\"object\", \"array\", \"null\"], \"items\": {\"$ref\": \"#/$defs/http-route\"}, "
             "\"additionalProperties\": {\"anyOf\": [{\"type\": \"string\"}, {\"$ref\": \"#/$defs/http-route\"}]}}",
     .doc = "Answers by path: a body, or a mapping with body and status."},
    {.key = "tls", .type = FIELD_CUSTOM, .later = true, .doc = "Encryption."},
};

static const struct field tcp_fields[] = {
    KIND_FIELD,
    PORT_FIELD(NULL, .required = true),
    BIND_FIELD,
    {.key = "banner",
     .type = FIELD_TEXT,
     FIELD_AT(struct service, banner),
     .doc = "What it says to everybody who connects."},
};

static const struct field tcp_echo_fields[] = {KIND_FIELD, PORT_FIELD("7"), BIND_FIELD};
static const struct field udp_echo_fields[] = {KIND_FIELD, PORT_FIELD("7"), BIND_FIELD};

static const struct field dns_fields[] = {
    KIND_FIELD,
    PORT_FIELD("53"),
    BIND_FIELD,
    {.key = "zones",
     .type = FIELD_CUSTOM,
     .schema = &record_schema,
     .decode = decode_zones,
     .wants = "zones by name",
     .json = ZONES_JSON,
     .doc = "Zones by name, each with its names: an address, a list of them, or records by type."},
    {.key = "forward",
     .type = FIELD_CUSTOM,
     .decode = decode_dns_forward,
     .wants = "a list of addresses",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc = "Name servers that are asked for everything else."},
    {.key = "recursion",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct service, recursion),
     .fallback = "true",
     .doc = "Whether it asks others at all."},
    {.key = "ttl",
     .type = FIELD_SECONDS,
     FIELD_AT(struct service, ttl),
     .least = 0,
     .most = 604800,
     .unit = "seconds",
     .fallback = "60",
     .doc = "How long its answers may be kept."},
    {.key = "negative_ttl",
     .type = FIELD_SECONDS,
     FIELD_AT(struct service, negative_ttl),
     .least = 0,
     .most = 86400,
     .unit = "seconds",
     .fallback = "60",
     .doc = "How long it may be kept that there is no such name."},
    {.key = "views",
     .type = FIELD_NAMED,
     .schema = &view_schema,
     .decode = decode_views,
     .doc = "Different answers for different askers, by name; the first view that has the asker counts."},
};

static const struct field exec_fields[] = {
    KIND_FIELD,
    {.key = "command",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_command,
     .wants = "a command line",
     .json = "{\"type\": [\"array\", \"string\"]}",
     .doc = "What is run: a list of a program and its arguments, or one text for the shell."},
    {.key = "ready",
     .type = FIELD_MAPPING,
     .schema = &ready_schema,
     .decode = decode_ready,
     .fallback = "as soon as it runs",
     .doc = "When it is ready."},
};

const struct schema service_schemas[SERVICE_KIND_COUNT] = {
    [SERVICE_HTTP] = SCHEMA("http service", http_fields),
    [SERVICE_TCP] = SCHEMA("tcp service", tcp_fields),
    [SERVICE_TCP_ECHO] = SCHEMA("tcp-echo service", tcp_echo_fields),
    [SERVICE_UDP_ECHO] = SCHEMA("udp-echo service", udp_echo_fields),
    [SERVICE_DNS] = SCHEMA("dns service", dns_fields),
    [SERVICE_EXEC] = SCHEMA("exec service", exec_fields),
};

/* What a kind has where the file says nothing. */
static void set_defaults(struct decoder *decoder, struct service *service)
{
    static const uint16_t ports[SERVICE_KIND_COUNT] = {
        [SERVICE_HTTP] = 80, [SERVICE_TCP_ECHO] = 7, [SERVICE_UDP_ECHO] = 7, [SERVICE_DNS] = 53};
    service->port = ports[service->kind];
    service->status = service->kind == SERVICE_HTTP ? 200 : 0;
    if (service->kind == SERVICE_HTTP)
        service->body = arena_printf(decoder->arena, "%s\n", service->node->name);
    service->recursion = service->kind == SERVICE_DNS;
    service->ttl = service->negative_ttl = service->kind == SERVICE_DNS ? 60 : 0;
}

/* The kind, from `kind:` or the name; false where it is none that works (reported). */
static bool read_kind(struct decoder *decoder, const char *name, struct mark mark, const struct value *kind,
                      enum service_kind *out)
{
    const char *word = name;
    if (kind != NULL && !decode_text(decoder, "kind", kind, &word))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(kind_words); i++) {
        if (strcmp(word, kind_words[i]) != 0)
            continue;
        *out = (enum service_kind)i;
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(later_kinds); i++) {
        if (strcmp(word, later_kinds[i]) != 0)
            continue;
        decode_later(decoder, word, kind != NULL ? kind->mark : mark);
        return false;
    }
    int index;
    if (kind != NULL)
        decode_word(decoder, "kind", kind, kind_words, ARRAY_SIZE(kind_words), &index);
    else
        findings_add(
            decoder->findings, FINDING_ERROR, "missing-key", mark,
            "service '%.80s' needs the key 'kind': its name is none of http, tcp, tcp-echo, udp-echo, dns, exec", name)
            ->hint = decode_hint(decoder, name, kind_words, ARRAY_SIZE(kind_words));
    return false;
}

static void one_service(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct decoder *decoder = &loader->decoder;
    struct service *service = ARENA_NEW(decoder->arena, struct service);
    *service = (struct service){.name = name, .mark = mark, .node = loader->node};
    if (!decode_map(decoder, name, value) || !read_kind(decoder, name, mark, value_get(value, "kind"), &service->kind))
        return;
    set_defaults(decoder, service);
    if (schema_decode(decoder, &service_schemas[service->kind], name, mark, value, service))
        *ARENA_PUSH(decoder->arena, loader->node->services, loader->node->service_count) = service;
}

void decode_services(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "service", LABEL_MAX, one_service);
}
