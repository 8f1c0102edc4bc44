/* Counted tables. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/table.h"

static void the_count_is_a_constant(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int value;
    } rows[] = {{"a", 1}, {"b", 2}, {"c", 3}};
    _Static_assert(ARRAY_SIZE(rows) == 3, "usable where a constant is needed");
    assert_int_equal(ARRAY_SIZE("abc"), 4);
    size_t i = 1;
    assert_int_equal(ARRAY_SIZE(rows) * i + 1, 4); /* binds as one operand */
    assert_int_equal(rows[ARRAY_SIZE(rows) - 1].value, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_count_is_a_constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
