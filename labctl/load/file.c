/* `files:` of a node, with content in place or from beside the YAML. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "load/loader.h"

#define PATH_LENGTH_MAX 1000

/* Content that is no valid text but bytes is welcome: `!!binary`. */
static void decode_content(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct node_file *file = target;
    if (!value_is_scalar(value) || value->kind == VALUE_NULL) {
        decode_wrong(decoder, field->key, "a text", value);
        return;
    }
    file->content = value->text;
    file->length = value->length;
}

static void decode_source(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct node_file *file = target;
    struct loader *loader = LOADER(decoder);
    STR_AUTO text = STR_INIT;
    if (!decode_text(decoder, field->key, value, &file->source))
        return;
    const char *path = document_path(loader->document, value->mark, file->source);
    if (document_file(path, &text, FILE_BYTES_MAX) != 0) {
        if (errno == EFBIG)
            findings_add(decoder->findings, FINDING_ERROR, "file-source", value->mark, "'%s' is larger than 1 MB",
                         path);
        else
            findings_add(decoder->findings, FINDING_ERROR, "file-source", value->mark, "cannot read '%s': %s", path,
                         errno == EINVAL ? "it is no file" : strerror(errno));
        return;
    }
    loader->file_bytes += text.length;
    if (loader->file_bytes > FILES_BYTES_MAX) {
        findings_add(decoder->findings, FINDING_ERROR, "file-source", value->mark,
                     "'%s' makes the files larger than 10 MB together", path);
        return;
    }
    file->content = arena_copy(decoder->arena, str_text(&text), text.length + 1);
    file->length = text.length;
}

/* "0644": octal, whatever YAML takes the digits for. */
static void decode_mode(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct node_file *file = target;
    static const char wants[] = "an octal mode such as \"0644\"";
    if (value->kind != VALUE_TEXT && value->kind != VALUE_INTEGER) {
        decode_wrong(decoder, field->key, wants, value);
        return;
    }
    const char *text = str_starts(value->text, "0o") ? value->text + 2 : value->text;
    char *end;
    unsigned long mode = strtoul(text, &end, 8);
    if (strlen(text) < 3 || strlen(text) > 5 || *end != '\0' || text[0] == '-' || text[0] == '+' || mode > 07777)
        decode_bad(decoder, field->key, wants, value);
    else
        file->mode = (uint32_t)mode;
}

static const struct field file_fields[] = {
    {.key = "content",
     .type = FIELD_CUSTOM,
     .decode = decode_content,
     .wants = "a text",
     .json = "{\"type\": \"string\"}",
     .doc = "What stands in the file; !!binary with base64 for what is no text."},
    {.key = "source",
     .type = FIELD_CUSTOM,
     .decode = decode_source,
     .wants = "a path",
     .json = "{\"type\": \"string\"}",
     .doc = "Instead of content: a file beside the YAML, of at most 1 MB, all of them at most 10 MB."},
    {.key = "mode",
     .type = FIELD_CUSTOM,
     .decode = decode_mode,
     .wants = "an octal mode",
     .json = "{\"type\": [\"string\", \"integer\"]}",
     .fallback = "0644",
     .doc = "Its permissions, in octal."},
};
const struct schema file_schema = SCHEMA("file", file_fields);

/* Whether a path can be one in a node: absolute, without empty and dotted parts. */
static bool is_path(const char *path)
{
    if (path[0] != '/' || path[1] == '\0' || strlen(path) > PATH_LENGTH_MAX)
        return false;
    for (const char *part = path; part != NULL; part = strchr(part + 1, '/')) {
        size_t length = strcspn(part + 1, "/");
        if (length == 0 || (length == 1 && part[1] == '.') || (length == 2 && part[1] == '.' && part[2] == '.'))
            return false;
    }
    return true;
}

static void one_file(struct loader *loader, const char *path, struct mark mark, const struct value *value)
{
    struct node *node = loader->node;
    struct node_file file = {.path = path, .mode = 0644, .mark = mark};
    const struct entry *content = value_entry(value, "content"), *source = value_entry(value, "source");
    if (!is_path(path)) {
        findings_add(loader->decoder.findings, FINDING_ERROR, "bad-value", mark,
                     "'%.80s' is no absolute path of a file", path);
        return;
    }
    if (!schema_decode(&loader->decoder, &file_schema, path, mark, value, &file))
        return;
    if (content == NULL && source == NULL)
        findings_add(loader->decoder.findings, FINDING_ERROR, "missing-key", mark,
                     "file '%s' needs the key 'content' or 'source'", path);
    if (content != NULL && source != NULL) {
        struct finding *finding = findings_add(loader->decoder.findings, FINDING_ERROR, "misplaced-key",
                                               source->key_mark, "file '%s' has content already", path);
        finding->other = content->key_mark;
        finding->other_text = "the content is here";
    }
    if (file.content != NULL)
        *ARENA_PUSH(loader->decoder.arena, node->files, node->file_count) = file;
}

void decode_files(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "file", 0, one_file);
}
