/* Findings: counted, copied, sorted by place and stable within one, without duplicates. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/mark.h"
#include "base/str.h"

static void adding_copies_and_counts(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    findings_init(&findings, arena);
    char rule[] = "unknown-key", value[] = "subent";
    struct finding *finding =
        findings_add(&findings, FINDING_ERROR, rule, (struct mark){1, 2, 3}, "'%s' is not a key", value);
    memset(rule, 'x', strlen(rule));
    memset(value, 'x', strlen(value));
    assert_string_equal(finding->rule, "unknown-key");
    assert_string_equal(finding->text, "'subent' is not a key");
    assert_null(finding->hint);
    assert_null(finding->other_text);
    assert_int_equal(finding->other.line, 0);
    assert_int_equal(finding->mark.column, 3);
    findings_add(&findings, FINDING_WARNING, "style", (struct mark){1, 2, 3}, "w");
    assert_int_equal(findings.count, 2);
    assert_int_equal(findings.errors, 1);
}

/* The texts of all findings, one after the other. */
static const char *texts(const struct findings *findings, struct str *out)
{
    str_clear(out);
    for (size_t i = 0; i < findings->count; i++)
        str_append(out, findings->items[i].text);
    return str_text(out);
}

static void sorting_goes_by_place_and_is_stable(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    STR_AUTO out = STR_INIT;
    struct findings findings;
    findings_init(&findings, arena);
    findings_sort(&findings); /* nothing to do */
    findings_add(&findings, FINDING_ERROR, "r", (struct mark){1, 1, 1}, "i");
    findings_add(&findings, FINDING_ERROR, "r", (struct mark){0, 2, 9}, "f");
    findings_add(&findings, FINDING_ERROR, "r", (struct mark){0, 10, 1}, "g");
    findings_add(&findings, FINDING_ERROR, "z", (struct mark){0, 2, 1}, "d");
    findings_add(&findings, FINDING_WARNING, "r", (struct mark){0, 0, 0}, "a");
    findings_add(&findings, FINDING_ERROR, "a", (struct mark){0, 2, 1}, "c");
    findings_add(&findings, FINDING_ERROR, "m", (struct mark){0, 2, 1}, "e");
    findings_sort(&findings);
    assert_string_equal(texts(&findings, &out), "adcefgi");
    findings_sort(&findings);
    assert_string_equal(texts(&findings, &out), "adcefgi");
    findings_add(&findings, FINDING_ERROR, "r", (struct mark){0, 10, 2}, "h");
    findings_sort(&findings);
    assert_string_equal(texts(&findings, &out), "adcefghi");
    assert_int_equal(findings.errors, 7);
}

static void exact_duplicates_go_even_when_apart(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    STR_AUTO out = STR_INIT;
    struct findings findings;
    struct mark mark = {0, 4, 2};
    findings_init(&findings, arena);
    findings_add(&findings, FINDING_ERROR, "r", mark, "B");
    findings_add(&findings, FINDING_ERROR, "r", mark, "A");
    findings_add(&findings, FINDING_ERROR, "r", mark, "B");
    findings_add(&findings, FINDING_ERROR, "r", mark, "A");
    findings_add(&findings, FINDING_ERROR, "r", (struct mark){0, 4, 1}, "B");
    findings_sort(&findings);
    assert_string_equal(texts(&findings, &out), "BBA");
    assert_int_equal(findings.errors, 3);
    findings_add(&findings, FINDING_WARNING, "r", mark, "W"); /* the shortened array grows on */
    findings_add(&findings, FINDING_WARNING, "r", mark, "X");
    assert_null(findings.items[4].hint);
    assert_string_equal(texts(&findings, &out), "BBAWX");
}

static void near_duplicates_stay(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct mark mark = {0, 4, 2};
    findings_init(&findings, arena);
    findings_add(&findings, FINDING_ERROR, "r", mark, "A");
    findings_add(&findings, FINDING_WARNING, "r", mark, "A");
    findings_add(&findings, FINDING_ERROR, "s", mark, "A");
    findings_add(&findings, FINDING_ERROR, "r", mark, "A")->hint = "h";
    findings_add(&findings, FINDING_ERROR, "r", mark, "A")->hint = "i";
    findings_add(&findings, FINDING_ERROR, "r", mark, "A")->other.line = 7;
    findings_add(&findings, FINDING_ERROR, "r", mark, "A")->other_text = "there";
    findings_sort(&findings);
    assert_int_equal(findings.count, 7);
    assert_int_equal(findings.errors, 6);
}

static void many_findings_are_sorted(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    findings_init(&findings, arena);
    enum { COUNT = 50000 };
    for (uint32_t i = 0; i < COUNT; i++)
        findings_add(&findings, FINDING_ERROR, "r", (struct mark){0, i * 7919 % 1000 + 1, 1}, "%u", (unsigned)i);
    findings_sort(&findings);
    assert_int_equal(findings.count, COUNT);
    for (size_t i = 1; i < COUNT; i++) {
        const struct finding *a = &findings.items[i - 1], *b = &findings.items[i];
        unsigned first, second;
        assert_int_equal(sscanf(a->text, "%u", &first) + sscanf(b->text, "%u", &second), 2);
        assert_true(a->mark.line < b->mark.line || (a->mark.line == b->mark.line && first < second));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adding_copies_and_counts),
        cmocka_unit_test(sorting_goes_by_place_and_is_stable),
        cmocka_unit_test(exact_duplicates_go_even_when_apart),
        cmocka_unit_test(near_duplicates_stay),
        cmocka_unit_test(many_findings_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
