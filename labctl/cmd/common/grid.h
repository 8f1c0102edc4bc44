/* A grid of ordered pairs of nodes: rows are senders, columns receivers, each cell one sign. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct context;

struct grid {
    const char *const *names;
    size_t count;
    const char *cells; /* count * count signs, row by row; the diagonal is passed over */
    char good;         /* the sign that needs no attention */
    const struct grid_sign {
        char sign;
        const char *meaning;
    } * signs; /* the legend tells of those that occur, the good one apart */
    size_t sign_count;
};

size_t grid_count(const struct grid *grid, char sign);
void grid_print(const struct context *context, const struct grid *grid);
/* "; X: no answer; U: unreachable" */
void grid_print_legend(const struct grid *grid);
