/* Tests of base/late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/late.h"

static pid_t (*late_getpid)(void);
static void (*late_absent)(void);

static void fills_in(void **state)
{
    (void)state;
    const struct late_function functions[] = {{"getpid", &late_getpid}};
    struct error err = ERROR_INIT;
    assert_int_equal(late_load("libc.so.6", functions, 1, &err), 0);
    assert_int_equal(late_getpid(), getpid());
}

static void names_the_missing(void **state)
{
    (void)state;
    const struct late_function functions[] = {{"no_such_function", &late_absent}};
    struct error err = ERROR_INIT;
    assert_int_equal(late_load("libc.so.6", functions, 1, &err), -1);
    assert_string_equal(err.text, "load libc.so.6: it has no no_such_function; a newer version is needed");
    assert_null(late_absent);
    err = (struct error)ERROR_INIT;
    assert_int_equal(late_load("libabsent.so.9", functions, 1, &err), -1);
    assert_non_null(strstr(err.text, "libabsent.so.9"));
    assert_non_null(strstr(err.text, "install the package that has it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fills_in), cmocka_unit_test(names_the_missing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
