/* YAML text → tree, from libyaml's events.
 *
 * libyaml checks syntax only: depth, aliases (their number, cycles, unknown ones), duplicate and merge keys, tags and
 * what a plain word stands for are decided here.  A value that an alias names is shared, not copied; `weight` and
 * `height` count it as often and as deep as it appears, which bounds every later walk over the tree.  A value that
 * could not be read is `broken`: reported here, passed over later.  Only broken syntax ends the reading. */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "doc/parse.h"

#define INDEXED_FROM 16 /* entries of a mapping from which on keys are looked up in a map */

struct reader {
    struct document *document;
    struct arena *arena;
    struct findings *findings;
    const char *text;
    size_t length;
    yaml_parser_t yaml;
    struct map *anchors; /* name → value; the value `open` while it is being read */
    struct value open;
};

static struct mark mark_of(const struct reader *reader, yaml_mark_t mark)
{
    return (struct mark){reader->document->file, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

struct mark mark_at(uint32_t file, const char *text, size_t offset)
{
    struct mark mark = {file, 1, 1};
    for (size_t at = 0; at < offset; at++) {
        if (text[at] == '\n' || (text[at] == '\r' && text[at + 1] != '\n')) {
            mark.line++;
            mark.column = 1;
        } else if ((text[at] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

/* The byte of a character of the text. */
static size_t byte_of(const struct reader *reader, size_t index)
{
    size_t at = 0;
    for (; index > 0 && at < reader->length; index--)
        at += str_utf8_length(reader->text + at, reader->length - at);
    return at;
}

/* Reports what libyaml found wrong. */
static void report_syntax(struct reader *reader)
{
    const yaml_parser_t *yaml = &reader->yaml;
    const char *problem = yaml->problem != NULL ? yaml->problem : "not YAML";
    if (yaml->error == YAML_READER_ERROR) {
        size_t offset = yaml->problem_offset < reader->length ? yaml->problem_offset : reader->length;
        findings_add(reader->findings, FINDING_ERROR, "encoding", mark_at(reader->document->file, reader->text, offset),
                     "%s (U+%04X)", problem, (unsigned)yaml->problem_value);
        return;
    }
    struct finding *finding =
        findings_add(reader->findings, FINDING_ERROR, "syntax", mark_of(reader, yaml->problem_mark), "%s%s%s",
                     yaml->context != NULL ? yaml->context : "", yaml->context != NULL ? ": " : "", problem);
    struct mark context = mark_of(reader, yaml->context_mark);
    if (yaml->problem_mark.index < reader->length && reader->text[byte_of(reader, yaml->problem_mark.index)] == '\t')
        finding->hint = "indent with spaces: YAML takes no tabs there";
    if (yaml->context != NULL && context.line != finding->mark.line) {
        finding->other = context;
        finding->other_text = "it begins here";
    }
}

/* The next event; false where the text is no YAML (reported). */
static bool next(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->yaml, event))
        return true;
    report_syntax(reader);
    return false;
}

static struct value *new_value(struct reader *reader, enum value_kind kind, yaml_mark_t mark)
{
    struct value *value = ARENA_NEW(reader->arena, struct value);
    value->kind = kind;
    value->mark = mark_of(reader, mark);
    value->weight = 1;
    return value;
}

/* A value that stands for one that was reported. */
static struct value *broken(struct reader *reader, yaml_mark_t mark)
{
    struct value *value = new_value(reader, VALUE_NULL, mark);
    value->broken = true;
    value->text = "";
    return value;
}

static const char tag_prefix[] = "tag:yaml.org,2002:";

/* Gives a tagged scalar its kind; false where the tag does not fit. */
static bool apply_tag(struct reader *reader, struct value *value, const char *tag)
{
    static const struct {
        const char *name;
        enum value_kind kind;
    } tags[] = {{"str", VALUE_TEXT},
                {"int", VALUE_INTEGER},
                {"float", VALUE_FLOAT},
                {"bool", VALUE_BOOLEAN},
                {"null", VALUE_NULL}};
    value->kind = VALUE_TEXT;
    if (strcmp(tag, "!") == 0)
        return true;
    if (!str_starts(tag, tag_prefix))
        return false;
    const char *name = tag + strlen(tag_prefix);
    if (strcmp(name, "binary") == 0)
        return base64_decode(reader->arena, value);
    for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
        if (strcmp(name, tags[i].name) != 0)
            continue;
        if (tags[i].kind == VALUE_TEXT)
            return true;
        scalar_resolve(value);
        if (tags[i].kind == VALUE_FLOAT && value->kind == VALUE_INTEGER) {
            value->number = (double)value->integer;
            value->kind = VALUE_FLOAT;
        }
        return value->kind == tags[i].kind;
    }
    return false;
}

static struct value *read_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct value *value = new_value(reader, VALUE_TEXT, event->start_mark);
    const char *tag = (const char *)event->data.scalar.tag;
    value->text = text_copy(reader->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
    value->length = event->data.scalar.length;
    value->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (tag != NULL) {
        if (apply_tag(reader, value, tag))
            return value;
        findings_add(reader->findings, FINDING_ERROR, "tag", value->mark, "%s does not fit tag '%s'",
                     value_describe(value, reader->arena), tag);
        return broken(reader, event->start_mark);
    }
    if (!value->quoted)
        scalar_resolve(value);
    return value;
}

static struct value *read_alias(struct reader *reader, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct value *value = map_get(reader->anchors, name);
    if (value != NULL && value != &reader->open)
        return value;
    if (value == NULL)
        findings_add(reader->findings, FINDING_ERROR, "alias", mark_of(reader, event->start_mark),
                     "there is no anchor '&%s' before alias '*%s'", name, name);
    else
        findings_add(reader->findings, FINDING_ERROR, "alias", mark_of(reader, event->start_mark),
                     "alias '*%s' stands inside of what it names", name);
    return broken(reader, event->start_mark);
}

/* Counts a child into its parent; false where the bounds are passed (reported). */
static bool adopt(struct reader *reader, struct value *parent, const struct value *child, unsigned depth,
                  yaml_mark_t mark)
{
    parent->weight += child->weight;
    if (child->height + 1 > parent->height)
        parent->height = (uint16_t)(child->height + 1);
    if (parent->weight > DOCUMENT_VALUES_MAX) {
        findings_add(reader->findings, FINDING_ERROR, "too-large", mark_of(reader, mark),
                     "more than %d values, aliases expanded", DOCUMENT_VALUES_MAX);
        return false;
    }
    if (depth + parent->height > DOCUMENT_DEPTH_MAX) {
        findings_add(reader->findings, FINDING_ERROR, "too-deep", mark_of(reader, mark),
                     "nested more than %d levels deep", DOCUMENT_DEPTH_MAX);
        return false;
    }
    return true;
}

static struct value *read_value(struct reader *reader, yaml_event_t *event, unsigned depth);

/* Reads the items of a list up to its end; NULL where reading must stop. */
static struct value *read_list(struct reader *reader, yaml_mark_t mark, unsigned depth)
{
    struct value *list = new_value(reader, VALUE_LIST, mark);
    for (;;) {
        yaml_event_t event;
        if (!next(reader, &event))
            return NULL;
        yaml_mark_t at = event.start_mark;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return list;
        }
        struct value *item = read_value(reader, &event, depth + 1);
        if (item == NULL || !adopt(reader, list, item, depth, at))
            return NULL;
        *ARENA_PUSH(reader->arena, list->items, list->item_count) = item;
    }
}

/* Finds a key among the entries read so far; `index` is made when there are many. */
static struct entry *find_entry(struct reader *reader, struct value *map, struct map **index, const char *key)
{
    if (map->entry_count < INDEXED_FROM)
        return (struct entry *)value_entry(map, key);
    if (*index == NULL) {
        *index = map_new(reader->arena);
        for (size_t i = 0; i < map->entry_count; i++)
            map_set(*index, map->entries[i].key, (void *)(uintptr_t)(i + 1));
    }
    uintptr_t at = (uintptr_t)map_get(*index, key);
    return at != 0 ? &map->entries[at - 1] : NULL;
}

static void add_entry(struct reader *reader, struct value *map, struct map *index, const struct entry *entry)
{
    *ARENA_PUSH(reader->arena, map->entries, map->entry_count) = *entry;
    if (index != NULL)
        map_set(index, entry->key, (void *)(uintptr_t)map->entry_count);
}

/* Adds the entries of a merged mapping that the map does not have itself; false where bounds are passed. */
static bool merge(struct reader *reader, struct value *map, struct map **index, const struct value *from,
                  unsigned depth, yaml_mark_t mark)
{
    for (size_t i = 0; i < from->entry_count; i++) {
        if (find_entry(reader, map, index, from->entries[i].key) != NULL)
            continue;
        add_entry(reader, map, *index, &from->entries[i]);
        if (!adopt(reader, map, from->entries[i].value, depth, mark))
            return false;
    }
    return true;
}

/* Applies `<<: *a` or `<<: [*a, *b]`: of several the first wins, and what the map says itself before all. */
static bool merge_key(struct reader *reader, struct value *map, struct map **index, const struct value *from,
                      unsigned depth, yaml_mark_t mark)
{
    size_t count = from->kind == VALUE_LIST ? from->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct value *one = from->kind == VALUE_LIST ? from->items[i] : from;
        if (one->kind == VALUE_MAP) {
            if (!merge(reader, map, index, one, depth, mark))
                return false;
        } else if (!one->broken) {
            findings_add(reader->findings, FINDING_ERROR, "merge-key", one->mark,
                         "merge key '<<' wants a mapping or a list of mappings, got %s",
                         value_describe(one, reader->arena));
        }
    }
    return true;
}

/* Takes the key of an entry from its event; false where it cannot be one (reported; the entry is skipped). */
static bool read_key(struct reader *reader, const yaml_event_t *event, struct entry *entry, bool *is_merge)
{
    entry->key_mark = mark_of(reader, event->start_mark);
    *is_merge = false;
    if (event->type != YAML_SCALAR_EVENT) {
        findings_add(reader->findings, FINDING_ERROR, "key", entry->key_mark, "a key must be a word");
        return false;
    }
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length) {
        findings_add(reader->findings, FINDING_ERROR, "key", entry->key_mark, "a key must not hold a NUL byte");
        return false;
    }
    entry->key = arena_strndup(reader->arena, text, event->data.scalar.length);
    *is_merge = strcmp(text, "<<") == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (event->data.scalar.anchor != NULL)
        map_set(reader->anchors, (const char *)event->data.scalar.anchor, read_scalar(reader, event));
    return true;
}

/* Reads one entry whose key event is given (and deleted here); false where reading must stop. */
static bool read_entry(struct reader *reader, struct value *map, struct map **index, struct value **merged,
                       yaml_event_t *event, unsigned depth)
{
    struct entry entry = {0};
    bool is_merge;
    yaml_mark_t at = event->start_mark;
    bool usable;
    if (event->type == YAML_ALIAS_EVENT) { /* `*name: value`: the text that the alias names */
        struct value *named = read_alias(reader, event);
        entry = (struct entry){.key = named->text, .key_mark = mark_of(reader, at)};
        usable = !named->broken && value_is_scalar(named);
        is_merge = false;
        if (!usable && !named->broken)
            findings_add(reader->findings, FINDING_ERROR, "key", entry.key_mark, "a key must be a word");
        yaml_event_delete(event);
    } else {
        usable = read_key(reader, event, &entry, &is_merge);
        if (event->type == YAML_SCALAR_EVENT)
            yaml_event_delete(event);
        else if (read_value(reader, event, depth + 1) == NULL)
            return false;
    }
    yaml_event_t value_event;
    if (!next(reader, &value_event))
        return false;
    entry.value = read_value(reader, &value_event, depth + 1);
    if (entry.value == NULL)
        return false;
    if (!usable)
        return true;
    const struct entry *first = is_merge ? NULL : find_entry(reader, map, index, entry.key);
    if (first != NULL || (is_merge && *merged != NULL)) {
        struct finding *finding = findings_add(reader->findings, FINDING_ERROR, "duplicate-key", entry.key_mark,
                                               "key '%s' stands twice in this mapping", entry.key);
        finding->other = first != NULL ? first->key_mark : (*merged)->mark;
        finding->other_text = "first defined here";
        return true;
    }
    if (is_merge) {
        *merged = entry.value;
        return true;
    }
    add_entry(reader, map, *index, &entry);
    return adopt(reader, map, entry.value, depth, at);
}

/* Reads the entries of a mapping up to its end; NULL where reading must stop. */
static struct value *read_map(struct reader *reader, yaml_mark_t mark, unsigned depth)
{
    struct value *map = new_value(reader, VALUE_MAP, mark), *merged = NULL;
    struct map *index = NULL;
    for (;;) {
        yaml_event_t event;
        if (!next(reader, &event))
            return NULL;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        if (!read_entry(reader, map, &index, &merged, &event, depth))
            return NULL;
    }
    if (merged != NULL && !merge_key(reader, map, &index, merged, depth, mark))
        return NULL;
    return map;
}

/* Reads a list or a mapping whose start event is given. */
static struct value *read_collection(struct reader *reader, const yaml_event_t *event, unsigned depth)
{
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *tag = is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    if (depth > DOCUMENT_DEPTH_MAX) {
        findings_add(reader->findings, FINDING_ERROR, "too-deep", mark_of(reader, event->start_mark),
                     "nested more than %d levels deep", DOCUMENT_DEPTH_MAX);
        return NULL;
    }
    struct value *value =
        is_map ? read_map(reader, event->start_mark, depth) : read_list(reader, event->start_mark, depth);
    const char *wanted = is_map ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq";
    if (value != NULL && tag != NULL && strcmp((const char *)tag, wanted) != 0 && strcmp((const char *)tag, "!") != 0) {
        findings_add(reader->findings, FINDING_ERROR, "tag", value->mark, "%s does not fit tag '%s'",
                     value_describe(value, reader->arena), (const char *)tag);
        return broken(reader, event->start_mark);
    }
    return value;
}

/* Reads the value that begins with the event, which is deleted; NULL where reading must stop. */
static struct value *read_value(struct reader *reader, yaml_event_t *event, unsigned depth)
{
    struct value *value;
    const yaml_char_t *anchor = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        value = read_alias(reader, event);
        break;
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        value = read_scalar(reader, event);
        break;
    default:
        anchor = event->type == YAML_MAPPING_START_EVENT ? event->data.mapping_start.anchor
                                                         : event->data.sequence_start.anchor;
        if (anchor != NULL)
            map_set(reader->anchors, (const char *)anchor, &reader->open);
        value = read_collection(reader, event, depth);
        break;
    }
    if (anchor != NULL)
        map_set(reader->anchors, (const char *)anchor, value);
    yaml_event_delete(event);
    return value;
}

/* Reads the stream: at most one document.  NULL where there is none or it could not be read. */
static struct value *read_stream(struct reader *reader)
{
    struct value *root = NULL;
    bool seen = false;
    for (;;) {
        yaml_event_t event;
        if (!next(reader, &event))
            return NULL;
        yaml_event_type_t type = event.type;
        if (type == YAML_DOCUMENT_START_EVENT && seen) {
            findings_add(reader->findings, FINDING_ERROR, "one-document", mark_of(reader, event.start_mark),
                         "a second document begins here: a file holds one");
            yaml_event_delete(&event);
            return root;
        }
        if (type == YAML_STREAM_START_EVENT || type == YAML_STREAM_END_EVENT || type == YAML_DOCUMENT_START_EVENT ||
            type == YAML_DOCUMENT_END_EVENT) {
            yaml_event_delete(&event);
            if (type == YAML_STREAM_END_EVENT)
                return root;
            continue;
        }
        seen = true;
        root = read_value(reader, &event, 1);
        if (root == NULL)
            return NULL;
    }
}

struct value *parse_text(struct document *document, const char *text, size_t length)
{
    struct reader reader = {.document = document,
                            .arena = document->arena,
                            .findings = document->findings,
                            .text = text,
                            .length = length,
                            .anchors = map_new(document->arena)};
    if (!yaml_parser_initialize(&reader.yaml))
        arena_exhausted();
    yaml_parser_set_encoding(&reader.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.yaml, (const unsigned char *)text, length);
    struct value *root = read_stream(&reader);
    yaml_parser_delete(&reader.yaml);
    return root;
}
