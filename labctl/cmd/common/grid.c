/* A grid of ordered pairs of nodes. */
#include "cmd/common/grid.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static char cell_of(const struct grid *grid, size_t from, size_t to)
{
    return grid->cells[from * grid->count + to];
}

size_t grid_count(const struct grid *grid, char sign)
{
    size_t count = 0;
    for (size_t i = 0; i < grid->count; i++)
        for (size_t j = 0; j < grid->count; j++)
            count += i != j && cell_of(grid, i, j) == sign;
    return count;
}

/* Column numbers, one digit below the other, so that a column is two characters wide. */
static void print_header(const struct grid *grid, int indent)
{
    size_t power = 1;
    while (power * 10 <= grid->count)
        power *= 10;
    for (; power; power /= 10) {
        printf("%*s", indent, "");
        for (size_t i = 1; i <= grid->count; i++)
            printf(" %c", i >= power ? (char)('0' + i / power % 10) : ' ');
        printf("\n");
    }
}

void grid_print(const struct context *context, const struct grid *grid)
{
    int width = 4;
    for (size_t i = 0; i < grid->count; i++)
        width = (int)strlen(grid->names[i]) > width ? (int)strlen(grid->names[i]) : width;
    printf("from (rows) to (columns)\n");
    print_header(grid, width + 6);
    for (size_t i = 0; i < grid->count; i++) {
        printf("%4zu  %-*s", i + 1, width, grid->names[i]);
        for (size_t j = 0; j < grid->count; j++) {
            char sign = i == j ? '.' : cell_of(grid, i, j);
            bool wrong = i != j && sign != grid->good && context->color;
            printf(" %s%c%s", wrong ? "\033[31m" : "", sign, wrong ? "\033[0m" : "");
        }
        printf("\n");
    }
}

void grid_print_legend(const struct grid *grid)
{
    for (size_t i = 0; i < grid->sign_count; i++)
        if (grid->signs[i].sign != grid->good && grid_count(grid, grid->signs[i].sign))
            printf("; %c: %s", grid->signs[i].sign, grid->signs[i].meaning);
}
