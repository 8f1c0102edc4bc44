/* JSON Schema, as much of it as the shipped schemas use: type, const, enum, anyOf, properties, required,
 * additionalProperties, items, minimum, $ref to $defs.  Another keyword fails, so that none is passed over. */
#pragma once

#include <jansson.h>

#include "base/str.h"

struct schema_check {
    const json_t *root;
    struct str problems;
};

static void schema_check_value(struct schema_check *check, const json_t *schema, const json_t *value, const char *path);

static bool schema_type_is(const char *type, const json_t *value)
{
    return (!strcmp(type, "object") && json_is_object(value)) || (!strcmp(type, "array") && json_is_array(value)) ||
           (!strcmp(type, "string") && json_is_string(value)) || (!strcmp(type, "integer") && json_is_integer(value)) ||
           (!strcmp(type, "number") && json_is_number(value)) || (!strcmp(type, "boolean") && json_is_boolean(value)) ||
           (!strcmp(type, "null") && json_is_null(value));
}

static void schema_check_type(struct schema_check *check, const json_t *types, const json_t *value, const char *path)
{
    bool right = json_is_string(types) && schema_type_is(json_string_value(types), value);
    for (size_t i = 0; i < json_array_size(types); i++)
        right = right || schema_type_is(json_string_value(json_array_get(types, i)), value);
    if (!right)
        str_printf(&check->problems, "%s: wrong type\n", path);
}

static void schema_check_members(struct schema_check *check, const json_t *schema, json_t *value, const char *path)
{
    const char *key;
    json_t *member;
    char inner[400];
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *others = json_object_get(schema, "additionalProperties");
    json_object_foreach(value, key, member)
    {
        const json_t *known = json_object_get(properties, key);
        snprintf(inner, sizeof inner, "%s.%s", path, key);
        if (known)
            schema_check_value(check, known, member, inner);
        else if (json_is_false(others))
            str_printf(&check->problems, "%s: not in the schema\n", inner);
        else if (others)
            schema_check_value(check, others, member, inner);
    }
    const json_t *required = json_object_get(schema, "required");
    for (size_t i = 0; i < json_array_size(required); i++)
        if (!json_object_get(value, json_string_value(json_array_get(required, i))))
            str_printf(&check->problems, "%s: '%s' is missing\n", path, json_string_value(json_array_get(required, i)));
}

static bool schema_any(struct schema_check *check, const json_t *list, const json_t *value, const char *path)
{
    struct str before = check->problems;
    bool any = false;
    for (size_t i = 0; i < json_array_size(list) && !any; i++) {
        check->problems = (struct str)STR_INIT;
        schema_check_value(check, json_array_get(list, i), value, path);
        any = !check->problems.length;
        str_free(&check->problems);
    }
    check->problems = before;
    return any;
}

static void schema_check_keyword(struct schema_check *check, const json_t *schema, const char *keyword,
                                 const json_t *rule, const json_t *value, const char *path)
{
    char inner[400];
    bool known = false;
    static const char *const elsewhere[] = {
        "$schema", "$defs", "title", "description", "properties", "required", "additionalProperties"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        known = known || !strcmp(keyword, elsewhere[i]);
    if (!strcmp(keyword, "type"))
        schema_check_type(check, rule, value, path);
    else if (!strcmp(keyword, "const") && !json_equal(rule, value))
        str_printf(&check->problems, "%s: not the constant\n", path);
    else if (!strcmp(keyword, "minimum") && json_number_value(value) < json_number_value(rule))
        str_printf(&check->problems, "%s: below the minimum\n", path);
    else if (!strcmp(keyword, "anyOf") && !schema_any(check, rule, value, path))
        str_printf(&check->problems, "%s: of none of the shapes\n", path);
    else if (!strcmp(keyword, "$ref"))
        schema_check_value(
            check, json_object_get(json_object_get(check->root, "$defs"), json_string_value(rule) + strlen("#/$defs/")),
            value, path);
    if (!strcmp(keyword, "enum")) {
        bool found = false;
        for (size_t i = 0; i < json_array_size(rule); i++)
            found = found || json_equal(json_array_get(rule, i), value);
        if (!found)
            str_printf(&check->problems, "%s: none of the words\n", path);
    }
    for (size_t i = 0; !strcmp(keyword, "items") && i < json_array_size(value); i++) {
        snprintf(inner, sizeof inner, "%s[%zu]", path, i);
        schema_check_value(check, rule, json_array_get(value, i), inner);
    }
    (void)schema;
    static const char *const handled[] = {"type", "const", "minimum", "anyOf", "$ref", "enum", "items"};
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
        known = known || !strcmp(keyword, handled[i]);
    if (!known)
        str_printf(&check->problems, "%s: the schema's keyword '%s' is not known here\n", path, keyword);
}

static void schema_check_value(struct schema_check *check, const json_t *schema, const json_t *value, const char *path)
{
    const char *keyword;
    json_t *rule;
    if (!json_is_object(schema)) {
        str_printf(&check->problems, "%s: the schema has no such definition\n", path);
        return;
    }
    json_object_foreach((json_t *)schema, keyword, rule)
        schema_check_keyword(check, schema, keyword, rule, value, path);
    if (json_is_object(value))
        schema_check_members(check, schema, (json_t *)value, path);
}

/* Fails with all that a value has against a schema's file. */
static inline void assert_schema(const char *file, const json_t *value)
{
    json_t *schema = json_load_file(file, 0, NULL);
    struct schema_check check = {.root = schema, .problems = STR_INIT};
    assert_non_null(schema);
    schema_check_value(&check, schema, value, "$");
    if (check.problems.length)
        fail_msg("%s", str_text(&check.problems));
    json_decref(schema);
}
