/* Matrices of three moments: each way in which a pair may change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "score/comparison.h"

/* "1" and "0" a pair, from n0, n1 … to x. */
static struct reach_matrix matrix_of(const char *bits, struct arena *arena)
{
    struct reach_matrix matrix = {0};
    for (size_t i = 0; bits[i]; i++)
        if (bits[i] != '-')
            *ARENA_PUSH(arena, matrix.items, matrix.count) = (struct reach){
                .from = arena_printf(arena, "n%zu", i), .to = "x", .port = i % 2 ? 80 : 0, .open = bits[i] == '1'};
    return matrix;
}

static void assert_pairs(const struct reach_matrix *list, const char *names)
{
    char text[200] = "";
    size_t length = 0;
    for (size_t i = 0; i < list->count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i ? " " : "", list->items[i].from);
    assert_string_equal(text, names);
}

static void every_change_has_its_name(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    /* healthy, broken, end of each pair, read downwards */
    struct reach_matrix healthy = matrix_of("11110000", arena), broken = matrix_of("11001100", arena),
                        end = matrix_of("10101010", arena);
    struct comparison comparison = comparison_of(&healthy, &broken, &end, arena);
    assert_int_equal(comparison.preserved, 1);
    assert_pairs(&comparison.newly_broken, "n1");
    assert_pairs(&comparison.fixed, "n2");
    assert_pairs(&comparison.still_broken, "n3");
    assert_pairs(&comparison.newly_opened, "n4 n6");
    assert_int_equal(comparison.newly_broken.items[0].port, 80);
}

static void only_what_all_hold_is_compared(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct reach_matrix healthy = matrix_of("1111", arena), broken = matrix_of("1-00", arena),
                        end = matrix_of("00-1", arena);
    struct comparison comparison = comparison_of(&healthy, &broken, &end, arena);
    assert_pairs(&comparison.newly_broken, "n0");
    assert_pairs(&comparison.fixed, "n3");
    assert_int_equal(comparison.still_broken.count, 0);
    comparison = comparison_of(&healthy, NULL, &end, arena);
    assert_pairs(&comparison.newly_broken, "n0 n1");
    assert_int_equal(comparison.preserved, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_has_its_name),
        cmocka_unit_test(only_what_all_hold_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
