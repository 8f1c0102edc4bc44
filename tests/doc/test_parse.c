/* Text to tree: kinds, marks, aliases, merge keys, includes' paths, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "doc/doc.h"

struct fixture {
    struct arena *arena;
    struct sources *sources;
    struct findings findings;
};

static struct document *parse(struct fixture *fixture, const char *text)
{
    findings_init(&fixture->findings, fixture->arena);
    return document_parse(fixture->arena, fixture->sources, "t.yaml", text, strlen(text), &fixture->findings);
}

static int setup(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    fixture->arena = arena_new();
    fixture->sources = sources_new(fixture->arena);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->arena);
    test_free(fixture);
    return 0;
}

static void plain_words_are_of_the_core_schema(void **state)
{
    static const struct {
        const char *text;
        enum value_kind kind;
        int64_t integer;
    } cases[] = {
        {"null", VALUE_NULL, 0},       {"~", VALUE_NULL, 0},
        {"", VALUE_NULL, 0},           {"true", VALUE_BOOLEAN, 0},
        {"False", VALUE_BOOLEAN, 0},   {"no", VALUE_TEXT, 0},
        {"yes", VALUE_TEXT, 0},        {"on", VALUE_TEXT, 0},
        {"tRue", VALUE_TEXT, 0},       {"0", VALUE_INTEGER, 0},
        {"-7", VALUE_INTEGER, -7},     {"+7", VALUE_INTEGER, 7},
        {"010", VALUE_INTEGER, 10},    {"0o17", VALUE_INTEGER, 15},
        {"0x1F", VALUE_INTEGER, 31},   {"0x", VALUE_TEXT, 0},
        {"0o8", VALUE_TEXT, 0},        {"1_000", VALUE_TEXT, 0},
        {"1:30", VALUE_TEXT, 0},       {"1.5", VALUE_FLOAT, 0},
        {".5", VALUE_FLOAT, 0},        {"5.", VALUE_FLOAT, 0},
        {"1e3", VALUE_FLOAT, 0},       {".inf", VALUE_FLOAT, 0},
        {".nan", VALUE_FLOAT, 0},      {".", VALUE_TEXT, 0},
        {"e3", VALUE_TEXT, 0},         {"-", VALUE_TEXT, 0},
        {"10.0.0.1", VALUE_TEXT, 0},   {"\"5\"", VALUE_TEXT, 0},
        {"'true'", VALUE_TEXT, 0},     {"!!str 5", VALUE_TEXT, 0},
        {"! 5", VALUE_TEXT, 0},        {"!!int \"5\"", VALUE_INTEGER, 5},
        {"!!float 5", VALUE_FLOAT, 0}, {"99999999999999999999", VALUE_INTEGER, INT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *fixture = *state;
        const char *text = arena_printf(fixture->arena, "k: %s\n", cases[i].text);
        if (strcmp(cases[i].text, "-") == 0)
            text = "k: [ -a ]\n";
        struct document *document = parse(fixture, text);
        assert_int_equal(fixture->findings.count, 0);
        const struct value *value = value_get(document->root, "k");
        if (value->kind == VALUE_LIST)
            value = value->items[0];
        if (value->kind != cases[i].kind)
            fail_msg("'%s' is of kind %d", cases[i].text, value->kind);
        if (value->kind == VALUE_INTEGER)
            assert_true(value->integer == cases[i].integer);
    }
}

static void marks_count_characters(void **state)
{
    struct fixture *fixture = *state;
    struct document *document = parse(fixture, "\xef\xbb\xbf"
                                               "a: 1\n\"caf\xc3\xa9\": { \xe4\xb8\xad: x }\n");
    const struct entry *entry = &document->root->entries[1];
    assert_int_equal(document->root->entries[0].key_mark.column, 1);
    assert_int_equal(entry->key_mark.line, 2);
    assert_int_equal(entry->value->mark.column, 9);
    assert_int_equal(entry->value->entries[0].value->mark.column, 14);
}

static void aliases_share_and_merge_keys_merge(void **state)
{
    struct fixture *fixture = *state;
    struct document *document = parse(fixture, "base: &b { x: 1, y: 2 }\nmore: &m { y: 3, z: 4 }\n"
                                               "both: { y: 9, <<: [*b, *m] }\none: { <<: *b }\nsame: *b\nkey: &k word\n"
                                               "*k : value\n\"<<\": text\n");
    assert_int_equal(fixture->findings.count, 0);
    const struct value *root = document->root, *both = value_get(root, "both");
    assert_int_equal(both->entry_count, 3);
    assert_int_equal(value_get(both, "y")->integer, 9);
    assert_int_equal(value_get(both, "x")->integer, 1);
    assert_int_equal(value_get(both, "z")->integer, 4);
    assert_int_equal(value_get(value_get(root, "one"), "y")->integer, 2);
    assert_ptr_equal(value_get(root, "same"), value_get(root, "base"));
    assert_string_equal(value_get(root, "word")->text, "value");
    assert_string_equal(value_get(root, "<<")->text, "text");
}

static void binary_is_decoded(void **state)
{
    struct fixture *fixture = *state;
    struct document *document = parse(fixture, "a: !!binary \"AP8B\"\nb: !!binary \"YQ==\"\n");
    assert_int_equal(fixture->findings.count, 0);
    assert_int_equal(value_get(document->root, "a")->length, 3);
    assert_memory_equal(value_get(document->root, "a")->text, "\0\377\1", 3);
    assert_string_equal(value_get(document->root, "b")->text, "a");
    parse(fixture, "a: !!binary \"AP8\"\nb: !!binary \"A===\"\n c: 1");
    assert_true(fixture->findings.errors > 0);
}

static void the_first_of_duplicates_counts(void **state)
{
    struct fixture *fixture = *state;
    STR_AUTO text = STR_INIT;
    for (int i = 0; i < 40; i++)
        str_printf(&text, "k%d: %d\n", i, i);
    str_append(&text, "k3: again\nk39: again\n");
    struct document *document = parse(fixture, str_text(&text));
    assert_int_equal(fixture->findings.errors, 2);
    assert_int_equal(document->root->entry_count, 40);
    assert_int_equal(value_get(document->root, "k3")->integer, 3);
    assert_int_equal(fixture->findings.items[0].other.line, 4);
}

static void any_value_can_be_parsed_alone(void **state)
{
    struct fixture *fixture = *state;
    findings_init(&fixture->findings, fixture->arena);
    static const struct {
        const char *text;
        enum value_kind kind;
    } cases[] = {
        {"", VALUE_NULL}, {"5", VALUE_INTEGER}, {"[1, 2]", VALUE_LIST}, {"{a: b}", VALUE_MAP}, {"x y", VALUE_TEXT}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct document *document = document_parse_value(fixture->arena, fixture->sources, "VALUE", cases[i].text,
                                                         strlen(cases[i].text), &fixture->findings);
        assert_int_equal(document->root->kind, cases[i].kind);
    }
    assert_int_equal(fixture->findings.count, 0);
}

static void paths_are_relative_to_the_file(void **state)
{
    struct fixture *fixture = *state;
    findings_init(&fixture->findings, fixture->arena);
    struct document *document =
        document_parse(fixture->arena, fixture->sources, "dir/sub/t.yaml", "a: b\n", 5, &fixture->findings);
    struct mark mark = document->root->mark;
    assert_string_equal(document_path(document, mark, "x.yaml"), "dir/sub/x.yaml");
    assert_string_equal(document_path(document, mark, "/x.yaml"), "/x.yaml");
    document = parse(fixture, "a: b\n");
    assert_string_equal(document_path(document, document->root->mark, "x.yaml"), "x.yaml");
}

static void weights_count_aliases(void **state)
{
    struct fixture *fixture = *state;
    struct document *document = parse(fixture, "a: &a [1, 2]\nb: [*a, *a]\n");
    assert_int_equal(value_get(document->root, "b")->weight, 7);
    assert_int_equal(document->root->weight, 11);
    assert_int_equal(document->root->height, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_words_are_of_the_core_schema, setup, teardown),
        cmocka_unit_test_setup_teardown(marks_count_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(aliases_share_and_merge_keys_merge, setup, teardown),
        cmocka_unit_test_setup_teardown(binary_is_decoded, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_of_duplicates_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(any_value_can_be_parsed_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(paths_are_relative_to_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(weights_count_aliases, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
