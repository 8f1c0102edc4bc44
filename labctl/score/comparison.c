/* The three matrices are brought into one order by sorted indices, so that comparing is one walk. */
#include "score/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static int by_pair(const void *left, const void *right)
{
    const struct reach *a = *(const struct reach *const *)left, *b = *(const struct reach *const *)right;
    int order = strcmp(a->from, b->from);
    if (!order)
        order = strcmp(a->to, b->to);
    return order ? order : a->port < b->port ? -1 : a->port > b->port;
}

static const struct reach **sorted(const struct reach_matrix *matrix, struct arena *arena)
{
    const struct reach **index = arena_alloc(arena, (matrix->count + 1) * sizeof *index);
    for (size_t i = 0; i < matrix->count; i++)
        index[i] = &matrix->items[i];
    qsort(index, matrix->count, sizeof *index, by_pair);
    return index;
}

static const struct reach *find(const struct reach **index, size_t count, const struct reach *pair)
{
    const struct reach *const *found = bsearch(&pair, index, count, sizeof *index, by_pair);
    return found ? *found : NULL;
}

static void add(struct reach_matrix *list, const struct reach *pair, struct arena *arena)
{
    *ARENA_PUSH(arena, list->items, list->count) = *pair;
}

struct comparison comparison_of(const struct reach_matrix *healthy, const struct reach_matrix *broken,
                                const struct reach_matrix *end, struct arena *arena)
{
    struct comparison out = {0};
    const struct reach **at_end = sorted(end, arena), **at_begin = broken ? sorted(broken, arena) : NULL;
    for (size_t i = 0; i < healthy->count; i++) {
        const struct reach *was = &healthy->items[i], *is = find(at_end, end->count, was);
        const struct reach *between = broken ? find(at_begin, broken->count, was) : was;
        if (!is || !between)
            continue;
        if (!was->open && is->open)
            add(&out.newly_opened, is, arena);
        else if (was->open && !between->open && is->open)
            add(&out.fixed, is, arena);
        else if (was->open && between->open && !is->open)
            add(&out.newly_broken, is, arena);
        else if (was->open && !is->open)
            add(&out.still_broken, is, arena);
        else if (was->open)
            out.preserved++;
    }
    return out;
}
