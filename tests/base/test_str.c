/* Growing text, nearest words, UTF-8. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"

static void an_empty_text_serves_every_function(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    assert_string_equal(str_text(&text), "");
    str_clear(&text);
    str_free(&text);
    str_append(&text, "");
    assert_string_equal(str_text(&text), "");
    str_free(&text);
    char *stolen = str_steal(&text);
    assert_string_equal(stolen, "");
    free(stolen);
}

static void text_grows_by_every_kind_of_append(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    str_append(&text, "add ");
    str_append_char(&text, 'h');
    str_append_bytes(&text, "1-eth0", 2);
    str_printf(&text, "%s/%d", "net", 24);
    assert_string_equal(str_text(&text), "add h1-net/24");
    assert_int_equal(text.length, strlen("add h1-net/24"));
    str_append_bytes(&text, "a\0b", 3);
    assert_int_equal(text.length, strlen("add h1-net/24") + 3);
    assert_int_equal(text.data[text.length], '\0');
}

static void text_grows_large(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    for (int i = 0; i < 20000; i++)
        str_printf(&text, "%05d", i);
    assert_int_equal(text.length, 100000);
    assert_memory_equal(text.data + 5 * 19999, "19999", 6);
    for (int length = 0; length < 300; length++) { /* every way to meet the capacity's edge */
        STR_AUTO edge = STR_INIT;
        str_printf(&edge, "%*s", length, "");
        str_printf(&edge, "%*s|", length, "");
        assert_int_equal(edge.length, 2 * length + 1);
        assert_int_equal(strlen(edge.data), edge.length);
    }
}

static void clear_keeps_the_text_usable_and_steal_empties_it(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    str_append(&text, "one");
    str_clear(&text);
    assert_string_equal(str_text(&text), "");
    str_append(&text, "two");
    char *stolen = str_steal(&text);
    assert_string_equal(stolen, "two");
    assert_string_equal(str_text(&text), "");
    str_append(&text, "three");
    assert_string_equal(str_text(&text), "three");
    free(stolen);
}

static void comparisons_know_null_and_ends(void **state)
{
    (void)state;
    assert_true(str_equal("a", "a"));
    assert_false(str_equal("a", "b"));
    assert_true(str_equal(NULL, NULL));
    assert_false(str_equal(NULL, ""));
    assert_false(str_equal("", NULL));
    assert_true(str_starts("subnet", "sub"));
    assert_true(str_starts("subnet", ""));
    assert_false(str_starts("su", "sub"));
    assert_true(str_ends("a.yaml", ".yaml"));
    assert_true(str_ends("a", ""));
    assert_false(str_ends("yaml", ".yaml"));
}

static void nearest_proposes_what_was_meant(void **state)
{
    (void)state;
    const char *const words[] = {"subnet", "subnets", "gateway", "route", "mtu", "security_group", "ip"};
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        {"subnet", "subnet"},
        {"subent", "subnet"},  /* neighbours swapped count once */
        {"subnest", "subnet"}, /* the first of equally near ones */
        {"gatway", "gateway"},
        {"gatewayy", "gateway"},
        {"rout", "route"},
        {"mtv", "mtu"},
        {"securty_gruop", "security_group"},
        {"op", "ip"},
        {"mut", "mtu"},
        {"umt", NULL}, /* two edits are too many for three letters */
        {"x", NULL},
        {"", NULL},
        {"firewall", NULL},
        {"gate", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *nearest = str_nearest(cases[i].word, words, ARRAY_SIZE(words));
        if (!str_equal(nearest, cases[i].nearest))
            fail_msg("%s: %s", cases[i].word, nearest != NULL ? nearest : "nothing");
    }
    assert_null(str_nearest("a", NULL, 0));
}

static void nearest_is_restricted_and_bounded(void **state)
{
    (void)state;
    const char *const restricted[] = {"abc"};
    assert_null(str_nearest("ca", restricted, 1)); /* 3 when no letter may be edited twice, else 2 */
    const char *const exact[] = {"aaaaaaaaa"};
    assert_non_null(str_nearest("aaaaaabbb", exact, 1)); /* a third of nine */
    assert_null(str_nearest("aaaaabbbb", exact, 1));
    char huge[1000];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    const char *const words[] = {huge, "aaaa"};
    assert_null(str_nearest(huge, words, 2));
    assert_string_equal(str_nearest("aaab", words, 2), "aaaa");
    huge[128] = '\0';
    assert_ptr_equal(str_nearest(huge, words, 2), huge);
}

static void utf8_is_told_from_what_only_looks_like_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length, expected;
    } cases[] = {
        {"", 0, 0},
        {"a", 1, 1},
        {"\0", 1, 1},
        {"\x7f", 1, 1},
        {"\xc3\xa9!", 3, 2},
        {"\xe2\x82\xac", 3, 3},
        {"\xf0\x9f\x98\x80", 4, 4},
        {"\xf4\x8f\xbf\xbf", 4, 4}, /* U+10FFFF, the last */
        {"\xed\x9f\xbf", 3, 3},     /* U+D7FF, before the surrogates */
        {"\xee\x80\x80", 3, 3},     /* U+E000, behind them */
        {"\xc3", 1, 0},             /* cut */
        {"\xe2\x82", 2, 0},
        {"\xf0\x9f\x98", 3, 0},
        {"\x80", 1, 0}, /* continuation alone */
        {"\xc3\x28", 2, 0},
        {"\xe2\x82\x28", 3, 0},
        {"\xf0\x9f\x98\x28", 4, 0},
        {"\xc0\x80", 2, 0}, /* overlong */
        {"\xc1\xbf", 2, 0},
        {"\xe0\x9f\xbf", 3, 0},
        {"\xf0\x8f\xbf\xbf", 4, 0},
        {"\xed\xa0\x80", 3, 0},     /* surrogate */
        {"\xf4\x90\x80\x80", 4, 0}, /* past U+10FFFF */
        {"\xf5\x80\x80\x80", 4, 0},
        {"\xff", 1, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (str_utf8_length(cases[i].text, cases[i].length) != cases[i].expected)
            fail_msg("case %zu", i);
    assert_true(str_is_utf8("", 0));
    assert_true(str_is_utf8("na\xc3\xafve", 6));
    assert_false(str_is_utf8("na\xc3\xafve", 3));
    assert_false(str_is_utf8("a\xff", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_text_serves_every_function),
        cmocka_unit_test(text_grows_by_every_kind_of_append),
        cmocka_unit_test(text_grows_large),
        cmocka_unit_test(clear_keeps_the_text_usable_and_steal_empties_it),
        cmocka_unit_test(comparisons_know_null_and_ends),
        cmocka_unit_test(nearest_proposes_what_was_meant),
        cmocka_unit_test(nearest_is_restricted_and_bounded),
        cmocka_unit_test(utf8_is_told_from_what_only_looks_like_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
