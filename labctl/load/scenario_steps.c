/* A scenario's solution and wrong fixes. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/units.h"
#include "doc/write.h"
#include "load/scenario_parts.h"
#include "model/check.h"

/* ---- steps ---- */

struct step_row {
    const char *set, *unset, *run, *apply;
    const struct value *to, *at;
};

#define ANY_JSON "true"
static const struct field step_fields[] = {
    {.key = "set", .type = FIELD_TEXT, FIELD_AT(struct step_row, set), .doc = "THING/KEY to set, as labctl set does."},
    {.key = "to",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct step_row, to),
     .decode = keep_value,
     .wants = "any value",
     .json = ANY_JSON,
     .doc = "The value of set."},
    {.key = "unset", .type = FIELD_TEXT, FIELD_AT(struct step_row, unset), .doc = "THING/KEY to take away."},
    {.key = "at",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct step_row, at),
     .decode = keep_value,
     .wants = "a node",
     .json = "{\"type\": \"string\"}",
     .doc = "The node of run."},
    {.key = "run",
     .type = FIELD_TEXT,
     FIELD_AT(struct step_row, run),
     .doc = "A command line for /bin/sh in the node."},
    {.key = "apply",
     .type = FIELD_TEXT,
     FIELD_AT(struct step_row, apply),
     .doc = "A topology file beside the scenario to apply."},
};
const struct schema step_schema = SCHEMA("step", step_fields);

/* The longest head of the path that names a thing must exist. */
static void check_path(struct scenario_loader *loader, const char *path, struct mark mark)
{
    struct arena *arena = loader->decoder.arena;
    const char *nearest = NULL;
    char *head = arena_strdup(arena, path);
    for (char *slash; (slash = strrchr(head, '/')) != NULL && slash > head;) {
        const char *near = NULL;
        *slash = 0;
        if (topology_thing(loader->scenario->topology, head, &near).kind != THING_NONE)
            return;
        if (near && !nearest)
            nearest = near;
    }
    struct finding *finding =
        scenario_error(loader, "dangling-step", mark, "'%s' names no key of a thing of this lab", path);
    if (nearest)
        finding->hint = arena_printf(arena, "the nearest thing is '%s'", nearest);
}

/* By the keys that are there: what could not be read of them was reported. */
static bool step_form(struct scenario_loader *loader, const struct value *map, struct step *step)
{
    bool set = value_get(map, "set"), unset = value_get(map, "unset"), run = value_get(map, "run"),
         apply = value_get(map, "apply"), to = value_get(map, "to"), at = value_get(map, "at");
    const char *problem = set + unset + run + apply != 1 ? "a step is one of set, unset, run, apply"
                          : set && !to                   ? "'set' needs 'to'"
                          : to && !set                   ? "'to' goes with 'set'"
                          : run && !at                   ? "'run' needs 'at', the node"
                          : at && !run                   ? "'at' goes with 'run'"
                                                         : NULL;
    if (problem) {
        scenario_error(loader, "step-form", map->mark, "%s", problem);
        return false;
    }
    step->kind = set ? STEP_SET : unset ? STEP_UNSET : run ? STEP_RUN : STEP_APPLY;
    return true;
}

static bool load_step(struct scenario_loader *loader, const struct value *map, struct step *out)
{
    struct step_row row = {0};
    struct step step = {.mark = map->mark};
    struct decoder *decoder = &loader->decoder;
    size_t before = decoder->findings->errors;
    if (!schema_decode(decoder, &step_schema, NULL, map->mark, map, &row))
        return false;
    if (decoder->findings->errors != before || !step_form(loader, map, &step))
        return false;
    step.path = row.set ? row.set : row.unset;
    step.run = row.run;
    step.apply = row.apply;
    if (step.path)
        check_path(loader, step.path, value_get(map, row.set ? "set" : "unset")->mark);
    if (row.to) {
        STR_AUTO text = STR_INIT;
        value_flow(row.to, &text);
        step.value = arena_strdup(decoder->arena, str_text(&text));
    }
    if (row.at)
        step.at = load_node_reference(loader->scenario->topology, decoder, "at", row.at);
    if (row.apply) {
        struct mark mark = value_get(map, "apply")->mark;
        if (access(document_path(loader->document, mark, row.apply), R_OK))
            scenario_error(loader, "unreadable-file", mark, "'%s' cannot be read: %s", row.apply, strerror(errno));
    }
    *out = step;
    return decoder->findings->errors == before && (step.path || step.run || step.apply);
}

static void load_steps(struct scenario_loader *loader, const char *key, const struct value *list, struct step **steps,
                       size_t *count)
{
    struct step step;
    if (!list || !decode_list(&loader->decoder, key, list) || list->kind != VALUE_LIST)
        return;
    for (size_t i = 0; i < list->item_count; i++)
        if (load_step(loader, list->items[i], &step))
            *ARENA_PUSH(loader->decoder.arena, *steps, *count) = step;
}

void load_solution(struct scenario_loader *loader, const struct scenario_parts *parts)
{
    struct scenario *scenario = loader->scenario;
    load_steps(loader, "solution", parts->solution, &scenario->solution, &scenario->solution_count);
}

/* ---- wrong fixes ---- */

struct wrong_fix_row {
    const char *id;
    const struct value *steps, *caught_by;
};
static const struct field wrong_fix_fields[] = {
    {.key = "id",
     .type = FIELD_TEXT,
     FIELD_AT(struct wrong_fix_row, id),
     .fallback = "wrong-fix-1, …",
     .doc = "Its name."},
    {.key = "steps",
     .type = FIELD_LIST,
     FIELD_AT(struct wrong_fix_row, steps),
     .decode = keep_value,
     .schema = &step_schema,
     .required = true,
     .doc = "What somebody in a hurry would do."},
    {.key = "caught_by",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct wrong_fix_row, caught_by),
     .decode = keep_value,
     .required = true,
     .wants = "a list of tasks and guards",
     .json = "{\"type\": [\"string\", \"array\"]}",
     .doc = "The tasks and guards that are red then."},
};
const struct schema wrong_fix_schema = SCHEMA("wrong fix", wrong_fix_fields);

static void catch_by(struct scenario_loader *loader, struct wrong_fix *fix, const struct value *value)
{
    const struct scenario *scenario = loader->scenario;
    struct decoder *decoder = &loader->decoder;
    const char *id, **ids = NULL;
    size_t count = 0;
    if (!decode_text(decoder, "caught_by", value, &id))
        return;
    for (size_t i = 0; i < scenario->task_count; i++)
        *ARENA_PUSH(decoder->arena, ids, count) = scenario->tasks[i].id;
    for (size_t i = 0; i < scenario->guard_count; i++)
        *ARENA_PUSH(decoder->arena, ids, count) = scenario->guards[i]->id;
    for (size_t i = 0; i < count; i++)
        if (str_equal(ids[i], id)) {
            *ARENA_PUSH(decoder->arena, fix->caught_by.items, fix->caught_by.count) = ids[i];
            return;
        }
    if (scenario_misread(loader, id, true))
        return;
    struct finding *finding =
        scenario_error(loader, "dangling-caught-by", value->mark, "no task and no guard is called '%s'", id);
    finding->hint = decode_hint(decoder, id, ids, count);
}

void load_wrong_fixes(struct scenario_loader *loader, const struct scenario_parts *parts)
{
    struct scenario *scenario = loader->scenario;
    struct decoder *decoder = &loader->decoder;
    const struct value *list = parts->wrong_fixes;
    if (!list || !decode_list(decoder, "wrong_fixes", list) || list->kind != VALUE_LIST)
        return;
    for (size_t i = 0; i < list->item_count; i++) {
        struct wrong_fix_row row = {.id = made_id(loader, parts->ticket, "wrong-fix", i)};
        if (!schema_decode(decoder, &wrong_fix_schema, NULL, list->items[i]->mark, list->items[i], &row))
            continue;
        struct wrong_fix fix = {.id = row.id, .mark = list->items[i]->mark};
        load_steps(loader, "steps", row.steps, &fix.steps, &fix.step_count);
        if (row.caught_by && row.caught_by->kind == VALUE_LIST)
            for (size_t c = 0; c < row.caught_by->item_count; c++)
                catch_by(loader, &fix, row.caught_by->items[c]);
        else if (row.caught_by)
            catch_by(loader, &fix, row.caught_by);
        for (size_t j = 0; j < scenario->wrong_fix_count; j++)
            if (str_equal(scenario->wrong_fixes[j].id, fix.id))
                scenario_twice(loader, "wrong fixes", fix.id, fix.mark, scenario->wrong_fixes[j].mark);
        *ARENA_PUSH(decoder->arena, scenario->wrong_fixes, scenario->wrong_fix_count) = fix;
    }
}
