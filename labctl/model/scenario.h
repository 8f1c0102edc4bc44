/* The scenario: what the author's exercise file says, decoded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mark.h"
#include "model/topology.h"

/* One parameter of a fault as written, kept as text: the fault's own table (fault/) types it. */
struct fault_parameter {
    const char *key, *value; /* scalar text; a list is joined by "," */
    struct mark mark;        /* of the value */
    struct mark key_mark;
};

struct fault {
    const char *id;   /* given or made: "fault-1" */
    const char *kind; /* checked against the registry by fault/ */
    struct mark mark, kind_mark;
    struct strings at; /* one or two things */
    struct mark *at_marks;
    struct fault_parameter *parameters;
    size_t parameter_count;
    int64_t after, lasts, every; /* ns; schedules ("after", "for", "every"): not supported yet where not 0 */
};

/* One step of a solution or of a wrong fix. */
enum step_kind { STEP_SET, STEP_UNSET, STEP_RUN, STEP_APPLY, STEP_KIND_COUNT };
struct step {
    enum step_kind kind;
    const char *path;      /* set, unset: THING/KEY */
    const char *value;     /* set: the value as YAML text (flow style, one line) */
    const struct node *at; /* run */
    const char *run;
    const char *apply; /* apply: path beside the scenario */
    struct mark mark;
};

struct wrong_fix {
    const char *id;
    struct step *steps;
    size_t step_count;
    struct strings caught_by; /* ids of tasks or guards */
    struct mark mark;
};

struct hint {
    const char *task; /* id */
    uint32_t cost;
    const char *text;
    struct mark mark;
};

struct task {
    const char *id, *title;
    bool build;      /* kind: build */
    uint32_t points; /* sum of its checks' points, or declared and shared equally among them */
    struct check **checks;
    size_t check_count;
    struct mark mark;
};

enum question_form { QUESTION_CHOICE, QUESTION_NUMBER, QUESTION_PATTERN, QUESTION_TEXT, QUESTION_FORM_COUNT };
struct question { /* validated now, used later */
    const char *id, *ask, *explain;
    uint32_t points;
    enum question_form form;
    struct strings choices;
    const char *answer, *pattern;
    double number;
    uint32_t tolerance; /* share */
    struct mark mark;
};

struct scenario {
    struct arena *arena; /* shared with topology */
    const char *name, *title;
    struct mark name_mark, mark;
    struct topology *topology; /* loaded and resolved */
    const char *topology_path; /* as written, or NULL when in place */
    uint32_t level;            /* 1..5 */
    uint32_t layers[7];
    size_t layer_count;
    int64_t time;  /* ns; 0 = none */
    uint32_t pass; /* share, parts per 10^9 */
    struct strings requires_programs, requires_kernel, allow;
    const char *briefing;
    struct fault *faults;
    size_t fault_count;
    struct task *tasks;
    size_t task_count;
    struct check **guards;
    size_t guard_count;
    struct question *questions;
    size_t question_count;
    struct hint *hints;
    size_t hint_count;
    struct step *solution;
    size_t solution_count;
    struct wrong_fix *wrong_fixes;
    size_t wrong_fix_count;
    bool control;              /* a healthy control */
    uint32_t diagnosis_points; /* validated now, used later */
};
