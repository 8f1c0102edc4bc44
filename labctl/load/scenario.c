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

enum { LAYERS_MAX = 7 };
static const uint32_t pass_default = 700000000; /* 70 % */

static void keep_value(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)decoder;
    *(const struct value **)((char *)target + field->offset) = value;
}

static void read_layers(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct scenario *scenario = ((struct scenario_loader *)decoder)->scenario;
    (void)target;
    if (!decode_list(decoder, field->key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++) {
        int64_t layer;
        if (!decode_integer(decoder, field->key, value->items[i], 1, 7, &layer))
            continue;
        if (scenario->layer_count < LAYERS_MAX)
            scenario->layers[scenario->layer_count++] = (uint32_t)layer;
    }
}

static void read_allow(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    static const char *const words[] = {"explain", "matrix", "apply"};
    struct strings *allow = &((struct scenario *)target)->allow;
    if (!decode_list(decoder, field->key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++) {
        int word;
        if (decode_word(decoder, field->key, value->items[i], words, ARRAY_SIZE(words), &word))
            *ARENA_PUSH(decoder->arena, allow->items, allow->count) = words[word];
    }
}

static const struct field requires_fields[] = {
    {.key = "programs",
     .type = FIELD_TEXTS,
     FIELD_AT(struct scenario, requires_programs),
     .doc = "Programs that the exercise needs."},
    {.key = "kernel",
     .type = FIELD_TEXTS,
     FIELD_AT(struct scenario, requires_kernel),
     .doc = "Capabilities of the kernel that have no fallback, by their names in labctl doctor."},
};
static const struct schema requires_schema = SCHEMA("requires", requires_fields);

static const struct field diagnosis_fields[] = {
    {.key = "points",
     .type = FIELD_INTEGER,
     FIELD_AT(struct scenario, diagnosis_points),
     .most = 1000000,
     .required = true,
     .doc = "Points of the right claim."},
    {.key = "accept",
     .type = FIELD_CUSTOM,
     .later = true,
     .wants = "a list of things",
     .json = "{\"type\": \"array\"}",
     .doc = "Places that are as good as the fault's own."},
};
static const struct schema diagnosis_schema = SCHEMA("diagnosis", diagnosis_fields);

/* Rows whose target lies in the scenario itself. */
static void read_nested(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    schema_decode(decoder, field->schema, NULL, value->mark, value, ((struct scenario_loader *)decoder)->scenario);
}

#define PART(member) FIELD_AT(struct scenario_parts, member), .decode = keep_value
static const struct field part_fields[] = {
    {.key = "topology",
     .type = FIELD_CUSTOM,
     PART(topology),
     .required = true,
     .wants = "a file name or a topology",
     .json = "{\"type\": [\"string\", \"object\"]}",
     .doc = "The topology: a file beside the scenario, or the topology itself."},
    {.key = "faults",
     .type = FIELD_LIST,
     PART(faults),
     .schema = &fault_schema,
     .doc = "What is broken when the clock starts."},
    {.key = "tasks",
     .type = FIELD_LIST,
     PART(tasks),
     .schema = &task_schema,
     .doc = "What has to be repaired or built."},
    {.key = "guards",
     .type = FIELD_CUSTOM,
     PART(guards),
     .wants = "a list of checks",
     .json = "{\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/check\"}}",
     .doc = "Checks that must stay green: what a bad repair would break."},
    {.key = "questions",
     .type = FIELD_LIST,
     PART(questions),
     .schema = &question_schema,
     .doc = "Questions with a fixed answer."},
    {.key = "hints",
     .type = FIELD_LIST,
     PART(hints),
     .schema = &hint_schema,
     .doc = "Hints, handed out in this order for each task."},
    {.key = "solution",
     .type = FIELD_LIST,
     PART(solution),
     .schema = &step_schema,
     .doc = "The steps of a repair that earns all points."},
    {.key = "wrong_fixes",
     .type = FIELD_LIST,
     PART(wrong_fixes),
     .schema = &wrong_fix_schema,
     .doc = "Repairs that must not pass."},
};
static const struct schema parts_schema = SCHEMA("scenario", part_fields);

static const struct field scenario_fields[] = {
    {.key = "scenario",
     .type = FIELD_TEXT,
     FIELD_AT(struct scenario, name),
     .required = true,
     .doc = "The scenario's name."},
    {.key = "title", .type = FIELD_TEXT, FIELD_AT(struct scenario, title), .doc = "One line for a list of exercises."},
    {.key = "level",
     .type = FIELD_INTEGER,
     FIELD_AT(struct scenario, level),
     .least = 1,
     .most = 5,
     .doc = "From 1, first steps, to 5, expert."},
    {.key = "layers",
     .type = FIELD_CUSTOM,
     .decode = read_layers,
     .wants = "a list of 1 to 7",
     .json = "{\"type\": \"array\", \"items\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 7}}",
     .doc = "The layers that it is about."},
    {.key = "time",
     .type = FIELD_DURATION,
     FIELD_AT(struct scenario, time),
     .doc = "How long the clock runs; without it there is no deadline."},
    {.key = "grace",
     .type = FIELD_DURATION,
     FIELD_AT(struct scenario, grace),
     .fallback = "0",
     .doc = "How much time that was lost by a crash or a reboot an exam gives back."},
    {.key = "phases",
     .type = FIELD_CUSTOM,
     .later = true,
     .wants = "a list of phases",
     .json = "{\"type\": \"array\"}",
     .doc = "Phases of an exit test, instead of time."},
    {.key = "pass",
     .type = FIELD_SHARE,
     FIELD_AT(struct scenario, pass),
     .fallback = "70%",
     .doc = "The share of the points that passes, compared exactly."},
    {.key = "requires",
     .type = FIELD_MAPPING,
     .decode = read_nested,
     .schema = &requires_schema,
     .doc = "What the machine must have."},
    {.key = "allow",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct scenario, allow),
     .decode = read_allow,
     .wants = "a list of explain, matrix, apply",
     .json = "{\"type\": \"array\", \"items\": {\"enum\": [\"explain\", \"matrix\", \"apply\"]}}",
     .doc = "Commands that are otherwise refused in an exercise."},
    {.key = "briefing", .type = FIELD_TEXT, FIELD_AT(struct scenario, briefing), .doc = "What the learner is told."},
    {.key = "vars",
     .type = FIELD_CUSTOM,
     .later = true,
     .wants = "a mapping",
     .json = "{\"type\": \"object\"}",
     .doc = "Variables, drawn by seed."},
    {.key = "tickets",
     .type = FIELD_CUSTOM,
     .later = true,
     .wants = "a mapping",
     .json = "{\"type\": \"object\"}",
     .doc = "Tickets that a phase draws from."},
    {.key = "diagnosis",
     .type = FIELD_MAPPING,
     .decode = read_nested,
     .schema = &diagnosis_schema,
     .doc = "Points for naming the fault."},
    {.key = "articulate",
     .type = FIELD_CUSTOM,
     .later = true,
     .wants = "a mapping",
     .json = "{\"type\": \"object\"}",
     .doc = "A text that a person marks."},
    {.key = "control",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct scenario, control),
     .doc = "A healthy control: nothing is broken."},
};
const struct schema scenario_schema = {.name = "scenario",
                                       .fields = scenario_fields,
                                       .count = ARRAY_SIZE(scenario_fields),
                                       .also = &parts_schema};

const struct schema *const scenario_schemas[] = {&scenario_schema, &parts_schema,    &fault_schema, &task_schema,
                                                 &question_schema, &hint_schema,     &step_schema,  &wrong_fix_schema,
                                                 &requires_schema, &diagnosis_schema};
const size_t scenario_schema_count = ARRAY_SIZE(scenario_schemas);

const struct rule_name scenario_rules[] = {
    {"control-with-fault", "A healthy control has no fault."},
    {"dangling-caught-by", "What catches a wrong fix is a task or a guard of the scenario."},
    {"dangling-hint", "A hint is for a task of the scenario."},
    {"dangling-step", "A step of a solution names a thing of the topology."},
    {"duplicate-id", "Tasks, checks, guards, questions, faults and wrong fixes have different ids."},
    {"guard-points", "A guard has a penalty, no points; a check of a task the other way round."},
    {"hint-cost", "The hints of a task cost no more than its points."},
    {"no-task", "A scenario has a task, and a fault where something is to be repaired."},
    {"question-form", "A question has choices, a number, a pattern or an answer."},
    {"step-form", "A step is set with to, unset, run with at, or apply."},
    {"task-points", "The points of a task are not less than those of its checks."},
    {"time-and-phases", "A scenario has a time or phases, never both."},
    {"unreadable-file", "A file that is named can be read."},
};
const size_t scenario_rule_count = ARRAY_SIZE(scenario_rules);

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

const char *made_id(struct scenario_loader *loader, const char *prefix, size_t index)
{
    return arena_printf(loader->decoder.arena, "%s-%zu", prefix, index + 1);
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

/* What the parts must be to one another. */
static void check_whole(struct scenario_loader *loader, const struct value *root)
{
    const struct scenario *scenario = loader->scenario;
    const struct entry *time = value_entry(root, "time"), *phases = value_entry(root, "phases");
    if (time && phases) {
        struct finding *finding =
            scenario_error(loader, "time-and-phases", phases->key_mark, "'time' and 'phases' exclude each other");
        finding->other = time->key_mark;
        finding->other_text = "time stands here";
    }
    bool repair = false;
    for (size_t i = 0; i < scenario->task_count; i++)
        repair = repair || !scenario->tasks[i].build;
    if (scenario->control && scenario->fault_count)
        scenario_error(loader, "control-with-fault", scenario->faults[0].mark,
                       "a healthy control (control: true) has no fault");
    if (!scenario->control && !loader->parts.tasks)
        scenario_error(loader, "no-task", scenario->name_mark, "scenario '%s' has no task", scenario->name);
    if (!scenario->control && repair && !loader->parts.faults)
        scenario_error(loader, "no-task", scenario->name_mark, "scenario '%s' has repair tasks but no fault",
                       scenario->name);
}

/* The root's keys go to two places: the scenario itself, and the parts that are decoded later. */
static void read_root(struct scenario_loader *loader, const struct value *root)
{
    struct decoder *decoder = &loader->decoder;
    for (size_t i = 0; i < root->entry_count; i++) {
        const struct entry *entry = &root->entries[i];
        const struct field *field = schema_field(&scenario_schema, entry->key),
                           *part = schema_field(&parts_schema, entry->key);
        if (field && field->later)
            decode_later(decoder, field->key, entry->key_mark);
        else if (field)
            field_read(decoder, field, entry->value, loader->scenario);
        else if (part)
            field_read(decoder, part, entry->value, &loader->parts);
        else
            schema_unknown(decoder, &scenario_schema, NULL, entry->key, entry->key_mark);
    }
    schema_missing(decoder, &scenario_schema, NULL, root->mark, root);
    schema_missing(decoder, &parts_schema, NULL, root->mark, root);
}

static int read_document(struct document *document, const char *allotments, const struct variant *variant,
                         struct scenario **out)
{
    size_t before = document->findings->errors;
    struct scenario_loader loader = {.decoder = {.arena = document->arena, .findings = document->findings},
                                     .document = document,
                                     .allotments = allotments};
    *out = NULL;
    if (!document->root)
        return -1;
    struct scenario *scenario = loader.scenario = ARENA_NEW(document->arena, struct scenario);
    scenario->arena = document->arena;
    scenario->mark = document->root->mark;
    scenario->pass = pass_default;
    scenario->name = "";
    scenario->seed = variant && variant->seed ? arena_strdup(document->arena, variant->seed) : "";
    scenario->learner = variant && variant->learner ? arena_strdup(document->arena, variant->learner) : "";
    read_root(&loader, document->root);
    const struct value *name = value_get(document->root, "scenario");
    scenario->name_mark = name ? name->mark : document->root->mark;
    if (*scenario->name)
        decode_name(&loader.decoder, "scenario", scenario->name, scenario->name_mark, 63);
    read_topology(&loader);
    if (scenario->topology) {
        load_faults(&loader);
        load_tasks(&loader);
        load_guards(&loader);
        load_questions(&loader);
        load_hints(&loader);
        load_solution(&loader);
        load_wrong_fixes(&loader);
        check_ids(&loader);
    }
    check_whole(&loader, document->root);
    *out = scenario;
    return document->findings->errors == before ? 0 : -1;
}

int load_scenario_document(struct document *document, const struct variant *variant, struct scenario **out)
{
    return read_document(document, NULL, variant, out);
}

static int finish(struct arena *arena, struct document *document, const char *allotments, size_t before,
                  struct scenario **out)
{
    int result = read_document(document, allotments, NULL, out);
    if (!*out)
        arena_free(arena);
    return document->findings->errors == before ? result : -1;
}

int load_scenario(const char *path, struct sources *sources, struct findings *findings, struct scenario **out)
{
    size_t before = findings->errors;
    struct arena *arena = arena_new();
    return finish(arena, document_read(arena, sources, path, findings), NULL, before, out);
}

int load_scenario_text(const char *name, const char *text, size_t length, struct sources *sources,
                       struct findings *findings, struct scenario **out)
{
    return load_scenario_keeping(name, text, length, NULL, sources, findings, out);
}

int load_scenario_keeping(const char *name, const char *text, size_t length, const char *allotments,
                          struct sources *sources, struct findings *findings, struct scenario **out)
{
    size_t before = findings->errors;
    struct arena *arena = arena_new();
    return finish(arena, document_parse(arena, sources, name, text, length, findings), allotments, before, out);
}

void scenario_free(struct scenario *scenario)
{
    if (scenario)
        arena_free(scenario->arena);
}

void scenario_strip(const struct document *document, struct str *out)
{
    static const char *const left_out[] = {"topology", "solution", "wrong_fixes"};
    struct yaml yaml;
    struct value rest = *document->root;
    struct entry *entries = arena_alloc(document->arena, (rest.entry_count + 1) * sizeof *entries);
    size_t count = 0;
    for (size_t i = 0; i < rest.entry_count; i++) {
        bool keep = true;
        for (size_t w = 0; w < ARRAY_SIZE(left_out); w++)
            keep = keep && !str_equal(rest.entries[i].key, left_out[w]);
        if (keep)
            entries[count++] = rest.entries[i];
    }
    rest.entries = entries;
    rest.entry_count = count;
    yaml_init(&yaml, out);
    yaml_value(&yaml, &rest);
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
