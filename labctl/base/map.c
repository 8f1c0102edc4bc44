/* Hash map: open addressing with linear probing; keys hashed with SipHash-1-3. */
#include "base/map.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"

#define SLOTS_MIN 16

struct slot {
    const char *key; /* NULL = free */
    uint64_t hash;
    void *value;
};

struct map {
    struct arena *arena;
    struct slot *slots;
    size_t size, count; /* size is 0 or a power of two, at most three quarters full */
};

static uint64_t secret[2];
static pthread_once_t secret_once = PTHREAD_ONCE_INIT;

/* Draws the secret; where the kernel has no entropy to give, what differs between processes must do. */
static void secret_draw(void)
{
    if (getrandom(secret, sizeof secret, 0) == (ssize_t)sizeof secret)
        return;
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    secret[0] = (uint64_t)now.tv_nsec * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)getpid();
    secret[1] = (uint64_t)(uintptr_t)&now ^ (uint64_t)now.tv_sec << 32;
}

/* x rotated left by `bits`. */
static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

/* One SipRound (Aumasson and Bernstein, "SipHash: a fast short-input PRF", section 2). */
static void sip_round(uint64_t v[static 4])
{
    v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
    v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 of the key under the secret. */
static uint64_t hash_of(const char *key, size_t length)
{
    uint64_t v[4] = {
        secret[0] ^ UINT64_C(0x736f6d6570736575),
        secret[1] ^ UINT64_C(0x646f72616e646f6d),
        secret[0] ^ UINT64_C(0x6c7967656e657261),
        secret[1] ^ UINT64_C(0x7465646279746573),
    };
    uint64_t word;
    size_t left = length;
    for (; left >= 8; key += 8, left -= 8) {
        memcpy(&word, key, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = 0;
    memcpy(&word, key, left);
    word ^= (uint64_t)length << 56;
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_new(struct arena *arena)
{
    pthread_once(&secret_once, secret_draw);
    struct map *map = ARENA_NEW(arena, struct map);
    map->arena = arena;
    return map;
}

/* The slot that holds the key, or the free one where it belongs; the table must have a free slot. */
static struct slot *find(const struct map *map, const char *key, uint64_t hash)
{
    size_t mask = map->size - 1, at = hash & mask;
    while (map->slots[at].key != NULL && (map->slots[at].hash != hash || strcmp(map->slots[at].key, key) != 0))
        at = (at + 1) & mask;
    return &map->slots[at];
}

/* Doubles the table.  The old one stays in the arena: all old ones together are smaller than the new one. */
static void grow(struct map *map)
{
    const struct slot *old = map->slots;
    size_t old_size = map->size;
    map->size = old_size == 0 ? SLOTS_MIN : old_size * 2;
    map->slots = arena_alloc(map->arena, map->size * sizeof *map->slots);
    for (size_t i = 0; i < old_size; i++)
        if (old[i].key != NULL)
            *find(map, old[i].key, old[i].hash) = old[i];
}

void *map_set(struct map *map, const char *key, void *value)
{
    if (map->count >= map->size / 4 * 3)
        grow(map);
    size_t length = strlen(key);
    uint64_t hash = hash_of(key, length);
    struct slot *slot = find(map, key, hash);
    void *before = slot->value;
    if (slot->key == NULL) {
        slot->key = arena_copy(map->arena, key, length + 1);
        slot->hash = hash;
        map->count++;
    }
    slot->value = value;
    return before;
}

void *map_get(const struct map *map, const char *key)
{
    return map->size == 0 ? NULL : find(map, key, hash_of(key, strlen(key)))->value;
}

/* Moves later slots of the run back over the hole, so that no tombstones are needed (Knuth, TAOCP 3, 6.4, R). */
void map_remove(struct map *map, const char *key)
{
    if (map->size == 0)
        return;
    struct slot *slot = find(map, key, hash_of(key, strlen(key)));
    if (slot->key == NULL)
        return;
    size_t mask = map->size - 1, hole = (size_t)(slot - map->slots);
    for (size_t at = (hole + 1) & mask; map->slots[at].key != NULL; at = (at + 1) & mask) {
        size_t home = map->slots[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) /* its home lies behind the hole: it may not move before it */
            continue;
        map->slots[hole] = map->slots[at];
        hole = at;
    }
    map->slots[hole] = (struct slot){0};
    map->count--;
}

size_t map_count(const struct map *map)
{
    return map->count;
}
