/* What a node is made of beside interfaces and services: routes, rules, names, kernel settings. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

#define SYSCTL_KEY_MAX 200
#define LABEL_KEY_MAX  253

/* `dev:`, `iif:`, `in:`: the name of an interface of the node; that there is one is for rules/ to say. */
void decode_device(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    decode_text(decoder, field->key, value, (const char **)(void *)((char *)target + field->offset));
}

/* ---- routes ---------------------------------------------------------------------------------------------------- */

static const char *const route_type_words[] = {"unicast", "blackhole", "unreachable", "prohibit"};
_Static_assert(ARRAY_SIZE(route_type_words) == ROUTE_TYPE_COUNT, "a word for each route type");

static void decode_route_destination(struct decoder *decoder, const struct field *field, const struct value *value,
                                     void *target)
{
    struct node_route *route = target;
    if (value->kind == VALUE_TEXT && str_equal(value->text, "default"))
        route->destination = (struct prefix){.length = NO_LENGTH}; /* of the gateway's family, known later */
    else
        read_destination(LOADER(decoder), field->key, value, &route->destination);
}

/* A table by number, or `main`. */
static void decode_table(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    uint32_t *out = (uint32_t *)(void *)((char *)target + field->offset);
    int64_t number;
    if (value->kind == VALUE_TEXT && str_equal(value->text, "main"))
        *out = 0;
    else if (decode_integer(decoder, field->key, value, 1, UINT32_MAX, &number))
        *out = (uint32_t)number;
}

#define TABLE_JSON "{\"type\": [\"integer\", \"string\"]}"

static const struct field node_route_fields[] = {
    {.key = "destination",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_route_destination,
     .wants = "a network or default",
     .json = "{\"type\": \"string\"}",
     .doc = "The network that the route leads to, or default."},
    {.key = "via", .type = FIELD_ADDRESS, FIELD_AT(struct node_route, via), .doc = "The next router."},
    {.key = "dev",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct node_route, device),
     .decode = decode_device,
     .wants = "an interface",
     .json = "{\"type\": \"string\"}",
     .doc = "The interface that packets leave by."},
    {.key = "table",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct node_route, table),
     .decode = decode_table,
     .wants = "a number or main",
     .json = TABLE_JSON,
     .fallback = "main",
     .doc = "The routing table."},
    {.key = "metric",
     .type = FIELD_INTEGER,
     FIELD_AT(struct node_route, metric),
     .least = 0,
     .most = UINT32_MAX,
     .doc = "Of several routes to a network the one with the smallest metric is taken."},
    {.key = "src",
     .type = FIELD_ADDRESS,
     FIELD_AT(struct node_route, source),
     .doc = "The source address of packets that the node itself sends this way."},
    {.key = "weight",
     .type = FIELD_INTEGER,
     FIELD_AT(struct node_route, weight),
     .least = 1,
     .most = 256,
     .doc = "The share of this route among those to the same network that have weights."},
    {.key = "type",
     .type = FIELD_WORD,
     FIELD_AT(struct node_route, type),
     .words = route_type_words,
     .word_count = ARRAY_SIZE(route_type_words),
     .fallback = "unicast",
     .doc = "What happens to packets: unicast, blackhole, unreachable or prohibit."},
};
const struct schema node_route_schema = SCHEMA("node route", node_route_fields);

/* Where it leads is not known then, and was reported. */
static bool is_misread(const struct node_route *route, const struct value *map)
{
    const struct value *type = value_get(map, "type");
    return (value_get(map, "via") && !addr_is_set(&route->via)) || (value_get(map, "dev") && !route->device) ||
           (type && !str_equal(type->text, route_type_words[route->type]));
}

static void one_route(struct loader *loader, const struct value *value)
{
    struct node *node = loader->node;
    struct node_route route = {.mark = value->mark};
    if (!schema_decode(&loader->decoder, &node_route_schema, NULL, value->mark, value, &route))
        return;
    if (route.destination.length == NO_LENGTH)
        route.destination = prefix_any(route.via.family == 6 ? 6 : 4);
    if (addr_is_set(&route.destination.addr) && !is_misread(&route, value))
        *ARENA_PUSH(loader->decoder.arena, node->routes, node->route_count) = route;
}

void decode_routes(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_listed(LOADER(decoder), field->key, value, one_route);
}

/* ---- rules ----------------------------------------------------------------------------------------------------- */

static void decode_rule_prefix(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    read_destination(LOADER(decoder), field->key, value, (struct prefix *)(void *)((char *)target + field->offset));
}

/* "0x1", 1 or "0x1/0xff". */
static void decode_fwmark(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct node_rule *rule = target;
    static const char wants[] = "a mark such as 0x1 or 0x1/0xff";
    if (value->kind != VALUE_INTEGER && value->kind != VALUE_TEXT) {
        decode_wrong(decoder, field->key, wants, value);
        return;
    }
    char *end;
    const char *text = value->text;
    unsigned long mark = strtoul(text, &end, 0), mask = UINT32_MAX;
    bool fits = text[0] >= '0' && text[0] <= '9';
    if (*end == '/' && end[1] >= '0' && end[1] <= '9')
        mask = strtoul(end + 1, &end, 0);
    if (!fits || *end != '\0' || mark > UINT32_MAX || mask > UINT32_MAX || mask == 0) {
        decode_bad(decoder, field->key, wants, value);
        return;
    }
    rule->mark_value = (uint32_t)mark;
    rule->mark_mask = (uint32_t)mask;
}

static const struct field node_rule_fields[] = {
    {.key = "priority",
     .type = FIELD_INTEGER,
     FIELD_AT(struct node_rule, priority),
     .required = true,
     .least = 1,
     .most = 32765,
     .doc = "Rules are tried by ascending priority, before the one for the main table."},
    {.key = "from",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct node_rule, from),
     .decode = decode_rule_prefix,
     .wants = "a network",
     .json = "{\"type\": \"string\"}",
     .fallback = "any",
     .doc = "Packets from this network."},
    {.key = "to",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct node_rule, to),
     .decode = decode_rule_prefix,
     .wants = "a network",
     .json = "{\"type\": \"string\"}",
     .fallback = "any",
     .doc = "Packets to this network."},
    {.key = "iif",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct node_rule, input_interface),
     .decode = decode_device,
     .wants = "an interface",
     .json = "{\"type\": \"string\"}",
     .fallback = "any",
     .doc = "Packets that came in by this interface."},
    {.key = "fwmark",
     .type = FIELD_CUSTOM,
     .decode = decode_fwmark,
     .wants = "a mark",
     .json = "{\"type\": [\"integer\", \"string\"]}",
     .fallback = "any",
     .doc = "Packets with this firewall mark: VALUE or VALUE/MASK."},
    {.key = "table",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct node_rule, table),
     .required = true,
     .decode = decode_table,
     .wants = "a number or main",
     .json = TABLE_JSON,
     .doc = "The routing table that they are routed by."},
};
const struct schema node_rule_schema = SCHEMA("rule", node_rule_fields);

static void one_rule(struct loader *loader, const struct value *value)
{
    struct node_rule rule = {.mark = value->mark};
    if (schema_decode(&loader->decoder, &node_rule_schema, NULL, value->mark, value, &rule))
        *ARENA_PUSH(loader->decoder.arena, loader->node->rules, loader->node->rule_count) = rule;
}

void decode_rules(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_listed(LOADER(decoder), field->key, value, one_rule);
}

/* ---- names, settings, commands --------------------------------------------------------------------------------- */

static void decode_servers(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct resolver *resolver = target;
    struct addr addr;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++)
        if (decode_address(decoder, field->key, value->kind == VALUE_LIST ? value->items[i] : value, &addr))
            *ARENA_PUSH(decoder->arena, resolver->servers, resolver->server_count) = addr;
}

static void decode_search(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct resolver *resolver = target;
    const char *domain;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++)
        if (read_domain(LOADER(decoder), field->key, value->kind == VALUE_LIST ? value->items[i] : value, &domain))
            *ARENA_PUSH(decoder->arena, resolver->search.items, resolver->search.count) = domain;
}

static const struct field resolver_fields[] = {
    {.key = "servers",
     .type = FIELD_CUSTOM,
     .decode = decode_servers,
     .wants = "a list of addresses",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc = "The name servers that are asked, in order."},
    {.key = "search",
     .type = FIELD_CUSTOM,
     .decode = decode_search,
     .wants = "a list of domains",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc = "Domains that are tried behind a short name."},
    {.key = "options",
     .type = FIELD_TEXTS,
     FIELD_AT(struct resolver, options),
     .doc = "Options of resolv.conf(5), such as ndots:2."},
};
const struct schema resolver_schema = SCHEMA("resolver", resolver_fields);

static void one_host(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct node *node = loader->node;
    struct addr addr;
    struct value key = {.kind = VALUE_TEXT, .mark = mark, .text = name, .length = strlen(name)};
    const char *checked;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    if (!read_domain(loader, "hosts", &key, &checked))
        return;
    for (size_t i = 0; i < count; i++)
        if (decode_address(&loader->decoder, name, value->kind == VALUE_LIST ? value->items[i] : value, &addr))
            *ARENA_PUSH(loader->decoder.arena, node->hosts, node->host_count) = (struct host_entry){name, addr, mark};
}

void decode_hosts(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "host", 0, one_host);
}

static void one_sysctl(struct loader *loader, const char *key, struct mark mark, const struct value *value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    struct node *node = loader->node;
    struct sysctl sysctl = {.key = key, .mark = mark};
    size_t length = strlen(key);
    if (length == 0 || length > SYSCTL_KEY_MAX || strspn(key, letters) != length || strstr(key, "..") != NULL ||
        key[0] == '.' || key[0] == '/' || key[length - 1] == '.') {
        findings_add(loader->decoder.findings, FINDING_ERROR, "bad-value", mark,
                     "'%.80s' is no sysctl key such as net.ipv4.ip_forward", key);
        return;
    }
    if (decode_scalar(&loader->decoder, key, value, &sysctl.value))
        *ARENA_PUSH(loader->decoder.arena, node->sysctls, node->sysctl_count) = sysctl;
}

void decode_sysctls(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "sysctl", 0, one_sysctl);
}

static void one_label(struct loader *loader, const char *key, struct mark mark, const struct value *value)
{
    struct label label = {.key = key};
    if (strlen(key) == 0 || strlen(key) > LABEL_KEY_MAX)
        findings_add(loader->decoder.findings, FINDING_ERROR, "bad-value", mark,
                     "'%.80s' is no key of a label: 1 to %d characters", key, LABEL_KEY_MAX);
    else if (decode_scalar(&loader->decoder, key, value, &label.value))
        *ARENA_PUSH(loader->decoder.arena, loader->node->labels, loader->node->label_count) = label;
}

void decode_labels(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "label", 0, one_label);
}

void decode_marked(struct decoder *decoder, const char *key, const struct value *value, struct strings *strings,
                   struct mark **marks)
{
    const char *text;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        size_t mark_count = strings->count;
        if (!decode_text(decoder, key, item, &text))
            continue;
        *ARENA_PUSH(decoder->arena, *marks, mark_count) = item->mark;
        *ARENA_PUSH(decoder->arena, strings->items, strings->count) = text;
    }
}

void decode_run(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct node *node = target;
    decode_marked(decoder, field->key, value, &node->run, &node->run_marks);
}

void decode_requires(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct node *node = target;
    decode_marked(decoder, field->key, value, &node->requires, &node->requires_marks);
}
