/* A scenario's faults: the fixed keys here; the parameters are kept as text for the fault's own table. */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/scenario_parts.h"

static void read_seed(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct fault *fault = target;
    int64_t seed;
    if (!decode_integer(decoder, field->key, value, 0, INT64_MAX, &seed))
        return;
    fault->seeded = true;
    fault->seed = (uint64_t)seed;
}

static const struct field fault_fields[] = {
    {.key = "id",
     .type = FIELD_TEXT,
     FIELD_AT(struct fault, id),
     .fallback = "fault-1, fault-2, …",
     .doc = "What status and report call it."},
    {.key = "kind",
     .type = FIELD_TEXT,
     FIELD_AT(struct fault, kind),
     .required = true,
     .doc = "A kind of labctl fault list."},
    {.key = "at",
     .type = FIELD_TEXTS,
     FIELD_AT(struct fault, at),
     .required = true,
     .doc = "The thing that it is at, or two of them."},
    {.key = "accept",
     .type = FIELD_TEXTS,
     FIELD_AT(struct fault, accept),
     .doc = "Things that are as good an answer as its own, to a claim that counts for this fault."},
    {.key = "after",
     .type = FIELD_DURATION,
     FIELD_AT(struct fault, after),
     .doc = "When it comes, by the exercise's clock; of a ticket's fault: counted from the beginning of its phase."},
    {.key = "for",
     .type = FIELD_DURATION,
     FIELD_AT(struct fault, lasts),
     .doc = "How long it stays; without it, to the end."},
    {.key = "every",
     .type = FIELD_DURATION,
     FIELD_AT(struct fault, every),
     .doc = "How long after it came it comes again: with a short `for`, it flaps."},
    {.key = "seed",
     .type = FIELD_CUSTOM,
     .decode = read_seed,
     .wants = "a whole number",
     .json = "{\"type\": \"integer\", \"minimum\": 0}",
     .doc = "Of what it draws by chance: the same seed loses the same packets."},
};
const struct schema fault_schema = {.name = "fault",
                                    .fields = fault_fields,
                                    .count = ARRAY_SIZE(fault_fields),
                                    .open = true};

/* The text of a parameter: a scalar as written, a list of them joined by commas. */
static const char *parameter_text(struct decoder *decoder, const char *key, const struct value *value)
{
    const char *text;
    if (value->kind != VALUE_LIST)
        return decode_scalar(decoder, key, value, &text) ? text : NULL;
    STR_AUTO joined = STR_INIT;
    for (size_t i = 0; i < value->item_count; i++) {
        if (!decode_scalar(decoder, key, value->items[i], &text))
            return NULL;
        str_printf(&joined, "%s%s", i ? "," : "", text);
    }
    return arena_strdup(decoder->arena, str_text(&joined));
}

static void read_entry(struct decoder *decoder, struct fault *fault, const struct entry *entry)
{
    const struct field *field = schema_field(&fault_schema, entry->key);
    if (field) {
        field_read(decoder, field, entry->value, fault);
    } else {
        const char *text = parameter_text(decoder, entry->key, entry->value);
        struct fault_parameter *parameter = ARENA_PUSH(decoder->arena, fault->parameters, fault->parameter_count);
        *parameter = (struct fault_parameter){
            .key = entry->key, .value = text, .mark = entry->value->mark, .key_mark = entry->key_mark};
    }
}

/* Where each of the things stands that were read from `value`; what could not be read is not among them. */
static struct mark *mark_things(struct decoder *decoder, const struct strings *things, const struct value *value)
{
    struct mark *marks = arena_alloc(decoder->arena, (things->count + 1) * sizeof *marks);
    size_t item = 0;
    for (size_t i = 0; i < things->count; i++, item++) {
        while (value->kind == VALUE_LIST && item < value->item_count && value->items[item]->broken)
            item++;
        marks[i] = value->kind == VALUE_LIST && item < value->item_count ? value->items[item]->mark : value->mark;
    }
    return marks;
}

/* Whether something in it was reported as unreadable already. */
static bool is_broken(const struct value *value)
{
    bool broken = value->broken;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        broken = broken || is_broken(value->items[i]);
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++)
        broken = broken || is_broken(value->entries[i].value);
    return broken;
}

static void load_fault(struct scenario_loader *loader, const struct ticket *ticket, const struct value *map,
                       size_t index)
{
    struct scenario *scenario = loader->scenario;
    struct decoder *decoder = &loader->decoder;
    size_t before = decoder->findings->errors;
    struct fault fault = {.id = made_id(loader, ticket, "fault", index),
                          .ticket = ticket,
                          .phase = ticket ? ticket->phase : -1,
                          .mark = map->mark};
    if (!decode_map(decoder, "fault", map))
        return;
    schema_missing(decoder, &fault_schema, NULL, map->mark, map);
    for (size_t e = 0; map->kind == VALUE_MAP && e < map->entry_count; e++)
        read_entry(decoder, &fault, &map->entries[e]);
    const struct value *kind = value_get(map, "kind"), *at = value_get(map, "at");
    fault.vague = is_broken(map) || decoder->findings->errors != before;
    fault.kind_mark = kind ? kind->mark : map->mark;
    fault.at_marks = mark_things(decoder, &fault.at, at);
    fault.accept_marks = mark_things(decoder, &fault.accept, value_get(map, "accept"));
    for (size_t i = 0; i < scenario->fault_count; i++)
        if (str_equal(scenario->faults[i].id, fault.id))
            scenario_twice(loader, "faults", fault.id, fault.mark, scenario->faults[i].mark);
    *ARENA_PUSH(decoder->arena, scenario->faults, scenario->fault_count) = fault;
}

void load_faults(struct scenario_loader *loader, const struct scenario_parts *parts)
{
    const struct value *list = parts->faults;
    if (!list || !decode_list(&loader->decoder, "faults", list) || list->kind != VALUE_LIST)
        return;
    for (size_t i = 0; i < list->item_count; i++)
        load_fault(loader, parts->ticket, list->items[i], i);
}
