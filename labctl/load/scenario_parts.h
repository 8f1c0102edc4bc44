/* What the files that decode a scenario share. */
#pragma once

#include "load/scenario.h"
#include "model/scenario.h"

/* The parts as they stand in the file: they are decoded in the order in which they need each other. */
struct scenario_parts {
    const struct value *topology, *faults, *tasks, *guards, *questions, *hints, *solution, *wrong_fixes;
};

struct scenario_loader {
    struct decoder decoder; /* first: field_decode functions get it as a struct decoder */
    struct document *document;
    struct scenario *scenario;
    struct scenario_parts parts;
    const char *allotments; /* of a running lab, or NULL */
};

void load_faults(struct scenario_loader *loader);
void load_tasks(struct scenario_loader *loader);
void load_guards(struct scenario_loader *loader);
void load_questions(struct scenario_loader *loader);
void load_hints(struct scenario_loader *loader);
void load_solution(struct scenario_loader *loader);
void load_wrong_fixes(struct scenario_loader *loader);

/* "task 3", where a thing has no id of its own. */
const char *made_id(struct scenario_loader *loader, const char *prefix, size_t index);
struct finding *scenario_error(struct scenario_loader *loader, const char *rule, struct mark mark, const char *format,
                               ...) __attribute__((format(printf, 4, 5)));
/* Reports that `id` stands twice. */
void scenario_twice(struct scenario_loader *loader, const char *what, const char *id, struct mark mark,
                    struct mark first);

extern const struct schema fault_schema, task_schema, question_schema, hint_schema, step_schema, wrong_fix_schema;
