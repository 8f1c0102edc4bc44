/* Arena: zeroed, aligned, apart from each other, of any size; arrays that grow. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"

static bool all_zero(const unsigned char *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (memory[i] != 0)
            return false;
    return true;
}

static void allocations_are_zeroed_aligned_and_disjoint(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    enum { COUNT = 400 };
    unsigned char *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = i * 7 % 900;
        blocks[i] = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        assert_true(all_zero(blocks[i], size));
        memset(blocks[i], (int)(i % 255) + 1, size);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t at = 0; at < i * 7 % 900; at++)
            assert_int_equal(blocks[i][at], i % 255 + 1);
}

static void size_zero_gives_a_pointer_of_its_own(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    void *a = arena_alloc(arena, 0), *b = arena_alloc(arena, 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    assert_non_null(arena_copy(arena, NULL, 0));
}

static void big_allocations_stand_beside_small_ones(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    size_t big = (size_t)3 << 20;
    char *before = arena_strdup(arena, "before");
    unsigned char *first = arena_alloc(arena, big), *second = arena_alloc(arena, 4096);
    char *after = arena_strdup(arena, "after");
    assert_true(all_zero(first, big));
    memset(first, 0xff, big);
    memset(second, 0xff, 4096);
    assert_string_equal(before, "before");
    assert_string_equal(after, "after");
}

static void a_big_first_allocation_is_fine(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    memset(arena_alloc(arena, 1 << 20), 1, 1 << 20);
    assert_string_equal(arena_strdup(arena, "x"), "x");
}

static void texts_are_copied(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    char source[] = "gateway";
    char *copy = arena_strdup(arena, source), *part = arena_strndup(arena, source, 4);
    char *whole = arena_strndup(arena, source, 100);
    memset(source, 'x', sizeof source - 1);
    assert_string_equal(copy, "gateway");
    assert_string_equal(part, "gate");
    assert_string_equal(whole, "gateway");
    assert_string_equal(arena_strndup(arena, source, 0), "");
    assert_null(arena_strdup(arena, NULL));
    assert_null(arena_strndup(arena, NULL, 3));
    const char unterminated[3] = {'a', 'b', 'c'};
    assert_string_equal(arena_strndup(arena, unterminated, 3), "abc");
}

static void printf_takes_every_length(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    assert_string_equal(arena_printf(arena, "%s", ""), "");
    assert_string_equal(arena_printf(arena, "%s-%d", "h", 12), "h-12");
    for (int length = 250; length < 262; length++) { /* around the buffer that spares the second formatting */
        char *text = arena_printf(arena, "%0*d", length, 7);
        assert_int_equal(strlen(text), length);
        assert_int_equal(text[length - 1], '7');
    }
    assert_int_equal(strlen(arena_printf(arena, "%100000s|", "")), 100001);
}

static void arrays_grow_and_keep_their_content(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct pair {
        size_t a, b;
    } *pairs = NULL;
    size_t count = 0;
    for (size_t i = 0; i < 1000; i++) {
        struct pair *pair = ARENA_PUSH(arena, pairs, count);
        assert_int_equal(pair->a + pair->b, 0);
        *pair = (struct pair){i, ~i};
        arena_alloc(arena, 3); /* something in between, so that growing in place would be seen */
    }
    assert_int_equal(count, 1000);
    for (size_t i = 0; i < count; i++)
        assert_true(pairs[i].a == i && pairs[i].b == ~i);
}

static void a_shortened_array_gets_zeroed_elements_again(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    int *numbers = NULL;
    size_t count = 0;
    for (size_t start = 0; start < 20; start++) {
        while (count < 20)
            *ARENA_PUSH(arena, numbers, count) = -1;
        count = start;
        assert_int_equal(*ARENA_PUSH(arena, numbers, count), 0);
        numbers[count - 1] = -1;
        for (size_t i = 0; i < count; i++)
            assert_int_equal(numbers[i], -1);
    }
}

static void freeing_takes_null(void **state)
{
    (void)state;
    arena_free(NULL);
    struct arena *arena = arena_new();
    arena_free_pointer(&arena);
    assert_null(arena);
    arena_free_pointer(&arena);
}

static void impossible_sizes_end_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        ARENA_AUTO arena = arena_new();
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        arena_alloc(arena, SIZE_MAX);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed_aligned_and_disjoint),
        cmocka_unit_test(size_zero_gives_a_pointer_of_its_own),
        cmocka_unit_test(big_allocations_stand_beside_small_ones),
        cmocka_unit_test(a_big_first_allocation_is_fine),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(printf_takes_every_length),
        cmocka_unit_test(arrays_grow_and_keep_their_content),
        cmocka_unit_test(a_shortened_array_gets_zeroed_elements_again),
        cmocka_unit_test(freeing_takes_null),
        cmocka_unit_test(impossible_sizes_end_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
