/* The scenario: what the author's exercise file says, decoded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mark.h"
#include "model/topology.h"

/* One parameter of a fault as written, kept as text: the fault's own table (fault/) types it. */
struct fault_parameter {
    const char *key, *value; /* scalar text; a list is joined by ","; NULL: could not be read, of a vague fault */
    struct mark mark;        /* of the value */
    struct mark key_mark;
};

struct fault {
    const char *id;   /* given or made: "fault-1" */
    const char *kind; /* checked against the registry by fault/; NULL where a vague fault has none */
    struct mark mark, kind_mark;
    struct strings at; /* one or two things */
    struct mark *at_marks;
    struct strings accept; /* things that are as good an answer as its own */
    struct mark *accept_marks;
    struct fault_parameter *parameters;
    size_t parameter_count;
    int64_t after, lasts, every; /* ns by the exercise's clock ("after", "for", "every"); all 0: in force throughout */
    bool seeded;
    bool vague;                  /* something of it could not be read (reported): it is looked at, and no more */
    uint64_t seed;               /* of what it draws by chance, where seeded */
    const struct ticket *ticket; /* of which it is a part, or NULL */
    int phase;                   /* when it is put in: index of the ticket's phase, or -1: from the beginning */
};
/* True where a fault comes or goes by the clock. */
static inline bool fault_is_scheduled(const struct fault *fault)
{
    return fault->after || fault->lasts || fault->every;
}
/* True where the exercise begins with it, if it does not come by the clock. */
static inline bool fault_is_first(const struct fault *fault)
{
    return fault->phase <= 0;
}

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
    const struct ticket *ticket; /* of which it is a part, or NULL */
    int phase;                   /* index of its phase, or -1 where there are none */
    struct mark mark;
};

enum question_form { QUESTION_CHOICE, QUESTION_NUMBER, QUESTION_PATTERN, QUESTION_TEXT, QUESTION_FORM_COUNT };
struct question {
    const char *id, *ask, *explain; /* explain: or NULL */
    uint32_t points;
    enum question_form form;
    struct strings choices;
    const char *answer;  /* choice, text: the right one; number: as written; pattern: one that matches, or NULL */
    const char *pattern; /* an extended regular expression */
    double number;
    uint32_t tolerance; /* share of the number */
    int phase;          /* of its ticket, or -1 */
    struct mark mark;
};

/* A text that a person marks (`labctl mark`). */
struct rubric {
    uint32_t points;
    const char *text;
    struct mark mark;
};
struct articulate {
    const char *prompt;
    uint32_t words;  /* wanted; 0 = any number */
    uint32_t points; /* outside `pass` until it is marked */
    struct rubric *rubric;
    size_t rubric_count;
    struct mark mark;
};

/* One of the cases that a phase draws from: faults with tasks.  They are in the scenario's own lists as well. */
struct ticket {
    const char *id, *title;  /* title: or NULL */
    const char *restriction; /* `restrict`: shown with the briefing, or NULL */
    int phase;
    const struct fault **faults;
    size_t fault_count;
    const struct task **tasks;
    size_t task_count;
    struct mark mark;
};

struct phase {
    const char *id, *title;  /* title: or NULL */
    int64_t time;            /* ns; 0 = none */
    struct strings tasks;    /* ids of its own tasks, without those of its tickets */
    struct ticket **tickets; /* drawn ones, in the order in which they were drawn */
    size_t ticket_count;
    struct mark mark;
};

/* A variable as it was drawn. */
struct variable {
    const char *name, *value; /* value: YAML text on one line */
};

/* What a scenario's draws depend on: both may be NULL, which is the same as "". */
struct variant {
    const char *seed, *learner;
    /* For who tries a scenario out: one variable that is not drawn, but takes its value of that number, counted from 0;
     * NULL: none. */
    const char *fixed;
    uint64_t number;
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
    int64_t time;  /* ns; 0 = none, or there are phases */
    int64_t grace; /* ns: how much lost time an exam gives back */
    uint32_t pass; /* share, parts per 10^9 */
    struct strings requires_programs, requires_kernel, allow;
    struct mark *requires_programs_marks, *requires_kernel_marks; /* one for each */
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
    bool control;         /* a healthy control */
    struct phase *phases; /* none: one clock, one part */
    size_t phase_count;
    uint32_t diagnosis_points;       /* 0 = no claim is scored */
    struct strings diagnosis_accept; /* things that are as good as those of whatever fault a claim counts for */
    struct articulate *articulate;   /* or NULL */
    /* Of which variant it is: for the report. */
    const char *seed, *learner; /* never NULL */
    struct variable *variables;
    size_t variable_count;
};

/* How long all phases take together, or the scenario's time; 0 = no deadline. */
int64_t scenario_time(const struct scenario *scenario);
/* False where a later phase brings faults of its own, other than by the clock. */
bool scenario_begins_with_all(const struct scenario *scenario);
/* The part of that id, or NULL. */
const struct task *scenario_task(const struct scenario *scenario, const char *id);
