/* Clocks: they go forward, and the time of day has one form. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"

static void clocks_go_forward(void **state)
{
    (void)state;
    int64_t boot = clock_boot(), monotonic = clock_monotonic();
    assert_true(boot > 0);
    assert_true(monotonic > 0);
    for (int i = 0; i < 1000; i++)
        assert_true(clock_monotonic() >= monotonic);
    assert_true(clock_boot() >= boot);
    assert_true(clock_boot() >= clock_monotonic() - NANOSECONDS_PER_SECOND); /* the boot clock counts suspend as well */
}

static void the_real_clock_is_the_time_of_day(void **state)
{
    (void)state;
    int64_t seconds = clock_real() / NANOSECONDS_PER_SECOND;
    assert_true(seconds - (int64_t)time(NULL) <= 1 && (int64_t)time(NULL) - seconds <= 5);
}

static void times_are_written_in_utc(void **state)
{
    (void)state;
    char out[CLOCK_TEXT_MAX];
    assert_string_equal(clock_format_real(0, out), "1970-01-01T00:00:00Z");
    assert_string_equal(clock_format_real(INT64_C(1772366400) * NANOSECONDS_PER_SECOND, out), "2026-03-01T12:00:00Z");
    assert_string_equal(clock_format_real(INT64_C(1709208000) * NANOSECONDS_PER_SECOND, out), "2024-02-29T12:00:00Z");
    assert_string_equal(clock_format_real(999999999, out), "1970-01-01T00:00:00Z");
    assert_string_equal(clock_format_real(-1, out), "1969-12-31T23:59:59Z");
    assert_string_equal(clock_format_real(-NANOSECONDS_PER_SECOND, out), "1969-12-31T23:59:59Z");
    assert_string_equal(clock_format_real(INT64_MAX, out), "2262-04-11T23:47:16Z");
    assert_int_equal(strlen(clock_format_real(INT64_MIN, out)), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_go_forward),
        cmocka_unit_test(the_real_clock_is_the_time_of_day),
        cmocka_unit_test(times_are_written_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
