/* Tests of base/parallel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/parallel.h"

#define THINGS 10000

struct tally {
    atomic_uint seen[THINGS];
    unsigned long of_worker[64]; /* without a lock: a worker does one thing at a time */
};

static void see(void *context, unsigned worker, size_t index)
{
    struct tally *tally = context;
    atomic_fetch_add(&tally->seen[index], 1);
    tally->of_worker[worker]++;
}

static void each_once_and_all_done(void **state)
{
    (void)state;
    static struct tally tally;
    unsigned long sum = 0;
    parallel_each(THINGS, see, &tally);
    for (size_t i = 0; i < THINGS; i++)
        assert_int_equal(tally.seen[i], 1);
    for (unsigned i = 0; i < parallel_workers(THINGS); i++)
        sum += tally.of_worker[i];
    assert_int_equal(sum, THINGS);
}

static void nothing_is_done_for_nothing(void **state)
{
    (void)state;
    parallel_each(0, see, NULL);
    assert_int_equal(parallel_workers(0), 1);
    assert_int_equal(parallel_workers(1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once_and_all_done),
        cmocka_unit_test(nothing_is_done_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
