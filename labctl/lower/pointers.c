/* A map from pointers to pointers, sized once: from things of the model to their places in the plan. */
#include "base/arena.h"
#include "lower/lowering.h"

struct pointers {
    size_t mask;
    struct {
        const void *key;
        void *value;
    } slots[];
};

struct pointers *pointers_new(struct arena *arena, size_t most)
{
    size_t size = 16;
    while (size < 2 * most)
        size *= 2;
    struct pointers *map = arena_alloc(arena, sizeof *map + size * sizeof map->slots[0]);
    map->mask = size - 1;
    return map;
}

static size_t slot(const struct pointers *map, const void *key)
{
    size_t i = (size_t)(((uintptr_t)key >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & map->mask;
    while (map->slots[i].key && map->slots[i].key != key)
        i = (i + 1) & map->mask;
    return i;
}

void pointers_set(struct pointers *map, const void *key, void *value)
{
    size_t i = slot(map, key);
    map->slots[i].key = key;
    map->slots[i].value = value;
}

void *pointers_get(const struct pointers *map, const void *key)
{
    return map->slots[slot(map, key)].value;
}
