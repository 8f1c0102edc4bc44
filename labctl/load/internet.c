/* `internet:`: the zones of the simulated internet. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "load/loader.h"
#include "model/public_names.h"

static void decode_internet_zones(struct decoder *decoder, const struct field *field, const struct value *value,
                                  void *target)
{
    struct internet *internet = target;
    internet->zones_declared = true;
    read_zones(LOADER(decoder), field->key, value, true, &internet->zones, &internet->zone_count);
}

static const struct field internet_fields[] = {
    {.key = "zones",
     .type = FIELD_CUSTOM,
     .schema = &record_schema,
     .decode = decode_internet_zones,
     .wants = "zones by name",
     .json = "{\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"object\", \"null\"]}}",
     .doc = "Public zones by name, each with its names: an address or a node, a list of them, or records by type."},
    {.key = "ttl",
     .type = FIELD_SECONDS,
     FIELD_AT(struct internet, ttl),
     .least = 0,
     .most = 604800,
     .unit = "seconds",
     .fallback = "60",
     .doc = "How long answers from these zones may be kept."},
    {.key = "negative_ttl",
     .type = FIELD_SECONDS,
     FIELD_AT(struct internet, negative_ttl),
     .least = 0,
     .most = 86400,
     .unit = "seconds",
     .fallback = "60",
     .doc = "How long it may be kept that there is no such name."},
    {.key = "delay",
     .type = FIELD_DURATION,
     FIELD_AT(struct internet, delay),
     .most = NANOSECONDS_PER_HOUR,
     .fallback = "0",
     .doc = "How long a packet takes between the core and whatever hangs at it, one way, at most 1h."},
};
const struct schema internet_schema = SCHEMA("internet", internet_fields);

void decode_simulated_internet(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    struct topology *topology = target;
    topology->internet.mark = value->mark;
    schema_decode(decoder, &internet_schema, field->key, value->mark, value, &topology->internet);
}

/* A node without a public address.  An instance of a VPC may have lost it (with a fault, by `set`): its name is told
 * inside as before, and to nobody else.  False where the record means nothing at all. */
static bool resolve_unreachable(struct loader *loader, struct dns_record *record, struct interface *const *candidates,
                                size_t count)
{
    for (size_t i = 0; i < count && !record->interface; i++)
        if (candidates[i]->attachment == ATTACH_SUBNET)
            record->interface = candidates[i];
    struct finding *finding = findings_add(
        loader->decoder.findings, record->interface ? FINDING_WARNING : FINDING_ERROR, "public-record",
        record->value_mark, "'%s' has no public address that '%s' could give", record->value, record->name);
    finding->hint = record->interface ? "nobody finds the name but its own VPC" : NULL;
    return record->interface != NULL;
}

/* "web" or "web/eth1" of a record that gives the address of a node: the interface that the internet reaches.  False
 * where there is none (reported). */
static bool resolve_record(struct loader *loader, struct dns_record *record)
{
    struct topology *topology = loader->topology;
    const char *nearest;
    struct addr addr;
    if (record->type != RECORD_A || addr_parse(record->value, &addr))
        return true;
    struct thing thing = topology_thing(topology, record->value, &nearest);
    struct interface *const *candidates = thing.kind == THING_NODE ? thing.node->interfaces : &thing.interface;
    size_t count = thing.kind == THING_NODE ? thing.node->interface_count : thing.kind == THING_INTERFACE;
    for (size_t i = 0; i < count && !record->interface; i++)
        if (interface_public_address(candidates[i]).family == 4)
            record->interface = candidates[i];
    if (record->interface)
        return true;
    if (thing.kind == THING_NODE || thing.kind == THING_INTERFACE)
        return resolve_unreachable(loader, record, candidates, count);
    struct finding *finding = findings_add(loader->decoder.findings, FINDING_ERROR, "dangling-reference",
                                           record->value_mark, "no node '%.80s'", record->value);
    if (thing.kind == THING_NONE && nearest != NULL)
        finding->hint = arena_printf(loader->decoder.findings->arena, "did you mean '%s'?", nearest);
    else if (thing.kind == THING_NONE)
        finding->hint = arena_printf(loader->decoder.findings->arena, "for another name: { cname: %s }", record->value);
    return false;
}

void resolve_internet(struct loader *loader)
{
    struct internet *internet = &loader->topology->internet;
    for (size_t z = 0; z < internet->zone_count; z++) {
        struct dns_zone *zone = &internet->zones[z];
        size_t kept = 0;
        for (size_t r = 0; r < zone->record_count; r++) {
            struct dns_record record = zone->records[r];
            if (resolve_record(loader, &record))
                zone->records[kept++] = record;
        }
        zone->record_count = kept;
    }
}
