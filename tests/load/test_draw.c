/* Variants: what is drawn depends on scenario, seed, learner and the draw's name alone; where it goes in the document;
 * what is left of a scenario whose tickets were drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"
#include "doc/doc.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/check.h"
#include "model/scenario.h"

#define TOPOLOGY                                                                                                       \
    "topology:\n  lab: shop\n  bridges: { lan: {} }\n  nodes:\n    web: { bridge: lan, address: 10.0.0.1/24 }\n    "   \
    "db: { bridge: lan, address: 10.0.0.2/24 }\n    app: { bridge: lan, address: 10.0.0.3/24 }\n"
#define FAULTS "faults: [ { kind: loss, at: node/web/eth0, loss: 5% } ]\n"

struct loaded {
    struct arena *arena;
    struct findings findings;
    struct document *document;
    struct scenario *scenario;
};

static struct loaded load(const char *text, const char *seed, const char *learner)
{
    struct loaded l = {.arena = arena_new()};
    findings_init(&l.findings, l.arena);
    l.document = document_parse(l.arena, sources_new(l.arena), "test.yaml", text, strlen(text), &l.findings);
    load_scenario_document(l.document, &(struct variant){.seed = seed, .learner = learner}, &l.scenario);
    return l;
}

static struct loaded valid(const char *text, const char *seed, const char *learner)
{
    struct loaded l = load(text, seed, learner);
    for (size_t i = 0; i < l.findings.count; i++)
        print_error("%s\n", l.findings.items[i].text);
    assert_int_equal(l.findings.count, 0);
    return l;
}

static void loaded_free(struct loaded *l)
{
    arena_free(l->arena);
}
#define LOADED_AUTO __attribute__((cleanup(loaded_free))) struct loaded

/* ---- variables --------------------------------------------------------------------------------------------------- */

#define VARS "vars: { victim: { choose: [web, db, app] }, port: { range: [8000, 8999] } }\n"
#define USE                                                                                                            \
    "tasks: [ { id: t, title: \"${victim}:${port}\", checks: [ { from: \"${victim}\", tcp: { to: web, port: "          \
    "\"${port}\" } } ] } ]\n"

/* What the first 64 bits of SHA-256("s" NUL seed NUL learner NUL name NUL) give, computed elsewhere. */
static void draws_are_the_same_everywhere(void **state)
{
    (void)state;
    static const struct {
        const char *seed, *learner, *title;
    } rows[] = {
        {NULL, NULL, "app:8288"}, {"1", "", "web:8456"},      {"2", "", "db:8839"},
        {"7", "ada", "app:8268"}, {"7", "grace", "web:8861"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        LOADED_AUTO l = valid("scenario: s\n" VARS TOPOLOGY FAULTS USE, rows[i].seed, rows[i].learner);
        assert_string_equal(l.scenario->tasks[0].title, rows[i].title);
        assert_string_equal(l.scenario->seed, rows[i].seed ? rows[i].seed : "");
    }
}

static void a_variable_more_changes_no_other(void **state)
{
    (void)state;
    LOADED_AUTO few = valid("scenario: s\n" VARS TOPOLOGY FAULTS USE, "7", "ada");
    LOADED_AUTO more =
        valid("scenario: s\nvars: { more: { range: [1, 9] }, port: { range: [8000, 8999] }, victim: { choose: "
              "[web, db, app] } }\nbriefing: \"${more}\"\n" TOPOLOGY FAULTS USE,
              "7", "ada");
    assert_string_equal(few.scenario->tasks[0].title, more.scenario->tasks[0].title);
    assert_int_equal(more.scenario->variable_count, 3);
}

static void a_range_reaches_its_ends(void **state)
{
    (void)state;
    bool seen[3] = {false};
    for (char seed[2] = "a"; *seed <= 'z'; ++*seed) {
        LOADED_AUTO l = valid("scenario: s\nvars: { n: { range: [-1, 1] } }\nbriefing: \"${n}\"\n" TOPOLOGY FAULTS
                              "tasks: [ { id: t, checks: [ { from: web, ping: db } ] } ]\n",
                              seed, NULL);
        int n = l.scenario->briefing[0] == '-' ? -1 : l.scenario->briefing[0] - '0';
        assert_true(n >= -1 && n <= 1);
        seen[n + 1] = true;
    }
    assert_true(seen[0] && seen[1] && seen[2]);
}

static void a_whole_value_takes_the_type(void **state)
{
    (void)state;
    LOADED_AUTO l =
        valid("scenario: s\nvars:\n  ports: { choose: [ [80, 443] ] }\n  check: { choose: [ { from: web, "
              "ping: db } ] }\n  yes: { choose: [true] }\n  node: { choose: [extra] }\n  n: { choose: [3] }\n"
              "topology:\n  lab: shop\n  bridges: { lan: {} }\n  nodes:\n    web: { bridge: lan, address: "
              "10.0.0.1/24, forwarding: \"${yes}\" }\n    db: { bridge: lan, address: \"10.0.0.${n}${n}/24\" }\n"
              "    \"${node}\": { bridge: lan }\nlevel: ${n}\ntitle: ${n}x$${n}\n"
              "faults: [ { kind: loss, at: node/web/eth0, ports: \"${ports}\" } ]\n"
              "tasks: [ { id: t, checks: [ \"${check}\" ] } ]\n",
              NULL, NULL);
    const struct scenario *s = l.scenario;
    assert_string_equal(s->title, "3x${n}");
    assert_int_equal(s->level, 3);
    assert_string_equal(s->faults[0].parameters[0].value, "80,443");
    assert_int_equal(s->tasks[0].checks[0]->kind, CHECK_PING);
    assert_true(s->topology->nodes[0]->forwarding);
    assert_string_equal(s->topology->nodes[2]->name, "extra");
    assert_int_equal(s->topology->nodes[1]->interfaces[0]->addresses[0].addr.bytes[3], 33);
}

static void refused(const char *text, const char *rule)
{
    LOADED_AUTO l = load(text, NULL, NULL);
    assert_true(l.findings.errors > 0);
    assert_string_equal(l.findings.items[0].rule, rule);
}

static void a_bomb_is_defused(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    str_append(&text, "scenario: s\nvars: { a: { choose: [\"");
    for (size_t i = 0; i < 100000; i++)
        str_append_char(&text, 'x');
    str_append(&text, "\"] }, b: { choose: [ [");
    for (size_t i = 0; i < 20000; i++)
        str_append(&text, "1,");
    str_append(&text, "1] ] } }\nbriefing: \"");
    size_t head = text.length;
    for (size_t i = 0; i < 200; i++)
        str_append(&text, "${a}");
    str_append(&text, "\"\nallow: [\"${b}\"]\n" TOPOLOGY FAULTS USE);
    refused(str_text(&text), "too-large");
    text.length = head - strlen("briefing: \"");
    text.data[text.length] = 0;
    str_append(&text, "briefing: \"${a}\"\nlayers: [");
    for (size_t i = 0; i < 100; i++)
        str_append(&text, "\"${b}\",");
    str_append(&text, "1]\n" TOPOLOGY FAULTS USE);
    refused(str_text(&text), "too-large");
    refused("scenario: s\nvars: { a: { choose: [x] } }\n" TOPOLOGY "nodes: { \"${a}\": 1, x: 2 }\n", "duplicate-key");
}

/* ---- tickets ------------------------------------------------------------------------------------------------------
 */

#define TICKET(id, at)                                                                                                 \
    "  " id ": { restrict: no, faults: [ { kind: loss, at: node/" at "/eth0, loss: 5% } ], tasks: [ { checks: [ { "    \
    "from: " at ", ping: web } ] } ], solution: [ { at: " at ", run: secret } ] }\n"
#define TEST                                                                                                           \
    "scenario: s\n" TOPOLOGY "phases:\n  - { id: build, time: 10m, tasks: [b] }\n  - { id: debug, time: 20m, draw: { " \
    "pick: 2, from: [one, two, three] } }\ntasks: [ { id: b, kind: build, checks: [ { from: web, ping: db } ] } ]\n"   \
    "tickets:\n" TICKET("one", "web") TICKET("two", "db")                                                              \
        TICKET("three", "app") "hints: [ { task: one-task-1, cost: 1, text: a }, { task: two-task-1, cost: 1, text: "  \
                               "b }, { task: three-task-1, "                                                           \
                               "cost: 1, text: c } ]\nwrong_fixes: [ { id: w, steps: [ { at: web, run: x } ], "        \
                               "caught_by: [b, one-task-1, "                                                           \
                               "two-task-1, three-task-1] } ]\n"

static void tickets_are_drawn(void **state)
{
    (void)state;
    unsigned drawn = 0;
    for (char seed[2] = "a"; *seed <= 'z'; ++*seed) {
        LOADED_AUTO l = valid(TEST, seed, "");
        const struct scenario *s = l.scenario;
        assert_int_equal(s->phase_count, 2);
        assert_int_equal(s->phases[1].ticket_count, 2);
        assert_int_equal(s->task_count, 3);
        assert_int_equal(s->fault_count, 2);
        assert_int_equal(s->hint_count, 2);
        assert_int_equal(s->solution_count, 2);
        assert_int_equal(s->wrong_fixes[0].caught_by.count, 3);
        assert_int_equal(s->tasks[0].phase, 0);
        assert_null(s->tasks[0].ticket);
        assert_string_equal(s->phases[0].tasks.items[0], "b");
        for (size_t i = 0; i < 2; i++) {
            const struct ticket *ticket = s->phases[1].tickets[i];
            assert_int_equal(ticket->phase, 1);
            assert_string_equal(ticket->restriction, "no");
            assert_int_equal(ticket->task_count, 1);
            assert_ptr_equal(ticket->tasks[0]->ticket, ticket);
            assert_int_equal(ticket->tasks[0]->phase, 1);
            assert_int_equal(ticket->faults[0]->phase, 1);
            drawn |= 1U << (*ticket->id == 'o' ? 0 : ticket->id[1] == 'w' ? 1 : 2);
        }
        assert_string_not_equal(s->phases[1].tickets[0]->id, s->phases[1].tickets[1]->id);
    }
    assert_int_equal(drawn, 7);
}

/* ---- what an exercise keeps ---------------------------------------------------------------------------------------
 */

static void what_is_kept_is_not_drawn_again(void **state)
{
    (void)state;
    STR_AUTO stripped = STR_INIT;
    STR_AUTO topology = STR_INIT;
    STR_AUTO joined = STR_INIT;
    LOADED_AUTO l = valid(
        "scenario: s\nbriefing: \"$${port} is ${port}\"\ntitle: \"${port}\"\n" VARS TOPOLOGY FAULTS USE, "7", "ada");
    scenario_strip(l.document, &stripped);
    dump_topology(l.scenario->topology, &topology);
    scenario_join(str_text(&stripped), str_text(&topology), &joined);
    struct scenario *kept = NULL;
    assert_int_equal(
        load_scenario_keeping("kept", joined.data, joined.length, NULL, l.document->sources, &l.findings, &kept), 0);
    assert_string_equal(kept->seed, "7");
    assert_string_equal(kept->learner, "ada");
    assert_string_equal(kept->briefing, l.scenario->briefing);
    assert_true(str_starts(kept->briefing, "${port} is 8"));
    assert_int_equal(kept->variable_count, 2);
    assert_string_equal(kept->variables[1].name, "port");
    assert_string_equal(kept->variables[1].value, l.scenario->variables[1].value);
    assert_string_equal(kept->title, "8268");
    assert_string_equal(kept->tasks[0].title, l.scenario->tasks[0].title);
    scenario_free(kept);
}

static void what_is_kept_tells_nothing_of_other_tickets(void **state)
{
    (void)state;
    STR_AUTO stripped = STR_INIT;
    LOADED_AUTO l = valid(TEST, "1", NULL);
    static const char *const ids[] = {"one", "two", "three"};
    scenario_strip(l.document, &stripped);
    assert_null(strstr(str_text(&stripped), "secret"));
    for (size_t i = 0; i < 3; i++) {
        bool drawn = false;
        for (size_t t = 0; t < 2; t++)
            drawn = drawn || str_equal(l.scenario->phases[1].tickets[t]->id, ids[i]);
        assert_int_equal(strstr(str_text(&stripped), ids[i]) != NULL, drawn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_the_same_everywhere),
        cmocka_unit_test(a_variable_more_changes_no_other),
        cmocka_unit_test(a_range_reaches_its_ends),
        cmocka_unit_test(a_whole_value_takes_the_type),
        cmocka_unit_test(a_bomb_is_defused),
        cmocka_unit_test(tickets_are_drawn),
        cmocka_unit_test(what_is_kept_is_not_drawn_again),
        cmocka_unit_test(what_is_kept_tells_nothing_of_other_tickets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
