/* What the writer writes reads back as the same values. */
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
#include "doc/write.h"

static struct value *parse(struct arena *arena, const char *text, size_t length)
{
    struct findings findings;
    findings_init(&findings, arena);
    struct sources *sources = sources_new(arena);
    struct document *document = document_parse_value(arena, sources, "t", text, length, &findings);
    if (findings.count > 0)
        fail_msg("%s\nin\n%.*s", findings_first(&findings, sources, arena), (int)length, text);
    return document->root;
}

/* Equal in kind and content. */
static void same(const struct value *a, const struct value *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == VALUE_MAP) {
        assert_int_equal(a->entry_count, b->entry_count);
        for (size_t i = 0; i < a->entry_count; i++) {
            assert_string_equal(a->entries[i].key, b->entries[i].key);
            same(a->entries[i].value, b->entries[i].value);
        }
    } else if (a->kind == VALUE_LIST) {
        assert_int_equal(a->item_count, b->item_count);
        for (size_t i = 0; i < a->item_count; i++)
            same(a->items[i], b->items[i]);
    } else if (a->kind != VALUE_NULL) {
        assert_int_equal(a->length, b->length);
        assert_memory_equal(a->text, b->text, a->length);
    }
}

static void trees_read_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "5",
        "[[1, 2], [], {}, [{a: b}]]",
        "{a: {}, b: [], c: {d: {e: [1, {f: g, h: [i]}]}}}",
        "- - - a\n    - b\n- {x: \"1\", \"2\": 3, ~: null, \"\": 0, \"a: b\": c}\n",
        "a: |\n  x\n\n  y\nb: >-\n  folded\n  text\n",
        "{a: ['no', 'yes', '5', null, ~, true], \"\\u0001\": \"\\0\\x07\\u2028\\U0001F600\"}",
        "!!binary \"AP8B/g==\"",
        "[\"line\\nbreak\", \"\", ' x']",
        "a: [\"line\\nbreak\\n\", {b: \"x\\n\\ny\\n\\n\"}]",
        "[-1, -x, '-1', 1.5, .inf]",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        ARENA_AUTO arena = arena_new();
        STR_AUTO block = STR_INIT;
        STR_AUTO flow = STR_INIT;
        struct yaml yaml;
        struct value *value = parse(arena, texts[i], strlen(texts[i]));
        yaml_init(&yaml, &block);
        yaml_value(&yaml, value);
        same(value, parse(arena, str_text(&block), block.length));
        value_flow(value, &flow);
        assert_null(strchr(str_text(&flow), '\n'));
        same(value, parse(arena, str_text(&flow), flow.length));
    }
}

/* Every text of up to three characters from those that mean something. */
static void short_texts_read_back(void **state)
{
    (void)state;
    static const char letters[] = "a0 :#-?,[]{}&*!|>'\"%@`~\n\t=<.\\";
    size_t count = strlen(letters);
    ARENA_AUTO arena = arena_new();
    STR_AUTO out = STR_INIT;
    struct yaml yaml;
    yaml_init(&yaml, &out);
    yaml_map(&yaml);
    for (size_t i = 0; i < count * count * count; i++) {
        char text[] = {letters[i % count], letters[i / count % count], letters[i / count / count], '\0'};
        yaml_key(&yaml, text);
        yaml_text(&yaml, text);
    }
    yaml_map_end(&yaml);
    const struct value *map = parse(arena, str_text(&out), out.length);
    assert_int_equal(map->entry_count, count * count * count);
    for (size_t i = 0; i < map->entry_count; i++) {
        char text[] = {letters[i % count], letters[i / count % count], letters[i / count / count], '\0'};
        assert_string_equal(map->entries[i].key, text);
        assert_int_equal(map->entries[i].value->kind, VALUE_TEXT);
        assert_string_equal(map->entries[i].value->text, text);
    }
}

static void long_keys_read_back(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    STR_AUTO out = STR_INIT;
    struct yaml yaml;
    char key[5001];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    yaml_init(&yaml, &out);
    yaml_map(&yaml);
    yaml_key(&yaml, "a");
    yaml_map(&yaml);
    yaml_key(&yaml, key);
    yaml_map(&yaml);
    yaml_text_member(&yaml, "b", "c");
    yaml_map_end(&yaml);
    yaml_text_member(&yaml, "d", "e");
    yaml_map_end(&yaml);
    yaml_map_end(&yaml);
    const struct value *inner = value_get(parse(arena, str_text(&out), out.length), "a");
    assert_string_equal(value_get(value_get(inner, key), "b")->text, "c");
    assert_string_equal(value_get(inner, "d")->text, "e");
}

static void the_style_is_plain(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    ARENA_AUTO arena = arena_new();
    struct yaml yaml;
    const char *text =
        "{lab: shop, title: 'Web, in public', l: [80, 443], nodes: {web: {}, run: [\"a\\nb\\n\"]}, e: []}";
    yaml_init(&yaml, &out);
    yaml_value(&yaml, parse(arena, text, strlen(text)));
    assert_string_equal(str_text(&out), "lab: shop\n"
                                        "title: Web, in public\n"
                                        "l: [80, 443]\n"
                                        "nodes:\n"
                                        "  web: {}\n"
                                        "  run:\n"
                                        "    - |\n"
                                        "      a\n"
                                        "      b\n"
                                        "e: []\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_read_back),
        cmocka_unit_test(short_texts_read_back),
        cmocka_unit_test(long_keys_read_back),
        cmocka_unit_test(the_style_is_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
