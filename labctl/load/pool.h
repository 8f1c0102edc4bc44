/* Places 0..size-1 of which some are taken: addresses of a network.  Inside of the room only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arena;

struct pool {
    uint8_t *taken; /* one bit each */
    uint32_t size, free;
};

struct pool pool_new(struct arena *arena, uint32_t size);
/* Takes a place; false where it was taken, or is none. */
bool pool_take(struct pool *pool, uint32_t place);
/* Takes the first free place from the hash on; false where there is none. */
bool pool_probe(struct pool *pool, uint64_t hash, uint32_t *place);
