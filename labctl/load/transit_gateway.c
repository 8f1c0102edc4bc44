/* Transit gateways: what is attached to them, and their route tables. */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

static const char vpcs_wants[] = "a list of VPCs";
#define VPCS_JSON "{\"type\": [\"array\", \"null\"], \"items\": {\"type\": \"string\"}}"

static void resolve_attachment(struct loader *loader, const struct reference *reference)
{
    struct transit_attachment *attachment = reference->thing;
    attachment->vpc = read_vpc(loader, reference->value);
}

/* A list of names: room for all of them is made at once, as references point into it. */
static void read_attachments(struct decoder *decoder, const struct field *field, const struct value *value,
                             struct transit_attachment **out, size_t *out_count)
{
    const char *text;
    if (!decode_list(decoder, field->key, value) || value->kind != VALUE_LIST)
        return;
    *out = arena_alloc(decoder->arena, (value->item_count + 1) * sizeof **out);
    for (size_t i = 0; i < value->item_count; i++) {
        struct transit_attachment *attachment = &(*out)[(*out_count)++];
        *attachment = (struct transit_attachment){.mark = value->items[i]->mark};
        if (!value->items[i]->broken && decode_text(decoder, field->key, value->items[i], &text))
            refer(LOADER(decoder), resolve_attachment, attachment, value->items[i], 0);
    }
}

/* ---- routes ---------------------------------------------------------------------------------------------------- */

static void resolve_route(struct loader *loader, const struct reference *reference)
{
    struct transit_table *table = reference->thing;
    struct transit_route *route = &table->routes[reference->index];
    route->vpc = read_vpc(loader, reference->value);
}

static void decode_destination(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    struct transit_route *route = target;
    read_destination(LOADER(decoder), field->key, value, &route->destination);
}

/* Looked at when the route has its place (one_route). */
static void decode_target(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    const char *text;
    (void)target;
    decode_text(decoder, field->key, value, &text);
}

static const struct field route_fields[] = {
    {.key = "destination",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_destination,
     .wants = "a network",
     .json = "{\"type\": \"string\"}",
     .doc = "The network that the route leads to; the longest one wins."},
    {.key = "target",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_target,
     .wants = "an attached VPC, or blackhole",
     .json = "{\"type\": \"string\"}",
     .doc = "Where it leads: an attached VPC, or blackhole."},
};
const struct schema transit_route_schema = SCHEMA("transit gateway route", route_fields);

static void one_route(struct loader *loader, struct transit_table *table, const struct value *value)
{
    struct transit_route route = {.mark = value->mark};
    if (!schema_decode(&loader->decoder, &transit_route_schema, NULL, value->mark, value, &route) ||
        !addr_is_set(&route.destination.addr))
        return;
    const struct value *target = value_get(value, "target");
    if (target == NULL || target->kind != VALUE_TEXT)
        return;
    table->routes[table->route_count++] = route;
    if (!str_equal(target->text, "blackhole"))
        refer(loader, resolve_route, table, target, table->route_count - 1);
}

static void decode_static_routes(struct decoder *decoder, const struct field *field, const struct value *value,
                                 void *target)
{
    struct transit_table *table = target;
    if (!decode_list(decoder, field->key, value) || value->kind != VALUE_LIST)
        return;
    table->routes = arena_alloc(decoder->arena, (value->item_count + 1) * sizeof *table->routes);
    for (size_t i = 0; i < value->item_count; i++)
        if (!value->items[i]->broken)
            one_route(LOADER(decoder), table, value->items[i]);
}

/* ---- route tables ---------------------------------------------------------------------------------------------- */

static void decode_associations(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    struct transit_table *table = target;
    read_attachments(decoder, field, value, &table->associations, &table->association_count);
}

static void decode_propagations(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    struct transit_table *table = target;
    read_attachments(decoder, field, value, &table->propagations, &table->propagation_count);
}

static const struct field table_fields[] = {
    {.key = "associations",
     .type = FIELD_CUSTOM,
     .decode = decode_associations,
     .wants = vpcs_wants,
     .json = VPCS_JSON,
     .fallback = "none",
     .doc = "The attached VPCs whose packets look up this table; a VPC is in one table at most."},
    {.key = "propagations",
     .type = FIELD_CUSTOM,
     .decode = decode_propagations,
     .wants = vpcs_wants,
     .json = VPCS_JSON,
     .fallback = "none",
     .doc = "The attached VPCs whose addresses are routes of this table."},
    {.key = "routes",
     .type = FIELD_LIST,
     .schema = &transit_route_schema,
     .decode = decode_static_routes,
     .fallback = "none",
     .doc = "Static routes; one wins over a propagated route to the same destination."},
};
const struct schema transit_table_schema = SCHEMA("transit gateway route table", table_fields);

static void one_table(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct transit_gateway *gateway = loader->transit_gateway;
    struct transit_table *table = ARENA_NEW(loader->decoder.arena, struct transit_table);
    *table = (struct transit_table){.name = name, .mark = mark, .gateway = gateway};
    schema_decode(&loader->decoder, &transit_table_schema, name, mark, value, table);
    *ARENA_PUSH(loader->decoder.arena, gateway->route_tables, gateway->route_table_count) = table;
}

static void decode_tables(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct transit_gateway *gateway = target;
    LOADER(decoder)->transit_gateway = gateway;
    each_named(LOADER(decoder), field->key, value, "route table", LABEL_MAX, one_table);
    gateway->tables_declared = gateway->route_table_count > 0;
}

/* ---- the gateway ----------------------------------------------------------------------------------------------- */

static void decode_attachments(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    struct transit_gateway *gateway = target;
    read_attachments(decoder, field, value, &gateway->attachments, &gateway->attachment_count);
}

static const struct field gateway_fields[] = {
    {.key = "attachments",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_attachments,
     .wants = vpcs_wants,
     .json = VPCS_JSON,
     .doc = "The VPCs that are attached; each needs routes with the target transit_gateway/NAME as well."},
    {.key = "route_tables",
     .type = FIELD_NAMED,
     .schema = &transit_table_schema,
     .decode = decode_tables,
     .fallback = "one, called default, of all attachments",
     .doc =
         "Route tables, by name; without any there is one, with which all are associated and to which all propagate."},
};
const struct schema transit_gateway_schema = SCHEMA("transit gateway", gateway_fields);

static void one_gateway(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct topology *topology = loader->topology;
    struct transit_gateway *gateway = ARENA_NEW(loader->decoder.arena, struct transit_gateway);
    *gateway = (struct transit_gateway){.name = name, .mark = mark};
    schema_decode(&loader->decoder, &transit_gateway_schema, name, mark, value, gateway);
    *ARENA_PUSH(loader->decoder.arena, topology->transit_gateways, topology->transit_gateway_count) = gateway;
}

void decode_transit_gateways(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "transit gateway", LABEL_MAX, one_gateway);
}

static struct transit_attachment *all_attachments(struct loader *loader, const struct transit_gateway *gateway)
{
    return arena_copy(loader->decoder.arena, gateway->attachments,
                      gateway->attachment_count * sizeof gateway->attachments[0]);
}

/* Lists of its own: a fault that takes a VPC out of one of them leaves the others as they are. */
void finish_transit_gateway(struct loader *loader, struct transit_gateway *gateway)
{
    if (gateway->tables_declared)
        return;
    struct transit_table *table = ARENA_NEW(loader->decoder.arena, struct transit_table);
    *table = (struct transit_table){.name = "default",
                                    .mark = gateway->mark,
                                    .gateway = gateway,
                                    .associations = all_attachments(loader, gateway),
                                    .association_count = gateway->attachment_count,
                                    .propagations = all_attachments(loader, gateway),
                                    .propagation_count = gateway->attachment_count};
    *ARENA_PUSH(loader->decoder.arena, gateway->route_tables, gateway->route_table_count) = table;
}
