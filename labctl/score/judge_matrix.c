/* Judge of the matrix: exactly these pairs, nothing else. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "facts/facts.h"
#include "model/check.h"
#include "model/topology.h"
#include "score/judging.h"

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
    const bool *wanted = check_matrix_wanted(matrix, arena);
    for (size_t i = 0; i < count * count * layers; i++) {
        size_t from = i / count % count, to = i % count;
        bool answered = fact->matrix[i] == OUTCOME_ANSWERED;
        if (from != to && fact->matrix[i] == OUTCOME_NONE) { /* labctl's own failure, whatever was expected */
            out->verdict = VERDICT_ERROR;
            SEEN(out, ": %s to %s%s was not measured", matrix->nodes[from]->name, matrix->nodes[to]->name,
                 layer_text(matrix, i / (count * count), port));
            return;
        }
        if (from == to || answered == wanted[i])
            continue;
        if (wrong++ < NAMED_MAX)
            judging_add(named, sizeof named, "%s%s %s %s%s (%s)", wrong > 1 ? ", " : "", matrix->nodes[from]->name,
                        answered ? "reaches" : "does not reach", matrix->nodes[to]->name,
                        layer_text(matrix, i / (count * count), port), fact_outcome_name(fact->matrix[i]));
    }
    if (wrong)
        judging_fail(out, "%s%s", named, wrong > NAMED_MAX ? ", …" : "");
    else if (context && context->left_healthy == SIGHT_YES && fact->left == SIGHT_NO)
        judging_fail(out,
                     "%s: nothing of it goes out on the wire, as it did when all was healthy: the node itself keeps it "
                     "back, so this proves nothing",
                     fact->kept_back);
    else if (context && context->returned_healthy == SIGHT_NO && fact->returned == SIGHT_YES)
        judging_fail(out, "%s: it is open: an answer came back, which the node does not let in", fact->kept_out);
}
