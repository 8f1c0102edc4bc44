/* The check of a file in a node. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/check_state.h"

static bool read_path(struct decoder *decoder, const char *key, const struct value *value, const char **out)
{
    if (!decode_text(decoder, key, value, out))
        return false;
    if ((*out)[0] == '/' && (*out)[1] != '\0')
        return true;
    decode_bad(decoder, key, "an absolute path such as /etc/motd", value);
    return false;
}

static void decode_path(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    read_path(decoder, field->key, value, &((struct check_file *)target)->path);
}

/* 0644 or "0644": octal either way. */
static void decode_mode(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_file *file = target;
    const char *text;
    if (!decode_scalar(decoder, field->key, value, &text))
        return;
    size_t length = strlen(text);
    if (length < 3 || length > 4 || strspn(text, "01234567") != length) {
        decode_bad(decoder, field->key, "a mode such as \"0644\"", value);
        return;
    }
    file->has_mode = true;
    for (const char *c = text; *c; c++)
        file->mode = file->mode * 8 + (uint32_t)(*c - '0');
}

static void decode_parts(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_file *file = target;
    bool lacks = str_equal(field->key, "lacks");
    const char ***texts = lacks ? &file->lacks : &file->contains;
    size_t *count = lacks ? &file->lacks_count : &file->contains_count;
    size_t given = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < given; i++) {
        const char *text;
        if (decode_text(decoder, field->key, value->kind == VALUE_LIST ? value->items[i] : value, &text))
            *ARENA_PUSH(decoder->arena, *texts, *count) = text;
    }
}

static void decode_type(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    static const char *const types[] = {"file", "directory"};
    int word;
    if (decode_word(decoder, field->key, value, types, ARRAY_SIZE(types), &word))
        ((struct check_file *)target)->type = types[word];
}

static const char *const expect_words[] = {"present", "absent"};

#define PARTS_JSON "{\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}}"

static const struct field file_fields[] = {
    {.key = "path",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_path,
     .wants = "an absolute path",
     .json = "{\"type\": \"string\"}",
     .doc = "The file, as the node's programs name it; symbolic links are followed inside the node."},
    {.key = "type",
     .type = FIELD_CUSTOM,
     .decode = decode_type,
     .wants = "file or directory",
     .json = "{\"enum\": [\"file\", \"directory\"]}",
     .fallback = "any",
     .doc = "What it is."},
    {.key = "content", .type = FIELD_TEXT, FIELD_AT(struct check_file, content), .doc = "The whole of its content."},
    {.key = "contains",
     .type = FIELD_CUSTOM,
     .decode = decode_parts,
     .wants = "a text, or a list of texts",
     .json = PARTS_JSON,
     .doc = "What stands in it."},
    {.key = "lacks",
     .type = FIELD_CUSTOM,
     .decode = decode_parts,
     .wants = "a text, or a list of texts",
     .json = PARTS_JSON,
     .doc = "What does not stand in it."},
    {.key = "mode",
     .type = FIELD_CUSTOM,
     .decode = decode_mode,
     .wants = "an octal mode",
     .json = "{\"type\": [\"string\", \"integer\"]}",
     .doc = "Its permissions."},
    {.key = "expect",
     .type = FIELD_WORD,
     FIELD_AT(struct check_file, expect),
     .words = expect_words,
     .word_count = ARRAY_SIZE(expect_words),
     .fallback = "present",
     .doc = "Whether it is there, or is not."},
};
const struct schema file_check_schema = SCHEMA("file check", file_fields);

void read_file_check(struct loader *loader, struct check *check, const struct value *value)
{
    struct decoder *decoder = &loader->decoder;
    struct check_file *file = &check->file;
    if (value->kind == VALUE_TEXT && strlen(value->text) == value->length) {
        read_path(decoder, "file", value, &file->path);
        return;
    }
    if (!schema_decode(decoder, &file_check_schema, NULL, value->mark, value, file))
        return;
    bool more = file->content || file->contains_count || file->lacks_count || file->has_mode || file->type;
    if (file->expect == STATE_ABSENT && more)
        findings_add(decoder->findings, FINDING_ERROR, "misplaced-key", value_entry(value, "expect")->key_mark,
                     "'expect: absent' goes with 'path' alone")
            ->hint = "to want a text out of a file, say 'lacks'";
}
