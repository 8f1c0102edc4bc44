/* Decodes the phases of a drawn document and their tickets, and binds them to their tasks and faults. */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/scenario_parts.h"

#define IDS_JSON "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}"
struct phase_row {
    const char *id, *title;
    int64_t time;
    const struct value *tasks, *tickets, *draw;
};
static const struct field phase_fields[] = {
    {.key = "id",
     .type = FIELD_TEXT,
     FIELD_AT(struct phase_row, id),
     .fallback = "phase-1, phase-2, …",
     .doc = "What status and report call it."},
    {.key = "title", .type = FIELD_TEXT, FIELD_AT(struct phase_row, title), .doc = "What it is about, in one line."},
    {.key = "time",
     .type = FIELD_DURATION,
     FIELD_AT(struct phase_row, time),
     .doc = "How long its clock runs; without it there is no deadline."},
    {.key = "tasks",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct phase_row, tasks),
     .decode = keep_value,
     .wants = "a list of tasks",
     .json = IDS_JSON,
     .doc = "The scenario's own tasks that belong to it."},
    {.key = "tickets",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct phase_row, tickets),
     .decode = keep_value,
     .wants = "a list of tickets",
     .json = IDS_JSON,
     .doc = "Tickets that are always in it."},
    {.key = "draw",
     .type = FIELD_MAPPING,
     FIELD_AT(struct phase_row, draw),
     .decode = keep_value,
     .schema = &draw_schema,
     .doc = "Tickets that the seed chooses."},
};
const struct schema phase_schema = SCHEMA("phase", phase_fields);

static const struct field ticket_fields[] = {
    {.key = "title", .type = FIELD_TEXT, FIELD_AT(struct ticket, title), .doc = "What it is about, in one line."},
    {.key = "restrict",
     .type = FIELD_TEXT,
     FIELD_AT(struct ticket, restriction),
     .doc = "What the learner must not do, shown with the briefing."},
};
const struct schema ticket_schema = {.name = "ticket",
                                     .fields = ticket_fields,
                                     .count = ARRAY_SIZE(ticket_fields),
                                     .also = &ticket_parts_schema};

static struct ticket *load_ticket(struct scenario_loader *loader, const char *id, const struct entry *entry, int phase)
{
    struct decoder *decoder = &loader->decoder;
    struct ticket *ticket = ARENA_NEW(decoder->arena, struct ticket);
    struct scenario_parts parts = {.ticket = ticket};
    *ticket = (struct ticket){.id = id, .phase = phase, .mark = entry->key_mark};
    if (!decode_name(decoder, "ticket", id, entry->key_mark, 63) || !decode_map(decoder, id, entry->value))
        return ticket;
    scenario_read_mapping(loader, &ticket_schema, id, entry->value, ticket, &parts);
    *ARENA_PUSH(decoder->arena, loader->ticket_parts, loader->ticket_count) = parts;
    return ticket;
}

static void load_phase_tickets(struct scenario_loader *loader, struct phase *phase, const struct value *ids, int index)
{
    for (size_t i = 0; ids && ids->kind == VALUE_LIST && i < ids->item_count; i++) {
        const char *id;
        const struct entry *entry = NULL;
        if (decode_scalar(&loader->decoder, "tickets", ids->items[i], &id))
            entry = value_entry(loader->parts.tickets, id);
        if (entry)
            *ARENA_PUSH(loader->decoder.arena, phase->tickets, phase->ticket_count) =
                load_ticket(loader, id, entry, index);
    }
}

static void load_phase(struct scenario_loader *loader, const struct value *map, size_t index)
{
    struct scenario *scenario = loader->scenario;
    struct decoder *decoder = &loader->decoder;
    struct phase_row row = {.id = made_id(loader, NULL, "phase", index)};
    const struct value *id = value_get(map, "id");
    if (!schema_decode(decoder, &phase_schema, NULL, map->mark, map, &row) || map->kind != VALUE_MAP ||
        (id && !decode_name(decoder, "phase", row.id, id->mark, 63)))
        return;
    struct phase phase = {.id = row.id, .title = row.title, .time = row.time, .mark = map->mark};
    for (size_t i = 0; i < scenario->phase_count; i++)
        if (str_equal(scenario->phases[i].id, phase.id))
            scenario_twice(loader, "phases", phase.id, phase.mark, scenario->phases[i].mark);
    load_phase_tickets(loader, &phase, row.tickets, (int)scenario->phase_count);
    *ARENA_PUSH(decoder->arena, scenario->phases, scenario->phase_count) = phase;
}

void load_phases(struct scenario_loader *loader)
{
    const struct value *list = loader->parts.phases;
    if (!list || !decode_list(&loader->decoder, "phases", list))
        return;
    if (list->kind != VALUE_LIST || !list->item_count)
        decode_bad(&loader->decoder, "phases", "at least one phase", list);
    for (size_t i = 0; list->kind == VALUE_LIST && i < list->item_count; i++)
        load_phase(loader, list->items[i], i);
}

/* ---- binding ------------------------------------------------------------------------------------------------------
 */

static struct task *find_task(struct scenario_loader *loader, const struct value *name, const char *id)
{
    struct scenario *scenario = loader->scenario;
    const char **ids = NULL;
    size_t count = 0;
    for (size_t i = 0; i < scenario->task_count; i++) {
        if (str_equal(scenario->tasks[i].id, id))
            return &scenario->tasks[i];
        if (!scenario->tasks[i].ticket)
            *ARENA_PUSH(loader->decoder.arena, ids, count) = scenario->tasks[i].id;
    }
    if (scenario_misread(loader, id, false))
        return NULL;
    scenario_error(loader, "dangling-phase", name->mark, "no task is called '%s'", id)->hint =
        decode_hint(&loader->decoder, id, ids, count);
    return NULL;
}

/* The mark of the element of a phase's `tasks` that names the task. */
static struct mark named_at(const struct scenario_loader *loader, size_t phase, const char *id)
{
    const struct value *tasks = value_get(loader->parts.phases->items[phase], "tasks");
    for (size_t i = 0; tasks && tasks->kind == VALUE_LIST && i < tasks->item_count; i++)
        if (tasks->items[i]->kind == VALUE_TEXT && str_equal(tasks->items[i]->text, id))
            return tasks->items[i]->mark;
    return loader->parts.phases->items[phase]->mark;
}

static void bind_task(struct scenario_loader *loader, size_t index, const struct value *name)
{
    struct phase *phase = &loader->scenario->phases[index];
    const char *id;
    if (name->broken || !decode_text(&loader->decoder, "tasks", name, &id))
        return;
    struct task *task = find_task(loader, name, id);
    if (!task)
        return;
    if (task->ticket) {
        scenario_error(loader, "task-phase", name->mark, "task '%s' belongs to ticket '%s' and is in its phase", id,
                       task->ticket->id)
            ->hint = "name the ticket in the phase instead";
    } else if (task->phase >= 0) {
        struct finding *finding = scenario_error(loader, "task-phase", name->mark, "task '%s' is in two phases", id);
        finding->other = named_at(loader, (size_t)task->phase, id);
        finding->other_text = "first here";
    } else {
        task->phase = (int)index;
        *ARENA_PUSH(loader->decoder.arena, phase->tasks.items, phase->tasks.count) = task->id;
    }
}

static void bind_ticket(struct scenario_loader *loader, struct ticket *ticket)
{
    const struct scenario *scenario = loader->scenario;
    for (size_t i = 0; i < scenario->task_count; i++)
        if (scenario->tasks[i].ticket == ticket)
            *ARENA_PUSH(loader->decoder.arena, ticket->tasks, ticket->task_count) = &scenario->tasks[i];
    for (size_t i = 0; i < scenario->fault_count; i++)
        if (scenario->faults[i].ticket == ticket)
            *ARENA_PUSH(loader->decoder.arena, ticket->faults, ticket->fault_count) = &scenario->faults[i];
}

void bind_phases(struct scenario_loader *loader)
{
    const struct scenario *scenario = loader->scenario;
    const struct value *list = loader->parts.phases;
    bool whole = scenario->phase_count && list->item_count == scenario->phase_count;
    for (size_t p = 0; whole && p < scenario->phase_count; p++) {
        const struct value *tasks = value_get(list->items[p], "tasks");
        if (tasks && decode_list(&loader->decoder, "tasks", tasks))
            for (size_t i = 0; tasks->kind == VALUE_LIST && i < tasks->item_count; i++)
                bind_task(loader, p, tasks->items[i]);
        for (size_t i = 0; i < scenario->phases[p].ticket_count; i++)
            bind_ticket(loader, scenario->phases[p].tickets[i]);
    }
    for (size_t i = 0; whole && i < scenario->task_count; i++)
        if (scenario->tasks[i].phase < 0)
            scenario_error(loader, "task-phase", scenario->tasks[i].mark, "task '%s' is in no phase",
                           scenario->tasks[i].id)
                ->hint = "name it in the 'tasks' of one of the phases";
}
