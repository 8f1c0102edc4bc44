/* A three-way merge of trees: from `after` (the common ancestor) to `before` on one side and to `present` on the other.
 */
#include "load/merge.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/mark.h"
#include "base/str.h"
#include "doc/doc.h"
#include "doc/write.h"

struct merge {
    struct arena *arena;
    struct str *notes;
};

static bool equal(const struct value *a, const struct value *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind != b->kind)
        return false;
    if (a->kind == VALUE_LIST) {
        if (a->item_count != b->item_count)
            return false;
        for (size_t i = 0; i < a->item_count; i++)
            if (!equal(a->items[i], b->items[i]))
                return false;
        return true;
    }
    if (a->kind == VALUE_MAP) {
        if (a->entry_count != b->entry_count)
            return false;
        for (size_t i = 0; i < a->entry_count; i++)
            if (!equal(a->entries[i].value, value_get(b, a->entries[i].key)))
                return false;
        return true;
    }
    return a->length == b->length && !memcmp(a->text, b->text, a->length);
}

static bool holds(const struct value *list, const struct value *item)
{
    for (size_t i = 0; i < list->item_count; i++)
        if (equal(list->items[i], item))
            return true;
    return false;
}

static struct value *merge(struct merge *merge, const char *path, const struct value *before, const struct value *after,
                           const struct value *present);

static void add_entry(struct merge *m, struct value *map, const struct entry *entry, struct value *value)
{
    if (!value)
        return;
    *ARENA_PUSH(m->arena, map->entries, map->entry_count) = (struct entry){.key = entry->key, .value = value};
}

static struct value *merge_maps(struct merge *m, const char *path, const struct value *before,
                                const struct value *after, const struct value *present)
{
    struct value *out = ARENA_NEW(m->arena, struct value);
    out->kind = VALUE_MAP;
    for (size_t i = 0; i < present->entry_count; i++) {
        const struct entry *entry = &present->entries[i];
        const char *below = arena_printf(m->arena, "%s%s%s", path, *path ? "/" : "", entry->key);
        add_entry(m, out, entry,
                  merge(m, below, value_get(before, entry->key), value_get(after, entry->key), entry->value));
    }
    for (size_t i = 0; i < before->entry_count; i++) {
        const struct entry *entry = &before->entries[i];
        if (value_get(present, entry->key))
            continue;
        const char *below = arena_printf(m->arena, "%s%s%s", path, *path ? "/" : "", entry->key);
        add_entry(m, out, entry, merge(m, below, entry->value, value_get(after, entry->key), NULL));
    }
    return out;
}

/* Items that the change took out come back where they stood; items that it put in go, unless they are gone already. */
static struct value *merge_lists(struct merge *m, const char *path, const struct value *before,
                                 const struct value *after, const struct value *present)
{
    struct value *out = ARENA_NEW(m->arena, struct value);
    out->kind = VALUE_LIST;
    for (size_t i = 0; i < present->item_count; i++) {
        bool put_in = holds(after, present->items[i]) && !holds(before, present->items[i]);
        if (!put_in)
            *ARENA_PUSH(m->arena, out->items, out->item_count) = present->items[i];
    }
    for (size_t i = 0; i < after->item_count; i++)
        if (!holds(before, after->items[i]) && !holds(present, after->items[i]) && m->notes)
            str_printf(m->notes, "changed since: %s/%zu\n", path, i);
    for (size_t i = 0; i < before->item_count; i++) {
        if (holds(after, before->items[i]) || holds(present, before->items[i]))
            continue;
        ARENA_PUSH(m->arena, out->items, out->item_count);
        size_t at = i < out->item_count - 1 ? i : out->item_count - 1;
        memmove(&out->items[at + 1], &out->items[at], (out->item_count - 1 - at) * sizeof out->items[0]);
        out->items[at] = before->items[i];
    }
    return out;
}

static struct value *merge(struct merge *m, const char *path, const struct value *before, const struct value *after,
                           const struct value *present)
{
    if (equal(before, after) || equal(before, present))
        return (struct value *)present;
    if (equal(present, after))
        return (struct value *)before;
    if (before && after && present && before->kind == after->kind && after->kind == present->kind) {
        if (present->kind == VALUE_MAP)
            return merge_maps(m, path, before, after, present);
        if (present->kind == VALUE_LIST)
            return merge_lists(m, path, before, after, present);
    }
    if (m->notes)
        str_printf(m->notes, "changed since: %s\n", path);
    return (struct value *)present;
}

static struct value *parse(struct arena *arena, struct findings *findings, const char *name, const char *text)
{
    return document_parse(arena, sources_new(arena), name, text, strlen(text), findings)->root;
}

int merge_undo(const char *before, const char *after, const char *present, struct str *out, struct str *notes,
               struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    findings_init(&findings, arena);
    struct merge m = {.arena = arena, .notes = notes};
    const struct value *was = parse(arena, &findings, "before", before),
                       *became = parse(arena, &findings, "after", after);
    const struct value *is = parse(arena, &findings, "present", present);
    if (!was || !became || !is || findings.errors)
        return error_set(err, ERR_FILE, "a topology to merge is not valid YAML");
    struct yaml yaml;
    yaml_init(&yaml, out);
    yaml_value(&yaml, merge(&m, "", was, became, is));
    if (out->length && out->data[out->length - 1] != '\n')
        str_append_char(out, '\n');
    return 0;
}
