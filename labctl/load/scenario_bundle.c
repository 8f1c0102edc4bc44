/* A scenario as one text that needs no file beside it, not drawn yet: what can be sealed for everybody.  What comes
 * from a file beside it is no place for variables, so a `${` in there is written so that it stays what it is. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "doc/write.h"
#include "load/load.h"
#include "load/loader.h"
#include "load/scenario.h"

struct bundle {
    const struct document *document;
    struct arena *arena;
    struct error *err;
};

static bool is_drawn(const char *text)
{
    return strstr(text, "${") != NULL;
}

static int refuse_drawn(const struct bundle *bundle, const char *what, const char *path)
{
    return error_set(bundle->err, ERR_FILE,
                     "the file of %s, '%s', depends on what is drawn: seal one variant (--seed, --learner)", what,
                     path);
}

/* ---- text that has no variables ---------------------------------------------------------------------------------- */

static struct value *escape_scalar(struct arena *arena, const struct value *value)
{
    STR_AUTO text = STR_INIT;
    struct value *copy = arena_copy(arena, value, sizeof *value);
    if (!value->text || !memmem(value->text, value->length, "${", 2))
        return copy;
    for (size_t i = 0; i < value->length; i++) {
        if (i + 1 < value->length && !memcmp(value->text + i, "${", 2))
            str_append_char(&text, '$');
        str_append_char(&text, value->text[i]);
    }
    copy->text = arena_copy(arena, str_text(&text), text.length + 1);
    copy->length = text.length;
    return copy;
}

static struct value *escape(struct arena *arena, const struct value *value)
{
    struct value *copy = escape_scalar(arena, value);
    if (value->kind == VALUE_LIST) {
        copy->items = arena_alloc(arena, (value->item_count + 1) * sizeof(struct value *));
        for (size_t i = 0; i < value->item_count; i++)
            copy->items[i] = escape(arena, value->items[i]);
    }
    if (value->kind == VALUE_MAP) {
        copy->entries = arena_copy(arena, value->entries, value->entry_count * sizeof *value->entries);
        for (size_t i = 0; i < value->entry_count; i++)
            copy->entries[i].value = escape(arena, value->entries[i].value);
    }
    return copy;
}

/* ---- files of nodes ---------------------------------------------------------------------------------------------- */

/* The value under a key of a mapping that is the caller's own, as one that is the caller's own too; NULL where it is no
 * mapping. */
static struct value *own_map(struct arena *arena, struct value *map, const char *key)
{
    for (size_t i = 0; i < map->entry_count; i++) {
        struct value *value = map->entries[i].value;
        if (!str_equal(map->entries[i].key, key) || value->kind != VALUE_MAP)
            continue;
        map->entries[i].value = value = arena_copy(arena, value, sizeof *value);
        value->entries = arena_copy(arena, value->entries, value->entry_count * sizeof *value->entries);
        return value;
    }
    return NULL;
}

static int read_source(const struct bundle *bundle, struct entry *source)
{
    const struct value *value = source->value;
    STR_AUTO text = STR_INIT;
    if (is_drawn(value->text))
        return refuse_drawn(bundle, "a node", value->text);
    if (document_file(document_path(bundle->document, value->mark, value->text), &text, FILE_BYTES_MAX))
        return error_set_errno(bundle->err, errno, "read '%s'", value->text);
    struct value content = {.kind = VALUE_TEXT,
                            .quoted = true,
                            .mark = value->mark,
                            .text = str_text(&text),
                            .length = text.length,
                            .weight = 1};
    source->key = "content";
    source->value = escape_scalar(bundle->arena, &content);
    source->value->text = arena_copy(bundle->arena, source->value->text, source->value->length + 1);
    return 0;
}

static int take_files(const struct bundle *bundle, struct value *node)
{
    struct value *files = own_map(bundle->arena, node, "files");
    for (size_t i = 0; files && i < files->entry_count; i++) {
        struct value *file = own_map(bundle->arena, files, files->entries[i].key);
        for (size_t k = 0; file && k < file->entry_count; k++)
            if (str_equal(file->entries[k].key, "source") && value_is_scalar(file->entries[k].value) &&
                file->entries[k].value->text && read_source(bundle, &file->entries[k]))
                return -1;
    }
    return 0;
}

/* ---- files of links ---------------------------------------------------------------------------------------------- */

/* `{ source: FILE }` of a trace or table becomes the numbers themselves. */
static int read_numbers(const struct bundle *bundle, struct entry *list)
{
    const struct value *source = value_get(list->value, "source");
    STR_AUTO text = STR_INIT, numbers = STR_INIT;
    if (!source || !value_is_scalar(source) || !source->text)
        return 0;
    if (is_drawn(source->text))
        return refuse_drawn(bundle, "a link", source->text);
    if (document_file(document_path(bundle->document, source->mark, source->text), &text, IMPAIRMENT_FILE_MAX))
        return error_set_errno(bundle->err, errno, "read '%s'", source->text);
    impairment_list_of_file(str_text(&text), &numbers);
    struct value *value = arena_copy(bundle->arena, source, sizeof *source);
    value->kind = VALUE_TEXT;
    value->quoted = true;
    value->text = arena_strdup(bundle->arena, str_text(&numbers));
    value->length = numbers.length;
    list->value = value;
    return 0;
}

static int take_numbers(const struct bundle *bundle, struct value *link)
{
    for (size_t i = 0; i < link->entry_count; i++) {
        const struct impairment_row *row = impairment_row(link->entries[i].key);
        if (row && impairment_is_list(row) && link->entries[i].value->kind == VALUE_MAP &&
            read_numbers(bundle, &link->entries[i]))
            return -1;
    }
    return 0;
}

/* A link's properties, or a list of them, one for each direction. */
static int take_link(const struct bundle *bundle, struct value *links, struct entry *link)
{
    if (link->value->kind == VALUE_MAP)
        return take_numbers(bundle, own_map(bundle->arena, links, link->key));
    if (link->value->kind != VALUE_LIST)
        return 0;
    struct value *list = link->value = arena_copy(bundle->arena, link->value, sizeof *link->value);
    list->items = arena_copy(bundle->arena, list->items, list->item_count * sizeof *list->items);
    for (size_t i = 0; i < list->item_count; i++) {
        struct value holder = {
            .kind = VALUE_MAP, .entries = &(struct entry){.key = "entry", .value = list->items[i]}, .entry_count = 1};
        struct value *entry = own_map(bundle->arena, &holder, "entry");
        if (entry && take_numbers(bundle, list->items[i] = entry))
            return -1;
    }
    return 0;
}

/* ---- the topology ------------------------------------------------------------------------------------------------ */

/* In place: with what it includes, and the files of its nodes and links. */
static struct value *take_in_place(const struct bundle *bundle, struct value *map)
{
    map = document_include((struct document *)bundle->document, map);
    struct value holder = {.kind = VALUE_MAP, .entries = &(struct entry){.key = "t", .value = map}, .entry_count = 1};
    map = own_map(bundle->arena, &holder, "t");
    struct value *nodes = map ? own_map(bundle->arena, map, "nodes") : NULL;
    for (size_t i = 0; nodes && i < nodes->entry_count; i++) {
        struct value *node = own_map(bundle->arena, nodes, nodes->entries[i].key);
        if (node && take_files(bundle, node))
            return NULL;
    }
    struct value *links = map ? own_map(bundle->arena, map, "links") : NULL;
    for (size_t i = 0; links && i < links->entry_count; i++)
        if (take_link(bundle, links, &links->entries[i]))
            return NULL;
    return map;
}

/* From a file beside it: as the loader understands it. */
static struct value *take_beside(const struct bundle *bundle, const struct value *name)
{
    const struct document *document = bundle->document;
    struct topology *topology = NULL;
    struct findings findings;
    STR_AUTO text = STR_INIT;
    if (is_drawn(name->text)) {
        refuse_drawn(bundle, "the topology", name->text);
        return NULL;
    }
    findings_init(&findings, bundle->arena);
    if (load_topology(document_path(document, name->mark, name->text), document->sources, &findings, &topology)) {
        topology_free(topology);
        error_set(bundle->err, ERR_FILE, "the topology '%s' is not valid", name->text);
        return NULL;
    }
    dump_topology(topology, &text);
    topology_free(topology);
    struct document *dumped =
        document_parse(bundle->arena, document->sources, "topology", str_text(&text), text.length, &findings);
    return escape(bundle->arena, dumped->root);
}

int scenario_bundle(const struct document *document, struct str *out, struct error *err)
{
    struct bundle bundle = {document, document->arena, err};
    struct value *value = value_get(document->root, "topology");
    struct yaml yaml;
    STR_AUTO stripped = STR_INIT;
    STR_AUTO topology = STR_INIT;
    if (!value || (value->kind != VALUE_MAP && value->kind != VALUE_TEXT))
        return error_set(err, ERR_FILE, "the scenario has no topology");
    value = value->kind == VALUE_MAP ? take_in_place(&bundle, value) : take_beside(&bundle, value);
    if (!value)
        return -1;
    scenario_strip(document, &stripped);
    yaml_init(&yaml, &topology);
    yaml_value(&yaml, value);
    scenario_join(str_text(&stripped), str_text(&topology), out);
    return 0;
}
