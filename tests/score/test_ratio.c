/* Fractions against cases computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "score/ratio.h"

static void assert_exact(struct ratio ratio, const char *text)
{
    char exact[RATIO_TEXT_MAX];
    assert_string_equal(ratio_exact(ratio, exact), text);
}

static void calculates_exactly(void **state)
{
    (void)state;
    assert_exact(ratio_of(6, 4), "3/2");
    assert_exact(ratio_of(0, 9), "0");
    assert_exact(ratio_add(ratio_of(1, 3), ratio_of(1, 6)), "1/2");
    assert_exact(ratio_subtract(ratio_of(1, 2), ratio_whole(2)), "-3/2");
    assert_exact(ratio_multiply(ratio_of(3, 4), ratio_of(2, 9)), "1/6");
    struct ratio sum = ratio_whole(0);
    for (int i = 0; i < 3; i++)
        sum = ratio_add(sum, ratio_of(1, 3));
    assert_int_equal(ratio_compare(sum, ratio_whole(1)), 0);
    assert_true(ratio_compare(ratio_of(1, 3), ratio_of(333333333, 1000000000)) > 0);
    assert_true(ratio_compare(ratio_of(-1, 2), ratio_whole(0)) < 0);
    /* What would not fit in 64 bits on the way. */
    assert_exact(ratio_add(ratio_of(INT64_MAX / 2, 6), ratio_of(INT64_MAX / 2, 6)), "1537228672809129301");
}

static void is_shown_rounded_towards_zero(void **state)
{
    (void)state;
    char text[RATIO_TEXT_MAX];
    assert_string_equal(ratio_format(ratio_of(15, 2), text), "7.5");
    assert_string_equal(ratio_format(ratio_of(2, 3), text), "0.666");
    assert_string_equal(ratio_format(ratio_of(-2, 3), text), "-0.666");
    assert_string_equal(ratio_format(ratio_whole(12), text), "12");
    assert_string_equal(ratio_format(ratio_of(1, 10000), text), "0");
    assert_string_equal(ratio_format(ratio_of(1, 25), text), "0.04");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calculates_exactly),
        cmocka_unit_test(is_shown_rounded_towards_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
