/* Services of a node: one table of keys for each kind. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"
#include "load/service_fields.h"

static const char *const kind_words[] = {"http", "tcp", "tcp-echo", "udp-echo", "dns", "proxy",
                                         "dhcp", "bgp", "ospf",     "iperf",    "exec"};
_Static_assert(ARRAY_SIZE(kind_words) == SERVICE_KIND_COUNT, "a word for each service kind");

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

/* ---- exec ------------------------------------------------------------------------------------------------------ */

/* A list is an argv; one text is a command line, which service/exec.c gives to the shell where it needs one. */
static void decode_command(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct service *service = target;
    const char *text;
    struct strings *command = &service->command;
    if (value->kind == VALUE_TEXT && decode_text(decoder, field->key, value, &text)) {
        *ARENA_PUSH(decoder->arena, command->items, command->count) = text;
    } else if (value->kind == VALUE_LIST && value->item_count > 0) {
        for (size_t i = 0; i < value->item_count; i++)
            if (decode_scalar(decoder, field->key, value->items[i], &text))
                *ARENA_PUSH(decoder->arena, command->items, command->count) = text;
    } else if (value->kind != VALUE_TEXT) {
        decode_wrong(decoder, field->key, "a command line, or a list of a program and its arguments", value);
    }
}

/* Users that every node has beside root (service/exec.c; a test compares). */
static const char *const user_words[] = {"daemon",  "www-data", "nginx", "unbound",  "nsd",   "haproxy", "bird",
                                         "dnsmasq", "sshd",     "frr",   "postgres", "caddy", "nobody"};

static void decode_user(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    int word;
    if (decode_word(decoder, field->key, value, user_words, ARRAY_SIZE(user_words), &word))
        *(const char **)(void *)((char *)target + field->offset) = user_words[word];
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
    {.key = "within",
     .type = FIELD_DURATION,
     FIELD_AT(struct service, ready_within),
     .fallback = "what every service has, some seconds",
     .doc = "How long it may take, where it has much to do before."},
};
const struct schema ready_schema = SCHEMA("readiness probe", ready_fields);

static void decode_ready(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    schema_decode(decoder, field->schema, NULL, value->mark, value, target);
}

/* ---- the kinds ------------------------------------------------------------------------------------------------- */

void decode_kind(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)decoder, (void)field, (void)value, (void)target;
}

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

static const struct field iperf_fields[] = {KIND_FIELD, PORT_FIELD("5201"), BIND_FIELD};

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
     .doc = "What is run: a list of a program and its arguments, or one text for the shell, which is not "
            "started for a line that it would only split at its spaces."},
    {.key = "user",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct service, user),
     .decode = decode_user,
     .wants = "a user of nodes, such as postgres",
     .json = "{\"type\": \"string\"}",
     .fallback = "root",
     .doc = "The user as which it runs: in a user namespace of its own, where what belongs to root is that user's."},
    {.key = "ready",
     .type = FIELD_MAPPING,
     .schema = &ready_schema,
     .decode = decode_ready,
     .fallback = "when it has run for a tenth of a second",
     .doc = "When it is ready."},
};

const struct schema tcp_service_schema = SCHEMA("tcp service", tcp_fields),
                    tcp_echo_service_schema = SCHEMA("tcp-echo service", tcp_echo_fields),
                    udp_echo_service_schema = SCHEMA("udp-echo service", udp_echo_fields),
                    iperf_service_schema = SCHEMA("iperf service", iperf_fields),
                    dns_service_schema = SCHEMA("dns service", dns_fields),
                    exec_service_schema = SCHEMA("exec service", exec_fields);

const struct schema *const service_schemas[SERVICE_KIND_COUNT] = {
    [SERVICE_HTTP] = &http_service_schema,         [SERVICE_TCP] = &tcp_service_schema,
    [SERVICE_TCP_ECHO] = &tcp_echo_service_schema, [SERVICE_UDP_ECHO] = &udp_echo_service_schema,
    [SERVICE_PROXY] = &proxy_service_schema,       [SERVICE_DNS] = &dns_service_schema,
    [SERVICE_BGP] = &bgp_service_schema,           [SERVICE_OSPF] = &ospf_service_schema,
    [SERVICE_DHCP] = &dhcp_service_schema,         [SERVICE_IPERF] = &iperf_service_schema,
    [SERVICE_EXEC] = &exec_service_schema,
};

/* What a kind has where the file says nothing. */
static void set_defaults(struct decoder *decoder, struct service *service)
{
    service->status = service->kind == SERVICE_HTTP ? 200 : 0;
    if (service->kind == SERVICE_HTTP)
        service->body = arena_printf(decoder->arena, "%s\n", service->node->name);
    service->recursion = service->kind == SERVICE_DNS;
    service->ttl = service->negative_ttl = service->kind == SERVICE_DNS ? 60 : 0;
}

static const char *all_kinds(struct arena *arena)
{
    const char *all = kind_words[0];
    for (size_t i = 1; i < ARRAY_SIZE(kind_words); i++)
        all = arena_printf(arena, "%s, %s", all, kind_words[i]);
    return all;
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
    int index;
    if (kind != NULL)
        decode_word(decoder, "kind", kind, kind_words, ARRAY_SIZE(kind_words), &index);
    else
        findings_add(decoder->findings, FINDING_ERROR, "missing-key", mark,
                     "service '%.80s' needs the key 'kind': its name is none of %s", name, all_kinds(decoder->arena))
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
    if (service->kind == SERVICE_PROXY)
        service->proxy = ARENA_NEW(decoder->arena, struct proxy);
    if (service->kind == SERVICE_DHCP)
        service->dhcp = new_dhcp(decoder->arena);
    if (service->kind == SERVICE_BGP || service->kind == SERVICE_OSPF)
        service->routing = new_routing(decoder->arena);
    size_t before = decoder->findings->errors;
    if (!schema_decode(decoder, service_schemas[service->kind], name, mark, value, service))
        return;
    if (service->dhcp)
        service->dhcp->unread = decoder->findings->errors > before;
    if (service->port == 0)
        service->port = service_default_port(service);
    if (service->proxy)
        finish_proxy(service);
    *ARENA_PUSH(decoder->arena, loader->node->services, loader->node->service_count) = service;
}

void decode_services(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "service", LABEL_MAX, one_service);
}
