/* Arena: allocate freely, free once.  Every document, topology and plan owns one. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* A new empty arena.  Never NULL: running out of memory ends the process (there is nothing useful left to do). */
struct arena *arena_new(void);
void arena_free(struct arena *arena); /* takes NULL */
/* Ends the process for want of memory; for those who call malloc themselves. */
void arena_exhausted(void) __attribute__((noreturn));

/* Zeroed memory, aligned for any type; lives until the arena is freed.  size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_strdup(struct arena *arena, const char *text); /* NULL stays NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Grow helper behind ARENA_PUSH: returns storage for at least count + 1 elements (doubling; old content is copied). */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t element_size);

/* Appends a zeroed element to `array` (of `count` elements, both lvalues) and yields a pointer to it.
 * The array moves when it grows: keep indices, or store pointers to arena objects as elements.  It must start as NULL
 * with count 0 and grow by this macro alone; lowering the count is fine. */
#define ARENA_PUSH(arena, array, count)                                                                                \
    ((array) = arena_grow((arena), (array), (count), sizeof *(array)), &(array)[(count)++])

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

void arena_free_pointer(struct arena **arena); /* for ARENA_AUTO */
#define ARENA_AUTO __attribute__((cleanup(arena_free_pointer))) struct arena *
