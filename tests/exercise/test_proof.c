/* What each step of a proof must show, on verdicts as they were recorded; and what of a look tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "exercise/look.h"
#include "exercise/proof.h"
#include "model/check.h"

static struct ticket ticket_a = {.id = "ticket-a"}, ticket_b = {.id = "ticket-b"};
static struct check lookup = {.id = "lookup", .kind = CHECK_DNS, .points = 60, .mark = {0, 7, 5}},
                    page = {.id = "page", .kind = CHECK_HTTP, .points = 40, .mark = {0, 8, 5}},
                    proxy = {.id = "proxy", .kind = CHECK_HTTP, .points = 10},
                    closed = {.id = "closed", .kind = CHECK_TCP, .penalty = 50, .tcp.expect = TCP_CLOSED};
static struct check *name_checks[] = {&lookup}, *page_checks[] = {&page}, *proxy_checks[] = {&proxy};
static struct check *guards[] = {&closed};
static struct task tasks[] = {
    {.id = "names", .points = 60, .checks = name_checks, .check_count = 1, .phase = -1, .ticket = &ticket_a},
    {.id = "pages", .points = 40, .checks = page_checks, .check_count = 1, .phase = -1, .ticket = &ticket_b},
    {.id = "build-it", .build = true, .points = 10, .checks = proxy_checks, .check_count = 1, .phase = -1}};
static struct fault faults[] = {{.id = "gone", .kind = "dns-server-down", .ticket = &ticket_a, .phase = -1},
                                {.id = "torn", .kind = "link-down", .ticket = &ticket_b, .phase = -1},
                                {.id = "noise", .kind = "rubbish", .lasts = 60, .phase = -1}};
static const char *caught[] = {"closed"};
static struct wrong_fix fix = {.id = "open-it", .caught_by = {.items = caught, .count = 1}, .mark = {0, 20, 5}};
static const struct variable variables[] = {{"victim_node", "app-1"}};
static struct node_file motd = {.path = "/etc/motd"};
static struct node web = {.name = "web", .files = &motd, .file_count = 1}, *nodes[] = {&web};
static struct topology topology = {.name = "drill", .nodes = nodes, .node_count = 1};

static struct scenario scenario_of(struct arena *arena)
{
    return (struct scenario){.arena = arena,
                             .name = "drill-names",
                             .topology = &topology,
                             .pass = 700000000,
                             .tasks = tasks,
                             .task_count = ARRAY_SIZE(tasks),
                             .guards = guards,
                             .guard_count = ARRAY_SIZE(guards),
                             .faults = faults,
                             .fault_count = ARRAY_SIZE(faults),
                             .wrong_fixes = &fix,
                             .wrong_fix_count = 1,
                             .variables = (struct variable *)variables,
                             .variable_count = ARRAY_SIZE(variables),
                             .seed = "",
                             .learner = ""};
}

/* "pfp…": verdicts of lookup, page, proxy, closed: pass, fail, error, unsupported. */
static json_t *checks_of(const char *verdicts)
{
    static const char *const ids[] = {"lookup", "page", "proxy", "closed"};
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", ids[i], "verdict",
                                              verdicts[i] == 'p'   ? "pass"
                                              : verdicts[i] == 'f' ? "fail"
                                              : verdicts[i] == 'e' ? "error"
                                                                   : "unsupported",
                                              "asked", "asked", "expected", "one", "seen", "other"));
    return list;
}

struct row {
    enum proof_step step;
    const struct ticket *ticket;
    const char *verdicts;
    enum proof_verdict verdict;
    const char *text; /* in its only note, or NULL: none */
};

static const struct row rows[] = {
    {PROOF_HEALTHY, NULL, "ppfp", PROOF_OK, NULL},
    {PROOF_HEALTHY, NULL, "pffp", PROOF_FAILED, "check 'page' is red, not green (asked): expected one, got other"},
    {PROOF_HEALTHY, NULL, "pppp", PROOF_FAILED, "task 'build-it' is green although nothing was done"},
    {PROOF_HEALTHY, NULL, "ppff", PROOF_FAILED, "guard 'closed' is red, not green"},
    {PROOF_HEALTHY, NULL, "pefp", PROOF_ERROR, "'page' has no verdict (error)"},
    {PROOF_HEALTHY, NULL, "pufp", PROOF_UNSUPPORTED, "'page' has no verdict (unsupported)"},
    {PROOF_FAULTS, NULL, "fffp", PROOF_OK, NULL},
    {PROOF_FAULTS, NULL, "pffp", PROOF_FAILED, "task 'names' is green"},
    {PROOF_FAULTS, NULL, "ffff", PROOF_FAILED, "guard 'closed' is red"},
    {PROOF_FAULTS, NULL, "effp", PROOF_ERROR, "'lookup' has no verdict"},
    {PROOF_TICKET, &ticket_a, "fpfp", PROOF_OK, NULL},
    {PROOF_TICKET, &ticket_b, "pffp", PROOF_OK, NULL},
    {PROOF_TICKET, &ticket_a, "fffp", PROOF_FAILED, "check 'page' is red"},
    {PROOF_TICKET, &ticket_b, "ppfp", PROOF_FAILED, "task 'pages' is green"},
};

static void test_colors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena *arena = arena_new();
        struct scenario scenario = scenario_of(arena);
        struct proof_judgement judgement = proof_judgement_new(arena);
        json_t *checks = checks_of(rows[i].verdicts);
        proof_judge_colors(&judgement, &scenario, rows[i].step, rows[i].ticket, checks);
        assert_int_equal(judgement.verdict, rows[i].verdict);
        assert_int_equal(judgement.count, rows[i].text ? 1 : 0);
        if (rows[i].text)
            assert_non_null(strstr(judgement.notes[0].text, rows[i].text));
        else
            assert_true(*judgement.summary);
        json_decref(checks);
        arena_free(arena);
    }
}

/* A check that stays green in a task that is red is worth a word, with its place. */
static void test_green_in_red(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scenario scenario = scenario_of(arena);
    struct check *both[] = {&lookup, &page};
    struct task one = {.id = "all", .points = 100, .checks = both, .check_count = 2, .phase = -1};
    scenario.tasks = &one;
    scenario.task_count = 1;
    struct proof_judgement judgement = proof_judgement_new(arena);
    json_t *checks = checks_of("fpfp");
    proof_judge_colors(&judgement, &scenario, PROOF_FAULTS, NULL, checks);
    assert_int_equal(judgement.verdict, PROOF_OK);
    assert_int_equal(judgement.count, 1);
    assert_int_equal(judgement.notes[0].mark.line, 8);
    assert_non_null(strstr(judgement.notes[0].text, "'page' of task 'all' stays green"));
    json_decref(checks);
    arena_free(arena);
}

static void same_ids(json_t *list, const char *ids)
{
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < json_array_size(list); i++)
        str_printf(&text, "%s%s", i ? " " : "", json_string_value(json_array_get(list, i)));
    assert_string_equal(str_text(&text), ids);
    json_decref(list);
}

static void test_what_is_in(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scenario scenario = scenario_of(arena);
    same_ids(proof_faults(&scenario, PROOF_HEALTHY, NULL), "");
    same_ids(proof_faults(&scenario, PROOF_FAULTS, NULL), "gone torn noise");
    same_ids(proof_faults(&scenario, PROOF_TICKET, &ticket_b), "torn");
    same_ids(proof_faults(&scenario, PROOF_SOLUTION, NULL), "gone torn");
    same_ids(proof_red_tasks(&scenario, PROOF_HEALTHY, NULL), "build-it");
    same_ids(proof_red_tasks(&scenario, PROOF_FAULTS, NULL), "names pages build-it");
    same_ids(proof_red_tasks(&scenario, PROOF_TICKET, &ticket_a), "names build-it");
    scenario.faults = &faults[2]; /* all of them go by themselves: then there is nothing else to repair */
    scenario.fault_count = 1;
    same_ids(proof_faults(&scenario, PROOF_SOLUTION, NULL), "noise");
    arena_free(arena);
}

static void test_force_and_listeners(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scenario scenario = scenario_of(arena);
    struct proof_judgement judgement = proof_judgement_new(arena);
    json_t *seen = json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "id", "gone", "kind", "dns-server-down", "in_force",
                             "no", "id", "torn", "kind", "link-down", "in_force", "unknown");
    proof_judge_force(&judgement, &scenario, seen);
    assert_int_equal(judgement.verdict, PROOF_FAILED);
    assert_int_equal(judgement.count, 2);
    assert_non_null(strstr(judgement.notes[0].text, "fault 'gone' (dns-server-down) is not in force"));
    assert_int_equal(judgement.notes[1].verdict, PROOF_OK);
    json_decref(seen);
    judgement = proof_judgement_new(arena);
    seen = json_pack("{s:i}", "closed", 1);
    proof_judge_listeners(&judgement, &scenario, seen);
    assert_int_equal(judgement.verdict, PROOF_OK);
    assert_int_equal(judgement.count, 1);
    json_decref(seen);
    arena_free(arena);
}

/* ---- points, by the scoring functions themselves ---- */

static json_t *scored(struct scenario *scenario, const char *verdicts, bool solved)
{
    static const char *const ids[] = {"lookup", "page", "proxy", "closed"};
    struct outcome outcomes[ARRAY_SIZE(ids)];
    struct error err = ERROR_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        outcomes[i] = (struct outcome){.id = ids[i],
                                       .verdict = verdicts[i] == 'p' ? VERDICT_PASS : VERDICT_FAIL,
                                       .asked = "asked",
                                       .expected = "one",
                                       .seen = "other"};
    json_t *result = proof_score(scenario, outcomes, ARRAY_SIZE(outcomes), solved, &err);
    assert_non_null(result);
    return result;
}

static void test_points(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scenario scenario = scenario_of(arena);
    static struct question questions[] = {
        {.id = "port", .ask = "?", .points = 5, .form = QUESTION_NUMBER, .number = 53, .phase = -1},
        {.id = "how", .ask = "?", .points = 5, .form = QUESTION_PATTERN, .pattern = "^ip route", .phase = -1}};
    scenario.questions = questions;
    scenario.question_count = ARRAY_SIZE(questions);
    json_t *nothing = scored(&scenario, "fffp", false), *some = scored(&scenario, "fpfp", false),
           *all = scored(&scenario, "pppp", true), *red = scored(&scenario, "pppf", false),
           *part = scored(&scenario, "pfpp", true), *fine = scored(&scenario, "pppp", false);
    struct proof_judgement j = proof_judgement_new(arena);
    proof_judge_nothing(&j, &scenario, nothing);
    assert_int_equal(j.verdict, PROOF_OK);
    proof_judge_nothing(&j, &scenario, some);
    assert_int_equal(j.verdict, PROOF_FAILED);
    assert_non_null(strstr(j.notes[0].text, "'page' of task 'pages' gives 40 points for nothing"));
    j = proof_judgement_new(arena);
    proof_judge_solution(&j, &scenario, all);
    assert_int_equal(j.verdict, PROOF_OK);
    assert_string_equal(j.summary, "115 of 120 points");
    assert_int_equal(j.count, 1); /* the pattern without an answer */
    j = proof_judgement_new(arena);
    proof_judge_solution(&j, &scenario, part);
    assert_int_equal(j.verdict, PROOF_FAILED);
    j = proof_judgement_new(arena);
    proof_judge_wrong_fix(&j, &scenario, &fix, red);
    assert_int_equal(j.verdict, PROOF_OK);
    assert_string_equal(j.summary, "60 of 120 points; red: closed");
    j = proof_judgement_new(arena);
    proof_judge_wrong_fix(&j, &scenario, &fix, fine);
    assert_int_equal(j.verdict, PROOF_FAILED);
    assert_int_equal(j.count, 2); /* it is green, and it passes */
    json_t *results = json_pack("[O]", fine);
    j = proof_judgement_new(arena);
    proof_judge_guards(&j, &scenario, results);
    assert_int_equal(j.verdict, PROOF_FAILED);
    json_array_append(results, red);
    j = proof_judgement_new(arena);
    proof_judge_guards(&j, &scenario, results);
    assert_int_equal(j.verdict, PROOF_OK);
    json_decref(results);
    json_t *each[] = {nothing, some, all, red, part, fine};
    for (size_t i = 0; i < ARRAY_SIZE(each); i++)
        json_decref(each[i]);
    arena_free(arena);
}

/* ---- looks ---- */

static const char *note_of(const char *look, const char *healthy)
{
    static char text[400];
    struct arena *arena = arena_new();
    struct scenario scenario = scenario_of(arena);
    const char *names[] = {"gone", "web"};
    struct look_words words = look_words_of(&scenario, &(struct strings){.items = names, .count = 2}, arena);
    struct proof_judgement judgement = proof_judgement_new(arena);
    look_search(&judgement, "web", look, healthy, &words);
    assert_true(judgement.count <= 1);
    snprintf(text, sizeof text, "%s", judgement.count ? judgement.notes[0].text : "");
    arena_free(arena);
    return text;
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *look, *text;
    } cases[] = {
        {"\001links\neth0: up\n", ""},
        {"\001nftables\ntable inet drill-names { }\n", "'drill-names' in nftables: table inet drill-names { }"},
        {"\001contents\n\002/root/x\nDNS-Server-Down is here\n", "'dns-server-down' in /root/x"},
        {"\001contents\n\002/root/x\nlabctl was here\n", "'labctl'"},
        {"\001contents\n\002/root/x\nlabctlx default-fault-lines\n", ""},
        {"\001environment\nVICTIM_NODE=web\n", "'victim_node' in environment"},
        {"\001contents\n\002/etc/x\nopen-it\n", "'open-it'"},
        {"\001processes\npages --serve\n", "'pages' in processes"}, /* a plain word tells where it is a name */
        {"\001contents\n\002/etc/x\nall pages are served\n", ""},   /* not where it stood before */
        {"\001contents\n\002/etc/x\npages come from here now\n", "'pages' in /etc/x"}, /* but where it is new */
        {"\001processes\ngone\n", ""}, /* what a thing of the topology is called */
        {"\001contents\n\002/etc/y\nsome noise here\n", ""},
        {"\001contents\n\002/root/notes\nsome noise here\n",
         "'noise' in /root/notes"}, /* a fault, told by the author */
        {"\001contents\n\002/etc/motd\nsome noise here\n", "'noise' in /etc/motd"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *healthy = "\001contents\n\002/etc/x\nall pages are served\n\002/root/notes\nsome noise here\n"
                              "\002/etc/motd\nsome noise here\n\002/etc/y\nsome noise here\n";
        const char *text = note_of(cases[i].look, healthy);
        assert_true(*cases[i].text ? strstr(text, cases[i].text) != NULL : !*text);
    }
}

static size_t differing(const char *before, const char *after, const char *differences)
{
    struct arena *arena = arena_new();
    struct proof_judgement judgement = proof_judgement_new(arena);
    json_t *list = differences ? json_loads(differences, 0, NULL) : NULL;
    size_t count = look_compare(&judgement, "web", before, after, list);
    assert_int_equal(judgement.count, count);
    json_decref(list);
    arena_free(arena);
    return count;
}

static void test_differences(void **state)
{
    (void)state;
    const char *before = "\001routes\ndefault via 10.0.0.1\n\001contents\n\002/etc/a\none\n";
    const char *route = "\001routes\n\001contents\n\002/etc/a\none\n";
    const char *file = "\001routes\ndefault via 10.0.0.1\n\001contents\n\002/etc/a\ntwo\n";
    const char *order = "\001contents\n\002/etc/a\none\n\001routes\ndefault via 10.0.0.1\n";
    assert_int_equal(differing(before, before, NULL), 0);
    assert_int_equal(differing(before, order, NULL), 0);
    assert_int_equal(differing(before, route, NULL), 1);
    assert_int_equal(differing(before, file, NULL), 2);
    assert_int_equal(differing(before, route, "[{\"node\": \"web\", \"item\": \"route\"}]"), 0);
    assert_int_equal(differing(before, route, "[{\"node\": \"db\", \"item\": \"route\"}]"), 1);
    assert_int_equal(differing(before, route, "[{\"node\": \"web\", \"item\": \"rule\"}]"), 1);
    assert_int_equal(differing(before, file, "[{\"node\": \"web\", \"item\": \"file\", \"path\": \"/etc/a\"}]"), 0);
    assert_int_equal(differing(before, file, "[{\"node\": \"web\", \"item\": \"file\", \"path\": \"/etc/b\"}]"), 2);
    assert_int_equal(differing(before, file, "[{\"node\": \"web\", \"item\": \"run\"}]"), 0);
}

/* Seconds since 1970 differ from look to look; what is longer, shorter or part of a word is something else. */
static void test_times(void **state)
{
    (void)state;
#define LEASES "\001contents\n\002/var/lib/misc/dhcp.leases\n"
    assert_int_equal(differing(LEASES "1796052975 laptop\n", LEASES "1796052968 laptop\n", NULL), 0);
    assert_int_equal(differing(LEASES "1796052975 laptop\n", LEASES "1796052975 desk\n", NULL), 2);
    assert_int_equal(differing(LEASES "17960529751\n", LEASES "17960529752\n", NULL), 2);
    assert_int_equal(differing(LEASES "179605297\n", LEASES "179605298\n", NULL), 2);
    assert_int_equal(differing(LEASES "a1796052975\n", LEASES "a1796052976\n", NULL), 2);
    assert_int_equal(differing(LEASES "4096052975\n", LEASES "4096052976\n", NULL), 2);
}

static void test_clean(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    look_clean("a\0b\xff\xc3\xa4\n\x1b", 8, &out);
    assert_string_equal(str_text(&out), "a.b.\xc3\xa4\n.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_colors),      cmocka_unit_test(test_green_in_red),
        cmocka_unit_test(test_what_is_in),  cmocka_unit_test(test_force_and_listeners),
        cmocka_unit_test(test_points),      cmocka_unit_test(test_words),
        cmocka_unit_test(test_differences), cmocka_unit_test(test_times),
        cmocka_unit_test(test_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
