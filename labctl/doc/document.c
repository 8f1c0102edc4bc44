/* Documents: a file or a text, checked before it is parsed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "doc/parse.h"

const struct rule_name doc_rules[] = {
    {"unreadable-file", "A file must be there and readable."},
    {"too-large", "A file is at most 10 MB and at most a million values, aliases expanded."},
    {"too-deep", "Values are nested at most 64 levels deep."},
    {"encoding", "A file is UTF-8 text without NUL bytes and control characters."},
    {"syntax", "A file is well-formed YAML."},
    {"one-document", "A file holds one YAML document."},
    {"not-a-mapping", "A document is a mapping."},
    {"key", "Keys are words."},
    {"duplicate-key", "A key stands once in a mapping; the first counts for the rest of the run."},
    {"merge-key", "The merge key << takes a mapping or a list of mappings."},
    {"alias", "An alias names an anchor that stands before it and does not hold it."},
    {"tag", "Tags are those of the core schema and !!binary, and fit their values."},
    {"include", "What is included is a file or a list of files, each a mapping, none including itself."},
    {"include-conflict", "What stands in two files is a mapping in both, or a list of the top level."},
    {"unknown-key", "Only the keys of the language may stand in a mapping."},
    {"missing-key", "A required key must be there."},
    {"wrong-type", "A value has the type that its key asks for."},
    {"out-of-range", "A number lies in the range that its key asks for."},
    {"bad-value", "A value has the form that its key asks for."},
    {"bad-name", "Names are DNS labels of up to 63 characters, those of interfaces of up to 15, of labs of up to 32; a "
                 "node is no number and not localhost."},
};
const size_t doc_rule_count = ARRAY_SIZE(doc_rules);

int document_file(const char *path, struct str *out, size_t limit)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return -1;
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    return file_read(AT_FDCWD, path, out, limit);
}

/* A topology may come from anywhere and name any file, a key for instance; what is quoted of it ends in logs and
 * reports.  So nothing is quoted of a file that fewer people may read than the one that names it. */
static bool is_secret(const char *path, const char *named_in)
{
    struct stat status, other;
    mode_t readers = stat(named_in, &other) == 0 ? other.st_mode : S_IRGRP | S_IROTH;
    return stat(path, &status) != 0 || (readers & ~status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

#define NEIGHBOURS_MAX 1000 /* files of a directory that are looked at */

/* The file beside it whose name is nearest, or NULL. */
static const char *nearest_file(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, **names = NULL;
    const char *folder = slash ? arena_strndup(arena, path, (size_t)(slash + 1 - path)) : "";
    DIR *directory = opendir(*folder ? folder : ".");
    size_t count = 0;
    for (struct dirent *entry; directory && count < NEIGHBOURS_MAX && (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            *ARENA_PUSH(arena, names, count) = arena_strdup(arena, entry->d_name);
    if (directory)
        closedir(directory);
    const char *nearest = str_nearest(name, names, count);
    return nearest ? arena_printf(arena, "%s%s", folder, nearest) : NULL;
}

static void report_unreadable(struct findings *findings, struct mark mark, const char *path, int number)
{
    struct finding *finding = findings_add(findings, FINDING_ERROR, "unreadable-file", mark, "cannot read '%s': %s",
                                           path, number == EINVAL ? "it is no file" : strerror(number));
    const char *nearest = number == ENOENT ? nearest_file(path, findings->arena) : NULL;
    if (nearest)
        finding->hint = arena_printf(findings->arena, "did you mean '%s'?", nearest);
}

bool source_read(struct document *document, const char *path, const struct mark *mark)
{
    STR_AUTO text = STR_INIT;
    int result = mark != NULL ? document_file(path, &text, DOCUMENT_BYTES_MAX)
                              : file_read(AT_FDCWD, path, &text, DOCUMENT_BYTES_MAX);
    int number = errno;
    document->file = sources_add(document->sources, path, result == 0 ? str_text(&text) : NULL, text.length);
    if (mark != NULL)
        document->sources->items[document->file].secret = is_secret(path, document->sources->items[mark->file].name);
    if (result == 0)
        return true;
    struct mark whole = {document->file, 0, 0};
    if (number == EFBIG)
        findings_add(document->findings, FINDING_ERROR, "too-large", mark != NULL ? *mark : whole,
                     "'%s' is larger than 10 MB", path);
    else
        report_unreadable(document->findings, mark != NULL ? *mark : whole, path, number);
    return false;
}

/* Where the text is not UTF-8 or holds a NUL byte; `length` where it is clean. */
static size_t first_bad_byte(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        unsigned char byte = (unsigned char)text[at];
        size_t bytes = byte < 0x80 ? 1 : str_utf8_length(text + at, length - at);
        if (bytes == 0 || byte == 0)
            return at;
        at += bytes;
    }
    return at;
}

struct value *source_parse(struct document *document)
{
    const struct source *source = &document->sources->items[document->file];
    const char *text = source->text;
    size_t length = source->length;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark says nothing in UTF-8 */
        text += 3;
        length -= 3;
    }
    if (length > DOCUMENT_BYTES_MAX) {
        findings_add(document->findings, FINDING_ERROR, "too-large", (struct mark){document->file, 0, 0},
                     "'%s' is larger than 10 MB", source->name);
        return NULL;
    }
    size_t bad = first_bad_byte(text, length);
    if (bad < length) {
        struct mark mark = mark_at(document->file, text, bad);
        if (text[bad] == '\0')
            findings_add(document->findings, FINDING_ERROR, "encoding", mark, "a NUL byte in the text");
        else
            findings_add(document->findings, FINDING_ERROR, "encoding", mark, "byte 0x%02x is not UTF-8",
                         (unsigned char)text[bad]);
        return NULL;
    }
    return parse_text(document, text, length);
}

static struct document *new_document(struct arena *arena, struct sources *sources, struct findings *findings)
{
    struct document *document = ARENA_NEW(arena, struct document);
    document->arena = arena;
    document->sources = sources;
    document->findings = findings;
    return document;
}

/* Parses the source; a root that is no mapping is reported, unless something else was. */
static struct document *parse_mapping(struct document *document)
{
    size_t before = document->findings->errors;
    struct value *root = source_parse(document);
    if (root != NULL && root->kind == VALUE_MAP)
        document->root = root;
    else if (document->findings->errors == before)
        findings_add(document->findings, FINDING_ERROR, "not-a-mapping",
                     root != NULL ? root->mark : (struct mark){document->file, 1, 1},
                     "a document must be a mapping of keys to values, got %s",
                     root != NULL ? value_describe(root, document->arena) : "nothing");
    return document;
}

struct document *document_read(struct arena *arena, struct sources *sources, const char *path,
                               struct findings *findings)
{
    struct document *document = new_document(arena, sources, findings);
    return source_read(document, path, NULL) ? parse_mapping(document) : document;
}

struct document *document_parse(struct arena *arena, struct sources *sources, const char *name, const char *text,
                                size_t length, struct findings *findings)
{
    struct document *document = new_document(arena, sources, findings);
    document->file = sources_add(sources, name, text, length);
    return parse_mapping(document);
}

struct document *document_parse_value(struct arena *arena, struct sources *sources, const char *name, const char *text,
                                      size_t length, struct findings *findings)
{
    struct document *document = new_document(arena, sources, findings);
    document->file = sources_add(sources, name, text, length);
    size_t before = findings->errors;
    document->root = source_parse(document);
    if (document->root == NULL && findings->errors == before) {
        document->root = ARENA_NEW(arena, struct value);
        *document->root = (struct value){.kind = VALUE_NULL, .text = "", .weight = 1, .mark = {document->file, 1, 1}};
    }
    return document;
}

const char *document_path(const struct document *document, struct mark mark, const char *path)
{
    const char *beside = mark.file < document->sources->count ? document->sources->items[mark.file].name : "";
    const char *slash = strrchr(beside, '/');
    if (path[0] == '/' || slash == NULL)
        return arena_strdup(document->arena, path);
    return arena_printf(document->arena, "%.*s/%s", (int)(slash - beside), beside, path);
}
