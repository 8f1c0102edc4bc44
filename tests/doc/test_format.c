/* The canonical form of a text: what becomes uniform, what stays, and that doing it twice changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glob.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "doc/doc.h"
#include "doc/format.h"

/* 0, or -1 with what was said; what does not read at all fails the test. */
static int format(const char *text, struct str *out, struct str *said)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct sources *sources = sources_new(arena);
    findings_init(&findings, arena);
    struct document *document = document_parse(arena, sources, "test", text, strlen(text), &findings);
    if (findings.errors)
        fail_msg("%s", findings.items[0].text);
    int result = format_text(document, out);
    for (size_t i = 0; i < findings.count; i++)
        str_append(said, findings.items[i].text);
    return result;
}

static void becomes(const char *text, const char *expected)
{
    STR_AUTO once = STR_INIT;
    STR_AUTO twice = STR_INIT;
    STR_AUTO said = STR_INIT;
    assert_int_equal(format(text, &once, &said), 0);
    assert_string_equal(str_text(&once), expected);
    assert_int_equal(format(str_text(&once), &twice, &said), 0);
    assert_string_equal(str_text(&twice), str_text(&once));
}

static void one_layout(void **state)
{
    (void)state;
    becomes("a:    1\nb:\n- x\n-   y\nc:\n     d: 2\n", "a: 1\nb:\n  - x\n  - y\nc:\n  d: 2\n");
    becomes("a: {b: 1,c: [1,2], d: [ {e: f} ]}\n", "a: { b: 1, c: [1, 2], d: [ { e: f } ] }\n");
    becomes("a: {}\nb: [ ]\nc:\nd: ~\n", "a: {}\nb: []\nc:\nd: ~\n");
    becomes("a:\n- - 1\n  - 2\n-\n  b: c\n", "a:\n  - - 1\n    - 2\n  - b: c\n");
    becomes("a: one\n  two\nb: \"three\n  four\"\n", "a: one two\nb: three four\n");
    becomes("---\na: \"1\"\nb: 'it''s'\n\"c d\": e\r\n...\n", "a: \"1\"\nb: 'it''s'\n\"c d\": e\n");
    becomes("a: &x {b: 1}\nc: *x\nd: !!binary aGk=\n", "a: &x { b: 1 }\nc: *x\nd: !!binary aGk=\n");
}

static void what_is_too_wide_gets_lines(void **state)
{
    (void)state;
    becomes("l:\n  - { aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, c: { d: e }, "
            "ffffffffffffffffffffffff: ggggggggggggggg }\n",
            "l:\n  - aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n    c: { d: e }\n    "
            "ffffffffffffffffffffffff: ggggggggggggggg\n");
}

static void blocks_keep_their_text(void **state)
{
    (void)state;
    becomes("a: |\n     one\n\n       two\n     # three\nb: >-\n   x\n   y\nc: 1\n",
            "a: |\n  one\n\n    two\n  # three\nb: >-\n  x\n  y\nc: 1\n");
    becomes("a:\n  - run: |\n          x\n    at: y\n", "a:\n  - run: |\n      x\n    at: y\n");
    becomes("a: |+\n  x\n\nb: |2\n    y\n", "a: \"x\\n\\n\"\n\nb: \"  y\\n\"\n");
}

static void comments_stay_with_their_things(void **state)
{
    (void)state;
    becomes(
        "# head\n\n\n# of a\na: 1 # behind\n\n\nb:   # the list\n    # of x\n    - x\n    # tail of b\n# of c\nc: 2\n# "
        "end\n",
        "# head\n\n# of a\na: 1 # behind\n\nb:   # the list\n  # of x\n  - x\n  # tail of b\n# of c\nc: 2\n# end\n");
    becomes("a: [ x, # of x\n  y ]\nb: {c: 1\n  # of d\n  , d: 2}\n",
            "a:\n  - x   # of x\n  - y\nb:\n  c: 1\n  # of d\n  d: 2\n");
    becomes("a:\n  # of a's value\n  b\nc:\n- # of d\n  d: e\n", "# of a's value\na: b\nc:\n  # of d\n  - d: e\n");
    becomes("a: | # of the block\n  x\nb: \"# none\"\nc: d#e\n", "a: | # of the block\n  x\nb: \"# none\"\nc: d#e\n");
}

static void what_cannot_be_kept_is_refused(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    STR_AUTO said = STR_INIT;
    assert_int_equal(format("a: \"x\xe2\x80\xa8y\"\n", &out, &said), -1);
    assert_non_null(strstr(str_text(&said), "line breaks of another system"));
    assert_int_equal(out.length, 0);
}

static void what_is_shipped_keeps_its_meaning(void **state)
{
    (void)state;
    static const char *const patterns[] = {LABCTL_SOURCE "/topologies/*.yaml", LABCTL_SOURCE "/scenarios/*.yaml"};
    size_t seen = 0;
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        glob_t files = {0};
        assert_int_equal(glob(patterns[p], 0, NULL, &files), 0);
        for (size_t i = 0; i < files.gl_pathc; i++, seen++) {
            STR_AUTO text = STR_INIT;
            STR_AUTO once = STR_INIT;
            STR_AUTO said = STR_INIT;
            assert_int_equal(file_read(AT_FDCWD, files.gl_pathv[i], &text, 1 << 20), 0);
            if (format(str_text(&text), &once, &said)) /* values and comments are compared there */
                fail_msg("%s: %s", files.gl_pathv[i], str_text(&said));
            becomes(str_text(&once), str_text(&once));
        }
        globfree(&files);
    }
    assert_true(seen > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_layout),
        cmocka_unit_test(what_is_too_wide_gets_lines),
        cmocka_unit_test(blocks_keep_their_text),
        cmocka_unit_test(comments_stay_with_their_things),
        cmocka_unit_test(what_cannot_be_kept_is_refused),
        cmocka_unit_test(what_is_shipped_keeps_its_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
