/* Reads a scenario: the root's rows, then each part in the order in which they need each other (topology before checks,
 * tasks before hints), then what the parts must be to one another. */
#include "load/scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/units.h"
#include "doc/write.h"
#include "load/loader.h"
#include "load/scenario_parts.h"
#include "model/check.h"

static const uint32_t pass_default = 700000000; /* 70 % */

struct finding *scenario_error(struct scenario_loader *loader, const char *rule, struct mark mark, const char *format,
                               ...)
{
    STR_AUTO text = STR_INIT;
    va_list args;
    va_start(args, format);
    str_vprintf(&text, format, args);
    va_end(args);
    return findings_add(loader->decoder.findings, FINDING_ERROR, rule, mark, "%s", str_text(&text));
}

void scenario_twice(struct scenario_loader *loader, const char *what, const char *id, struct mark mark,
                    struct mark first)
{
    struct finding *finding = scenario_error(loader, "duplicate-id", mark, "two %s are called '%s'", what, id);
    finding->other = first;
    finding->other_text = "first here";
}

const char *made_id(struct scenario_loader *loader, const struct ticket *ticket, const char *prefix, size_t index)
{
    return arena_printf(loader->decoder.arena, "%s%s%s-%zu", ticket ? ticket->id : "", ticket ? "-" : "", prefix,
                        index + 1);
}

/* Whether a thing of the list has this id, or one that is no text. */
static bool may_name(const struct value *list, const char *id)
{
    for (size_t i = 0; list && list->kind == VALUE_LIST && i < list->item_count; i++) {
        const struct value *own = list->items[i]->kind == VALUE_MAP ? value_get(list->items[i], "id") : NULL;
        if (own && (own->broken || !value_is_scalar(own) || str_equal(own->text, id)))
            return true;
    }
    return false;
}

bool scenario_misread(const struct scenario_loader *loader, const char *id, bool guards)
{
    bool may = may_name(loader->parts.tasks, id) || (guards && may_name(loader->parts.guards, id));
    for (size_t i = 0; i < loader->ticket_count && !may; i++)
        may = may_name(loader->ticket_parts[i].tasks, id) || (guards && may_name(loader->ticket_parts[i].guards, id));
    return may;
}

bool document_is_scenario(const struct document *document)
{
    return document->root && value_entry(document->root, "scenario") != NULL;
}

static void read_topology(struct scenario_loader *loader)
{
    const struct value *value = loader->parts.topology;
    struct decoder *decoder = &loader->decoder;
    const char *path;
    if (!value)
        return;
    if (value->kind == VALUE_MAP) {
        load_value_keeping(loader->document, (struct value *)value, loader->allotments, &loader->scenario->topology);
        return;
    }
    if (value->kind != VALUE_TEXT) {
        decode_wrong(decoder, "topology", "a file name or a topology", value);
        return;
    }
    if (!decode_text(decoder, "topology", value, &path))
        return;
    loader->scenario->topology_path = path;
    const char *file = document_path(loader->document, value->mark, path);
    if (access(file, R_OK)) {
        scenario_error(loader, "unreadable-file", value->mark, "the topology '%s' cannot be read: %s", path,
                       strerror(errno));
        return;
    }
    struct document *beside = document_read(decoder->arena, loader->document->sources, file, decoder->findings);
    if (beside->root)
        load_value_keeping(beside, beside->root, loader->allotments, &loader->scenario->topology);
}

/* Every id of tasks, checks, guards and questions is its own: status, hint, check and reports name them. */
static void check_ids(struct scenario_loader *loader)
{
    const struct scenario *scenario = loader->scenario;
    struct {
        const char *id;
        struct mark mark;
    } *seen = NULL;
    size_t count = 0;
#define SEE(name, place)                                                                                               \
    do {                                                                                                               \
        for (size_t s = 0; s < count; s++)                                                                             \
            if (str_equal(seen[s].id, (name))) {                                                                       \
                scenario_twice(loader, "things", (name), (place), seen[s].mark);                                       \
                break;                                                                                                 \
            }                                                                                                          \
        ARENA_PUSH(loader->decoder.arena, seen, count);                                                                \
        seen[count - 1].id = (name);                                                                                   \
        seen[count - 1].mark = (place);                                                                                \
    } while (0)
    for (size_t t = 0; t < scenario->task_count; t++) {
        SEE(scenario->tasks[t].id, scenario->tasks[t].mark);
        for (size_t c = 0; c < scenario->tasks[t].check_count; c++)
            if (!(scenario->tasks[t].check_count == 1 &&
                  str_equal(scenario->tasks[t].checks[c]->id, scenario->tasks[t].id)))
                SEE(scenario->tasks[t].checks[c]->id, scenario->tasks[t].checks[c]->mark);
    }
    for (size_t g = 0; g < scenario->guard_count; g++)
        SEE(scenario->guards[g]->id, scenario->guards[g]->mark);
    for (size_t q = 0; q < scenario->question_count; q++)
        SEE(scenario->questions[q].id, scenario->questions[q].mark);
#undef SEE
}

void scenario_read_mapping(struct scenario_loader *loader, const struct schema *schema, const char *name,
                           const struct value *map, void *target, void *also)
{
    struct decoder *decoder = &loader->decoder;
    for (size_t i = 0; map->kind == VALUE_MAP && i < map->entry_count; i++) {
        const struct entry *entry = &map->entries[i];
        const struct field *field = schema_field(schema, entry->key);
        void *place = target;
        for (const struct schema *s = schema->also; s && !field; s = s->also) {
            field = schema_field(s, entry->key);
            place = also;
        }
        if (entry->value == loader->drawn && loader->drawn)
            continue;
        if (field)
            field_read(decoder, field, entry->value, place);
        else
            schema_unknown(decoder, schema, name, entry->key, entry->key_mark);
    }
    for (const struct schema *s = schema; s; s = s->also)
        schema_missing(decoder, s, name, map->mark, map);
}

/* ---- the variant --------------------------------------------------------------------------------------------------
 */

/* What was a variable once is not told apart any more: each scalar may have been one. */
static void mark_drawn(struct value *value)
{
    value->drawn = value_is_scalar(value);
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        mark_drawn(value->items[i]);
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++)
        mark_drawn(value->entries[i].value);
}

/* Takes what a kept scenario says of its variant: {seed, learner, variables}, as scenario_draw recorded it. */
static void read_drawn(struct scenario_loader *loader)
{
    struct scenario *scenario = loader->scenario;
    mark_drawn(loader->document->root);
    const struct value *drawn = loader->drawn = value_get(loader->document->root, "drawn"),
                       *variables = value_get(drawn, "variables"), *seed = value_get(drawn, "seed"),
                       *learner = value_get(drawn, "learner");
    if (seed && value_is_scalar(seed))
        scenario->seed = seed->text;
    if (learner && value_is_scalar(learner))
        scenario->learner = learner->text;
    for (size_t i = 0; variables && variables->kind == VALUE_MAP && i < variables->entry_count; i++) {
        STR_AUTO text = STR_INIT;
        value_flow(variables->entries[i].value, &text);
        *ARENA_PUSH(scenario->arena, scenario->variables, scenario->variable_count) = (struct variable){
            .name = variables->entries[i].key, .value = arena_strdup(scenario->arena, str_text(&text))};
    }
}

/* ---- the whole ----------------------------------------------------------------------------------------------------
 */

static struct scenario *new_scenario(struct scenario_loader *loader, const struct variant *variant)
{
    struct arena *arena = loader->document->arena;
    struct scenario *scenario = ARENA_NEW(arena, struct scenario);
    const struct value *root = loader->document->root, *name = value_get(root, "scenario");
    *scenario = (struct scenario){.arena = arena,
                                  .mark = root->mark,
                                  .pass = pass_default,
                                  .name = name && name->kind == VALUE_TEXT ? name->text : "",
                                  .name_mark = name ? name->mark : root->mark,
                                  .seed = variant && variant->seed ? arena_strdup(arena, variant->seed) : "",
                                  .learner = variant && variant->learner ? arena_strdup(arena, variant->learner) : ""};
    return scenario;
}

typedef void load_part(struct scenario_loader *loader, const struct scenario_parts *parts);

/* Each part of the scenario itself, then of its tickets, before the next part, which may refer to it. */
static void load_parts(struct scenario_loader *loader)
{
    static load_part *const parts[] = {load_faults, load_tasks,    load_guards,     load_questions,
                                       load_hints,  load_solution, load_wrong_fixes};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        parts[i](loader, &loader->parts);
        for (size_t t = 0; t < loader->ticket_count; t++)
            parts[i](loader, &loader->ticket_parts[t]);
    }
}

static int read_document(struct scenario_loader *loader, const struct variant *variant, struct scenario **out)
{
    struct document *document = loader->document;
    size_t before = document->findings->errors;
    *out = NULL;
    if (!document->root)
        return -1;
    loader->decoder = (struct decoder){.arena = document->arena, .findings = document->findings};
    struct scenario *scenario = loader->scenario = new_scenario(loader, variant);
    if (loader->kept)
        read_drawn(loader);
    else
        scenario_draw(loader);
    scenario_read_mapping(loader, &scenario_schema, NULL, document->root, scenario, &loader->parts);
    if (*scenario->name)
        decode_name(&loader->decoder, "scenario", scenario->name, scenario->name_mark, 63);
    read_topology(loader);
    load_phases(loader);
    if (scenario->topology) {
        load_parts(loader);
        bind_phases(loader);
        load_articulate(loader);
        check_ids(loader);
        check_scenario(loader);
    }
    if (scenario->topology && document->findings->errors == before) {
        try_steps(loader, scenario->solution, scenario->solution_count);
        for (size_t i = 0; i < scenario->wrong_fix_count; i++)
            try_steps(loader, scenario->wrong_fixes[i].steps, scenario->wrong_fixes[i].step_count);
    }
    *out = scenario;
    return document->findings->errors == before ? 0 : -1;
}

int load_scenario_document(struct document *document, const struct variant *variant, struct scenario **out)
{
    return read_document(&(struct scenario_loader){.document = document, .variant = variant}, variant, out);
}

int load_scenario_bundle(struct document *document, const struct variant *variant, struct scenario **out)
{
    return read_document(&(struct scenario_loader){.document = document, .bundled = true}, variant, out);
}

static int finish(struct scenario_loader *loader, size_t before, struct scenario **out)
{
    struct document *document = loader->document;
    struct arena *arena = document->arena;
    const struct findings *findings = document->findings;
    int result = read_document(loader, NULL, out);
    if (!*out)
        arena_free(arena);
    return findings->errors == before ? result : -1;
}

int load_scenario(const char *path, struct sources *sources, struct findings *findings, struct scenario **out)
{
    size_t before = findings->errors;
    struct scenario_loader loader = {.document = document_read(arena_new(), sources, path, findings)};
    return finish(&loader, before, out);
}

int load_scenario_keeping(const char *name, const char *text, size_t length, const char *allotments,
                          struct sources *sources, struct findings *findings, struct scenario **out)
{
    size_t before = findings->errors;
    struct scenario_loader loader = {.document = document_parse(arena_new(), sources, name, text, length, findings),
                                     .allotments = allotments,
                                     .kept = true};
    return finish(&loader, before, out);
}

void scenario_free(struct scenario *scenario)
{
    if (scenario)
        arena_free(scenario->arena);
}

/* Of a solution the steps that change links: what an exercise permits beyond `allow`. */
static struct value *changes_of_links(struct arena *arena, const struct value *solution)
{
    struct value *rest = arena_copy(arena, solution, sizeof *solution);
    rest->items = NULL;
    rest->item_count = 0;
    for (size_t i = 0; solution->kind == VALUE_LIST && i < solution->item_count; i++) {
        const struct value *step = solution->items[i];
        for (size_t k = 0; step->kind == VALUE_MAP && k < step->entry_count; k++) {
            const struct entry *entry = &step->entries[k];
            if ((str_equal(entry->key, "set") || str_equal(entry->key, "unset")) && entry->value->kind == VALUE_TEXT &&
                strncmp(entry->value->text, "link/", 5) == 0)
                *ARENA_PUSH(arena, rest->items, rest->item_count) = solution->items[i];
        }
    }
    return rest;
}

/* A scenario's or a ticket's mapping without topology and wrong fixes, and with no more of the solution than that. */
static struct value *without_answers(struct arena *arena, const struct value *map)
{
    static const char *const left_out[] = {"topology", "wrong_fixes"};
    struct value *rest = arena_copy(arena, map, sizeof *map);
    if (map->kind != VALUE_MAP)
        return rest;
    rest->entries = NULL;
    rest->entry_count = 0;
    for (size_t i = 0; i < map->entry_count; i++) {
        struct entry entry = map->entries[i];
        bool keep = true;
        for (size_t w = 0; w < ARRAY_SIZE(left_out); w++)
            keep = keep && !str_equal(entry.key, left_out[w]);
        if (str_equal(entry.key, "solution")) {
            entry.value = changes_of_links(arena, entry.value);
            keep = entry.value->item_count > 0;
        }
        if (keep)
            *ARENA_PUSH(arena, rest->entries, rest->entry_count) = entry;
    }
    return rest;
}

void scenario_strip(const struct document *document, struct str *out)
{
    struct yaml yaml;
    struct value *rest = without_answers(document->arena, document->root);
    for (size_t i = 0; i < rest->entry_count; i++) {
        struct entry *entry = &rest->entries[i];
        if (!str_equal(entry->key, "tickets") || entry->value->kind != VALUE_MAP)
            continue;
        entry->value = arena_copy(document->arena, entry->value, sizeof *entry->value);
        struct entry *tickets =
            arena_copy(document->arena, entry->value->entries, entry->value->entry_count * sizeof *tickets);
        for (size_t t = 0; t < entry->value->entry_count; t++)
            tickets[t].value = without_answers(document->arena, tickets[t].value);
        entry->value->entries = tickets;
    }
    yaml_init(&yaml, out);
    yaml_value(&yaml, rest);
    if (out->length && out->data[out->length - 1] != '\n')
        str_append_char(out, '\n');
}

void scenario_join(const char *stripped, const char *topology, struct str *out)
{
    str_printf(out, "%stopology:\n", stripped);
    /* The canonical topology has block style throughout: indented, it is the value of a key. */
    for (const char *line = topology; *line;) {
        const char *end = line;
        while (*end && *end != '\n')
            end++;
        if (end > line)
            str_append(out, "  ");
        str_append_bytes(out, line, (size_t)(end - line));
        str_append_char(out, '\n');
        line = *end ? end + 1 : end;
    }
}
