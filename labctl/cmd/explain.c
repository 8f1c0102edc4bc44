/* labctl explain */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/changing.h"
#include "cmd/common/grid.h"
#include "cmd/common/reading.h"
#include "doc/doc.h"
#include "explain/explain.h"

static const struct option_spec options[] = {
    {"--file", "FILE", "Explain this topology instead of the one that runs: no lab is needed."},
    {"--all", NULL, "All ordered pairs of nodes as a grid, as matrix shows what it has measured."},
    {"--tcp", "PORT", "With --all: connections to this TCP port instead of echo requests."},
};

static const int statuses[] =
    {[OPINION_REACHABLE] = 0, [OPINION_BLOCKED] = 1, [OPINION_AMBIGUOUS] = 5, [OPINION_UNDETERMINED] = 5};
_Static_assert(ARRAY_SIZE(statuses) == OPINION_COUNT, "every verdict has an exit status");

/* The topology of the file, or of the running lab.  0 or an exit status. */
static int read_topology(struct context *context, struct reading *reading)
{
    STR_AUTO text = STR_INIT;
    STR_AUTO allotments = STR_INIT;
    struct error err = ERROR_INIT;
    char lab[80];
    const char *file = cmd_option(context, "--file");
    if (file)
        return reading_file(reading, context, file);
    if (changing_fetch_whole(context, "explain", &text, &allotments, lab, sizeof lab, &err) != 0)
        return cmd_fail(context, &err);
    return reading_running(reading, context, lab, &text, &allotments);
}

static void place(void *sources, struct mark mark, struct str *out)
{
    const struct sources *known = sources;
    if (mark.file < known->count)
        str_printf(out, "%s:%u", known->items[mark.file].name, mark.line);
}

/* A name has the addresses of both families, and one of them was asked about. */
static void tell_of_ipv6(const struct reading *reading, const struct explain_query *query)
{
    char text[ADDR_TEXT_MAX];
    if (!query->node || !query->target || query->destination.family != 4 || query->source.family == 4)
        return;
    struct addr other = topology_address_of(reading->topology, query->node, query->target, NULL, 6);
    if (addr_is_set(&other))
        printf("\nnote: %s has the address %s as well, which many programs try first: ask about that, too\n",
               query->target->name, addr_format(&other, text));
}

static int explain_one(const struct context *context, const struct reading *reading, bool file)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    struct explain_query query;
    struct explanation explanation;
    /* The lines of a running lab's topology are nobody's. */
    struct explain_places places = {.place = place, .context = reading->sources};
    if (explain_query_parse(reading->topology, context->argv[0], context->argv[1], arena, &query, &err) != 0)
        return cmd_fail(context, &err);
    explain(explainer_new(reading->topology, arena), &query, arena, &explanation);
    if (context->format == FORMAT_JSON) {
        struct json json;
        json_init(&json, &text, true);
        explain_json(&query, &explanation, file ? &places : NULL, &json);
        str_append_char(&text, '\n');
    } else {
        explain_write(&query, &explanation, file ? &places : NULL, context->color, &text);
    }
    fwrite(str_text(&text), 1, text.length, stdout);
    if (context->format != FORMAT_JSON && !context->quiet)
        tell_of_ipv6(reading, &query);
    return statuses[explanation.verdict];
}

/* ---- all pairs ----------------------------------------------------------------------------------------------- */

/* The words of the JSON form, too. */
static const struct grid_sign signs[] = {{'o', "answered"},    {'r', "refused"},   {'X', "timeout"},
                                         {'U', "unreachable"}, {'~', "ambiguous"}, {'?', "undetermined"}};

static const char *word_of(const struct explanation *explanation)
{
    bool told = explanation->verdict == OPINION_REACHABLE || explanation->verdict == OPINION_BLOCKED;
    return told ? view_name(explanation->view) : opinion_name(explanation->verdict);
}

static char sign_of(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        if (strcmp(signs[i].meaning, word) == 0)
            return signs[i].sign;
    return ' ';
}

static const char *meaning_of(char sign)
{
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        if (signs[i].sign == sign)
            return signs[i].meaning;
    return "itself";
}

/* {"version", "protocol", "port", "nodes", "pairs", "answered", "matrix": {FROM: {TO: HOW}}} */
static void grid_json(const struct grid *grid, uint16_t port)
{
    STR_AUTO text = STR_INIT;
    struct json json;
    json_init(&json, &text, true);
    json_put_object(&json);
    json_put_integer_member(&json, "version", 1);
    json_put_string_member(&json, "protocol", port ? "tcp" : "icmp");
    json_put_integer_member(&json, "port", port);
    json_put_key(&json, "nodes");
    json_put_array(&json);
    for (size_t i = 0; i < grid->count; i++)
        json_put_string(&json, grid->names[i]);
    json_put_array_end(&json);
    json_put_integer_member(&json, "pairs", (int64_t)(grid->count * (grid->count ? grid->count - 1 : 0)));
    json_put_integer_member(&json, "answered", (int64_t)grid_count(grid, 'o'));
    json_put_key(&json, "matrix");
    json_put_object(&json);
    for (size_t i = 0; i < grid->count; i++) {
        json_put_key(&json, grid->names[i]);
        json_put_object(&json);
        for (size_t j = 0; j < grid->count; j++)
            if (i != j)
                json_put_string_member(&json, grid->names[j], meaning_of(grid->cells[i * grid->count + j]));
        json_put_object_end(&json);
    }
    json_put_object_end(&json);
    json_put_object_end(&json);
    str_append_char(&text, '\n');
    fwrite(str_text(&text), 1, text.length, stdout);
}

static int explain_all(const struct context *context, const struct topology *topology, uint16_t port)
{
    ARENA_AUTO arena = arena_new();
    const struct node **nodes = NULL;
    const char **names = NULL;
    size_t count = 0, name_count = 0;
    for (size_t i = 0; i < topology->node_count; i++)
        if (topology->nodes[i]->interface_count) {
            *ARENA_PUSH(arena, nodes, count) = topology->nodes[i];
            *ARENA_PUSH(arena, names, name_count) = topology->nodes[i]->name;
        }
    struct explainer *explainer = explainer_new(topology, arena);
    char *cells = arena_alloc(arena, count * count + 1);
    memset(cells, ' ', count * count);
    for (size_t i = 0; i < count * count; i++) {
        struct explain_query query;
        struct explanation explanation;
        if (i / count == i % count)
            continue;
        bool waits = node_waits_for_lease(nodes[i % count]);
        cells[i] = waits ? '?' : 'U'; /* without an address */
        if (!explain_query_nodes(topology, nodes[i / count], nodes[i % count], port, &query))
            continue;
        explain(explainer, &query, NULL, &explanation);
        cells[i] = sign_of(word_of(&explanation));
    }
    struct grid grid = {
        .names = names, .count = count, .cells = cells, .good = 'o', .signs = signs, .sign_count = ARRAY_SIZE(signs)};
    if (context->format == FORMAT_JSON) {
        grid_json(&grid, port);
        return 0;
    }
    grid_print(context, &grid);
    printf("%zu of %zu ordered pairs answer", grid_count(&grid, 'o'), count * (count ? count - 1 : 0));
    if (port)
        printf(" on tcp port %u", port);
    grid_print_legend(&grid);
    printf("\n");
    return 0;
}

static int run(struct context *context)
{
    READING_AUTO reading = READING_INIT;
    const char *tcp = cmd_option(context, "--tcp");
    bool all = cmd_option(context, "--all") != NULL;
    char *end = NULL;
    int status = cmd_operands(context, all ? 0 : 2, all ? 0 : 2);
    if (status != 0)
        return status;
    unsigned long port = tcp ? strtoul(tcp, &end, 10) : 0;
    if (tcp && !all)
        return cmd_usage(context, "'--tcp' goes with --all; a port of one destination is written DST:PORT");
    if (tcp && (*end || end == tcp || !port || port > 65535))
        return cmd_usage(context, "'--tcp' takes a port, 1-65535, got '%s'", tcp);
    status = read_topology(context, &reading);
    if (status != 0)
        return status;
    return all ? explain_all(context, reading.topology, (uint16_t)port)
               : explain_one(context, &reading, cmd_option(context, "--file") != NULL);
}

const struct command command_explain = {
    .name = "explain",
    .group = "looking",
    .synopsis = "explain SRC DST[:PORT/PROTO] [--file FILE] | --all [--tcp PORT] [--file FILE]",
    .summary = "Why a packet passes or not: both ways, step by step, every cause",
    .description =
        "Judges from the topology alone, without sending anything: routes, security groups, gateways, translation,\n"
        "there and back.  Every cause is told with its code, the thing in the file that decides, and what helps.  SRC\n"
        "is a node, one of its interfaces (web/eth1) or an address; DST one of these or a service; without a port it\n"
        "is an echo request, PROTO is tcp (the default) or udp.\n"
        "Exit status: 0 reachable, 1 blocked, 5 where it cannot be told.  In an exercise only where that allows it.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
