/* Places of which some are taken. */
#include "load/pool.h"

#include "base/arena.h"

struct pool pool_new(struct arena *arena, uint32_t size)
{
    return (struct pool){arena_alloc(arena, size / 8 + 1), size, size};
}

bool pool_take(struct pool *pool, uint32_t place)
{
    if (place >= pool->size || (pool->taken[place / 8] >> place % 8 & 1) != 0)
        return false;
    pool->taken[place / 8] |= (uint8_t)(1u << place % 8);
    pool->free--;
    return true;
}

bool pool_probe(struct pool *pool, uint64_t hash, uint32_t *place)
{
    if (pool->free == 0)
        return false;
    *place = (uint32_t)(hash % pool->size);
    while (!pool_take(pool, *place))
        *place = (*place + 1) % pool->size;
    return true;
}
