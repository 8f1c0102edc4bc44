/* Map: against a plain array that is right by inspection. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"

static void an_empty_map_holds_nothing(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct map *map = map_new(arena);
    assert_int_equal(map_count(map), 0);
    assert_null(map_get(map, "h1"));
    map_remove(map, "h1");
    assert_int_equal(map_count(map), 0);
}

static void set_returns_what_stood_there(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct map *map = map_new(arena);
    int one, two;
    assert_null(map_set(map, "h1", &one));
    assert_ptr_equal(map_set(map, "h1", &two), &one);
    assert_ptr_equal(map_get(map, "h1"), &two);
    assert_int_equal(map_count(map), 1);
    map_remove(map, "h1");
    assert_null(map_get(map, "h1"));
    assert_int_equal(map_count(map), 0);
    assert_null(map_set(map, "h1", &one));
    assert_ptr_equal(map_get(map, "h1"), &one);
}

static void keys_are_copied(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct map *map = map_new(arena);
    char key[] = "router";
    map_set(map, key, key);
    key[0] = 'R';
    assert_null(map_get(map, key));
    assert_ptr_equal(map_get(map, "router"), key);
}

static void keys_differ_by_any_byte_and_length(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct map *map = map_new(arena);
    char key[41] = "";
    int values[41];
    for (size_t i = 0; i <= 40; i++) { /* "", "a", "aa", …: every remainder of the hash's words */
        assert_null(map_set(map, key, &values[i]));
        key[i < 40 ? i : 39] = 'a';
    }
    assert_int_equal(map_count(map), 41);
    memset(key, 0, sizeof key);
    for (size_t i = 0; i <= 40; i++) {
        assert_ptr_equal(map_get(map, key), &values[i]);
        key[i < 40 ? i : 39] = 'a';
    }
    assert_null(map_set(map, "\xff\xfe", values));
    assert_ptr_equal(map_get(map, "\xff\xfe"), values);
}

enum { KEYS = 3000, STEPS = 60000 };

/* The key of number i, in a buffer of the caller's. */
static const char *key_of(unsigned i, char out[static 32])
{
    snprintf(out, 32, "node-%u", i);
    return out;
}

/* Fixed sequence of Numerical Recipes' generator: the same walk in every run. */
static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static void a_long_walk_agrees_with_an_array(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct map *map = map_new(arena);
    static unsigned model[KEYS];
    unsigned *values = arena_alloc(arena, STEPS * sizeof *values), seed = 42;
    size_t count = 0;
    char key[32];
    for (unsigned step = 1; step < STEPS; step++) {
        unsigned i = next_random(&seed) % KEYS;
        if (next_random(&seed) % 100 < 55) {
            values[step] = i;
            assert_ptr_equal(map_set(map, key_of(i, key), &values[step]), model[i] != 0 ? &values[model[i]] : NULL);
            count += model[i] == 0;
            model[i] = step;
        } else {
            map_remove(map, key_of(i, key));
            count -= model[i] != 0;
            model[i] = 0;
        }
        assert_int_equal(map_count(map), count);
    }
    for (unsigned i = 0; i < KEYS; i++)
        assert_ptr_equal(map_get(map, key_of(i, key)), model[i] != 0 ? &values[model[i]] : NULL);
    for (unsigned i = 0; i < KEYS; i++)
        map_remove(map, key_of(i, key));
    assert_int_equal(map_count(map), 0);
}

static void two_maps_of_one_arena_are_apart(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct map *a = map_new(arena), *b = map_new(arena);
    map_set(a, "x", a);
    assert_null(map_get(b, "x"));
    map_set(b, "x", b);
    assert_ptr_equal(map_get(a, "x"), a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_holds_nothing),
        cmocka_unit_test(set_returns_what_stood_there),
        cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(keys_differ_by_any_byte_and_length),
        cmocka_unit_test(a_long_walk_agrees_with_an_array),
        cmocka_unit_test(two_maps_of_one_arena_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
