/* Peerings: connections of two VPCs. */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

static const char between_wants[] = "a list of two VPCs";

struct vpc *read_vpc(struct loader *loader, const struct value *value)
{
    const struct topology *topology = loader->topology;
    const char *name = str_starts(value->text, "vpc/") ? value->text + 4 : value->text;
    struct vpc *vpc = topology_vpc(topology, name);
    if (vpc == NULL)
        report_dangling(loader, "vpc", name, "", value->mark, names_of(loader, topology->vpcs, topology->vpc_count),
                        topology->vpc_count);
    return vpc;
}

static void resolve_side(struct loader *loader, const struct reference *reference)
{
    struct peering *peering = reference->thing;
    peering->vpcs[reference->index] = read_vpc(loader, reference->value);
}

static void decode_between(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct peering *peering = target;
    const char *text;
    if (value->kind != VALUE_LIST) {
        decode_wrong(decoder, field->key, between_wants, value);
        return;
    }
    if (value->item_count != ARRAY_SIZE(peering->vpcs)) {
        decode_bad(decoder, field->key, between_wants, value)->hint =
            arena_printf(decoder->findings->arena, "this one names %zu", value->item_count);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(peering->vpcs); i++) {
        peering->vpc_marks[i] = value->items[i]->mark;
        if (decode_text(decoder, field->key, value->items[i], &text))
            refer(LOADER(decoder), resolve_side, peering, value->items[i], i);
    }
}

static const struct field peering_fields[] = {
    {.key = "between",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_between,
     .wants = between_wants,
     .json = "{\"type\": \"array\", \"items\": {\"type\": \"string\"}, \"minItems\": 2, \"maxItems\": 2}",
     .doc = "The two VPCs; each side needs a route of its own, with the target peering/NAME."},
    {.key = "dns",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct peering, dns),
     .fallback = "false",
     .doc = "Whether the public name of an instance gives its private address on the other side."},
};
const struct schema peering_schema = SCHEMA("peering", peering_fields);

static void one_peering(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct topology *topology = loader->topology;
    struct peering *peering = ARENA_NEW(loader->decoder.arena, struct peering);
    *peering = (struct peering){.name = name, .mark = mark};
    schema_decode(&loader->decoder, &peering_schema, name, mark, value, peering);
    *ARENA_PUSH(loader->decoder.arena, topology->peerings, topology->peering_count) = peering;
}

void decode_peerings(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "peering", LABEL_MAX, one_peering);
}
