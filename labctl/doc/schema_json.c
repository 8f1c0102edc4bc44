/* JSON Schema (draft 2020-12) from the tables, for editors. */
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "doc/schema.h"

#define VARIABLE "value-of-a-variable"

/* A schema's name as a definition's: "security group rule" → "security-group-rule". */
static void reference(struct json *json, const char *name)
{
    STR_AUTO text = STR_INIT;
    str_printf(&text, "#/$defs/%s", name);
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] == ' ')
            text.data[i] = '-';
    json_put_string_member(json, "$ref", str_text(&text));
}

static void typed(struct json *json, const char *type)
{
    json_put_string_member(json, "type", type);
}

/* A member that is an object with one reference: "items" or "additionalProperties". */
static void nested(struct json *json, const char *key, const struct schema *schema)
{
    json_put_key(json, key);
    json_put_object(json);
    reference(json, schema->name);
    json_put_object_end(json);
}

static void text_with(struct json *json, const char *pattern)
{
    typed(json, "string");
    json_put_string_member(json, "pattern", pattern);
}

/* A list of texts, or one. */
static void texts(struct json *json)
{
    json_put_key(json, "type");
    json_put_array(json);
    json_put_string(json, "array");
    json_put_string(json, "string");
    json_put_array_end(json);
    json_put_key(json, "items");
    json_put_object(json);
    typed(json, "string");
    json_put_object_end(json);
}

static void words(struct json *json, const struct field *field)
{
    json_put_key(json, "enum");
    json_put_array(json);
    for (size_t i = 0; i < field->word_count; i++)
        json_put_string(json, field->words[i]);
    json_put_array_end(json);
}

/* The type's own keywords inside the object of a property. */
static void keywords(struct json *json, const struct field *field)
{
    switch (field->type) {
    case FIELD_TEXT:
        typed(json, "string");
        break;
    case FIELD_SCALAR:
        json_put_key(json, "type");
        json_put_array(json);
        json_put_string(json, "string");
        json_put_string(json, "number");
        json_put_string(json, "boolean");
        json_put_array_end(json);
        break;
    case FIELD_TEXTS:
        texts(json);
        break;
    case FIELD_BOOLEAN:
        typed(json, "boolean");
        break;
    case FIELD_INTEGER:
        typed(json, "integer");
        json_put_integer_member(json, "minimum", field->least);
        if (field->most != INT64_MAX)
            json_put_integer_member(json, "maximum", field->most);
        break;
    case FIELD_DURATION:
        text_with(json, "^[0-9.]+(ns|us|ms|s|m|h)$");
        break;
    case FIELD_SECONDS:
        json_put_key(json, "type");
        json_put_array(json);
        json_put_string(json, "integer");
        json_put_string(json, "string");
        json_put_array_end(json);
        break;
    case FIELD_SHARE:
        text_with(json, "^[0-9.]+%$");
        break;
    case FIELD_RATE:
        text_with(json, "^[0-9.]+(bit|kbit|mbit|gbit)$");
        break;
    case FIELD_ADDRESS:
        text_with(json, "^[0-9a-fA-F.:]+$");
        break;
    case FIELD_NETWORK:
        text_with(json, "^[0-9a-fA-F.:]+/[0-9]+$");
        break;
    case FIELD_WORD:
        words(json, field);
        break;
    case FIELD_MAPPING:
        reference(json, field->schema->name);
        break;
    case FIELD_LIST:
        typed(json, "array");
        nested(json, "items", field->schema);
        break;
    case FIELD_NAMED:
        json_put_key(json, "type");
        json_put_array(json);
        json_put_string(json, "object");
        json_put_string(json, "null");
        json_put_array_end(json);
        nested(json, "additionalProperties", field->schema);
        break;
    case FIELD_CUSTOM:
    case FIELD_TYPE_COUNT:
        break;
    }
}

/* Appends the text of a custom field's own schema as a member "allOf": [TEXT], untouched. */
static void custom(struct json *json, const struct field *field)
{
    json_put_key(json, "allOf");
    json_put_array(json);
    json_put_array_end(json);
    /* The writer has put "[]": the text goes between the brackets. */
    json->out->length--;
    str_printf(json->out, "%s]", field->json);
}

/* A value, or a text with a variable that stands for it. */
static void value_or_variable(struct json *json, const struct field *field)
{
    json_put_key(json, "anyOf");
    json_put_array(json);
    json_put_object(json);
    if (field->type == FIELD_CUSTOM && field->json != NULL)
        custom(json, field);
    else
        keywords(json, field);
    json_put_object_end(json);
    json_put_object(json);
    json_put_string_member(json, "$ref", "#/$defs/" VARIABLE);
    json_put_object_end(json);
    json_put_array_end(json);
}

static bool takes_text(enum field_type type)
{
    return type == FIELD_TEXT || type == FIELD_SCALAR || type == FIELD_TEXTS;
}

static void properties(struct json *json, const struct schema *schema, bool variables)
{
    for (const struct schema *s = schema; s != NULL; s = s->also) {
        for (size_t i = 0; i < s->count; i++) {
            const struct field *field = &s->fields[i];
            json_put_key(json, field->key);
            json_put_object(json);
            json_put_string_member(json, "description", field->doc);
            if (variables && !takes_text(field->type))
                value_or_variable(json, field);
            else if (field->type == FIELD_CUSTOM && field->json != NULL)
                custom(json, field);
            else
                keywords(json, field);
            json_put_object_end(json);
        }
    }
}

/* The members that describe one mapping. */
static void mapping(struct json *json, const struct schema *schema, bool variables)
{
    json_put_key(json, "type");
    json_put_array(json);
    json_put_string(json, "object");
    json_put_string(json, "null");
    json_put_array_end(json);
    json_put_boolean_member(json, "additionalProperties", schema->open);
    json_put_key(json, "properties");
    json_put_object(json);
    properties(json, schema, variables);
    json_put_object_end(json);
    size_t required = 0;
    for (const struct schema *s = schema; s != NULL; s = s->also)
        for (size_t i = 0; i < s->count; i++)
            required += s->fields[i].required;
    if (required == 0)
        return;
    json_put_key(json, "required");
    json_put_array(json);
    for (const struct schema *s = schema; s != NULL; s = s->also)
        for (size_t i = 0; i < s->count; i++)
            if (s->fields[i].required)
                json_put_string(json, s->fields[i].key);
    json_put_array_end(json);
}

void schema_json(const struct schema *root, const struct schema *const *schemas, size_t count, const char *title,
                 bool variables, struct str *out)
{
    struct json json;
    json_init(&json, out, true);
    json_put_object(&json);
    json_put_string_member(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_put_string_member(&json, "title", title);
    mapping(&json, root, variables);
    json_put_key(&json, "$defs");
    json_put_object(&json);
    for (size_t i = 0; i < count; i++) {
        STR_AUTO name = STR_INIT;
        str_append(&name, schemas[i]->name);
        for (size_t at = 0; at < name.length; at++)
            if (name.data[at] == ' ')
                name.data[at] = '-';
        json_put_key(&json, str_text(&name));
        json_put_object(&json);
        mapping(&json, schemas[i], variables);
        json_put_object_end(&json);
    }
    if (variables) {
        json_put_key(&json, VARIABLE);
        json_put_object(&json);
        text_with(&json, "\\$\\{[^}]+\\}");
        json_put_object_end(&json);
    }
    json_put_object_end(&json);
    json_put_object_end(&json);
    str_append_char(out, '\n');
}
