/* The smallest topology that still shows a difference: takes entries out of the tree one after the other, as long as
 * what is left is valid and the difference stays. */
#pragma once

#include "base/clock.h"
#include "compare.h"
#include "doc/write.h"

/* The n-th entry or item below `value` is left out of the copy; *n counts down. */
static inline struct value *without(struct arena *arena, const struct value *value, size_t *n)
{
    struct value *copy = arena_copy(arena, value, sizeof *value);
    size_t kept = 0;
    if (value->kind == VALUE_MAP) {
        copy->entries = arena_alloc(arena, value->entry_count * sizeof copy->entries[0]);
        for (size_t i = 0; i < value->entry_count; i++) {
            if ((*n)-- == 0)
                continue;
            copy->entries[kept] = value->entries[i];
            copy->entries[kept++].value = without(arena, value->entries[i].value, n);
        }
        copy->entry_count = kept;
    } else if (value->kind == VALUE_LIST) {
        copy->items = arena_alloc(arena, value->item_count * sizeof copy->items[0]);
        for (size_t i = 0; i < value->item_count; i++)
            if ((*n)-- != 0)
                copy->items[kept++] = without(arena, value->items[i], n);
        copy->item_count = kept;
    }
    return copy;
}

static inline bool still_differs(const char *yaml, uint64_t seed, const char *name, const char *path)
{
    struct trial trial;
    STR_AUTO out = STR_INIT;
    bool found = trial_load(&trial, yaml, seed, name) && trial_measure(&trial, yaml, path, 2, &out) == 0 &&
                 differences(&trial) > 0;
    trial_free(&trial);
    return found;
}

/* yaml is replaced by the smallest text found until `deadline` (clock_monotonic). */
static inline void shrink(struct str *yaml, uint64_t seed, const char *name, const char *path, int64_t deadline)
{
    for (size_t n = 0; clock_monotonic() < deadline;) {
        ARENA_AUTO arena = arena_new();
        struct findings findings;
        findings_init(&findings, arena);
        struct document *document =
            document_parse(arena, sources_new(arena), "random.yaml", str_text(yaml), yaml->length, &findings);
        size_t at = n;
        struct value *less = without(arena, document->root, &at);
        if (at <= n) /* fewer than n entries */
            return;
        STR_AUTO text = STR_INIT;
        struct yaml writer;
        yaml_init(&writer, &text);
        yaml_value(&writer, less);
        if (!still_differs(str_text(&text), seed, name, path)) {
            n++;
            continue;
        }
        str_clear(yaml);
        str_append(yaml, str_text(&text));
    }
}
