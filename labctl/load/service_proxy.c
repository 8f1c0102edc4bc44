/* proxy services: upstreams, how they are chosen, and routes to them by host and path. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "load/loader.h"
#include "load/service_fields.h"

static const char *const balance_words[] = {"round-robin", "least", "source"};
_Static_assert(ARRAY_SIZE(balance_words) == BALANCE_COUNT, "a word for each");
static const char *const sticky_words[] = {"none", "cookie", "source"};
_Static_assert(ARRAY_SIZE(sticky_words) == STICKY_COUNT, "a word for each");
static const char *const mode_words[] = {"http", "tcp"};
_Static_assert(ARRAY_SIZE(mode_words) == PROXY_MODE_COUNT, "a word for each");

static const char upstream_wants[] = "NODE:PORT, NODE/INTERFACE:PORT or ADDRESS:PORT";

/* ---- upstreams -----------------------------------------------------------------------------------------------------
 */

/* "app", "app/eth1", "10.0.0.1", each with ":8000" or without; "[2001:db8::1]:8000".  The name is left in `name`. */
static bool split_upstream(struct arena *arena, const char *text, const char **name, uint16_t *port)
{
    struct addr addr;
    const char *end = text + strlen(text), *colon = strrchr(text, ':');
    *port = 0;
    if (addr_parse(text, &addr))
        colon = NULL; /* those of an IPv6 address */
    if (colon) {
        char *after;
        unsigned long number = strtoul(colon + 1, &after, 10);
        if (*after || colon[1] < '1' || colon[1] > '9' || number > 65535)
            return false;
        *port = (uint16_t)number;
        end = colon;
    }
    bool bracketed = *text == '[' && end > text + 1 && end[-1] == ']';
    *name = bracketed ? arena_strndup(arena, text + 1, (size_t)(end - text) - 2)
                      : arena_strndup(arena, text, (size_t)(end - text));
    return **name != '\0' && (!strchr(*name, ':') || addr_parse(*name, &addr));
}

/* Whom the name is; when all nodes are known. */
static void resolve_upstream(struct loader *loader, const struct reference *reference)
{
    struct upstream *upstream = reference->thing;
    const struct topology *topology = loader->topology;
    const char *name;
    uint16_t port;
    if (!split_upstream(loader->decoder.arena, reference->value->text, &name, &port))
        return;
    if (addr_parse(name, &upstream->addr))
        return;
    const char *slash = strchr(name, '/');
    const char *node = slash ? arena_strndup(loader->decoder.arena, name, (size_t)(slash - name)) : name;
    upstream->node = topology_node(topology, node);
    if (!upstream->node) {
        report_dangling(loader, "node", node, "", reference->value->mark,
                        names_of(loader, topology->nodes, topology->node_count), topology->node_count);
        return;
    }
    upstream->interface = slash ? node_interface(upstream->node, slash + 1) : NULL;
    if (slash && !upstream->interface) {
        upstream->node = NULL; /* reported once */
        report_dangling(loader, "interface", slash + 1, arena_printf(loader->decoder.arena, " of node '%s'", node),
                        reference->value->mark, NULL, 0);
    }
}

/* Reads "NODE:PORT" and notes whom it names. */
static bool read_upstream_to(struct decoder *decoder, const char *key, const struct value *value,
                             struct upstream *upstream)
{
    const char *text, *name;
    if (!decode_text(decoder, key, value, &text))
        return false;
    if (!split_upstream(decoder->arena, text, &name, &upstream->port)) {
        decode_bad(decoder, key, upstream_wants, value);
        return false;
    }
    refer(LOADER(decoder), resolve_upstream, upstream, value, 0);
    return true;
}

static void decode_upstream_to(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    read_upstream_to(decoder, field->key, value, target);
}

static const struct field upstream_fields[] = {
    {.key = "to",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_upstream_to,
     .wants = upstream_wants,
     .json = "{\"type\": \"string\"}",
     .doc = "The server: NODE:PORT, NODE/INTERFACE:PORT or ADDRESS:PORT; without a port, the proxy's own."},
    {.key = "weight",
     .type = FIELD_INTEGER,
     FIELD_AT(struct upstream, weight),
     .least = 0,
     .most = 256,
     .fallback = "1",
     .doc = "Its share, beside the weights of the others; 0: none, but who is bound to it stays."},
    {.key = "backup",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct upstream, backup),
     .fallback = "false",
     .doc = "It is asked only while none of the others answers."},
};
const struct schema upstream_schema = SCHEMA("upstream", upstream_fields);

static void one_upstream(struct decoder *decoder, const char *key, struct server_pool *pool, const struct value *value)
{
    struct upstream *upstream = ARENA_NEW(decoder->arena, struct upstream);
    *upstream = (struct upstream){.weight = 1, .mark = value->mark};
    bool good = value->kind == VALUE_MAP ? schema_decode(decoder, &upstream_schema, NULL, value->mark, value, upstream)
                                         : read_upstream_to(decoder, key, value, upstream);
    if (good)
        *ARENA_PUSH(decoder->arena, pool->upstreams, pool->upstream_count) = upstream;
}

static struct server_pool *pool_at(const struct field *field, void *target)
{
    return (struct server_pool *)(void *)((char *)target + field->offset);
}

static void decode_upstreams(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    if (value->kind != VALUE_LIST)
        one_upstream(decoder, field->key, pool_at(field, target), value);
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        one_upstream(decoder, field->key, pool_at(field, target), value->items[i]);
}

/* ---- how they are chosen -------------------------------------------------------------------------------------------
 */

static void decode_balance(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct server_pool *pool = pool_at(field, target);
    int word;
    pool->balance_declared = decode_word(decoder, field->key, value, balance_words, BALANCE_COUNT, &word);
    if (pool->balance_declared)
        pool->balance = (enum balance)word;
}

static void decode_sticky(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct server_pool *pool = pool_at(field, target);
    int word;
    pool->sticky_declared = decode_word(decoder, field->key, value, sticky_words, STICKY_COUNT, &word);
    if (pool->sticky_declared)
        pool->sticky = (enum sticky)word;
}

/* A path or a URL, which becomes one word of the configuration. */
static void decode_url(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    const char *text;
    if (!decode_text(decoder, field->key, value, &text))
        return;
    if (!*text || strpbrk(text, " \t\r\n\"'\\#{}%"))
        decode_bad(decoder, field->key, field->wants, value);
    else
        *(const char **)(void *)((char *)target + field->offset) = text;
}

static const struct field health_fields[] = {
    {.key = "path",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct health_check, path),
     .decode = decode_url,
     .wants = "a path such as /health",
     .json = "{\"type\": \"string\"}",
     .fallback = "none: that it takes a connection is enough",
     .doc = "What is asked for; a status below 400 is health."},
    {.key = "interval",
     .type = FIELD_DURATION,
     FIELD_AT(struct health_check, interval),
     .most = 24 * NANOSECONDS_PER_HOUR,
     .fallback = "1s",
     .doc = "How often, at least once in 24h."},
    {.key = "fall",
     .type = FIELD_INTEGER,
     FIELD_AT(struct health_check, fall),
     .least = 1,
     .most = 100,
     .fallback = "2",
     .doc = "After how many failures in a row it gets no more requests."},
    {.key = "rise",
     .type = FIELD_INTEGER,
     FIELD_AT(struct health_check, rise),
     .least = 1,
     .most = 100,
     .fallback = "1",
     .doc = "After how many successes in a row it gets requests again."},
};
const struct schema health_schema = SCHEMA("health check", health_fields);

static void decode_health(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct server_pool *pool = pool_at(field, target);
    pool->health_declared = true;
    if (value->kind == VALUE_BOOLEAN) {
        decode_boolean(decoder, field->key, value, &pool->health.on);
        return;
    }
    pool->health.on = true;
    schema_decode(decoder, &health_schema, NULL, value->mark, value, &pool->health);
}

static const struct field limit_fields[] = {
    {.key = "requests",
     .type = FIELD_INTEGER,
     FIELD_AT(struct rate_limit, requests),
     .least = 1,
     .most = 1000000,
     .required = true,
     .doc = "How many requests (connections, in mode tcp) a client may send in that time; further ones are answered "
            "with 429."},
    {.key = "per",
     .type = FIELD_DURATION,
     FIELD_AT(struct rate_limit, per),
     .most = 24 * NANOSECONDS_PER_HOUR,
     .fallback = "1s",
     .doc = "The time, at most 24h."},
};
const struct schema limit_schema = SCHEMA("rate limit", limit_fields);

static void decode_limit(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct server_pool *pool = pool_at(field, target);
    pool->limit_declared = true;
    pool->limit = (struct rate_limit){.per = 1000000000};
    schema_decode(decoder, &limit_schema, NULL, value->mark, value, &pool->limit);
}

#define POOL_ROW(word, reader, wanted, scheme, ...)                                                                    \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .offset = POOL_OFFSET, .decode = (reader), .wants = (wanted),             \
        .json = (scheme), __VA_ARGS__                                                                                  \
    }
#define POOL_ROWS                                                                                                      \
    POOL_ROW("upstreams", decode_upstreams, "a list of NODE:PORT or of mappings",                                      \
             "{\"type\": [\"string\", \"object\", \"array\"], \"items\": {\"anyOf\": [{\"type\": \"string\"}, "        \
             "{\"$ref\": \"#/$defs/upstream\"}]}}",                                                                    \
             .schema = &upstream_schema, .doc = "The servers to which requests go."),                                  \
        POOL_ROW("balance", decode_balance, "round-robin, least or source",                                            \
                 "{\"enum\": [\"round-robin\", \"least\", \"source\"]}", .fallback = BALANCE_DEFAULT,                  \
                 .doc = "How one is chosen: in turn, the one with the fewest connections, by the client's address."),  \
        POOL_ROW("sticky", decode_sticky, "none, cookie or source", "{\"enum\": [\"none\", \"cookie\", \"source\"]}",  \
                 .fallback = STICKY_DEFAULT,                                                                           \
                 .doc = "Whether a client stays with its server: by a cookie, or by its address."),                    \
        POOL_ROW("health_check", decode_health, "a mapping, true or false",                                            \
                 "{\"anyOf\": [{\"type\": \"boolean\"}, {\"$ref\": \"#/$defs/health-check\"}]}",                       \
                 .schema = &health_schema, .fallback = HEALTH_DEFAULT,                                                 \
                 .doc = "Whether and how it is found out which servers live."),                                        \
        POOL_ROW("rate_limit", decode_limit, "a mapping", "{\"$ref\": \"#/$defs/rate-limit\"}",                        \
                 .schema = &limit_schema, .fallback = LIMIT_DEFAULT, .doc = "How many requests a client may send.")

/* ---- routes
 * ---------------------------------------------------------------------------------------------------------- */

static void decode_route_path(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    struct proxy_route *route = target;
    const char *path;
    if (!decode_text(decoder, field->key, value, &path))
        return;
    size_t length = strlen(path);
    if (path[0] != '/' || strpbrk(path, " \t\"'\\#{}")) {
        decode_bad(decoder, field->key, "a path such as /api/", value);
        return;
    }
    route->path = str_ends(path, "/*") ? arena_strndup(decoder->arena, path, length - 1) : path;
}

static void decode_route_host(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    struct proxy_route *route = target;
    read_domain(LOADER(decoder), field->key, value, &route->host);
}

#define POOL_OFFSET     offsetof(struct proxy_route, pool)
#define BALANCE_DEFAULT "that of the proxy"
#define STICKY_DEFAULT  "that of the proxy"
#define HEALTH_DEFAULT  "that of the proxy"
#define LIMIT_DEFAULT   "none of its own, beside that of the proxy"
static const struct field route_fields[] = {
    {.key = "path",
     .type = FIELD_CUSTOM,
     .decode = decode_route_path,
     .wants = "a path",
     .json = "{\"type\": \"string\"}",
     .fallback = "every path",
     .doc = "How the paths begin: /api is for /api and for what lies below it; in a mapping of routes it is the key."},
    {.key = "host",
     .type = FIELD_CUSTOM,
     .decode = decode_route_host,
     .wants = "a name",
     .json = "{\"type\": \"string\"}",
     .fallback = "every host",
     .doc = "The host that is asked for."},
    {.key = "redirect",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct proxy_route, redirect),
     .decode = decode_url,
     .wants = "https, a path or a URL",
     .json = "{\"type\": \"string\"}",
     .doc = "Not to an upstream, but to be asked for elsewhere: https (the same URL with it), or a URL."},
    POOL_ROWS,
};
const struct schema proxy_route_schema = SCHEMA("proxy route", route_fields);

static void one_route(struct decoder *decoder, struct proxy *proxy, const char *path, struct mark mark,
                      const struct value *value)
{
    struct proxy_route route = {.mark = mark};
    if (path) {
        struct value text = {.kind = VALUE_TEXT, .mark = mark, .text = path, .length = strlen(path)};
        decode_route_path(decoder, schema_field(&proxy_route_schema, "path"), &text, &route);
        if (!route.path)
            return;
    }
    if (path && value->kind != VALUE_MAP)
        decode_upstreams(decoder, schema_field(&proxy_route_schema, "upstreams"), value, &route);
    else if (!schema_decode(decoder, &proxy_route_schema, path, mark, value, &route))
        return;
    *ARENA_PUSH(decoder->arena, proxy->routes, proxy->route_count) = route;
}

static struct proxy *proxy_of(void *target)
{
    return ((struct service *)target)->proxy;
}

static void decode_routes_of_proxy(struct decoder *decoder, const struct field *field, const struct value *value,
                                   void *target)
{
    if (value->kind == VALUE_LIST)
        for (size_t i = 0; i < value->item_count; i++)
            one_route(decoder, proxy_of(target), NULL, value->items[i]->mark, value->items[i]);
    else if (decode_map(decoder, field->key, value) && value->kind == VALUE_MAP)
        for (size_t i = 0; i < value->entry_count; i++)
            one_route(decoder, proxy_of(target), value->entries[i].key, value->entries[i].key_mark,
                      value->entries[i].value);
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------------------- */

static void decode_mode(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    int word;
    if (decode_word(decoder, field->key, value, mode_words, PROXY_MODE_COUNT, &word))
        proxy_of(target)->mode = word;
}

/* A row of the pool that belongs to the proxy itself. */
static void decode_own(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    const struct field *row = schema_field(&proxy_route_schema, field->key);
    struct field own = *row;
    own.offset = offsetof(struct proxy, pool);
    row->decode(decoder, &own, value, proxy_of(target));
}

#undef POOL_ROW
#define POOL_ROW(word, reader, wanted, scheme, ...)                                                                    \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .decode = decode_own, .wants = (wanted), .json = (scheme), __VA_ARGS__    \
    }
#undef BALANCE_DEFAULT
#undef STICKY_DEFAULT
#undef HEALTH_DEFAULT
#undef LIMIT_DEFAULT
#define BALANCE_DEFAULT "round-robin"
#define STICKY_DEFAULT  "none"
#define HEALTH_DEFAULT  "true"
#define LIMIT_DEFAULT   "none"
static const struct field proxy_fields[] = {
    KIND_FIELD,
    PORT_FIELD("80, with tls 443"),
    BIND_FIELD,
    {.key = "mode",
     .type = FIELD_CUSTOM,
     .decode = decode_mode,
     .wants = "http or tcp",
     .json = "{\"enum\": [\"http\", \"tcp\"]}",
     .fallback = "http",
     .doc = "What it passes on: requests, or connections as they are."},
    TLS_FIELD("TLS ends here, with HTTP/2; the port is 443 then."),
    POOL_ROWS,
    {.key = "routes",
     .type = FIELD_CUSTOM,
     .schema = &proxy_route_schema,
     .decode = decode_routes_of_proxy,
     .wants = "a list of routes, or upstreams by path",
     .json = "{\"type\": [\"object\", \"array\", \"null\"]}",
     .doc = "Other upstreams by host and path; the most exact one counts: with a host before without, then the longest "
            "path."},
};
const struct schema proxy_service_schema = SCHEMA("proxy service", proxy_fields);

static const struct health_check usual_health = {.on = true, .interval = 1000000000, .fall = 2, .rise = 1};

static void complete_health(struct health_check *health, const struct health_check *usual)
{
    health->interval = health->interval ? health->interval : usual->interval;
    health->fall = health->fall ? health->fall : usual->fall;
    health->rise = health->rise ? health->rise : usual->rise;
}

void finish_proxy(struct service *service)
{
    struct proxy *proxy = service->proxy;
    if (!proxy->pool.health_declared)
        proxy->pool.health = usual_health;
    complete_health(&proxy->pool.health, &usual_health);
    for (size_t i = 0; i < proxy->route_count; i++) {
        struct server_pool *pool = &proxy->routes[i].pool;
        if (!pool->balance_declared)
            pool->balance = proxy->pool.balance;
        if (!pool->sticky_declared)
            pool->sticky = proxy->pool.sticky;
        if (!pool->health_declared)
            pool->health = proxy->pool.health;
        complete_health(&pool->health, &proxy->pool.health);
    }
}
