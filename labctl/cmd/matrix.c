/* labctl matrix */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "facts/facts.h"

/* What one cell shows; the legend tells of those that occur. */
static const struct {
    char sign;
    const char *meaning;
} signs[] = {
    [OUTCOME_NONE] = {' ', "itself"},
    [OUTCOME_ANSWERED] = {'o', "answers"},
    [OUTCOME_REFUSED] = {'r', "refuses"},
    [OUTCOME_SILENT] = {'X', "no answer"},
    [OUTCOME_UNREACHABLE] = {'U', "unreachable"},
    [OUTCOME_NO_NAME] = {'?', "no name"},
    [OUTCOME_FAILED] = {'F', "failed"},
    [OUTCOME_ERROR] = {'E', "error"},
    [OUTCOME_UNSUPPORTED] = {'N', "not supported"},
};
_Static_assert(ARRAY_SIZE(signs) == OUTCOME_COUNT, "every outcome has a sign");

struct grid {
    const json_t *names;
    size_t count;
    const char *cells; /* count * count digits */
};

static const char *name_of(const struct grid *grid, size_t index)
{
    return json_string_value(json_array_get(grid->names, index));
}

static enum fact_outcome outcome_of(const struct grid *grid, size_t from, size_t to)
{
    unsigned digit = (unsigned)(grid->cells[from * grid->count + to] - '0');
    return digit < OUTCOME_COUNT ? (enum fact_outcome)digit : OUTCOME_ERROR;
}

static size_t count_of(const struct grid *grid, enum fact_outcome outcome)
{
    size_t count = 0;
    for (size_t i = 0; i < grid->count; i++)
        for (size_t j = 0; j < grid->count; j++)
            count += i != j && outcome_of(grid, i, j) == outcome;
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

static void print_grid(const struct context *context, const struct grid *grid)
{
    int width = 4;
    for (size_t i = 0; i < grid->count; i++)
        width = (int)strlen(name_of(grid, i)) > width ? (int)strlen(name_of(grid, i)) : width;
    printf("from (rows) to (columns)\n");
    print_header(grid, width + 6);
    for (size_t i = 0; i < grid->count; i++) {
        printf("%4zu  %-*s", i + 1, width, name_of(grid, i));
        for (size_t j = 0; j < grid->count; j++) {
            enum fact_outcome outcome = outcome_of(grid, i, j);
            bool wrong = i != j && outcome != OUTCOME_ANSWERED && context->color;
            printf(" %s%c%s", wrong ? "\033[31m" : "", i == j ? '.' : signs[outcome].sign, wrong ? "\033[0m" : "");
        }
        printf("\n");
    }
}

static void print_summary(const struct grid *grid, json_int_t port)
{
    size_t pairs = grid->count * (grid->count ? grid->count - 1 : 0);
    printf("%zu of %zu ordered pairs answer", count_of(grid, OUTCOME_ANSWERED), pairs);
    if (port)
        printf(" on tcp port %" JSON_INTEGER_FORMAT, port);
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        if (i != OUTCOME_ANSWERED && i != OUTCOME_NONE && count_of(grid, (enum fact_outcome)i))
            printf("; %c: %s", signs[i].sign, signs[i].meaning);
    printf("\n");
}

/* {"version", "port", "nodes", "pairs", "answered", "duration_ms", "matrix": {FROM: {TO: OUTCOME}}} */
static void print_json(const struct grid *grid, json_int_t port, double duration)
{
    json_t *matrix = json_object();
    for (size_t i = 0; i < grid->count; i++) {
        json_t *row = json_object();
        for (size_t j = 0; j < grid->count; j++)
            if (i != j)
                json_object_set_new(row, name_of(grid, j), json_string(fact_outcome_name(outcome_of(grid, i, j))));
        json_object_set_new(matrix, name_of(grid, i), row);
    }
    json_t *out =
        json_pack("{s:i, s:s, s:I, s:O, s:I, s:I, s:f, s:o}", "version", 1, "protocol", port ? "tcp" : "icmp", "port",
                  port, "nodes", grid->names, "pairs", (json_int_t)(grid->count * (grid->count ? grid->count - 1 : 0)),
                  "answered", (json_int_t)count_of(grid, OUTCOME_ANSWERED), "duration_ms", duration, "matrix", matrix);
    client_print_json(out);
    json_decref(out);
}

static int run(struct context *context)
{
    const char *tcp = cmd_option(context, "--tcp");
    int status = cmd_operands(context, 0, 0);
    if (status != 0)
        return status;
    char *end = NULL;
    unsigned long port = tcp ? strtoul(tcp, &end, 10) : 0;
    if (tcp && (*end || end == tcp || !port || port > 65535))
        return cmd_usage(context, "'--tcp' takes a port, 1-65535, got '%s'", tcp);
    json_t *reply = NULL;
    struct error err = ERROR_INIT;
    if (client_call(context, "matrix", json_pack("{s:I}", "port", (json_int_t)port), &reply, &err) != 0)
        return cmd_fail(context, &err);
    struct grid grid = {.names = json_object_get(reply, "nodes"), .cells = client_text(reply, "cells")};
    grid.count = json_array_size(grid.names);
    if (strlen(grid.cells) != grid.count * grid.count) {
        error_set(&err, ERR_PROBE, "the matrix of %zu nodes came back with %zu pairs", grid.count, strlen(grid.cells));
        json_decref(reply);
        return cmd_fail(context, &err);
    }
    if (context->format == FORMAT_JSON) {
        print_json(&grid, (json_int_t)port, (double)client_integer(reply, "duration") / 1e6);
    } else {
        print_grid(context, &grid);
        print_summary(&grid, (json_int_t)port);
    }
    json_decref(reply);
    return 0;
}

static const struct option_spec options[] = {
    {"--tcp", "PORT", "Connect to this TCP port instead of sending an echo request."},
};

const struct command command_matrix = {
    .name = "matrix",
    .group = "looking",
    .synopsis = "matrix [--tcp PORT]",
    .summary = "Who reaches whom: all ordered pairs of nodes",
    .description =
        "Sends one echo request (or, with --tcp, a connect) from every node that has an address to every other\n"
        "one and prints the grid: rows are senders, columns receivers.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
