/* Results: the manual's example computed, its words held to the manual; shapes held to the schema; the same again from
 * the journal alone; nothing told too early. */
#include "exercise/fixture.h"
#include "exercise/record.h"
#include "exercise/schema.h"
#include "fault/fault.h"

#define REPORT_SCHEMA LABCTL_SOURCE "/man/report.schema.json"
#define PAGE          LABCTL_SOURCE "/man/labctl-scoring.7"

/* ---- the manual page ---- */

static void replace(struct str *text, const char *from, const char *to)
{
    STR_AUTO out = STR_INIT;
    const char *rest = str_text(text);
    for (const char *hit; (hit = strstr(rest, from)) != NULL; rest = hit + strlen(from)) {
        str_append_bytes(&out, rest, (size_t)(hit - rest));
        str_append(&out, to);
    }
    str_append(&out, rest);
    str_clear(text);
    str_append(text, str_text(&out));
}

static void read_page(struct str *page)
{
    assert_int_equal(file_read(AT_FDCWD, PAGE, page, 1 << 20), 0);
    replace(page, "\\-", "-");
    replace(page, "\\(dq", "\"");
}

/* The scenario of the example, its topology where it lies here. */
static void read_example(struct str *out)
{
    STR_AUTO page = STR_INIT;
    read_page(&page);
    const char *begin = strstr(str_text(&page), "scenario: updates-stopped");
    assert_non_null(begin);
    str_append_bytes(out, begin, (size_t)(strstr(begin, "\n.EE") + 1 - begin));
    replace(out, "../topologies", LABCTL_SOURCE "/topologies");
}

static void every_kind_stands_with_its_family(void **state)
{
    (void)state;
    STR_AUTO page = STR_INIT;
    read_page(&page);
    for (size_t i = 0; i < fault_kind_count; i++) {
        char head[80];
        snprintf(head, sizeof head, "\n.B %s\n", fault_family_name(fault_kinds[i]->family));
        const char *row = strstr(str_text(&page), head);
        assert_non_null(row);
        row += strlen(head);
        char *line = strndup(row, strcspn(row, "\n"));
        STR_AUTO padded = STR_INIT;
        STR_AUTO name = STR_INIT;
        str_printf(&padded, ", %s,", line);
        str_printf(&name, ", %s,", fault_kinds[i]->name);
        free(line);
        if (!strstr(str_text(&padded), str_text(&name)))
            fail_msg("%s is not in the family %s of the page", fault_kinds[i]->name, head + 4);
    }
}

/* ---- the example ---- */

#define EXAMPLE_END "first+ second- echo+ ssh-closed-"

/* What the page tells of. */
static void play_example(struct fixture *f)
{
    begin(f, SESSION_PRACTICE);
    pass_time(f, 5 * MINUTE);
    MUST(f, session_buy_hint(&f->session, session_next_hint(&f->session, "updates"), NOW(f)));
    pass_time(f, 3 * MINUTE);
    claim(f, "node/app-1", "loss");
    pass_time(f, 12 * MINUTE);
    MUST(f, session_answer(&f->session, "rtt", "36", NOW(f)));
    MUST(f, session_answer(&f->session, "why", "its subnet", NOW(f)));
    pass_time(f, 5 * MINUTE);
    claim(f, "vpc/main/subnet/public", "nat-gateway-misplaced");
    pass_time(f, 5 * MINUTE);
    MUST(f, session_stop(&f->session, SESSION_SUBMITTED, NOW(f)));
    pass_time(f, 2 * SECOND);
    score(f, EXAMPLE_END);
}

/* The page says so, word by word. */
static void assert_told(const struct str *page, const json_t *object)
{
    STR_AUTO line = STR_INIT;
    str_printf(&line, "\n%s\n", text_of(object, "why"));
    if (line.length < 3 || !strstr(str_text(page), str_text(&line)))
        fail_msg("not in labctl-scoring(7): %s", text_of(object, "why"));
}

static void the_manuals_example_is_computed(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO page = STR_INIT;
    STR_AUTO text = STR_INIT;
    struct points points;
    read_page(&page);
    read_example(&text);
    open_fixture(&f, str_text(&text));
    play_example(&f);
    json_t *result = result_make(&f.session, &points);
    assert_schema(REPORT_SCHEMA, result);
    assert_int_equal(ratio_compare(points.total, ratio_of(325, 4)), 0);
    assert_int_equal(points.maximum, 130);
    assert_true(points.passed);
    assert_told(&page, get(result, "points"));
    assert_told(&page, at(get(result, "tasks"), 0));
    assert_told(&page, at(get(result, "tasks"), 1));
    assert_told(&page, at(get(result, "guards"), 0));
    assert_told(&page, at(get(result, "questions"), 0));
    assert_told(&page, at(get(result, "questions"), 1));
    assert_told(&page, get(result, "diagnosis"));
    assert_told(&page, at(get(get(result, "diagnosis"), "claims"), 0));
    assert_told(&page, at(get(get(result, "diagnosis"), "claims"), 1));
    assert_string_equal(text_of(get(result, "points"), "exact"), "325/4");
    json_decref(result);
}

static double clock_of(const json_t *result, const char *name)
{
    const json_t *value = get(get(result, "clocks"), name);
    return json_is_null(value) ? -1 : json_number_value(value);
}

static void four_clocks_are_read_from_the_journal(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO text = STR_INIT;
    read_example(&text);
    open_fixture(&f, str_text(&text));
    begin(&f, SESSION_PRACTICE);
    pass_time(&f, 10 * SECOND);
    check(&f, "first+ second+"); /* nothing red yet */
    pass_time(&f, 10 * SECOND);
    check(&f, "first- second+");
    pass_time(&f, 10 * SECOND);
    claim(&f, "node/visitor", "loss");
    pass_time(&f, 10 * SECOND);
    claim(&f, "vpc/main/subnet/public", "loss");
    pass_time(&f, 10 * SECOND);
    claim(&f, "vpc/main/nat_gateway/nat", "nat-gateway-misplaced");
    claim(&f, "node/visitor", "loss"); /* and thought better of it */
    pass_time(&f, 10 * SECOND);
    check(&f, "first+ second+ echo+");
    pass_time(&f, 10 * SECOND);
    check(&f, "second-"); /* it did not stay so */
    pass_time(&f, 10 * SECOND);
    MUST(&f, session_pause(&f.session, NOW(&f)));
    pass_time(&f, 60 * SECOND);
    MUST(&f, session_resume(&f.session, NOW(&f)));
    check(&f, "second+");
    check(&f, "ssh-closed- echo?"); /* neither a guard nor an error undoes it */
    pass_time(&f, 10 * SECOND);
    MUST(&f, session_stop(&f.session, SESSION_SUBMITTED, NOW(&f)));
    score(&f, "first+ second+ echo+ ssh-closed+");
    json_t *result = result_make(&f.session, NULL);
    assert_true(clock_of(result, "detect_s") == 20);
    assert_true(clock_of(result, "localise_s") == 40);
    assert_true(clock_of(result, "diagnose_s") == 50);
    assert_true(clock_of(result, "mitigate_s") == 80);
    assert_true(json_number_value(get(result, "pauses_s")) == 60);
    assert_true(json_number_value(get(result, "time_used_s")) == 90);
    json_decref(result);
}

static void clocks_that_never_came_to_be_are_null(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO text = STR_INIT;
    read_example(&text);
    open_fixture(&f, str_text(&text));
    begin(&f, SESSION_PRACTICE);
    check(&f, "first+");
    claim(&f, NULL, NULL); /* none */
    pass_time(&f, SECOND);
    MUST(&f, session_stop(&f.session, SESSION_SUBMITTED, NOW(&f)));
    score(&f, EXAMPLE_END);
    json_t *result = result_make(&f.session, NULL);
    assert_true(clock_of(result, "detect_s") == -1 && clock_of(result, "localise_s") == -1);
    assert_true(clock_of(result, "diagnose_s") == -1 && clock_of(result, "mitigate_s") == -1);
    assert_schema(REPORT_SCHEMA, result);
    json_decref(result);
}

/* ---- the same again ---- */

static json_t *again(const struct fixture *f, const struct str *text)
{
    struct record record;
    struct points points;
    struct error err = ERROR_INIT;
    json_t *result = NULL;
    if (record_read(text->data, text->length, NULL, &record, &err) ||
        record_result(&record, f->scenario, &result, &points, &err))
        print_message("%s\n", err.text);
    record_free(&record);
    return result;
}

static void a_score_is_computed_again_from_its_journal(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO text = STR_INIT;
    STR_AUTO journal = STR_INIT;
    read_example(&text);
    open_fixture(&f, str_text(&text));
    play_example(&f);
    json_t *result = result_make(&f.session, NULL);
    read_journal(&f, &journal);
    json_t *second = again(&f, &journal);
    assert_non_null(second);
    char *one = json_dumps(result, 0), *other = json_dumps(second, 0);
    assert_string_equal(one, other); /* in the same order, too */
    free(one);
    free(other);
    json_decref(result);
    json_decref(second);
}

static void a_score_that_does_not_follow_is_told(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO text = STR_INIT;
    STR_AUTO journal = STR_INIT;
    struct record record;
    struct points points;
    struct error err = ERROR_INIT;
    json_t *result = NULL;
    read_example(&text);
    open_fixture(&f, str_text(&text));
    play_example(&f);
    /* Whoever has no key to be afraid of can write a whole chain; but not sums that are wrong. */
    json_t *forged = json_copy(f.session.score);
    json_object_set_new(forged, "total", json_string("130"));
    MUST(&f, session_note(&f.session, "score", forged, NOW(&f)));
    read_journal(&f, &journal);
    assert_int_equal(record_read(journal.data, journal.length, NULL, &record, &err), 0);
    assert_int_equal(record_result(&record, f.scenario, &result, &points, &err), -1);
    assert_null(result);
    assert_int_equal(err.kind, ERR_FILE);
    assert_non_null(strstr(err.text, "says 130 of 130 points (passed)"));
    assert_non_null(strstr(err.text, "makes 325/4 of 130"));
    record_free(&record);
}

/* ---- phases ---- */

static const char phased[] =
    "scenario: phased\npass: 50%\ntopology:\n  lab: shop\n  bridges: { lan: {} }\n  nodes:\n"
    "    web: { bridge: lan, address: 10.0.0.1/24 }\n    db: { bridge: lan, address: 10.0.0.2/24 }\n"
    "phases:\n"
    "  - { id: build, time: 10m, tasks: [share] }\n"
    "  - { id: debug, time: 20m, tickets: [wire] }\n"
    "  - { id: write, time: 5m }\n"
    "tasks:\n"
    "  - id: share\n    kind: build\n    checks:\n"
    "      - { id: kept, from: web, ping: db, points: 10 }\n"
    "      - { id: lost, from: web, ping: db, points: 20 }\n"
    "      - { id: late, from: web, ping: db, points: 30 }\n"
    "      - { id: unsure, from: web, ping: db, points: 40 }\n"
    "tickets:\n  wire:\n    faults: [ { id: burst, kind: loss, at: node/web/eth0, loss: 5% } ]\n"
    "    tasks: [ { id: clean, checks: [ { id: quiet, from: db, ping: web, points: 100 } ] } ]\n"
    "articulate:\n  prompt: Why?\n  words: 100\n  points: 20\n"
    "  rubric: [ { points: 12, text: names it }, { points: 8, text: explains it } ]\n";

static void next_phase(struct fixture *f, const char *words)
{
    size_t count;
    struct outcome *outcomes = outcomes_of(f, words, &count);
    pass_time(f, MINUTE);
    MUST(f, session_end_phase(&f->session, SESSION_SUBMITTED, NOW(f)));
    MUST(f, session_next_phase(&f->session, outcomes, count, NOW(f)));
}

static const json_t *check_of(const json_t *result, size_t task, size_t index)
{
    return at(get(at(get(result, "tasks"), task), "checks"), index);
}

static void what_was_solved_must_stay_solved(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    struct points points;
    open_fixture(&f, phased);
    begin(&f, SESSION_PRACTICE);
    next_phase(&f, "kept+ lost+ late- unsure?");
    next_phase(&f, "quiet+");
    MUST(&f, session_articulate(&f.session, "Two  words,\nand more.\n", 22, "answers/articulate.txt", NOW(&f)));
    MUST(&f, session_stop(&f.session, SESSION_SUBMITTED, NOW(&f)));
    score(&f, "kept+ lost- late+ unsure+ quiet+");
    json_t *result = result_make(&f.session, &points);
    assert_schema(REPORT_SCHEMA, result);
    assert_int_equal(points.total.above, 110); /* kept 10, quiet 100 */
    assert_int_equal(points.maximum, 160);     /* without unsure's 40 */
    assert_non_null(strstr(text_of(check_of(result, 0, 1), "why"), "must stay solved"));
    assert_non_null(strstr(text_of(check_of(result, 0, 2), "why"), "at the end of its phase"));
    assert_false(json_is_true(get(check_of(result, 0, 3), "counted")));
    assert_string_equal(text_of(at(get(result, "tasks"), 1), "ticket"), "wire");
    assert_string_equal(text_of(at(get(result, "tasks"), 1), "phase"), "debug");
    assert_int_equal(json_integer_value(get(get(result, "articulate"), "words")), 4);
    json_decref(result);
    /* Marked later. */
    const uint32_t marks[] = {10, 8}, many[] = {13, 8};
    REFUSED(&f, session_mark(&f.session, "ada", many, 2, NULL, NOW(&f)), ERR_USAGE, "12");
    REFUSED(&f, session_mark(&f.session, "ada", marks, 1, json_object(), NOW(&f)), ERR_USAGE, "2 marks");
    /* At another machine, which was started later: that tells nothing of this one. */
    size_t notes = json_array_size(f.session.notes);
    json_t *quotes = json_pack("{s:i, s:i}", "of", 3, "found", 2);
    MUST(&f, session_mark(&f.session, "ada", marks, 2, quotes, 5, f.real + 1000 * MINUTE, &f.err));
    assert_int_equal(json_array_size(f.session.notes), notes);
    result = result_make(&f.session, &points);
    assert_schema(REPORT_SCHEMA, result);
    assert_int_equal(points.total.above, 110); /* the machine's */
    const json_t *machine = get(result, "machine_points"), *whole = get(result, "points");
    assert_int_equal(json_integer_value(get(machine, "total")), 110);
    assert_int_equal(json_integer_value(get(machine, "maximum")), 160);
    assert_int_equal(json_integer_value(get(whole, "text")), 18);
    assert_int_equal(json_integer_value(get(whole, "total")), 128);
    assert_int_equal(json_integer_value(get(whole, "maximum")), 180);
    assert_non_null(strstr(text_of(whole, "why"), "+ text 18 ="));
    assert_int_equal(json_integer_value(get(get(result, "articulate"), "marked")), 18);
    assert_int_equal(json_integer_value(get(get(get(result, "articulate"), "quotes"), "found")), 2);
    json_decref(result);
}

static void a_phase_that_was_not_begun_earns_nothing(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    struct points points;
    open_fixture(&f, phased);
    begin(&f, SESSION_PRACTICE);
    MUST(&f, session_stop(&f.session, SESSION_SUBMITTED, NOW(&f)));
    score(&f, "kept+ lost+ late+ unsure+ quiet+"); /* quiet: its fault was never put in */
    json_t *result = result_make(&f.session, &points);
    assert_int_equal(points.total.above, 100);
    assert_int_equal(points.maximum, 200);
    assert_non_null(strstr(text_of(check_of(result, 1, 0), "why"), "not begun"));
    assert_schema(REPORT_SCHEMA, result);
    json_decref(result);
}

/* ---- the lab ---- */

static void who_reaches_whom_is_compared(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    struct reach pairs[] = {{"web", "db", 0, true}, {"db", "web", 22, false}};
    struct reach_matrix matrix = {pairs, 2};
    STR_AUTO text = STR_INIT;
    str_append(&text, phased);
    replace(&text, "at: node/web/eth0", "at: web"); /* as an author writes it: without its kind */
    open_fixture(&f, str_text(&text));
    begin(&f, SESSION_PRACTICE);
    MUST(&f, session_matrix(&f.session, MOMENT_HEALTHY, &matrix, NOW(&f)));
    pairs[0].open = false;
    MUST(&f, session_matrix(&f.session, MOMENT_BROKEN, &matrix, NOW(&f)));
    pairs[0].open = pairs[1].open = true;
    MUST(&f, session_matrix(&f.session, MOMENT_END, &matrix, NOW(&f)));
    json_t *change = json_pack("{s:s, s:[s]}", "text", "set node/web/eth0/mtu to 1400", "things", "node/web/eth0");
    MUST(&f, session_note(&f.session, "change", change, NOW(&f)));
    next_phase(&f, "kept+ lost+ late+ unsure+"); /* with which the fault comes */
    MUST(&f, session_stop(&f.session, SESSION_SUBMITTED, NOW(&f)));
    struct session_record record = {.graph = json_pack("{s:[], s:[{s:s}, {s:s}], s:[]}", "clusters", "vertices", "id",
                                                       "node/web", "id", "node/we", "edges")};
    MUST(&f, session_score(&f.session, NULL, 0, &record, NOW(&f)));
    json_t *result = result_make(&f.session, NULL);
    const json_t *reach = get(result, "reachability"), *vertices = get(get(result, "graph"), "vertices");
    assert_schema(REPORT_SCHEMA, result);
    assert_string_equal(text_of(at(get(reach, "fixed"), 0), "from"), "web");
    assert_true(json_is_null(get(at(get(reach, "fixed"), 0), "port")));
    assert_int_equal(json_integer_value(get(at(get(reach, "newly_opened"), 0), "port")), 22);
    assert_true(json_is_true(get(at(vertices, 0), "broken")) && json_is_true(get(at(vertices, 0), "changed")));
    assert_null(get(at(vertices, 1), "broken"));
    assert_int_equal(json_array_size(get(result, "topology_changes")), 1);
    json_decref(result);
}

/* What never came has broken nothing, and is not drawn so. */
static void a_fault_that_never_came_marks_nothing(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    open_fixture(&f, phased);
    begin(&f, SESSION_PRACTICE);
    MUST(&f, session_stop(&f.session, SESSION_SUBMITTED, NOW(&f))); /* in the phase before that of the ticket */
    struct session_record record = {
        .graph = json_pack("{s:[], s:[{s:s}], s:[]}", "clusters", "vertices", "id", "node/web", "edges")};
    MUST(&f, session_score(&f.session, NULL, 0, &record, NOW(&f)));
    json_t *result = result_make(&f.session, NULL);
    assert_null(get(at(get(get(result, "graph"), "vertices"), 0), "broken"));
    assert_schema(REPORT_SCHEMA, result);
    json_decref(result);
}

/* ---- while it runs ---- */

static void nothing_is_told_too_early(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO text = STR_INIT;
    size_t count;
    static const char *const secrets[] = {
        "nat-gateway-misplaced",     "\"correct\"", "\"answer\"",  "\"truth\"",       "\"faults\"",
        "Which table does a packet", "tolerance",   "\"explain\"", "opens-everything"};
    read_example(&text);
    open_fixture(&f, str_text(&text));
    begin(&f, SESSION_PRACTICE);
    MUST(&f, session_answer(&f.session, "rtt", "40", NOW(&f)));
    struct outcome *outcomes = outcomes_of(&f, "first+ second- echo- ssh-closed+", &count);
    json_t *status = result_status(&f.session, outcomes, count, f.boot);
    char *told = json_dumps(status, 0);
    for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
        if (strstr(told, secrets[i]))
            fail_msg("%s stands in the status", secrets[i]);
    free(told);
    assert_int_equal(json_integer_value(get(get(status, "points"), "total")), 40); /* nothing of the right answer */
    assert_int_equal(json_integer_value(get(get(status, "points"), "maximum")), 130);
    assert_string_equal(text_of(at(get(status, "questions"), 1), "answered"), "40");
    json_decref(status);
}

static void later_phases_are_not_told(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    size_t count;
    open_fixture(&f, phased);
    begin(&f, SESSION_PRACTICE);
    struct outcome *outcomes = outcomes_of(&f, "kept+ lost- late- unsure-", &count);
    json_t *status = result_status(&f.session, outcomes, count, f.boot);
    char *told = json_dumps(status, 0);
    assert_null(strstr(told, "wire"));
    assert_null(strstr(told, "clean"));
    free(told);
    assert_string_equal(text_of(status, "phase"), "build");
    assert_int_equal(json_array_size(get(status, "tasks")), 1);
    assert_int_equal(json_integer_value(get(get(status, "points"), "maximum")), 200);
    json_decref(status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_stands_with_its_family),
        cmocka_unit_test(the_manuals_example_is_computed),
        cmocka_unit_test(four_clocks_are_read_from_the_journal),
        cmocka_unit_test(clocks_that_never_came_to_be_are_null),
        cmocka_unit_test(a_score_is_computed_again_from_its_journal),
        cmocka_unit_test(a_score_that_does_not_follow_is_told),
        cmocka_unit_test(what_was_solved_must_stay_solved),
        cmocka_unit_test(a_phase_that_was_not_begun_earns_nothing),
        cmocka_unit_test(who_reaches_whom_is_compared),
        cmocka_unit_test(a_fault_that_never_came_marks_nothing),
        cmocka_unit_test(nothing_is_told_too_early),
        cmocka_unit_test(later_phases_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
