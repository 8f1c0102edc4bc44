/* DNS zones: names with their records, of the internet and of a node's dns service. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

/* Keys of a record's mapping, by type. */
static const char *const record_words[] = {"a", "aaaa", "cname", "txt", "mx", "srv", "ptr", "ns"};
_Static_assert(ARRAY_SIZE(record_words) == RECORD_TYPE_COUNT, "a word for each record type");

/* A name's records while they are read. */
struct record_target {
    struct dns_zone *zone;
    const char *name;
    struct mark mark;
    bool of_internet; /* an address may be a node there */
};

static void add_record(struct decoder *decoder, const struct record_target *target, enum record_type type,
                       const struct value *value)
{
    *ARENA_PUSH(decoder->arena, target->zone->records, target->zone->record_count) = (struct dns_record){
        .name = target->name, .type = type, .value = value->text, .mark = target->mark, .value_mark = value->mark};
}

/* A text that could name a node ("web", "web/eth1") and is no address. */
static bool names_node(const struct value *value)
{
    struct addr addr;
    return value->kind == VALUE_TEXT && value->length > 0 && strspn(value->text, "0123456789.") != value->length &&
           strpbrk(value->text, ".: ") == NULL && !addr_parse(value->text, &addr);
}

/* Adds one record of a type from a scalar. */
static void read_record(struct decoder *decoder, const struct record_target *target, enum record_type type,
                        const struct value *value)
{
    struct addr addr;
    const char *text;
    unsigned family = type == RECORD_A ? 4 : 6;
    bool is_node = target->of_internet && type == RECORD_A && names_node(value);
    if ((type == RECORD_A && !is_node) || type == RECORD_AAAA) {
        if (!decode_address(decoder, record_words[type], value, &addr))
            return;
        if (addr.family != family)
            decode_bad(decoder, record_words[type], family == 4 ? "an IPv4 address" : "an IPv6 address", value);
        else
            add_record(decoder, target, type, value);
    } else if (decode_scalar(decoder, record_words[type], value, &text)) {
        add_record(decoder, target, type, value);
    }
}

/* One key of a record's mapping: a value or a list. */
static void decode_record(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    enum record_type type = (enum record_type)field->least;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        read_record(decoder, target, type, value->items[i]);
    if (value->kind != VALUE_LIST)
        read_record(decoder, target, type, value);
}

#define RECORD(word, which, text)                                                                                      \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .least = (which), .decode = decode_record, .wants = "a value, or a list", \
        .json = "{\"type\": [\"string\", \"number\", \"array\"]}", .doc = (text)                                       \
    }

static const struct field record_fields[] = {
    RECORD("a", RECORD_A, "IPv4 addresses."),
    RECORD("aaaa", RECORD_AAAA, "IPv6 addresses."),
    RECORD("cname", RECORD_CNAME, "The name that this one stands for."),
    RECORD("txt", RECORD_TXT, "A text."),
    RECORD("mx", RECORD_MX, "A mail exchange: \"10 mail\"."),
    RECORD("srv", RECORD_SRV, "A service: \"0 5 5060 sip\"."),
    RECORD("ptr", RECORD_PTR, "The name of an address."),
    RECORD("ns", RECORD_NS, "A name server."),
};
const struct schema record_schema = SCHEMA("record", record_fields);
_Static_assert(ARRAY_SIZE(record_fields) == RECORD_TYPE_COUNT, "a row for each record type");

/* An address alone. */
static void read_bare_record(struct decoder *decoder, const struct record_target *target, const struct value *value)
{
    struct addr addr;
    if (target->of_internet && names_node(value)) {
        add_record(decoder, target, RECORD_A, value);
        return;
    }
    if (value->kind != VALUE_TEXT || !addr_parse(value->text, &addr)) {
        if (value->kind != VALUE_TEXT)
            decode_wrong(decoder, target->name, "an address, a list of them, or records by type", value);
        else
            decode_bad(decoder, target->name, "an address, a list of them, or records by type", value)->hint =
                arena_printf(decoder->findings->arena, "for another name: { cname: %s }", value->text);
        return;
    }
    add_record(decoder, target, addr.family == 4 ? RECORD_A : RECORD_AAAA, value);
}

static void read_zone(struct decoder *decoder, struct dns_zone *zone, const struct value *value, bool of_internet)
{
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++) {
        const struct entry *entry = &value->entries[i];
        struct record_target target = {zone, entry->key, entry->key_mark, of_internet};
        if (entry->value->broken)
            continue;
        if (strlen(entry->key) == 0 || strlen(entry->key) > 253)
            findings_add(decoder->findings, FINDING_ERROR, "bad-value", entry->key_mark, "'%.80s' is no name in a zone",
                         entry->key);
        else if (entry->value->kind == VALUE_MAP)
            schema_decode(decoder, &record_schema, entry->key, entry->key_mark, entry->value, &target);
        else if (entry->value->kind == VALUE_LIST)
            for (size_t k = 0; k < entry->value->item_count; k++)
                read_bare_record(decoder, &target, entry->value->items[k]);
        else
            read_bare_record(decoder, &target, entry->value);
    }
}

/* A zone's name, without the final dot. */
static bool read_zone_name(struct loader *loader, const struct entry *entry, const char **out)
{
    struct value name = {.kind = VALUE_TEXT, .mark = entry->key_mark, .text = entry->key, .length = strlen(entry->key)};
    if (!read_domain(loader, "zones", &name, out))
        return false;
    if (str_ends(*out, "."))
        *out = arena_strndup(loader->decoder.arena, *out, strlen(*out) - 1);
    return true;
}

void read_zones(struct loader *loader, const char *key, const struct value *value, bool of_internet,
                struct dns_zone **zones, size_t *count)
{
    struct decoder *decoder = &loader->decoder;
    if (!decode_map(decoder, key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++) {
        const struct entry *entry = &value->entries[i];
        struct dns_zone zone = {.mark = entry->key_mark};
        if (!read_zone_name(loader, entry, &zone.name) || !decode_map(decoder, entry->key, entry->value))
            continue;
        read_zone(decoder, &zone, entry->value, of_internet);
        *ARENA_PUSH(decoder->arena, *zones, *count) = zone;
    }
}
