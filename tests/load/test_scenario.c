/* Scenarios: what is decoded, how points are shared out, and that a scenario kept apart from its topology comes
 * together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/mark.h"
#include "base/str.h"
#include "doc/doc.h"
#include "load/load.h"
#include "load/merge.h"
#include "load/scenario.h"
#include "model/check.h"
#include "model/scenario.h"

#define TOPOLOGY                                                                                                       \
    "topology:\n  lab: shop\n  bridges: { lan: {} }\n  nodes:\n    web: { bridge: lan, address: 10.0.0.1/24 }\n    "   \
    "db: { bridge: lan, address: 10.0.0.2/24 }\n"
#define FAULTS "faults: [ { kind: loss, at: node/web/eth0, loss: 5% } ]\n"
#define TASKS  "tasks: [ { id: t, checks: [ { from: web, ping: db } ] } ]\n"

struct loaded {
    struct arena *arena;
    struct sources *sources;
    struct findings findings;
    struct document *document;
    struct scenario *scenario;
};

static struct loaded load(const char *text)
{
    struct loaded l = {.arena = arena_new()};
    l.sources = sources_new(l.arena);
    findings_init(&l.findings, l.arena);
    l.document = document_parse(l.arena, l.sources, "test.yaml", text, strlen(text), &l.findings);
    load_scenario_document(l.document, NULL, &l.scenario);
    findings_sort(&l.findings);
    return l;
}

static void loaded_free(struct loaded *l)
{
    arena_free(l->arena);
}
#define LOADED_AUTO __attribute__((cleanup(loaded_free))) struct loaded

static void valid(const struct loaded *l)
{
    for (size_t i = 0; i < l->findings.count; i++)
        print_error("%s\n", l->findings.items[i].text);
    assert_int_equal(l->findings.errors, 0);
}

/* The only complaint about a text. */
static void refused(const char *text, const char *rule, const char *message)
{
    LOADED_AUTO l = load(text);
    for (size_t i = 1; i < l.findings.count; i++)
        print_error("%s [%s]\n", l.findings.items[i].text, l.findings.items[i].rule);
    assert_int_equal(l.findings.errors, 1);
    assert_string_equal(l.findings.items[0].rule, rule);
    assert_string_equal(l.findings.items[0].text, message);
}

static void decodes_a_scenario(void **state)
{
    (void)state;
    LOADED_AUTO l =
        load("scenario: s\nlevel: 3\nlayers: [3, 4]\ntime: 45m\npass: 62.5%\nallow: [matrix]\ncontrol: false\n"
             "requires: { programs: [dig] }\nbriefing: go\n" TOPOLOGY
             "faults: [ { id: f, kind: asymmetric-routing, at: [web, db], via: web, ports: [80, 443] } ]\n" TASKS
             "guards: [ { id: g, from: db, ping: web, penalty: 40 } ]\n"
             "hints: [ { task: t, cost: 5, text: look } ]\n"
             "solution: [ { set: node/web/gateway, to: 10.0.0.9 }, { at: db, run: \"true\" }, { unset: "
             "node/web/address } ]\n"
             "wrong_fixes: [ { id: w, steps: [ { at: db, run: \"false\" } ], caught_by: [t, g] } ]\n"
             "questions: [ { id: q, points: 5, ask: why, number: 40, tolerance: 10% } ]\n"
             "diagnosis: { points: 15 }\n");
    valid(&l);
    const struct scenario *s = l.scenario;
    assert_true(s->time == INT64_C(45) * 60 * 1000000000);
    assert_int_equal(s->pass, 625000000);
    assert_int_equal(s->layer_count, 2);
    assert_int_equal(s->faults[0].at.count, 2);
    assert_string_equal(s->faults[0].parameters[1].value, "80,443");
    assert_int_equal(s->faults[0].kind_mark.line, 16);
    assert_int_equal(s->guards[0]->penalty, 40);
    assert_string_equal(s->solution[0].value, "10.0.0.9");
    assert_int_equal(s->solution[1].kind, STEP_RUN);
    assert_string_equal(s->solution[1].at->name, "db");
    assert_int_equal(s->wrong_fixes[0].caught_by.count, 2);
    assert_int_equal(s->questions[0].form, QUESTION_NUMBER);
    assert_int_equal(s->diagnosis_points, 15);
}

static void points_are_shared_equally(void **state)
{
    (void)state;
    LOADED_AUTO l =
        load("scenario: s\n" TOPOLOGY FAULTS "tasks:\n"
             "  - { id: a, points: 10, checks: [ { from: web, ping: db }, { from: db, ping: web }, { from: db, ping: "
             "10.0.0.1 } ] }\n"
             "  - { id: b, checks: [ { from: web, ping: db, points: 7 }, { from: db, ping: web, points: 4 } ] }\n"
             "  - { id: c, points: 20, checks: [ { from: web, ping: db, points: 15 }, { from: db, ping: web } ] }\n"
             "  - { id: d, checks: [ { from: web, ping: db } ] }\n");
    valid(&l);
    const struct task *tasks = l.scenario->tasks;
    assert_int_equal(tasks[0].checks[0]->points, 4); /* 10 = 4 + 3 + 3 */
    assert_int_equal(tasks[0].checks[1]->points, 3);
    assert_int_equal(tasks[0].checks[2]->points, 3);
    assert_string_equal(tasks[0].checks[2]->id, "a-3");
    assert_int_equal(tasks[1].points, 11);
    assert_int_equal(tasks[2].checks[1]->points, 5);
    assert_int_equal(tasks[3].points, 100);
    assert_int_equal(l.scenario->pass, 700000000);
}

static void one_complaint_each(void **state)
{
    (void)state;
    refused("scenario: s\n" TOPOLOGY FAULTS TASKS "vars: { v: { choose: [a] } }\n", "unused-variable",
            "variable 'v' is never used");
    refused("scenario: s\n" TOPOLOGY TASKS, "no-task", "scenario 's' has repair tasks but no fault");
    refused("scenario: s\n" TOPOLOGY FAULTS, "no-task", "scenario 's' has no task");
    refused("scenario: s\ncontrol: true\n" TOPOLOGY FAULTS TASKS, "control-with-fault",
            "a healthy control (control: true) has no fault");
    refused("scenario: s\n" TOPOLOGY "faults: [ { kind: loss, at: web, loss: 5%, every: 5m } ]\n" TASKS,
            "fault-schedule", "fault 'fault-1' comes again every 5m but never ends");
    refused("scenario: s\n" TOPOLOGY FAULTS TASKS
            "hints: [ { task: t, cost: 60, text: a }, { task: t, cost: 41, text: b } ]\n",
            "hint-cost", "the hints of task 't' cost 101 points, more than its 100");
    refused("scenario: s\n" TOPOLOGY FAULTS TASKS "solution: [ { set: node/web/mtu } ]\n", "step-form",
            "'set' needs 'to'");
    refused("scenario: s\n" TOPOLOGY FAULTS TASKS "questions: [ { id: t, points: 1, ask: x, answer: y } ]\n",
            "duplicate-id", "two things are called 't'");
}

/* Reads what an exercise keeps. */
static struct scenario *keep(struct loaded *l, const char *text)
{
    struct scenario *scenario = NULL;
    load_scenario_keeping("kept", text, strlen(text), NULL, l->sources, &l->findings, &scenario);
    valid(l);
    return scenario;
}

static void comes_together_again(void **state)
{
    (void)state;
    STR_AUTO stripped = STR_INIT;
    STR_AUTO topology = STR_INIT;
    STR_AUTO joined = STR_INIT;
    LOADED_AUTO l = load("scenario: s\nbriefing: |\n  two\n  lines\n" TOPOLOGY FAULTS TASKS
                         "solution: [ { at: db, run: secret } ]\n");
    valid(&l);
    scenario_strip(l.document, &stripped);
    assert_null(strstr(str_text(&stripped), "secret"));
    dump_topology(l.scenario->topology, &topology);
    scenario_join(str_text(&stripped), str_text(&topology), &joined);
    struct scenario *again = keep(&l, str_text(&joined));
    assert_string_equal(again->briefing, "two\nlines\n");
    assert_string_equal(again->tasks[0].checks[0]->id, l.scenario->tasks[0].checks[0]->id);
    assert_int_equal(again->solution_count, 0);
    assert_int_equal(again->topology->node_count, 2);
    scenario_free(again);
}

/* ---- taking a change out ---- */

static void undo(const char *before, const char *after, const char *present, const char *expected, const char *notes)
{
    STR_AUTO out = STR_INIT;
    STR_AUTO said = STR_INIT;
    struct error err = ERROR_INIT;
    assert_int_equal(merge_undo(before, after, present, &out, &said, &err), 0);
    assert_string_equal(str_text(&out), expected);
    assert_string_equal(str_text(&said), notes);
}

static void a_change_is_undone(void **state)
{
    (void)state;
    undo("a: 1\nb: 2\n", "a: 9\nb: 2\n", "a: 9\nb: 2\n", "a: 1\nb: 2\n", "");
    undo("a: 1\nb: 2\n", "a: 9\nb: 2\n", "a: 9\nb: 3\nc: 4\n", "a: 1\nb: 3\nc: 4\n",
         ""); /* what else was changed stays */
    undo("a: 1\n", "a: 9\n", "a: 5\n", "a: 5\n", "changed since: a\n");
    undo("a: 1\n", "a: 9\n", "a: 1\n", "a: 1\n", ""); /* repaired already */
    undo("m:\n  a: 1\n  b: 2\n", "m:\n  b: 2\n", "m:\n  b: 3\n", "m:\n  b: 3\n  a: 1\n", "");
}

static void items_of_lists_come_back(void **state)
{
    (void)state;
    undo("l:\n  - {p: 1}\n  - {p: 2}\n", "l:\n  - {p: 2}\n", "l:\n  - {p: 2}\n", "l:\n  - p: 1\n  - p: 2\n", "");
    undo("l:\n  - {p: 1}\n  - {p: 2}\n", "l:\n  - {p: 2}\n", "l:\n  - {p: 2}\n  - {p: 3}\n",
         "l:\n  - p: 1\n  - p: 2\n  - p: 3\n", "");
    undo("l:\n  - {p: 1}\n", "l: []\n", "l:\n  - {p: 1}\n", "l:\n  - p: 1\n", ""); /* put back by hand: not twice */
    undo("l: []\n", "l:\n  - {p: 1}\n", "l:\n  - {p: 7}\n", "l:\n  - p: 7\n", "changed since: l/0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_a_scenario), cmocka_unit_test(points_are_shared_equally),
        cmocka_unit_test(one_complaint_each), cmocka_unit_test(comes_together_again),
        cmocka_unit_test(a_change_is_undone), cmocka_unit_test(items_of_lists_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
