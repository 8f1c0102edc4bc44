/* Judge of the matrix: exactly these pairs, nothing else. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "facts/facts.h"
#include "model/check.h"
#include "model/topology.h"
#include "score/judging.h"

/* Which ordered pairs shall answer, row-major, in the arena. */
static bool *wanted_pairs(const struct check_matrix *matrix, size_t layers, struct arena *arena)
{
    size_t count = matrix->node_count;
    bool *wanted = arena_alloc(arena, count * count * layers);
    struct map *indices = map_new(arena);
    for (size_t i = 0; i < count; i++)
        map_set(indices, matrix->nodes[i]->name, (void *)(uintptr_t)(i + 1));
    for (size_t i = 0; i < matrix->pair_count; i++) {
        size_t from = (size_t)(uintptr_t)map_get(indices, matrix->pairs[i].from->name);
        size_t to = (size_t)(uintptr_t)map_get(indices, matrix->pairs[i].to->name);
        for (size_t layer = 0; from && to && layer < layers; layer++)
            if (!matrix->pairs[i].layers || matrix->pairs[i].layers & UINT64_C(1) << layer)
                wanted[(layer * count + from - 1) * count + to - 1] = true;
    }
    memset(wanted, matrix->all, matrix->all ? count * count * layers : 0);
    return wanted;
}

/* " on tcp/80" where there are several. */
static const char *layer_text(const struct check_matrix *matrix, size_t layer, char out[static 24])
{
    uint16_t port = check_matrix_port(matrix, layer);
    *out = '\0';
    if (matrix->port_count > 1 && port)
        snprintf(out, 24, " on tcp/%u", port);
    else if (matrix->port_count > 1)
        snprintf(out, 24, " by icmp");
    return out;
}

void judge_matrix(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                  struct judgement *out)
{
    (void)context;
    enum { NAMED_MAX = 5 };
    const struct check_matrix *matrix = &check->matrix;
    size_t wrong = 0, count = matrix->node_count, layers = check_matrix_layers(matrix);
    char named[400] = "", port[24];
    if (matrix->all)
        EXPECT(out, "every pair of %zu nodes", count);
    else
        EXPECT(out, "exactly %zu pairs of %zu nodes", matrix->pair_count, count);
    if (layers > 1)
        EXPECT(out, " on %zu ports", layers);
    if (fact->outcome != OUTCOME_ANSWERED || fact->matrix_size != count) {
        out->verdict = VERDICT_FAIL;
        return;
    }
    if (count < 2) { /* no pair was measured: that shows nothing */
        out->verdict = VERDICT_ERROR;
        SEEN(out, ": a matrix needs two nodes with an address");
        return;
    }
    ARENA_AUTO arena = arena_new();
    const bool *wanted = wanted_pairs(matrix, layers, arena);
    for (size_t i = 0; i < count * count * layers; i++) {
        size_t from = i / count % count, to = i % count;
        bool answered = fact->matrix[i] == OUTCOME_ANSWERED;
        if (from == to || answered == wanted[i])
            continue;
        if (wrong++ < NAMED_MAX)
            judging_add(named, sizeof named, "%s%s %s %s%s (%s)", wrong > 1 ? ", " : "", matrix->nodes[from]->name,
                        answered ? "reaches" : "does not reach", matrix->nodes[to]->name,
                        layer_text(matrix, i / (count * count), port), fact_outcome_name(fact->matrix[i]));
    }
    if (wrong)
        judging_fail(out, "%s%s", named, wrong > NAMED_MAX ? ", …" : "");
}
