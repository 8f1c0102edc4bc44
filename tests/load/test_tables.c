/* The tables of the language are well formed, and the manual page and the JSON Schema say what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "load/load.h"
#include "load/scenario.h"

#define PAGE          LABCTL_SOURCE "/man/labctl-topology.5"
#define SCHEMA_FILE   LABCTL_SOURCE "/man/topology.schema.json"
#define SCENARIO_FILE LABCTL_SOURCE "/man/scenario.schema.json"

typedef void each_schema(const struct schema *schema, void *context);

static void for_schemas(each_schema *one, void *context)
{
    one(&topology_schema, context);
    for (size_t i = 0; i < load_schema_count; i++)
        one(load_schemas[i], context);
}

static bool is_listed(const struct schema *schema)
{
    for (size_t i = 0; i < load_schema_count; i++)
        if (load_schemas[i] == schema)
            return true;
    return false;
}

static void well_formed(const struct schema *schema, void *context)
{
    *(size_t *)context += schema->count;
    assert_true(strlen(schema->name) > 0);
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        assert_ptr_equal(schema_field(schema, field->key), field); /* no key twice */
        if (field->doc == NULL || strlen(field->doc) < 5 || !str_ends(field->doc, "."))
            fail_msg("%s/%s has no sentence", schema->name, field->key);
        bool decodes = field->decode != NULL ||
                       (field->type != FIELD_CUSTOM && field->type != FIELD_LIST && field->type != FIELD_NAMED);
        if (!decodes || (field->type == FIELD_CUSTOM && (field->wants == NULL || field->json == NULL)))
            fail_msg("%s/%s lacks a reader, its words or its JSON", schema->name, field->key);
        if (field->type == FIELD_WORD)
            assert_true(field->words != NULL && field->word_count > 1);
        if (field->type == FIELD_INTEGER)
            assert_true(field->least < field->most && field->size > 0);
        bool nested = field->type == FIELD_MAPPING || field->type == FIELD_LIST || field->type == FIELD_NAMED;
        if (nested || field->schema != NULL)
            assert_true(is_listed(field->schema));
    }
}

static void the_tables_are_well_formed(void **state)
{
    (void)state;
    size_t keys = 0;
    for_schemas(well_formed, &keys);
    assert_true(keys > 150);
}

/* ---- the manual page ------------------------------------------------------------------------------------------- */

/* The page as a person reads it, nearly: without escapes. */
static void read_page(struct str *out)
{
    STR_AUTO text = STR_INIT;
    assert_int_equal(file_read(AT_FDCWD, PAGE, &text, 1 << 20), 0);
    for (const char *c = str_text(&text); *c != '\0'; c++) {
        if (c[0] != '\\')
            str_append_char(out, *c);
        else if (c[1] == 'f')
            c += 2;
        else if (c[1] == '-')
            str_append_char(out, *++c);
        else if (c[1] == '(') {
            str_append(out, strncmp(c, "\\(aq", 4) == 0 ? "'" : "\"");
            c += 3;
        }
    }
}

/* Whether `what` stands between two places. */
static bool stands(const char *start, const char *end, const char *what)
{
    const char *at = strstr(start, what);
    return at != NULL && (end == NULL || at < end);
}

static void in_page(const struct schema *schema, void *context)
{
    ARENA_AUTO arena = arena_new();
    const char *page = context;
    const char *section = strstr(page, arena_printf(arena, ".SS \"Keys: %s\"\n", schema->name));
    if (section == NULL)
        fail_msg("labctl-topology(5) has no section 'Keys: %s'", schema->name);
    const char *end = strstr(section + 1, "\n.S");
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        const char *entry = arena_printf(arena, "\n.TP\n%s (", field->key);
        if (!stands(section, end, entry) || !stands(section, end, arena_printf(arena, "\n%s\n", field->doc))) {
            fail_msg("labctl-topology(5) does not say of %s/%s: %s", schema->name, field->key, field->doc);
        } else if (field->fallback != NULL && strchr(field->fallback, '\xe2') == NULL &&
                   !stands(strstr(section, entry), end, arena_printf(arena, "Default: %s.\n", field->fallback))) {
            fail_msg("labctl-topology(5) does not say the default of %s/%s: %s", schema->name, field->key,
                     field->fallback);
        }
    }
}

static void every_key_is_in_the_manual_page(void **state)
{
    (void)state;
    STR_AUTO page = STR_INIT;
    read_page(&page);
    for_schemas(in_page, page.data);
}

static void every_rule_is_in_the_manual_page(void **state)
{
    (void)state;
    STR_AUTO page = STR_INIT;
    read_page(&page);
    for (size_t i = 0; i < doc_rule_count + load_rule_count; i++) {
        const struct rule_name *rule = i < doc_rule_count ? &doc_rules[i] : &load_rules[i - doc_rule_count];
        ARENA_AUTO arena = arena_new();
        if (strstr(page.data, arena_printf(arena, "\n.TP\n%s\n%s\n", rule->name, rule->doc)) == NULL)
            fail_msg("labctl-topology(5) lacks rule %s: %s", rule->name, rule->doc);
    }
}

/* ---- the JSON Schema ------------------------------------------------------------------------------------------- */

/* Follows every "$ref". */
static void follow(const json_t *root, const json_t *value)
{
    const char *key;
    size_t index;
    json_t *member;
    if (json_is_array(value)) {
        json_array_foreach(value, index, member) follow(root, member);
        return;
    }
    json_object_foreach((json_t *)value, key, member)
    {
        if (strcmp(key, "$ref") == 0) {
            const char *name = json_string_value(member) + strlen("#/$defs/");
            if (json_object_get(json_object_get(root, "$defs"), name) == NULL)
                fail_msg("%s refers to nothing", json_string_value(member));
        } else {
            follow(root, member);
        }
    }
}

/* LABCTL_WRITE=1 tests/load/test_tables renews the files. */
static void is_shipped(const struct str *made, const char *path)
{
    STR_AUTO shipped = STR_INIT;
    if (getenv("LABCTL_WRITE") != NULL)
        assert_int_equal(file_replace(AT_FDCWD, path, made->data, made->length, 0644), 0);
    assert_int_equal(file_read(AT_FDCWD, path, &shipped, 1 << 20), 0);
    if (!str_equal(made->data, shipped.data))
        fail_msg("%s is not that of the tables: run LABCTL_WRITE=1 tests/load/test_tables", path);
}

static void the_json_schema_is_that_of_the_tables(void **state)
{
    (void)state;
    STR_AUTO made = STR_INIT;
    schema_json(&topology_schema, load_schemas, load_schema_count, "A labctl topology", false, &made);
    is_shipped(&made, SCHEMA_FILE);
}

/* A scenario's topology may stand in place: its definitions are there as well. */
static void the_scenarios_json_schema_is_that_of_the_tables(void **state)
{
    (void)state;
    STR_AUTO made = STR_INIT;
    const struct schema *all[256] = {&topology_schema};
    size_t count = 1;
    for (size_t i = 0; i < load_schema_count; i++)
        all[count++] = load_schemas[i];
    for (size_t i = 0; i < scenario_schema_count; i++) {
        bool part = scenario_schemas[i] == &scenario_schema;
        for (size_t k = 0; k < scenario_schema_count; k++)
            for (const struct schema *s = scenario_schemas[k]->also; s != NULL; s = s->also)
                part = part || s == scenario_schemas[i];
        if (!part)
            all[count++] = scenario_schemas[i];
    }
    schema_json(&scenario_schema, all, count, "A labctl scenario", true, &made);
    is_shipped(&made, SCENARIO_FILE);
    json_error_t error;
    json_t *root = json_load_file(SCENARIO_FILE, 0, &error);
    assert_non_null(root);
    assert_non_null(json_object_get(json_object_get(root, "properties"), "wrong_fixes"));
    follow(root, root);
    json_decref(root);
}

static void the_json_schema_is_json(void **state)
{
    (void)state;
    json_error_t error;
    json_t *root = json_load_file(SCHEMA_FILE, 0, &error);
    if (root == NULL)
        fail_msg("line %d: %s", error.line, error.text);
    assert_non_null(json_object_get(json_object_get(root, "properties"), "nodes"));
    follow(root, root);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_well_formed),
        cmocka_unit_test(every_key_is_in_the_manual_page),
        cmocka_unit_test(every_rule_is_in_the_manual_page),
        cmocka_unit_test(the_json_schema_is_that_of_the_tables),
        cmocka_unit_test(the_json_schema_is_json),
        cmocka_unit_test(the_scenarios_json_schema_is_that_of_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
