/* Hash map from text to pointer, living in an arena.  Keys are hashed with a per-process secret, so a hostile file
 * cannot choose colliding names. */
#pragma once

#include <stddef.h>

struct arena;
struct map;

struct map *map_new(struct arena *arena);
/* Stores value under key (the key is copied into the arena).  Returns the value that stood there before, or NULL. */
void *map_set(struct map *map, const char *key, void *value);
void *map_get(const struct map *map, const char *key); /* NULL where absent */
void map_remove(struct map *map, const char *key);
size_t map_count(const struct map *map);
