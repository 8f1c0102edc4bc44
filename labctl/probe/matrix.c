/* matrix: who reaches whom, all ordered pairs of a set of nodes. */
#include "probe/matrix.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "model/topology.h"
#include "probe/net.h"

void matrix_settle(struct matrix *matrix, size_t pair, enum fact_outcome outcome)
{
    uint8_t *cell = &matrix->attempt->fact.matrix[pair];
    if (*cell != OUTCOME_NONE)
        return;
    *cell = (uint8_t)outcome;
    matrix->settled++;
    matrix->answered += outcome == OUTCOME_ANSWERED;
}

static void name_pair(const struct matrix *matrix, size_t pair, char *out, size_t size)
{
    char port[24] = "";
    if (matrix->port)
        snprintf(port, sizeof port, " on tcp/%u", matrix->port);
    if (!*out)
        snprintf(out, size, "%s to %s%s", matrix->nodes[pair / matrix->count].node->name,
                 matrix->nodes[pair % matrix->count].node->name, port);
}

/* What shall be silent and is: was it asked at all, and did no answer come? */
static void note_silence(struct matrix *matrix, const struct witness_pairs *seen)
{
    struct fact *fact = &matrix->attempt->fact;
    struct matrix_silence *silence = &matrix->silence;
    const bool *wanted = matrix->wanted + matrix->layer * matrix->count * matrix->count;
    for (size_t i = 0; i < matrix->count * matrix->count; i++) {
        bool silent = fact->matrix[i] == OUTCOME_SILENT || fact->matrix[i] == OUTCOME_UNREACHABLE;
        if (wanted[i] || !silent || !addr_is_set(&matrix->addrs[i]))
            continue;
        silence->pairs++;
        silence->left += seen->left[i] == SIGHT_YES;
        silence->returned += seen->returned[i] == SIGHT_YES;
        silence->kept_back += seen->left[i] == SIGHT_NO;
        silence->unknown += seen->returned[i] == SIGHT_UNKNOWN;
        if (seen->left[i] == SIGHT_NO)
            name_pair(matrix, i, fact->kept_back, sizeof fact->kept_back);
        if (seen->returned[i] == SIGHT_YES)
            name_pair(matrix, i, fact->kept_out, sizeof fact->kept_out);
    }
}

/* An answer that did not come from the target is none. */
static void unmask(struct matrix *matrix)
{
    struct attempt *attempt = matrix->attempt;
    struct witness *witness = engine_witness(attempt->engine);
    if (!witness)
        return;
    const struct node **nodes = arena_alloc(attempt->arena, (matrix->count + 1) * sizeof(const struct node *));
    size_t pairs = matrix->count * matrix->count;
    struct witness_pairs seen = {arena_alloc(attempt->arena, pairs), arena_alloc(attempt->arena, pairs),
                                 arena_alloc(attempt->arena, pairs)};
    for (size_t i = 0; i < matrix->count; i++)
        nodes[i] = matrix->nodes[i].node;
    matrix->sweep.nodes = nodes;
    matrix->sweep.count = matrix->count;
    witness_tell_matrix(witness, &matrix->sweep, &seen);
    note_silence(matrix, &seen);
    for (size_t i = 0; i < pairs; i++) {
        if (attempt->fact.matrix[i] != OUTCOME_ANSWERED || seen.arrived[i] != SIGHT_NO)
            continue;
        attempt->fact.matrix[i] = OUTCOME_FAILED;
        matrix->answered--;
        matrix->impostors++;
    }
}

static void release_way(struct matrix *matrix)
{
    if (matrix->port)
        matrix_tcp_release(matrix);
    else
        matrix_icmp_release(matrix);
    matrix->way = NULL;
}

static void end(struct matrix *matrix)
{
    struct attempt *attempt = matrix->attempt;
    size_t pairs = matrix->pairs * matrix->layers;
    const struct matrix_silence *silence = &matrix->silence;
    attempt->fact.matrix = matrix->cells;
    attempt->fact.left = silence->kept_back                                  ? SIGHT_NO
                         : silence->pairs && silence->left == silence->pairs ? SIGHT_YES
                                                                             : SIGHT_UNKNOWN;
    attempt->fact.returned = silence->returned                     ? SIGHT_YES
                             : silence->pairs && !silence->unknown ? SIGHT_NO
                                                                   : SIGHT_UNKNOWN;
    if (matrix->impostors)
        attempt_end(attempt, OUTCOME_ANSWERED,
                    "%zu of %zu ordered pairs answered, for %zu more somebody answered in another one's place",
                    matrix->total, pairs, matrix->impostors);
    else
        attempt_end(attempt, OUTCOME_ANSWERED, "%zu of %zu ordered pairs answered", matrix->total, pairs);
}

void matrix_finish(struct matrix *matrix)
{
    struct attempt *attempt = matrix->attempt;
    if (matrix->over)
        return;
    matrix->over = true;
    if (matrix->refusals) {
        attempt_end(attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
        return;
    }
    for (size_t i = 0; i < matrix->count * matrix->count; i++)
        if (i / matrix->count != i % matrix->count)
            matrix_settle(matrix, i, OUTCOME_SILENT);
    unmask(matrix);
    matrix->total += matrix->answered;
    if (++matrix->layer == matrix->layers)
        end(matrix);
    else /* not from within the way, which still uses what is given back */
        engine_set(attempt->engine, &matrix->next, clock_monotonic());
}

/* Where everybody reaches everybody; false after ending the attempt. */
static bool find_addresses(struct matrix *matrix)
{
    struct attempt *attempt = matrix->attempt;
    const struct check_matrix *check = &attempt->check->matrix;
    for (size_t i = 0; i < matrix->count; i++) {
        const struct node *node = attempt_node(attempt, check->nodes[i]);
        matrix->nodes[i] = (struct matrix_node){node, attempt->world->netns(attempt->world->context, node->name)};
        if (matrix->nodes[i].netns < 0) {
            attempt_end(attempt, OUTCOME_ERROR, "node %s has no network namespace: it does not run", node->name);
            return false;
        }
        for (size_t j = 0; j < matrix->count; j++) {
            if (i == j)
                continue;
            size_t pair = i * matrix->count + j;
            const struct node *to = attempt_node(attempt, check->nodes[j]);
            matrix->addrs[pair] = topology_address_of(attempt->world->topology, node, to, NULL, 0);
        }
    }
    return true;
}

static void add_neighbours(struct matrix *matrix)
{
    struct neighbour_pair *pairs = calloc(matrix->pairs ? matrix->pairs : 1, sizeof *pairs);
    size_t count = 0;
    if (!pairs)
        arena_exhausted();
    for (size_t i = 0; i < matrix->count * matrix->count; i++)
        if (addr_is_set(&matrix->addrs[i]))
            pairs[count++] =
                (struct neighbour_pair){matrix->nodes[i / matrix->count].node, matrix->nodes[i % matrix->count].node};
    matrix->neighbours = neighbours_add(matrix->attempt->world, pairs, count);
    free(pairs);
}

static void start_layer(struct matrix *matrix)
{
    struct attempt *attempt = matrix->attempt;
    size_t cells = matrix->count * matrix->count;
    matrix->port = check_matrix_port(&attempt->check->matrix, matrix->layer);
    matrix->sweep = (struct witness_sweep){.since = witness_look(engine_witness(attempt->engine))};
    matrix->settled = matrix->answered = 0;
    matrix->over = false;
    attempt->fact.matrix = matrix->cells + matrix->layer * cells;
    for (size_t i = 0; i < cells; i++)
        if (i / matrix->count != i % matrix->count && !addr_is_set(&matrix->addrs[i]))
            matrix_settle(matrix, i, OUTCOME_UNREACHABLE);
    engine_unset(attempt->engine, &attempt->timer); /* the layer before may have set it */
    attempt->limited = clock_monotonic();
    attempt->deadline = attempt->limited + matrix->limit;
    if (matrix->port)
        matrix_tcp_start(matrix);
    else
        matrix_icmp_start(matrix);
}

static void next_layer(void *context)
{
    struct matrix *matrix = context;
    release_way(matrix); /* of the layer before: the port is still its own */
    start_layer(matrix);
}

static void matrix_start(struct attempt *attempt)
{
    struct matrix *matrix = attempt->state;
    const struct check_matrix *check = &attempt->check->matrix;
    size_t count = check->node_count;
    matrix->attempt = attempt;
    matrix->count = count;
    matrix->pairs = count ? count * (count - 1) : 0;
    matrix->layers = check_matrix_layers(check);
    matrix->limit = (attempt->deadline - attempt->started) / (int64_t)matrix->layers;
    matrix->port = check_matrix_port(check, 0);
    matrix->next = (struct timer){.expired = next_layer, .context = matrix};
    if (count > UINT16_MAX) {
        attempt_end(attempt, OUTCOME_ERROR, "a matrix of %zu nodes: at most %u", count, UINT16_MAX);
        return;
    }
    matrix->nodes = arena_alloc(attempt->arena, count * sizeof *matrix->nodes);
    matrix->addrs = arena_alloc(attempt->arena, count * count * sizeof *matrix->addrs);
    matrix->cells = arena_alloc(attempt->arena, count * count * matrix->layers);
    matrix->wanted = check_matrix_wanted(check, attempt->arena);
    attempt->fact.matrix = matrix->cells;
    attempt->fact.matrix_size = count;
    if (!find_addresses(matrix))
        return;
    add_neighbours(matrix);
    start_layer(matrix);
}

static void matrix_expire(struct attempt *attempt)
{
    matrix_finish(attempt->state);
}

static void matrix_release(struct attempt *attempt)
{
    struct matrix *matrix = attempt->state;
    engine_unset(attempt->engine, &matrix->next);
    release_way(matrix);
    neighbours_remove(matrix->neighbours);
    matrix->neighbours = NULL;
}

const struct probe_kind probe_matrix = {
    .kind = CHECK_MATRIX,
    .state_size = sizeof(struct matrix),
    .start = matrix_start,
    .expire = matrix_expire,
    .release = matrix_release,
    .own_time = true,
};
