/* The assignment problem by successive shortest paths with potentials (H. W. Kuhn, "The Hungarian method for the
 * assignment problem", 1955, in the form that takes rows x rows x columns steps).  Greatest worth is least cost. */
#include "score/pairing.h"

#include <stdbool.h>

#include "base/arena.h"

struct pairing {
    const int64_t *worth;
    size_t rows, columns;
    /* Counted from 1; 0 stands for "none". */
    int64_t *row_potential, *column_potential, *slack;
    size_t *row_of, *way; /* of a column: its row; the column before it on the path */
    bool *visited;
};

/* Extends the path from `column` to the unvisited column that is nearest; returns it. */
static size_t step(struct pairing *p, size_t column)
{
    size_t row = p->row_of[column], nearest = 0;
    int64_t least = INT64_MAX;
    p->visited[column] = true;
    for (size_t c = 1; c <= p->columns; c++) {
        if (p->visited[c])
            continue;
        int64_t cost = -p->worth[(row - 1) * p->columns + c - 1] - p->row_potential[row] - p->column_potential[c];
        if (cost < p->slack[c]) {
            p->slack[c] = cost;
            p->way[c] = column;
        }
        if (p->slack[c] < least) {
            least = p->slack[c];
            nearest = c;
        }
    }
    for (size_t c = 0; c <= p->columns; c++) {
        if (p->visited[c]) {
            p->row_potential[p->row_of[c]] += least;
            p->column_potential[c] -= least;
        } else if (p->slack[c] != INT64_MAX) {
            p->slack[c] -= least;
        }
    }
    return nearest;
}

static void place(struct pairing *p, size_t row)
{
    size_t column = 0;
    p->row_of[0] = row;
    for (size_t c = 0; c <= p->columns; c++) {
        p->slack[c] = INT64_MAX;
        p->visited[c] = false;
    }
    do
        column = step(p, column);
    while (p->row_of[column]);
    for (; column; column = p->way[column])
        p->row_of[column] = p->row_of[p->way[column]];
}

void pairing_best(const int64_t *worth, size_t rows, size_t columns, size_t *out)
{
    ARENA_AUTO arena = arena_new();
    struct pairing p = {.worth = worth,
                        .rows = rows,
                        .columns = columns,
                        .row_potential = arena_alloc(arena, (rows + 1) * sizeof *p.row_potential),
                        .column_potential = arena_alloc(arena, (columns + 1) * sizeof *p.column_potential),
                        .slack = arena_alloc(arena, (columns + 1) * sizeof *p.slack),
                        .row_of = arena_alloc(arena, (columns + 1) * sizeof *p.row_of),
                        .way = arena_alloc(arena, (columns + 1) * sizeof *p.way),
                        .visited = arena_alloc(arena, (columns + 1) * sizeof *p.visited)};
    for (size_t row = 1; row <= rows; row++)
        place(&p, row);
    for (size_t c = 1; c <= columns; c++)
        if (p.row_of[c])
            out[p.row_of[c] - 1] = c - 1;
}
