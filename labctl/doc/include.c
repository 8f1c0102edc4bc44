/* `include: [file]`: other files merged into a mapping. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "doc/parse.h"

/* The files on the way to the one that is being included. */
struct chain {
    const struct chain *above;
    const char *path;
};

static struct value *include_all(struct document *document, struct value *map, const struct chain *chain,
                                 unsigned *files);

/* One file that includes and one that is included, joined. */
struct joining {
    struct document *document;
    struct arena *arena;
};

static struct value *join(struct joining *joining, struct value *into, const struct value *from, const char *key,
                          struct mark into_mark, struct mark from_mark, unsigned depth);

/* Two mappings with the entries of both. */
static struct value *join_maps(struct joining *joining, const struct value *into, const struct value *from,
                               unsigned depth)
{
    struct value *joined = arena_copy(joining->arena, into, sizeof *into);
    struct map *index = map_new(joining->arena);
    joined->entries = NULL;
    joined->entry_count = 0;
    for (size_t i = 0; i < into->entry_count; i++) {
        *ARENA_PUSH(joining->arena, joined->entries, joined->entry_count) = into->entries[i];
        map_set(index, into->entries[i].key, (void *)(uintptr_t)joined->entry_count);
    }
    for (size_t i = 0; i < from->entry_count; i++) {
        const struct entry *entry = &from->entries[i];
        uintptr_t at = (uintptr_t)map_get(index, entry->key);
        if (at == 0) {
            *ARENA_PUSH(joining->arena, joined->entries, joined->entry_count) = *entry;
            joined->weight += entry->value->weight;
            continue;
        }
        struct entry *mine = &joined->entries[at - 1];
        mine->value = join(joining, mine->value, entry->value, entry->key, mine->key_mark, entry->key_mark, depth + 1);
    }
    return joined;
}

/* Joins what stands under one key in two files; a conflict is reported, and the first counts. */
static struct value *join(struct joining *joining, struct value *into, const struct value *from, const char *key,
                          struct mark into_mark, struct mark from_mark, unsigned depth)
{
    if (into->broken || from->broken)
        return into;
    if (into->kind == VALUE_MAP && from->kind == VALUE_MAP)
        return join_maps(joining, into, from, depth);
    if (depth == 1 && into->kind == VALUE_LIST && from->kind == VALUE_LIST) {
        struct value *joined = arena_copy(joining->arena, into, sizeof *into);
        joined->items = NULL;
        joined->item_count = 0;
        for (size_t i = 0; i < into->item_count + from->item_count; i++)
            *ARENA_PUSH(joining->arena, joined->items, joined->item_count) =
                i < into->item_count ? into->items[i] : from->items[i - into->item_count];
        joined->weight += from->weight - 1;
        return joined;
    }
    struct finding *finding = findings_add(joining->document->findings, FINDING_ERROR, "include-conflict", from_mark,
                                           "key '%s' stands in two files", key);
    finding->other = into_mark;
    finding->other_text = "it stands here as well";
    return into;
}

/* Reads one included file and merges it; the merged mapping. */
static struct value *include_file(struct document *document, struct value *map, const struct value *name,
                                  const struct chain *chain, unsigned *files)
{
    if (name->kind != VALUE_TEXT || strlen(name->text) != name->length || name->length == 0) {
        if (!name->broken)
            findings_add(document->findings, FINDING_ERROR, "include", name->mark, "'include' wants files, got %s",
                         value_describe(name, document->arena));
        return map;
    }
    struct chain here = {chain, document_path(document, name->mark, name->text)};
    for (const struct chain *up = chain; up != NULL; up = up->above) {
        char *real = realpath(up->path, NULL), *mine = realpath(here.path, NULL);
        bool cycle = real != NULL && mine != NULL && strcmp(real, mine) == 0;
        free(real);
        free(mine);
        if (cycle) {
            findings_add(document->findings, FINDING_ERROR, "include", name->mark, "'%s' includes itself", name->text);
            return map;
        }
    }
    if (++*files > DOCUMENT_FILES_MAX) {
        if (*files == DOCUMENT_FILES_MAX + 1)
            findings_add(document->findings, FINDING_ERROR, "include", name->mark, "more than %d files are included",
                         DOCUMENT_FILES_MAX);
        return map;
    }
    size_t before = document->findings->errors;
    if (!source_read(document, here.path, &name->mark))
        return map;
    struct value *root = source_parse(document);
    if (root == NULL || root->kind != VALUE_MAP) {
        if (document->findings->errors == before)
            findings_add(document->findings, FINDING_ERROR, "include", name->mark,
                         "'%s' is no mapping of keys to values", name->text);
        return map;
    }
    root = include_all(document, root, &here, files);
    struct joining joining = {document, document->arena};
    struct value *joined = join_maps(&joining, map, root, 0);
    if (joined->weight <= DOCUMENT_VALUES_MAX)
        return joined;
    if (map->weight <= DOCUMENT_VALUES_MAX)
        findings_add(document->findings, FINDING_ERROR, "too-large", name->mark, "more than %d values in all files",
                     DOCUMENT_VALUES_MAX);
    return map;
}

/* Merges what the mapping includes. */
static struct value *include_all(struct document *document, struct value *map, const struct chain *chain,
                                 unsigned *files)
{
    const struct value *names = value_get(map, "include");
    if (names == NULL)
        return map;
    struct value *merged = arena_copy(document->arena, map, sizeof *map);
    merged->entries = NULL;
    merged->entry_count = 0;
    for (size_t i = 0; i < map->entry_count; i++)
        if (strcmp(map->entries[i].key, "include") != 0)
            *ARENA_PUSH(document->arena, merged->entries, merged->entry_count) = map->entries[i];
    if (names->kind == VALUE_LIST)
        for (size_t i = 0; i < names->item_count; i++)
            merged = include_file(document, merged, names->items[i], chain, files);
    else
        merged = include_file(document, merged, names, chain, files);
    return merged;
}

struct value *document_include(struct document *document, struct value *map)
{
    uint32_t file = document->file;
    unsigned files = 0;
    const char *name = map->mark.file < document->sources->count ? document->sources->items[map->mark.file].name : "";
    struct chain chain = {NULL, name};
    struct value *merged = include_all(document, map, &chain, &files);
    document->file = file;
    return merged;
}
