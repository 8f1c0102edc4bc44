/* The session over an injected clock, its journal, and the hash under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "exercise/journal.h"
#include "exercise/result.h"
#include "exercise/session.h"
#include "base/sha256.h"
#include "model/check.h"

#define SECOND INT64_C(1000000000)

struct fixture {
    char path[64];
    int directory;
    struct scenario scenario;
};

static struct check check_a = {.id = "fetch", .kind = CHECK_PING, .points = 60},
                    check_b = {.id = "name", .kind = CHECK_PING, .points = 40};
static struct check *checks[] = {&check_a, &check_b};
static struct check guard = {.id = "closed", .kind = CHECK_PING, .penalty = 30};
static struct check *guards[] = {&guard};
static struct task task = {.id = "updates",
                           .title = "updates arrive",
                           .points = 100,
                           .checks = checks,
                           .check_count = 2};
static struct hint hints[] = {{.task = "updates", .cost = 5, .text = "one"},
                              {.task = "updates", .cost = 7, .text = "two"}};
static struct topology topology = {.name = "shop"};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->path, "/tmp/labctl-session-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    f->directory = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    f->scenario = (struct scenario){.arena = arena_new(),
                                    .name = "nat",
                                    .topology = &topology,
                                    .time = 60 * SECOND,
                                    .pass = 700000000,
                                    .tasks = &task,
                                    .task_count = 1,
                                    .guards = guards,
                                    .guard_count = 1,
                                    .hints = hints,
                                    .hint_count = 2};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    unlinkat(f->directory, JOURNAL_FILE, 0);
    close(f->directory);
    rmdir(f->path);
    arena_free(f->scenario.arena);
    free(f);
    return 0;
}

static int journal_of(const struct fixture *f)
{
    return openat(f->directory, JOURNAL_FILE, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void hashes_as_the_standard_says(void **state)
{
    (void)state;
    char text[SHA256_TEXT];
    sha256_text("abc", 3, text); /* FIPS 180-4, example of one block */
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_text("", 0, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    sha256_text(two, strlen(two), text);
    assert_string_equal(text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *million = malloc(1000000);
    memset(million, 'a', 1000000);
    sha256_text(million, 1000000, text);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

static void runs_by_the_clock(void **state)
{
    struct fixture *f = *state;
    struct session session;
    struct error err = ERROR_INIT;
    assert_int_equal(session_open(&session, &f->scenario, journal_of(f), NULL, &err), 0);
    assert_int_equal(session.state, SESSION_PREPARED);
    assert_true(session_deadline(&session) == INT64_MAX);
    assert_int_equal(session_begin(&session, SESSION_PRACTICE, 100 * SECOND, 5 * SECOND, NULL, &err), 0);
    assert_int_equal(session_begin(&session, SESSION_PRACTICE, 101 * SECOND, 6 * SECOND, NULL, &err), -1);
    assert_int_equal(session_elapsed(&session, 130 * SECOND), 30 * SECOND);
    assert_int_equal(session_left(&session, 130 * SECOND), 30 * SECOND);
    assert_int_equal(session_left(&session, 161 * SECOND), 0);
    error_clear(&err);
    assert_int_equal(session_stop(&session, SESSION_DEADLINE, 160 * SECOND, 65 * SECOND, &err), 0);
    assert_int_equal(session_elapsed(&session, 500 * SECOND), 60 * SECOND);
    assert_int_equal(session_stop(&session, SESSION_SUBMITTED, 161 * SECOND, 66 * SECOND, &err), -1);
    session_close(&session);
}

static void hints_are_bought_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    struct session session;
    struct error err = ERROR_INIT;
    assert_int_equal(session_open(&session, &f->scenario, journal_of(f), NULL, &err), 0);
    assert_int_equal(session_buy_hint(&session, &hints[0], 0, 0, &err), -1); /* the clock does not run */
    error_clear(&err);
    assert_int_equal(session_begin(&session, SESSION_PRACTICE, 0, 0, NULL, &err), 0);
    assert_ptr_equal(session_next_hint(&session, "updates"), &hints[0]);
    assert_null(session_next_hint(&session, "other"));
    assert_int_equal(session_buy_hint(&session, &hints[0], SECOND, SECOND, &err), 0);
    assert_ptr_equal(session_next_hint(&session, NULL), &hints[1]);
    assert_int_equal(session_hint_cost(&session, "updates"), 5);
    session_close(&session);
    /* A director that was killed finds all of it again. */
    assert_int_equal(session_open(&session, &f->scenario, journal_of(f), NULL, &err), 0);
    assert_int_equal(session.state, SESSION_RUNNING);
    assert_int_equal(session_hint_cost(&session, "updates"), 5);
    assert_int_equal(session.bought_at[0], SECOND);
    assert_int_equal(session.journal.count, 2);
    session_close(&session);
}

static void read_journal(const struct fixture *f, struct str *out)
{
    assert_int_equal(file_read(f->directory, JOURNAL_FILE, out, 1 << 20), 0);
}

static void a_changed_line_shows(void **state)
{
    struct fixture *f = *state;
    struct session session;
    struct error err = ERROR_INIT;
    STR_AUTO text = STR_INIT;
    assert_int_equal(session_open(&session, &f->scenario, journal_of(f), NULL, &err), 0);
    assert_int_equal(session_begin(&session, SESSION_PRACTICE, 0, 0, NULL, &err), 0);
    assert_int_equal(session_buy_hint(&session, &hints[0], SECOND, SECOND, &err), 0);
    session_close(&session);
    read_journal(f, &text);
    char *cost = strstr(text.data, "\"cost\":5");
    assert_non_null(cost);
    cost[7] = '0';
    assert_int_equal(file_replace(f->directory, JOURNAL_FILE, text.data, text.length, 0600), 0);
    assert_int_equal(session_open(&session, &f->scenario, journal_of(f), NULL, &err), -1);
    assert_int_equal(err.kind, ERR_FILE);
    /* A line left out shows as well. */
    error_clear(&err);
    cost[7] = '5';
    char *second = strchr(text.data, '\n') + 1;
    assert_int_equal(file_replace(f->directory, JOURNAL_FILE, second, strlen(second), 0600), 0);
    assert_int_equal(session_open(&session, &f->scenario, journal_of(f), NULL, &err), -1);
}

static void a_line_cut_off_is_taken_away(void **state)
{
    struct fixture *f = *state;
    struct session session;
    struct error err = ERROR_INIT;
    assert_int_equal(session_open(&session, &f->scenario, journal_of(f), NULL, &err), 0);
    assert_int_equal(session_begin(&session, SESSION_PRACTICE, 0, 0, NULL, &err), 0);
    assert_int_equal(fd_write_all(session.journal.fd, "{\"event\":\"hi", 12), 0);
    session_close(&session);
    assert_int_equal(session_open(&session, &f->scenario, journal_of(f), NULL, &err), 0);
    assert_int_equal(session.journal.count, 1);
    assert_int_equal(session_stop(&session, SESSION_SUBMITTED, SECOND, SECOND, &err), 0);
    session_close(&session);
    assert_int_equal(session_open(&session, &f->scenario, journal_of(f), NULL, &err), 0);
    assert_int_equal(session.state, SESSION_ENDED);
    session_close(&session);
}

static void the_result_explains_every_point(void **state)
{
    struct fixture *f = *state;
    struct session session;
    struct error err = ERROR_INIT;
    struct points points;
    struct outcome outcomes[] = {
        {.id = "fetch", .verdict = VERDICT_PASS, .asked = "ping", .expected = "reachable", .seen = "a reply"},
        {.id = "name", .verdict = VERDICT_FAIL, .asked = "ping", .expected = "reachable", .seen = "no reply"},
        {.id = "closed", .verdict = VERDICT_FAIL, .asked = "ping", .expected = "unreachable", .seen = "a reply"},
    };
    assert_int_equal(session_open(&session, &f->scenario, journal_of(f), NULL, &err), 0);
    assert_int_equal(session_begin(&session, SESSION_PRACTICE, 0, 0, NULL, &err), 0);
    assert_int_equal(session_buy_hint(&session, &hints[0], SECOND, SECOND, &err), 0);
    assert_int_equal(session_stop(&session, SESSION_SUBMITTED, 9 * SECOND, 9 * SECOND, &err), 0);
    assert_int_equal(session_score(&session, outcomes, ARRAY_SIZE(outcomes), NULL, 9 * SECOND, 9 * SECOND, &err), 0);
    json_t *result = result_make(&session, &points);
    assert_int_equal(points.earned.above, 55); /* 60 - 5 */
    assert_int_equal(points.total.above, 25);  /* - 30 */
    assert_int_equal(points.maximum, 100);
    assert_false(points.passed);
    const json_t *first = json_array_get(json_object_get(result, "tasks"), 0);
    const json_t *name = json_array_get(json_object_get(first, "checks"), 1);
    assert_string_equal(json_string_value(json_object_get(name, "seen")), "no reply");
    assert_int_equal(json_integer_value(json_object_get(name, "earned")), 0);
    assert_int_equal(json_array_size(json_object_get(result, "hints")), 1);
    assert_true(json_real_value(json_object_get(result, "time_used_s")) == 9.0);
    json_decref(result);
    /* What was not measured counts neither for nor against. */
    points = result_points(&session, outcomes, 1);
    assert_int_equal(points.maximum, 60);
    assert_int_equal(points.total.above, 55);
    session_close(&session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_as_the_standard_says),
        cmocka_unit_test_setup_teardown(runs_by_the_clock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hints_are_bought_once_and_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_line_shows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_cut_off_is_taken_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_result_explains_every_point, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
