/* A scenario's tasks, guards and hints, and how points are shared out: a check without points of its own takes an equal
 * share of what its task's points leave, the first ones one point more where it does not come out even. */
#include "base/arena.h"
#include "base/str.h"
#include "load/scenario_parts.h"
#include "model/check.h"

enum { TASK_POINTS = 100 };

struct task_row {
    const char *id, *title;
    int kind;
    uint32_t points;
    const struct value *checks;
};

static const char *const task_kinds[] = {"repair", "build"};
static const struct field task_fields[] = {
    {.key = "id",
     .type = FIELD_TEXT,
     FIELD_AT(struct task_row, id),
     .fallback = "task-1, task-2, …",
     .doc = "What status, hint and report call it."},
    {.key = "title", .type = FIELD_TEXT, FIELD_AT(struct task_row, title), .doc = "What has to work, in one line."},
    {.key = "kind",
     .type = FIELD_WORD,
     FIELD_AT(struct task_row, kind),
     .words = task_kinds,
     .word_count = ARRAY_SIZE(task_kinds),
     .fallback = "repair",
     .doc = "Repair: red under the fault. Build: red at first."},
    {.key = "points",
     .type = FIELD_INTEGER,
     FIELD_AT(struct task_row, points),
     .least = 1,
     .most = POINTS_MAX,
     .fallback = "the sum of its checks', else 100",
     .doc = "Shared equally among the checks without points of their own."},
    {.key = "checks",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct task_row, checks),
     .decode = keep_value,
     .required = true,
     .wants = "a list of checks",
     .json = "{\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/check\"}}",
     .doc = "All of them green: the task is done."},
};
const struct schema task_schema = SCHEMA("task", task_fields);

/* Gives every check its points; the sum is the task's.  whole: all of its checks could be read. */
static void share_points(struct scenario_loader *loader, struct task *task, uint32_t declared, bool whole)
{
    uint64_t given = 0;
    uint32_t without = 0;
    for (size_t i = 0; i < task->check_count; i++) {
        if (task->checks[i]->has_points)
            given += task->checks[i]->points;
        else
            without++;
    }
    uint64_t total = declared ? declared : given ? given : TASK_POINTS;
    if (whole && (total < given || (declared && !without && total != given)))
        scenario_error(loader, "task-points", task->mark, "task '%s' has %llu points, its checks %llu", task->id,
                       (unsigned long long)total, (unsigned long long)given);
    uint64_t left = total > given ? total - given : 0;
    for (size_t i = 0, n = 0; i < task->check_count && without; i++) {
        if (task->checks[i]->has_points)
            continue;
        task->checks[i]->points = (uint32_t)(left / without + (n++ < left % without));
    }
    task->points = (uint32_t)(total > POINTS_MAX ? POINTS_MAX : total);
}

static void load_task(struct scenario_loader *loader, const struct ticket *ticket, const struct value *map,
                      size_t index)
{
    struct scenario *scenario = loader->scenario;
    struct decoder *decoder = &loader->decoder;
    struct task_row row = {.id = made_id(loader, ticket, "task", index)};
    struct task task = {.ticket = ticket, .phase = ticket ? ticket->phase : -1, .mark = map->mark};
    if (!schema_decode(decoder, &task_schema, NULL, map->mark, map, &row))
        return;
    const struct value *id = value_get(map, "id");
    if (id && !decode_name(decoder, "task", row.id, id->mark, 63))
        return;
    task.id = row.id;
    task.title = row.title;
    task.build = row.kind == 1;
    if (row.checks)
        load_checks(scenario->topology, row.checks, task.id, decoder->findings, &task.checks, &task.check_count);
    if (row.checks && row.checks->kind == VALUE_LIST && row.checks->item_count == 0)
        scenario_error(loader, "no-task", map->mark, "task '%s' has no check", task.id);
    for (size_t i = 0; i < task.check_count; i++)
        if (task.checks[i]->penalty)
            scenario_error(loader, "guard-points", task.checks[i]->mark,
                           "check '%s' of a task has points, not a penalty", task.checks[i]->id);
    share_points(loader, &task, row.points,
                 row.checks && row.checks->kind == VALUE_LIST && task.check_count == row.checks->item_count);
    *ARENA_PUSH(decoder->arena, scenario->tasks, scenario->task_count) = task;
}

void load_tasks(struct scenario_loader *loader, const struct scenario_parts *parts)
{
    const struct value *list = parts->tasks;
    if (!list || !decode_list(&loader->decoder, "tasks", list) || list->kind != VALUE_LIST)
        return;
    for (size_t i = 0; i < list->item_count; i++)
        load_task(loader, parts->ticket, list->items[i], i);
    if (!list->item_count && !loader->scenario->control)
        scenario_error(loader, "no-task", list->mark, "scenario '%s' has no task", loader->scenario->name);
}

static void check_guard(struct scenario_loader *loader, const struct check *guard)
{
    if (guard->has_points)
        scenario_error(loader, "guard-points", guard->mark, "guard '%s' has a penalty, not points", guard->id);
    else if (!guard->penalty)
        scenario_error(loader, "guard-penalty", guard->mark, "guard '%s' costs nothing when it is red", guard->id)
            ->hint = "give it a penalty, such as penalty: 40";
}

void load_guards(struct scenario_loader *loader, const struct scenario_parts *parts)
{
    struct scenario *scenario = loader->scenario;
    struct arena *arena = loader->decoder.arena;
    const char *prefix = parts->ticket ? arena_printf(arena, "%s-guard", parts->ticket->id) : "guard";
    struct check **guards;
    size_t count;
    if (!parts->guards)
        return;
    load_checks(scenario->topology, parts->guards, prefix, loader->decoder.findings, &guards, &count);
    for (size_t i = 0; i < count; i++) {
        check_guard(loader, guards[i]);
        *ARENA_PUSH(arena, scenario->guards, scenario->guard_count) = guards[i];
    }
}

/* ---- hints ---- */

static const struct field hint_fields[] = {
    {.key = "task",
     .type = FIELD_TEXT,
     FIELD_AT(struct hint, task),
     .required = true,
     .doc = "The task that it helps with."},
    {.key = "cost",
     .type = FIELD_INTEGER,
     FIELD_AT(struct hint, cost),
     .most = POINTS_MAX,
     .fallback = "0",
     .doc = "Points of the task that it costs."},
    {.key = "text", .type = FIELD_TEXT, FIELD_AT(struct hint, text), .required = true, .doc = "The hint."},
};
const struct schema hint_schema = SCHEMA("hint", hint_fields);

static void check_hint(struct scenario_loader *loader, const struct hint *hint, const struct value *map)
{
    const struct scenario *scenario = loader->scenario;
    const char **ids = NULL;
    size_t count = 0;
    const struct task *task = scenario_task(scenario, hint->task);
    uint64_t cost = 0;
    for (size_t i = 0; i < scenario->task_count; i++)
        *ARENA_PUSH(loader->decoder.arena, ids, count) = scenario->tasks[i].id;
    if (!task && scenario_misread(loader, hint->task, false))
        return;
    if (!task) {
        const struct value *name = value_get(map, "task");
        struct finding *finding = scenario_error(loader, "dangling-hint", name ? name->mark : map->mark,
                                                 "no task is called '%s'", hint->task);
        finding->hint = decode_hint(&loader->decoder, hint->task, ids, count);
        return;
    }
    for (size_t i = 0; i < scenario->hint_count; i++)
        if (str_equal(scenario->hints[i].task, task->id))
            cost += scenario->hints[i].cost;
    if (cost > task->points)
        scenario_error(loader, "hint-cost", hint->mark, "the hints of task '%s' cost %llu points, more than its %u",
                       task->id, (unsigned long long)cost, task->points)
            ->hint = "lower a cost, or give the task more points";
}

void load_hints(struct scenario_loader *loader, const struct scenario_parts *parts)
{
    struct scenario *scenario = loader->scenario;
    const struct value *list = parts->hints;
    if (!list || !decode_list(&loader->decoder, "hints", list) || list->kind != VALUE_LIST)
        return;
    for (size_t i = 0; i < list->item_count; i++) {
        struct hint hint = {.mark = list->items[i]->mark};
        if (!schema_decode(&loader->decoder, &hint_schema, NULL, hint.mark, list->items[i], &hint) || !hint.task)
            continue;
        if (!hint.text)
            hint.text = ""; /* reported; whether there is such a task can be said nevertheless */
        *ARENA_PUSH(loader->decoder.arena, scenario->hints, scenario->hint_count) = hint;
        check_hint(loader, &scenario->hints[scenario->hint_count - 1], list->items[i]);
    }
}
