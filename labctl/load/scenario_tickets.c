/* Phases and tickets.  First, in the document: what a phase draws becomes the list of its tickets, and what belongs to
 * a ticket that was not drawn goes.  Then phases and tickets are decoded, and bound to their tasks and faults. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/scenario_parts.h"

#define TICKETS_MAX 1000

/* ---- rows -------------------------------------------------------------------------------------------------------- */

struct draw_row {
    uint32_t pick;
    const struct value *from;
};
#define IDS_JSON "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}"
static const struct field draw_fields[] = {
    {.key = "pick",
     .type = FIELD_INTEGER,
     FIELD_AT(struct draw_row, pick),
     .least = 1,
     .most = TICKETS_MAX,
     .required = true,
     .doc = "How many."},
    {.key = "from",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct draw_row, from),
     .decode = keep_value,
     .required = true,
     .wants = "a list of tickets",
     .json = IDS_JSON,
     .doc = "Out of which tickets."},
};
const struct schema draw_schema = SCHEMA("draw", draw_fields);

/* ---- drawing ------------------------------------------------------------------------------------------------------
 */

/* A ticket of the document, before the draw. */
struct candidate {
    const struct entry *entry;
    const struct value *named; /* by a phase, or NULL */
    bool drawn;
};

struct drawing {
    struct scenario_loader *loader;
    struct arena *arena;
    struct candidate *candidates;
    const char **names;
    size_t count, name_count;
};

/* The ticket that a phase names; NULL where there is none, or where it is named twice (reported). */
static struct candidate *name_ticket(struct drawing *drawing, const struct value *name)
{
    struct scenario_loader *loader = drawing->loader;
    const char *id;
    if (name->broken || !decode_scalar(&loader->decoder, "tickets", name, &id))
        return NULL;
    for (size_t i = 0; i < drawing->count; i++) {
        struct candidate *candidate = &drawing->candidates[i];
        if (!str_equal(drawing->names[i], id))
            continue;
        if (!candidate->named) {
            candidate->named = name;
            return candidate;
        }
        struct finding *finding = scenario_error(loader, "ticket-twice", name->mark, "ticket '%s' is named twice", id);
        finding->hint = "a ticket is in one phase only, and there once";
        finding->other = candidate->named->mark;
        finding->other_text = "first here";
        return NULL;
    }
    struct finding *finding = scenario_error(loader, "unknown-ticket", name->mark, "no ticket is called '%.80s'", id);
    finding->hint = decode_hint(&loader->decoder, id, drawing->names, drawing->name_count);
    if (!finding->hint)
        finding->hint = drawing->count ? NULL : "tickets are a mapping of names at the top of the scenario";
    return NULL;
}

static void add_item(struct drawing *drawing, struct value *list, const struct value *item)
{
    *ARENA_PUSH(drawing->arena, list->items, list->item_count) = (struct value *)item;
    list->weight = list->item_count + 1;
    list->height = 1;
}

static void add_fixed(struct drawing *drawing, const struct value *tickets, struct value *list)
{
    if (!tickets || !decode_list(&drawing->loader->decoder, "tickets", tickets) || tickets->kind != VALUE_LIST)
        return;
    for (size_t i = 0; i < tickets->item_count; i++) {
        struct candidate *candidate = name_ticket(drawing, tickets->items[i]);
        if (!candidate)
            continue;
        candidate->drawn = true;
        add_item(drawing, list, tickets->items[i]);
    }
}

/* Takes `pick` of the candidates one after the other, each out of those that are left. */
static void pick_tickets(struct drawing *drawing, const char *phase, uint32_t pick, struct candidate **from,
                         size_t count, struct value *list)
{
    for (uint32_t n = 0; n < pick && count; n++) {
        const char *name = arena_printf(drawing->arena, "phase/%s/%u", phase, n);
        size_t index = draw_number(drawing->loader, name) % count;
        from[index]->drawn = true;
        add_item(drawing, list, from[index]->named);
        memmove(&from[index], &from[index + 1], (--count - index) * sizeof *from);
    }
}

static void draw_phase(struct drawing *drawing, const char *phase, const struct value *draw, struct value *list)
{
    struct scenario_loader *loader = drawing->loader;
    struct draw_row row = {0};
    struct candidate **from = NULL;
    size_t count = 0, before = loader->decoder.findings->errors;
    if (!schema_decode(&loader->decoder, &draw_schema, NULL, draw->mark, draw, &row) || !row.from ||
        !decode_list(&loader->decoder, "from", row.from))
        return;
    for (size_t i = 0; row.from->kind == VALUE_LIST && i < row.from->item_count; i++) {
        struct candidate *candidate = name_ticket(drawing, row.from->items[i]);
        if (candidate)
            *ARENA_PUSH(drawing->arena, from, count) = candidate;
    }
    if (loader->decoder.findings->errors != before)
        return;
    if (row.pick > count) {
        const struct value *pick = value_get(draw, "pick");
        scenario_error(loader, "draw-pick", pick->mark, "phase '%s' draws %u tickets out of %zu", phase, row.pick,
                       count)
            ->hint = "pick no more than 'from' has";
    }
    pick_tickets(drawing, phase, row.pick, from, count, list);
}

static const char *phase_id(struct scenario_loader *loader, const struct value *phase, size_t index)
{
    const struct value *id = value_get(phase, "id");
    return id && id->kind == VALUE_TEXT ? id->text : made_id(loader, NULL, "phase", index);
}

/* The phase with `tickets` for `draw`. */
static struct value *drawn_phase(struct drawing *drawing, struct value *phase, size_t index)
{
    const struct value *draw = value_get(phase, "draw"), *tickets = value_get(phase, "tickets");
    if (phase->kind != VALUE_MAP || (!draw && !tickets))
        return phase;
    struct value *copy = arena_copy(drawing->arena, phase, sizeof *phase),
                 *list = ARENA_NEW(drawing->arena, struct value);
    *list = (struct value){.kind = VALUE_LIST, .weight = 1, .mark = draw ? draw->mark : tickets->mark};
    copy->entries = NULL;
    copy->entry_count = 0;
    add_fixed(drawing, tickets, list);
    if (draw && !draw->broken)
        draw_phase(drawing, phase_id(drawing->loader, phase, index), draw, list);
    for (size_t i = 0; i < phase->entry_count; i++)
        if (!str_equal(phase->entries[i].key, "draw") && !str_equal(phase->entries[i].key, "tickets"))
            *ARENA_PUSH(drawing->arena, copy->entries, copy->entry_count) = phase->entries[i];
    *ARENA_PUSH(drawing->arena, copy->entries, copy->entry_count) =
        (struct entry){.key = "tickets", .key_mark = list->mark, .value = list};
    return copy;
}

static struct value *drawn_phases(struct drawing *drawing, struct value *phases)
{
    if (phases->kind != VALUE_LIST)
        return phases;
    struct value *copy = arena_copy(drawing->arena, phases, sizeof *phases);
    copy->items = arena_copy(drawing->arena, phases->items, phases->item_count * sizeof *phases->items);
    for (size_t i = 0; i < phases->item_count; i++)
        copy->items[i] = drawn_phase(drawing, phases->items[i], i);
    return copy;
}

static struct value *drawn_tickets(struct drawing *drawing, struct value *tickets)
{
    struct value *copy = arena_copy(drawing->arena, tickets, sizeof *tickets);
    copy->entries = NULL;
    copy->entry_count = 0;
    for (size_t i = 0; i < drawing->count; i++)
        if (drawing->candidates[i].drawn)
            *ARENA_PUSH(drawing->arena, copy->entries, copy->entry_count) = *drawing->candidates[i].entry;
    return copy;
}

/* Whether a task or guard belongs to a ticket that was not drawn. */
static bool is_left_out(const struct drawing *drawing, const struct value *name)
{
    static const struct {
        const char *key, *prefix;
    } parts[] = {{"tasks", "task"}, {"guards", "guard"}};
    if (!name || name->kind != VALUE_TEXT)
        return false;
    for (size_t i = 0; i < drawing->count; i++) {
        const struct ticket ticket = {.id = drawing->names[i]};
        for (size_t p = 0; p < ARRAY_SIZE(parts) && !drawing->candidates[i].drawn; p++) {
            const struct value *list = value_get(drawing->candidates[i].entry->value, parts[p].key);
            for (size_t k = 0; list && list->kind == VALUE_LIST && k < list->item_count; k++) {
                const struct value *id = value_get(list->items[k], "id");
                if (str_equal(name->text, id && id->kind == VALUE_TEXT
                                              ? id->text
                                              : made_id(drawing->loader, &ticket, parts[p].prefix, k)))
                    return true;
            }
        }
    }
    return false;
}

/* A wrong fix without those that are left out of what catches it; NULL where nothing is left. */
static struct value *rest_of_fix(struct drawing *drawing, struct value *fix)
{
    const struct entry *caught = value_entry(fix, "caught_by");
    if (!caught)
        return fix;
    if (caught->value->kind != VALUE_LIST)
        return is_left_out(drawing, caught->value) ? NULL : fix;
    struct value *list = arena_copy(drawing->arena, caught->value, sizeof *list);
    list->items = NULL;
    list->item_count = 0;
    for (size_t i = 0; i < caught->value->item_count; i++)
        if (!is_left_out(drawing, caught->value->items[i]))
            add_item(drawing, list, caught->value->items[i]);
    if (list->item_count == caught->value->item_count)
        return fix;
    struct value *copy = arena_copy(drawing->arena, fix, sizeof *fix);
    copy->entries = arena_copy(drawing->arena, fix->entries, fix->entry_count * sizeof *fix->entries);
    copy->entries[caught - fix->entries].value = list;
    return list->item_count ? copy : NULL;
}

/* The hints, or the wrong fixes, without those of tickets that were not drawn. */
static struct value *rest_of(struct drawing *drawing, struct value *list, bool fixes)
{
    if (list->kind != VALUE_LIST)
        return list;
    struct value *copy = arena_copy(drawing->arena, list, sizeof *list);
    copy->items = NULL;
    copy->item_count = 0;
    for (size_t i = 0; i < list->item_count; i++) {
        struct value *item = list->items[i];
        if (fixes)
            item = rest_of_fix(drawing, item);
        else if (is_left_out(drawing, value_get(item, "task")))
            item = NULL;
        if (item)
            *ARENA_PUSH(drawing->arena, copy->items, copy->item_count) = item;
    }
    return copy;
}

struct value *draw_tickets(struct scenario_loader *loader, struct value *root)
{
    struct drawing drawing = {.loader = loader, .arena = loader->decoder.arena};
    struct value *tickets = value_get(root, "tickets"), *phases = value_get(root, "phases");
    for (size_t i = 0; tickets && tickets->kind == VALUE_MAP && i < tickets->entry_count; i++) {
        ARENA_PUSH(drawing.arena, drawing.candidates, drawing.count)->entry = &tickets->entries[i];
        *ARENA_PUSH(drawing.arena, drawing.names, drawing.name_count) = tickets->entries[i].key;
    }
    if (phases)
        phases = drawn_phases(&drawing, phases);
    for (size_t i = 0; i < drawing.count; i++)
        if (!drawing.candidates[i].named)
            scenario_error(loader, "unused-ticket", drawing.candidates[i].entry->key_mark, "ticket '%s' is in no phase",
                           drawing.names[i])
                ->hint = "name it in a phase's 'draw: { from: }' or 'tickets', or take it away";
    struct value *copy = arena_copy(drawing.arena, root, sizeof *root);
    copy->entries = arena_copy(drawing.arena, root->entries, root->entry_count * sizeof *root->entries);
    for (size_t i = 0; i < copy->entry_count; i++) {
        struct entry *entry = &copy->entries[i];
        if (str_equal(entry->key, "phases"))
            entry->value = phases;
        else if (str_equal(entry->key, "tickets") && entry->value->kind == VALUE_MAP)
            entry->value = drawn_tickets(&drawing, entry->value);
        else if (str_equal(entry->key, "hints") || str_equal(entry->key, "wrong_fixes"))
            entry->value = rest_of(&drawing, entry->value, str_equal(entry->key, "wrong_fixes"));
    }
    return copy;
}
