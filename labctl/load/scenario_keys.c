/* The rows of a scenario's root, of what stands in a scenario and in a ticket alike, and the table of rules. */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"
#include "load/scenario_parts.h"

enum { LAYERS_MAX = 7 };

void keep_value(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
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

static void decode_programs(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct scenario *scenario = target;
    decode_marked(decoder, field->key, value, &scenario->requires_programs, &scenario->requires_programs_marks);
}

static void decode_kernel(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct scenario *scenario = target;
    decode_marked(decoder, field->key, value, &scenario->requires_kernel, &scenario->requires_kernel_marks);
}

static const struct field requires_fields[] = {
    {.key = "programs",
     .type = FIELD_TEXTS,
     FIELD_AT(struct scenario, requires_programs),
     .decode = decode_programs,
     .doc = "Programs that the exercise needs."},
    {.key = "kernel",
     .type = FIELD_TEXTS,
     FIELD_AT(struct scenario, requires_kernel),
     .decode = decode_kernel,
     .doc = "Capabilities of the kernel that have no fallback, by their names in labctl doctor."},
};
static const struct schema requires_schema = SCHEMA("requires", requires_fields);

static void read_accept(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)field;
    (void)target;
    (void)decoder;
    ((struct scenario_loader *)decoder)->parts.accept = value;
}

static const struct field diagnosis_fields[] = {
    {.key = "points",
     .type = FIELD_INTEGER,
     FIELD_AT(struct scenario, diagnosis_points),
     .most = POINTS_MAX,
     .required = true,
     .doc = "Points of the right claim."},
    {.key = "accept",
     .type = FIELD_TEXTS,
     .decode = read_accept,
     .doc = "Things that are as good an answer as the fault's own; with several faults, say it in the fault."},
};
static const struct schema diagnosis_schema = SCHEMA("diagnosis", diagnosis_fields);

/* Rows whose target lies in the scenario itself. */
static void read_nested(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    schema_decode(decoder, field->schema, NULL, value->mark, value, ((struct scenario_loader *)decoder)->scenario);
}

#define PART(member) FIELD_AT(struct scenario_parts, member), .decode = keep_value
static const struct field ticket_part_fields[] = {
    {.key = "faults",
     .type = FIELD_LIST,
     PART(faults),
     .schema = &fault_schema,
     .doc = "What is broken when the clock starts; of a ticket: when its phase begins."},
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
const struct schema ticket_parts_schema = SCHEMA("ticket", ticket_part_fields);

static const struct field part_fields[] = {
    {.key = "topology",
     .type = FIELD_CUSTOM,
     PART(topology),
     .required = true,
     .wants = "a file name or a topology",
     .json = "{\"anyOf\": [{\"type\": \"string\"}, {\"$ref\": \"#/$defs/topology\"}]}",
     .doc = "The topology: a file beside the scenario, or the topology itself."},
    {.key = "vars",
     .type = FIELD_NAMED,
     PART(vars),
     .schema = &variable_schema,
     .doc = "Variables, drawn by seed and learner; ${NAME} stands for one."},
    {.key = "phases",
     .type = FIELD_LIST,
     PART(phases),
     .schema = &phase_schema,
     .doc = "Phases of an exit test, instead of time."},
    {.key = "tickets",
     .type = FIELD_NAMED,
     PART(tickets),
     .schema = &ticket_schema,
     .doc = "Tickets that phases name or draw from."},
    {.key = "articulate",
     .type = FIELD_MAPPING,
     PART(articulate),
     .schema = &articulate_schema,
     .doc = "A text that a person marks."},
};
static const struct schema parts_schema = {.name = "scenario",
                                           .fields = part_fields,
                                           .count = ARRAY_SIZE(part_fields),
                                           .also = &ticket_parts_schema};

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
    {.key = "diagnosis",
     .type = FIELD_MAPPING,
     .decode = read_nested,
     .schema = &diagnosis_schema,
     .doc = "Points for naming the fault."},
    {.key = "control",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct scenario, control),
     .doc = "A healthy control: nothing is broken."},
};
const struct schema scenario_schema = {.name = "scenario",
                                       .fields = scenario_fields,
                                       .count = ARRAY_SIZE(scenario_fields),
                                       .also = &parts_schema};

const struct schema *const scenario_schemas[] = {
    &scenario_schema,  &parts_schema,      &ticket_parts_schema, &variable_schema, &phase_schema,    &draw_schema,
    &ticket_schema,    &fault_schema,      &task_schema,         &question_schema, &hint_schema,     &step_schema,
    &wrong_fix_schema, &articulate_schema, &rubric_schema,       &requires_schema, &diagnosis_schema};
const size_t scenario_schema_count = ARRAY_SIZE(scenario_schemas);

const struct rule_name scenario_rules[] = {
    {"accept-of-any", "Where several things are broken, a place that is as good is said to be of one of them."},
    {"articulate-points", "The points of a rubric are no more than those of the text."},
    {"control-with-fault", "A healthy control has no fault."},
    {"dangling-accept", "A place that is as good as the fault's own is a thing of the topology."},
    {"dangling-caught-by", "What catches a wrong fix is a task or a guard of the scenario."},
    {"dangling-hint", "A hint is for a task of the scenario."},
    {"dangling-phase", "What a phase names is a task of the scenario."},
    {"dangling-step", "A step of a solution names a thing of the topology."},
    {"diagnosis", "Where a diagnosis has points there is a fault to be named, or a healthy control."},
    {"draw-pick", "A draw picks no more tickets than it may pick from."},
    {"duplicate-id", "Tasks, checks, guards, questions, faults, wrong fixes and phases have different ids."},
    {"fault-schedule", "A fault that comes again ends before that, and a scheduled one comes before the time is over."},
    {"guard-penalty", "A guard has a penalty."},
    {"guard-points", "A guard has a penalty, no points; a check of a task the other way round."},
    {"hint-cost", "The hints of a task cost no more than its points."},
    {"no-solution", "Where something is to be repaired or built there is a solution; a warning."},
    {"no-task", "A scenario has a task, and a fault where something is to be repaired."},
    {"no-wrong-fix", "A scenario with a task has a wrong fix that must not pass; a warning."},
    {"question-form", "A question has choices, a number, a pattern or an answer, and its own answer is right."},
    {"step-form", "A step is set with to, unset, run with at, or apply."},
    {"step-value", "A value that a step sets fits its key, and a file that it applies is a topology."},
    {"task-phase", "Where there are phases, a task that is no ticket's is in one of them."},
    {"task-points", "The points of a task are not less than those of its checks."},
    {"ticket-twice", "A ticket is in one phase only, and there once."},
    {"time-and-phases", "A scenario has a time or phases, never both."},
    {"unknown-ticket", "What a phase names or draws from is a ticket of the scenario."},
    {"unknown-variable", "What ${} names is a variable of the scenario."},
    {"unproved-guard", "Each guard catches a wrong fix: it can go red; a warning."},
    {"unreadable-file", "A file that is named can be read."},
    {"unused-ticket", "A ticket is in a phase."},
    {"unused-variable", "A variable is used."},
    {"variable-form", "A variable has a name, and chooses from a list or has a range."},
};
const size_t scenario_rule_count = ARRAY_SIZE(scenario_rules);
