/* Arena: chunks of zeroed memory, handed out from the front and given back all at once.
 *
 * A page that is touched for the first time costs a fault; where page tables are shadowed (a virtual machine in a
 * virtual machine) that is the dearest thing that reading a large topology does.  So large chunks ask for huge pages.
 */
#include "base/arena.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Under AddressSanitizer what is not handed out is poisoned, with a gap behind each allocation, so that an overrun
 * inside a chunk, or a pointer into an array that has moved, is found as it would be with malloc. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define ARENA_GAP                16
#define arena_hide(memory, size) ASAN_POISON_MEMORY_REGION((memory), (size))
#define arena_show(memory, size) ASAN_UNPOISON_MEMORY_REGION((memory), (size))
#else
#define ARENA_GAP                0
#define arena_hide(memory, size) ((void)(memory), (void)(size))
#define arena_show(memory, size) ((void)(memory), (void)(size))
#endif

#define CHUNK_MIN ((size_t)4096)
#define CHUNK_MAX ((size_t)1 << 20)
#define MAPPED    ((size_t)512 << 10) /* a chunk of that size has pages of its own */
#define HUGE_PAGE ((size_t)2 << 20)   /* where the machine has them; else it is a unit like any other */
#define ARRAY_MIN 4                   /* elements in the first storage of a growing array */

struct chunk {
    struct chunk *next;
    size_t used, size; /* bytes of data */
    size_t mapped;     /* bytes with this header, 0: by calloc */
    _Alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct chunk *chunks; /* the first is the one being filled */
    size_t next_size;     /* data bytes of the next ordinary chunk */
};

void arena_exhausted(void)
{
    dprintf(STDERR_FILENO, "%s: out of memory\n", program_invocation_short_name);
    abort();
}

struct arena *arena_new(void)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        arena_exhausted();
    arena->next_size = CHUNK_MIN;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    for (struct chunk *chunk = arena->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        arena_show(chunk->data, chunk->size);
        if (chunk->mapped)
            munmap(chunk, chunk->mapped);
        else
            free(chunk);
    }
    free(arena);
}

void arena_free_pointer(struct arena **arena)
{
    arena_free(*arena);
    *arena = NULL;
}

/* Pages for at least so many bytes, from a multiple of HUGE_PAGE on. */
static struct chunk *chunk_map(size_t least)
{
    size_t size = (least + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    unsigned char *memory =
        mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        arena_exhausted();
    size_t before = (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;
    if (before > 0)
        munmap(memory, before);
    if (HUGE_PAGE > before)
        munmap(memory + before + size, HUGE_PAGE - before);
    struct chunk *chunk = (struct chunk *)(void *)(memory + before);
    madvise(chunk, size, MADV_HUGEPAGE);
    chunk->mapped = size;
    return chunk;
}

/* A chunk of at least `size` zeroed bytes, not yet linked into an arena. */
static struct chunk *chunk_new(size_t size)
{
    bool large = size >= MAPPED;
    struct chunk *chunk = large ? chunk_map(sizeof *chunk + size) : calloc(1, sizeof *chunk + size);
    if (chunk == NULL)
        arena_exhausted();
    size = large ? chunk->mapped - sizeof *chunk : size;
    chunk->size = size;
    arena_hide(chunk->data, size);
    return chunk;
}

/* Finds or makes the chunk that has `size` bytes left. */
static struct chunk *chunk_with_room(struct arena *arena, size_t size)
{
    struct chunk *first = arena->chunks;
    if (first != NULL && first->size - first->used >= size)
        return first;
    if (first != NULL && size > arena->next_size / 4) { /* keep on filling the first: link the big one behind it */
        struct chunk *big = chunk_new(size);
        if (big->size - size > first->size - first->used) { /* but where that has more room left */
            big->next = first;
            arena->chunks = big;
            return big;
        }
        big->next = first->next;
        first->next = big;
        return big;
    }
    struct chunk *chunk = chunk_new(size > arena->next_size ? size : arena->next_size);
    chunk->next = first;
    arena->chunks = chunk;
    if (arena->next_size < CHUNK_MAX)
        arena->next_size *= 2;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        arena_exhausted();
    size_t needed = ((size > 0 ? size : 1) + ARENA_GAP + align - 1) / align * align;
    struct chunk *chunk = chunk_with_room(arena, needed);
    void *memory = chunk->data + chunk->used;
    chunk->used += needed;
    arena_show(memory, size);
    return memory;
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy(arena, text, strlen(text) + 1);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    if (text == NULL)
        return NULL;
    size_t kept = strnlen(text, length);
    char *copy = arena_alloc(arena, kept + 1);
    memcpy(copy, text, kept);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    char small[256]; /* most texts are short: they need not be formatted twice */
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(small, sizeof small, format, args);
    if (length < 0) /* only where the text would pass INT_MAX bytes */
        arena_exhausted();
    char *text = arena_alloc(arena, (size_t)length + 1);
    if ((size_t)length < sizeof small)
        memcpy(text, small, (size_t)length);
    else
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

/* The capacity is not stored: it follows from the count (ARRAY_MIN, then the next power of two), so the array must
 * have been grown by this function alone; shortening it by lowering the count is fine. */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t element_size)
{
    bool full = count == 0 || (count >= ARRAY_MIN && (count & (count - 1)) == 0);
    if (!full) { /* a removed element may have stood here */
        memset((unsigned char *)array + count * element_size, 0, element_size);
        return array;
    }
    size_t capacity = count == 0 ? ARRAY_MIN : count * 2, size;
    if (__builtin_mul_overflow(capacity, element_size, &size))
        arena_exhausted();
    void *grown = arena_alloc(arena, size);
    if (count > 0) {
        memcpy(grown, array, count * element_size);
        arena_hide(array, count * element_size);
    }
    return grown;
}
