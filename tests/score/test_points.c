/* Points against cases computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/table.h"
#include "base/units.h"
#include "score/points.h"

#define SHARE(percent) (uint32_t)((percent) * (SHARE_WHOLE / 100))

static const struct points_check pass60 = {.id = "a", .verdict = VERDICT_PASS, .points = 60};
static const struct points_check fail40 = {.id = "b", .verdict = VERDICT_FAIL, .points = 40};
static const struct points_check error40 = {.id = "c", .verdict = VERDICT_ERROR, .points = 40};
static const struct points_check unsupported40 = {.id = "d", .verdict = VERDICT_UNSUPPORTED, .points = 40};

static void assert_total(const struct points *points, int64_t total)
{
    assert_int_equal(ratio_compare(points->total, ratio_whole(total)), 0);
}

static void sums_passing_checks(void **state)
{
    (void)state;
    struct points_check checks[] = {pass60, fail40};
    struct points_task task = {.id = "t", .checks = checks, .check_count = 2};
    struct points points = points_score(&task, 1, NULL, 0, NULL, SHARE(60));
    assert_total(&points, 60);
    assert_int_equal(points.maximum, 100);
    assert_true(points.passed);
    assert_int_equal(points.share, SHARE(60));
    assert_false(points_score(&task, 1, NULL, 0, NULL, SHARE(60) + 1).passed);
}

static void hints_cost_never_below_zero(void **state)
{
    (void)state;
    struct points_check checks[] = {pass60, fail40};
    struct points_task tasks[] = {{.id = "t", .checks = checks, .check_count = 2, .hint_cost = 15},
                                  {.id = "u", .checks = &fail40, .check_count = 1, .hint_cost = 10}};
    struct points points = points_score(tasks, 2, NULL, 0, NULL, SHARE(70));
    assert_int_equal(tasks[0].earned, 45);
    assert_int_equal(tasks[1].earned, 0);
    assert_total(&points, 45);
    assert_int_equal(points.maximum, 140);
    assert_false(points.passed);
}

static void guards_cost_once_never_below_zero(void **state)
{
    (void)state;
    struct points_guard guards[] = {{.id = "g", .verdict = VERDICT_FAIL, .penalty = 40},
                                    {.id = "h", .verdict = VERDICT_PASS, .penalty = 1000},
                                    {.id = "i", .verdict = VERDICT_ERROR, .penalty = 1000}};
    struct points_task task = {.id = "t", .checks = &pass60, .check_count = 1};
    struct points points = points_score(&task, 1, guards, 3, NULL, SHARE(33));
    assert_int_equal(points.penalties, 40);
    assert_total(&points, 20);
    assert_true(points.passed); /* 20 of 60 is a third, more than 33 % */
    guards[0].penalty = 61;
    points = points_score(&task, 1, guards, 3, NULL, SHARE(1));
    assert_total(&points, 0);
    assert_false(points.passed);
}

static void errors_leave_numerator_and_denominator(void **state)
{
    (void)state;
    struct points_check checks[] = {pass60, error40, unsupported40};
    struct points_task task = {.id = "t", .checks = checks, .check_count = 3};
    struct points points = points_score(&task, 1, NULL, 0, NULL, SHARE(100));
    assert_total(&points, 60);
    assert_int_equal(points.maximum, 60);
    assert_int_equal(task.unjudged, 80);
    assert_true(points.passed);
}

static void compares_exactly(void **state)
{
    (void)state;
    struct points_check checks[] = {{.id = "a", .verdict = VERDICT_PASS, .points = 2},
                                    {.id = "b", .verdict = VERDICT_FAIL, .points = 1}};
    struct points_task task = {.id = "t", .checks = checks, .check_count = 2};
    assert_true(points_score(&task, 1, NULL, 0, NULL, 666666666).passed);
    assert_false(points_score(&task, 1, NULL, 0, NULL, 666666667).passed); /* 2/3 is less than 66.6666667 % */
    struct points_check huge = {.id = "a", .verdict = VERDICT_PASS, .points = UINT32_MAX};
    task = (struct points_task){.id = "t", .checks = &huge, .check_count = 1};
    assert_true(points_score(&task, 1, NULL, 0, NULL, SHARE_WHOLE).passed);
}

static void nothing_judged_is_not_passed(void **state)
{
    (void)state;
    struct points_task task = {.id = "t", .checks = &error40, .check_count = 1};
    struct points points = points_score(&task, 1, NULL, 0, NULL, 0);
    assert_int_equal(points.maximum, 0);
    assert_false(points.passed);
    struct points_guard guard = {.id = "g", .verdict = VERDICT_PASS, .penalty = 5};
    assert_true(points_score(NULL, 0, &guard, 1, NULL, SHARE(70)).passed); /* a control with nothing to earn */
    guard.verdict = VERDICT_FAIL;
    assert_false(points_score(NULL, 0, &guard, 1, NULL, SHARE(70)).passed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_passing_checks),
        cmocka_unit_test(hints_cost_never_below_zero),
        cmocka_unit_test(guards_cost_once_never_below_zero),
        cmocka_unit_test(errors_leave_numerator_and_denominator),
        cmocka_unit_test(compares_exactly),
        cmocka_unit_test(nothing_judged_is_not_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
