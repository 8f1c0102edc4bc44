/* labctl matrix */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/common/grid.h"
#include "cmd/cmd.h"
#include "facts/facts.h"

/* What one cell shows. */
static const struct grid_sign signs[] = {
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

static enum fact_outcome outcome_of(char digit)
{
    unsigned outcome = (unsigned)(digit - '0');
    return outcome < OUTCOME_COUNT ? (enum fact_outcome)outcome : OUTCOME_ERROR;
}

/* The director's digits as signs. */
static const char *cells_of(struct arena *arena, const char *digits)
{
    char *cells = arena_strdup(arena, digits);
    for (char *cell = cells; *cell; cell++)
        *cell = signs[outcome_of(*cell)].sign;
    return cells;
}

static void print_summary(const struct grid *grid, json_int_t port)
{
    size_t pairs = grid->count * (grid->count ? grid->count - 1 : 0);
    printf("%zu of %zu ordered pairs answer", grid_count(grid, grid->good), pairs);
    if (port)
        printf(" on tcp port %" JSON_INTEGER_FORMAT, port);
    grid_print_legend(grid);
    printf("\n");
}

/* {"version", "port", "nodes", "pairs", "answered", "duration_ms", "matrix": {FROM: {TO: OUTCOME}}} */
static void print_json(const struct grid *grid, const json_t *names, const char *digits, json_int_t port,
                       double duration)
{
    json_t *matrix = json_object();
    for (size_t i = 0; i < grid->count; i++) {
        json_t *row = json_object();
        for (size_t j = 0; j < grid->count; j++)
            if (i != j)
                json_object_set_new(row, grid->names[j],
                                    json_string(fact_outcome_name(outcome_of(digits[i * grid->count + j]))));
        json_object_set_new(matrix, grid->names[i], row);
    }
    json_t *out =
        json_pack("{s:i, s:s, s:I, s:O, s:I, s:I, s:f, s:o}", "version", 1, "protocol", port ? "tcp" : "icmp", "port",
                  port, "nodes", names, "pairs", (json_int_t)(grid->count * (grid->count ? grid->count - 1 : 0)),
                  "answered", (json_int_t)grid_count(grid, grid->good), "duration_ms", duration, "matrix", matrix);
    client_print_json(out);
    json_decref(out);
}

/* 0 or an exit status. */
static int show(const struct context *context, const json_t *reply, json_int_t port)
{
    ARENA_AUTO arena = arena_new();
    struct error err = ERROR_INIT;
    const json_t *nodes = json_object_get(reply, "nodes");
    const char *digits = client_text(reply, "cells"), **names = NULL;
    size_t count = 0, i;
    json_t *name;
    json_array_foreach(nodes, i, name) * ARENA_PUSH(arena, names, count) = json_string_value(name);
    if (strlen(digits) != count * count) {
        error_set(&err, ERR_PROBE, "the matrix of %zu nodes came back with %zu pairs", count, strlen(digits));
        return cmd_fail(context, &err);
    }
    struct grid grid = {.names = names,
                        .count = count,
                        .cells = cells_of(arena, digits),
                        .good = signs[OUTCOME_ANSWERED].sign,
                        .signs = signs,
                        .sign_count = ARRAY_SIZE(signs)};
    if (context->format == FORMAT_JSON) {
        print_json(&grid, nodes, digits, port, (double)client_integer(reply, "duration") / 1e6);
    } else {
        grid_print(context, &grid);
        print_summary(&grid, port);
    }
    return 0;
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
    status = show(context, reply, (json_int_t)port);
    json_decref(reply);
    return status;
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
