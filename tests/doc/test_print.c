/* Diagnostics for a person and for programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "doc/doc.h"

/* What is printed about one place of a text. */
static void expect(const char *text, struct mark mark, bool color, const char *wanted)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO out = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    findings_init(&findings, arena);
    mark.file = sources_add(sources, "t.yaml", text, strlen(text));
    findings_add(&findings, FINDING_ERROR, "rule", mark, "wrong");
    findings_print(&findings, sources, color, &out);
    assert_string_equal(str_text(&out), wanted);
}

static void a_caret_stands_under_its_column(void **state)
{
    (void)state;
    expect("a: b\n", (struct mark){0, 1, 4}, false, "t.yaml:1:4: error: wrong [rule]\n  a: b\n     ^\n");
    expect("\ta: b\n", (struct mark){0, 1, 5}, false, "t.yaml:1:5: error: wrong [rule]\n  \ta: b\n  \t   ^\n");
    expect("caf\xc3\xa9: b", (struct mark){0, 1, 7}, false,
           "t.yaml:1:7: error: wrong [rule]\n  caf\xc3\xa9: b\n        ^\n");
    expect("\xe4\xb8\xad: b", (struct mark){0, 1, 4}, false,
           "t.yaml:1:4: error: wrong [rule]\n  \xe4\xb8\xad: b\n      ^\n");
    expect("e\xcc\x81: b", (struct mark){0, 1, 5}, false, "t.yaml:1:5: error: wrong [rule]\n  e\xcc\x81: b\n     ^\n");
    expect("x\r\na: b\r\n", (struct mark){0, 2, 4}, false, "t.yaml:2:4: error: wrong [rule]\n  a: b\n     ^\n");
    expect("a", (struct mark){0, 2, 1}, false, "t.yaml:2:1: error: wrong [rule]\n");
    expect("a", (struct mark){0, 0, 0}, false, "t.yaml: error: wrong [rule]\n");
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
    (void)state;
    expect("a\x1b[2Jb\n", (struct mark){0, 1, 6}, false, "t.yaml:1:6: error: wrong [rule]\n  a?[2Jb\n       ^\n");
    expect("\xff\xfe", (struct mark){0, 1, 2}, false, "t.yaml:1:2: error: wrong [rule]\n  ??\n   ^\n");
}

static void colors_are_optional(void **state)
{
    (void)state;
    expect("a", (struct mark){0, 1, 1}, true,
           "\033[1mt.yaml:1:1: \033[0m\033[1;31merror:\033[0m wrong [rule]\n  a\n  \033[1;32m^\033[0m\n");
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    STR_AUTO out = STR_INIT;
    char text[5001];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct sources *sources = sources_new(arena);
    struct findings findings;
    findings_init(&findings, arena);
    uint32_t file = sources_add(sources, "t", text, sizeof text - 1);
    findings_add(&findings, FINDING_WARNING, "r", (struct mark){file, 1, 1000}, "w");
    findings_add(&findings, FINDING_WARNING, "r", (struct mark){file, 1, 4999}, "w");
    findings_print(&findings, sources, false, &out);
    const char *line = strchr(str_text(&out), '\n') + 1, *caret = strchr(line, '\n') + 1;
    assert_true(strlen(str_text(&out)) < 600);
    assert_int_equal(strcspn(caret, "^"), 103); /* two of indentation, one for the sign of the cut, then 100 */
}

static void json_has_the_documented_shape(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    STR_AUTO out = STR_INIT;
    struct json json;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    findings_init(&findings, arena);
    uint32_t file = sources_add(sources, "t", "a", 1);
    struct finding *finding = findings_add(&findings, FINDING_ERROR, "r", (struct mark){file, 1, 2}, "text");
    finding->hint = "hint";
    finding->other = (struct mark){file, 3, 4};
    finding->other_text = "there";
    json_init(&json, &out, false);
    findings_json(&findings, sources, &json);
    assert_string_equal(str_text(&out),
                        "[{\"level\":\"error\",\"file\":\"t\",\"line\":1,\"column\":2,\"rule\":\"r\",\"text\":\"text\","
                        "\"hint\":\"hint\",\"other\":{\"file\":\"t\",\"line\":3,\"column\":4,\"text\":\"there\"}}]");
    assert_string_equal(findings_first(&findings, sources, arena), "t:1:2: text [r]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caret_stands_under_its_column),
        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(colors_are_optional),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(json_has_the_documented_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
