/* What the files that decode a scenario share. */
#pragma once

#include "load/scenario.h"
#include "model/scenario.h"

enum { POINTS_MAX = 1000000 };

/* The parts as they stand in the file, or in a ticket: they are decoded in the order in which they need each other. */
struct scenario_parts {
    const struct value *topology, *vars, *phases, *tickets, *articulate, *accept; /* of the scenario alone */
    const struct value *faults, *tasks, *guards, *questions, *hints, *solution, *wrong_fixes;
    struct ticket *ticket; /* of which they are, or NULL */
};

struct scenario_loader {
    struct decoder decoder; /* first: field_decode functions get it as a struct decoder */
    struct document *document;
    struct scenario *scenario;
    const struct variant *variant; /* or NULL */
    struct scenario_parts parts;
    struct scenario_parts *ticket_parts; /* of the tickets that were drawn, in their order */
    size_t ticket_count;
    const char *allotments;    /* of a running lab, or NULL */
    bool kept;                 /* what an exercise keeps: drawn already, without its solution */
    bool bundled;              /* without its solution, but not drawn */
    const struct value *drawn; /* what was drawn, as an entry of the root */
};

/* Draws: replaces variables by what they stand for and `draw` by tickets, in a copy of the document's tree. */
void scenario_draw(struct scenario_loader *loader);                             /* scenario_draw.c */
struct value *draw_tickets(struct scenario_loader *loader, struct value *root); /* scenario_tickets.c */
/* A number that depends on the scenario, its variant and the name of the draw alone. */
uint64_t draw_number(const struct scenario_loader *loader, const char *name);

/* The phases of a drawn document with their tickets: before the parts, and what binds them together afterwards. */
void load_phases(struct scenario_loader *loader);
void bind_phases(struct scenario_loader *loader);

/* Each decodes one part of the scenario, or of a ticket. */
void load_faults(struct scenario_loader *loader, const struct scenario_parts *parts);
void load_tasks(struct scenario_loader *loader, const struct scenario_parts *parts);
void load_guards(struct scenario_loader *loader, const struct scenario_parts *parts);
void load_questions(struct scenario_loader *loader, const struct scenario_parts *parts);
void load_hints(struct scenario_loader *loader, const struct scenario_parts *parts);
void load_solution(struct scenario_loader *loader, const struct scenario_parts *parts);
void load_wrong_fixes(struct scenario_loader *loader, const struct scenario_parts *parts);
void load_articulate(struct scenario_loader *loader);

/* Whether the steps, one after the other, lead from the healthy topology to valid ones. */
void try_steps(struct scenario_loader *loader, const struct step *steps, size_t count);

/* What the parts must be to one another, once they are decoded. */
void check_scenario(struct scenario_loader *loader);

/* "task-3", "dns-task-3" in ticket dns: where a thing has no id of its own. */
const char *made_id(struct scenario_loader *loader, const struct ticket *ticket, const char *prefix, size_t index);
struct finding *scenario_error(struct scenario_loader *loader, const char *rule, struct mark mark, const char *format,
                               ...) __attribute__((format(printf, 4, 5)));
/* Reports that `id` stands twice. */
void scenario_twice(struct scenario_loader *loader, const char *what, const char *id, struct mark mark,
                    struct mark first);
/* Whether a task, or with `guards` a guard, that could not be read may be called `id`: that was reported, and is none
 * of who names it. */
bool scenario_misread(const struct scenario_loader *loader, const char *id, bool guards);
/* Decodes a mapping whose keys go to two places, by `schema` and by `schema->also`. */
void scenario_read_mapping(struct scenario_loader *loader, const struct schema *schema, const char *name,
                           const struct value *map, void *target, void *also);
/* Keeps the value itself, to be decoded later. */
field_decode keep_value;

extern const struct schema fault_schema, task_schema, question_schema, hint_schema, step_schema, wrong_fix_schema,
    variable_schema, phase_schema, draw_schema, ticket_schema, articulate_schema, rubric_schema, ticket_parts_schema;
