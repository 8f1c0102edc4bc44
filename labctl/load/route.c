/* A VPC's route tables.  A target is resolved when everything is known; one that names nothing is no error but a route
 * in state blackhole, as in a cloud. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

static const char target_wants[] = "internet_gateway, egress_only_gateway, nat_gateway/NAME, peering/NAME, "
                                   "transit_gateway/NAME, node/NAME, node/NAME/INTERFACE, local or "
                                   "blackhole";

/* A warning: the target is not there. */
static void report_blackhole(struct loader *loader, struct vpc_route *route, const struct value *value, const char *why,
                             const char *const *words, size_t count)
{
    route->target = TARGET_MISSING;
    struct finding *finding =
        findings_add(loader->decoder.findings, FINDING_WARNING, "blackhole-route", value->mark,
                     "route target '%.80s' does not exist%s: the route is a blackhole", route->target_text, why);
    const char *name = strchr(route->target_text, '/');
    if (name != NULL && count > 0)
        finding->hint = decode_hint(&loader->decoder, name + 1, words, count);
}

/* "node/NAME" or "node/NAME/INTERFACE": the interface of that node in this VPC. */
static void resolve_node_target(struct loader *loader, struct vpc_route *route, const struct vpc *vpc,
                                const struct value *value)
{
    char name[LABEL_MAX + 1];
    const char *text = route->target_text + strlen("node/"), *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    const struct topology *topology = loader->topology;
    if (length > LABEL_MAX)
        length = LABEL_MAX;
    memcpy(name, text, length);
    name[length] = '\0';
    const struct node *node = topology_node(topology, name);
    if (node == NULL) {
        report_blackhole(loader, route, value, "", names_of(loader, topology->nodes, topology->node_count),
                         topology->node_count);
        return;
    }
    for (size_t i = 0; i < node->interface_count; i++) {
        struct interface *interface = node->interfaces[i];
        if (slash != NULL && strcmp(interface->name, slash + 1) != 0)
            continue;
        route->target = TARGET_NODE;
        if (interface->subnet == NULL || interface->subnet->vpc != vpc)
            continue;
        route->interface = interface;
        return;
    }
    bool unread = false; /* an interface that was reported already may be the one */
    for (size_t i = 0; i < node->interface_count; i++)
        unread = unread || node->interfaces[i]->attachment == ATTACH_NONE;
    route->target = TARGET_MISSING;
    if (!unread)
        report_blackhole(loader, route, value, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name), NULL, 0);
}

static void resolve_target(struct loader *loader, const struct reference *reference)
{
    struct route_table *table = reference->thing;
    const struct vpc *vpc = table->vpc;
    struct vpc_route *route = &table->routes[reference->index];
    const struct topology *topology = loader->topology;
    const struct value *value = reference->value;
    const char *text = route->target_text;
    if (strcmp(text, "internet_gateway") == 0) {
        if (vpc->internet_gateway)
            route->target = TARGET_INTERNET_GATEWAY;
        else
            report_blackhole(loader, route, value, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name), NULL,
                             0);
    } else if (strcmp(text, "egress_only_gateway") == 0) {
        if (vpc->egress_only_gateway)
            route->target = TARGET_EGRESS_ONLY_GATEWAY;
        else
            report_blackhole(loader, route, value, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name), NULL,
                             0);
    } else if (str_starts(text, "nat_gateway/")) {
        route->nat_gateway = vpc_nat_gateway(vpc, text + strlen("nat_gateway/"));
        route->target = TARGET_NAT_GATEWAY;
        if (route->nat_gateway == NULL)
            report_blackhole(loader, route, value, "", names_of(loader, vpc->nat_gateways, vpc->nat_gateway_count),
                             vpc->nat_gateway_count);
    } else if (str_starts(text, "peering/")) {
        route->peering = topology_peering(topology, text + strlen("peering/"));
        route->target = TARGET_PEERING;
        if (route->peering == NULL)
            report_blackhole(loader, route, value, "", names_of(loader, topology->peerings, topology->peering_count),
                             topology->peering_count);
    } else if (str_starts(text, "transit_gateway/")) {
        route->transit_gateway = topology_transit_gateway(topology, text + strlen("transit_gateway/"));
        route->target = TARGET_TRANSIT_GATEWAY;
        if (route->transit_gateway == NULL)
            report_blackhole(loader, route, value, "",
                             names_of(loader, topology->transit_gateways, topology->transit_gateway_count),
                             topology->transit_gateway_count);
    } else {
        resolve_node_target(loader, route, vpc, value);
    }
}

/* The text with its VPC's own prefix taken away; routes do not leave their VPC by other ways. */
static const char *own_text(const struct vpc *vpc, const char *text)
{
    size_t length = strlen(vpc->name);
    bool whole = str_starts(text, "vpc/") && strncmp(text + 4, vpc->name, length) == 0 && text[4 + length] == '/';
    return whole ? text + 4 + length + 1 : text;
}

/* The words that a target begins with. */
static const char *const target_words[] = {
    "internet_gateway", "egress_only_gateway", "nat_gateway", "peering", "transit_gateway", "node", "local",
    "blackhole"};

/* A finding's remedy: the word that was meant, with the name that stands behind it. */
static const char *target_hint(struct decoder *decoder, const char *text)
{
    struct arena *arena = decoder->findings->arena;
    const char *slash = strchr(text, '/');
    const char *word = slash != NULL ? arena_strndup(arena, text, (size_t)(slash - text)) : text;
    const char *near = str_nearest(word, target_words, ARRAY_SIZE(target_words));
    if (near != NULL && strcmp(near, word) == 0)
        return arena_printf(arena, "a name stands behind it: '%s/NAME'", word);
    return near != NULL ? arena_printf(arena, "did you mean '%s%.80s'?", near, slash != NULL ? slash : "") : NULL;
}

static bool is_named_kind(const char *text)
{
    static const char *const kinds[] = {"nat_gateway/", "node/", "peering/", "transit_gateway/"};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (str_starts(text, kinds[i]))
            return true;
    return false;
}

static void decode_target(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct vpc_route *route = target;
    const char *text;
    if (!decode_text(decoder, field->key, value, &text))
        return;
    text = own_text(LOADER(decoder)->vpc, text);
    bool named = is_named_kind(text) &&
                 strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") == strlen(text);
    if (strcmp(text, "local") == 0)
        route->target = TARGET_LOCAL;
    else if (strcmp(text, "blackhole") == 0)
        route->target = TARGET_BLACKHOLE;
    else if (strcmp(text, "internet_gateway") == 0 || strcmp(text, "egress_only_gateway") == 0 ||
             (named && strchr(text, '/')[1] != '\0'))
        route->target = TARGET_MISSING; /* until it is resolved */
    else {
        decode_bad(decoder, field->key, target_wants, value)->hint = target_hint(decoder, text);
        return;
    }
    route->target_text = text;
}

static void decode_destination(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    struct vpc_route *route = target;
    if (value->kind != VALUE_TEXT || !is_prefix_list_name(LOADER(decoder)->vpc, value->text))
        read_destination(LOADER(decoder), field->key, value, &route->destination);
}

/* A destination that is a prefix list. */
static void resolve_list(struct loader *loader, const struct reference *reference)
{
    struct route_table *table = reference->thing;
    table->routes[reference->index].list = find_prefix_list(loader, table->vpc, reference->value);
}

static const struct field route_fields[] = {
    {.key = "destination",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_destination,
     .wants = "a network or prefix_list/NAME",
     .json = "{\"type\": \"string\"}",
     .doc = "The network that the route leads to, or a prefix list; the longest one wins."},
    {.key = "target",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_target,
     .wants = target_wants,
     .json = "{\"type\": \"string\"}",
     .doc = "Where it leads: internet_gateway, egress_only_gateway, nat_gateway/NAME, peering/NAME, "
            "transit_gateway/NAME, node/NAME, "
            "node/NAME/INTERFACE, local or blackhole."},
};
const struct schema route_schema = SCHEMA("route", route_fields);

/* One table: a list of routes. */
static void one_table(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct arena *arena = loader->decoder.arena;
    struct vpc *vpc = loader->vpc;
    struct route_table *table = ARENA_NEW(arena, struct route_table);
    *table = (struct route_table){.name = name, .mark = mark, .vpc = vpc};
    *ARENA_PUSH(arena, vpc->route_tables, vpc->route_table_count) = table;
    if (!decode_list(&loader->decoder, name, value) || value->kind == VALUE_NULL)
        return;
    for (size_t i = 0; i < value->item_count; i++) {
        const struct value *item = value->items[i];
        struct vpc_route route = {.mark = item->mark};
        const struct value *destination = value_get(item, "destination");
        bool list =
            destination != NULL && destination->kind == VALUE_TEXT && is_prefix_list_name(vpc, destination->text);
        if (!schema_decode(&loader->decoder, &route_schema, NULL, item->mark, item, &route) ||
            (!list && !addr_is_set(&route.destination.addr)) || route.target_text == NULL)
            continue;
        *ARENA_PUSH(arena, table->routes, table->route_count) = route;
        if (route.target == TARGET_MISSING)
            refer(loader, resolve_target, table, value_get(item, "target"), table->route_count - 1);
        if (list)
            refer(loader, resolve_list, table, destination, table->route_count - 1);
    }
}

void decode_route_tables(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "route table", LABEL_MAX, one_table);
}
