/* Errors: texts, wrapping, safe truncation, kinds and exit statuses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"

static void setting_fills_and_returns_failure(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    assert_int_equal(error_set(&err, ERR_ABSENT, "no node '%s'", "h9"), -1);
    assert_int_equal(err.kind, ERR_ABSENT);
    assert_int_equal(err.number, 0);
    assert_string_equal(err.text, "no node 'h9'");
    assert_int_equal(error_exit_status(&err), 4);
}

static void a_system_error_carries_its_reason(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    assert_int_equal(error_set_errno(&err, EEXIST, "add link %s in %s", "h1-eth0", "h1"), -1);
    assert_int_equal(err.kind, ERR_SYSTEM);
    assert_int_equal(err.number, EEXIST);
    assert_string_equal(err.text, "add link h1-eth0 in h1: File exists");
}

static void wrapping_puts_context_in_front(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    error_set_errno(&err, ENOENT, "open a.yaml");
    assert_int_equal(error_wrap(&err, "while loading %s", "lab"), -1);
    assert_int_equal(error_wrap(&err, "up"), -1);
    assert_string_equal(err.text, "up: while loading lab: open a.yaml: No such file or directory");
    assert_int_equal(err.kind, ERR_SYSTEM);
    assert_int_equal(err.number, ENOENT);
}

static void wrapping_may_quote_the_error_itself(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    error_set(&err, ERR_FILE, "inner");
    error_wrap(&err, "(%s)", err.text);
    assert_string_equal(err.text, "(inner): inner");
}

static void nobody_listening_is_fine(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERR_FILE, "x"), -1);
    assert_int_equal(error_set_errno(NULL, EIO, "x"), -1);
    assert_int_equal(error_wrap(NULL, "x"), -1);
    error_clear(NULL);
}

static void clearing_allows_the_next_error(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    error_set_errno(&err, EIO, "first");
    error_clear(&err);
    assert_int_equal(err.kind, ERR_NONE);
    assert_int_equal(err.number, 0);
    assert_string_equal(err.text, "");
    assert_int_equal(error_exit_status(&err), 0);
    error_set(&err, ERR_BUSY, "second");
    assert_string_equal(err.text, "second");
}

static void newlines_at_the_end_are_dropped(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    error_set(&err, ERR_FILE, "one\ntwo\n\n");
    assert_string_equal(err.text, "one\ntwo");
    error_clear(&err);
    error_set(&err, ERR_FILE, "\n");
    assert_string_equal(err.text, "");
}

static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    for (int shift = 0; shift < 4; shift++) {
        struct error err = ERROR_INIT;
        STR_AUTO text = STR_INIT;
        str_printf(&text, "%*s", shift, "");
        for (int i = 0; i < 1000; i++)
            str_append(&text, "\xf0\x9f\x98\x80");
        error_set(&err, ERR_FILE, "%s", str_text(&text));
        size_t length = strlen(err.text);
        assert_in_range(length, sizeof err.text - 8, sizeof err.text - 1);
        assert_true(str_is_utf8(err.text, length));
        assert_true(str_ends(err.text, "…"));
    }
}

static void what_just_fits_is_not_cut(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    error_set(&err, ERR_FILE, "%0*d", (int)sizeof err.text - 1, 7);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_true(str_ends(err.text, "007"));
    error_clear(&err);
    error_set(&err, ERR_FILE, "%0*d", (int)sizeof err.text, 7);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_true(str_ends(err.text, "0…"));
}

static void cutting_keeps_the_reason(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    error_set_errno(&err, ENOSPC, "%05000d", 1);
    assert_true(str_ends(err.text, "0…: No space left on device"));
    error_clear(&err);
    error_set_errno(&err, ENOSPC, "write state");
    error_wrap(&err, "%05000d", 1);
    assert_true(str_ends(err.text, "0…: write state: No space left on device"));
    for (int i = 0; i < 50; i++)
        error_wrap(&err, "context %0100d", i);
    assert_true(strlen(err.text) < sizeof err.text);
    assert_true(str_ends(err.text, "…"));
}

static void kinds_have_names_and_statuses(void **state)
{
    (void)state;
    static const struct {
        enum error_kind kind;
        const char *name;
        int status;
    } expected[] = {
        {ERR_NONE, "none", 0},     {ERR_USAGE, "usage", 2}, {ERR_FILE, "file", 2},   {ERR_CAPABILITY, "capability", 3},
        {ERR_ABSENT, "absent", 4}, {ERR_BUSY, "busy", 4},   {ERR_PROBE, "probe", 5}, {ERR_SYSTEM, "system", 3},
    };
    assert_int_equal(sizeof expected / sizeof expected[0], ERR_KIND_COUNT);
    for (int i = 0; i < ERR_KIND_COUNT; i++) {
        struct error err = {.kind = expected[i].kind};
        assert_string_equal(error_kind_name(expected[i].kind), expected[i].name);
        assert_int_equal(error_kind_from_name(expected[i].name), expected[i].kind);
        assert_int_equal(error_exit_status(&err), expected[i].status);
    }
    assert_int_equal(error_kind_from_name("weather"), ERR_NONE);
}

/* Whether `misuse` ends its process by abort(). */
static bool aborts(void (*misuse)(void))
{
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        misuse();
        _exit(0);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void set_twice(void)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_FILE, "one");
    error_set(&err, ERR_FILE, "two");
}

static void wrap_nothing(void)
{
    struct error err = ERROR_INIT;
    error_wrap(&err, "while doing");
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_true(aborts(set_twice));
    assert_true(aborts(wrap_nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_fills_and_returns_failure), cmocka_unit_test(a_system_error_carries_its_reason),
        cmocka_unit_test(wrapping_puts_context_in_front),    cmocka_unit_test(wrapping_may_quote_the_error_itself),
        cmocka_unit_test(nobody_listening_is_fine),          cmocka_unit_test(clearing_allows_the_next_error),
        cmocka_unit_test(newlines_at_the_end_are_dropped),   cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(what_just_fits_is_not_cut),         cmocka_unit_test(cutting_keeps_the_reason),
        cmocka_unit_test(kinds_have_names_and_statuses),     cmocka_unit_test(misuse_is_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
