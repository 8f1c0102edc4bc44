/* Who reaches whom: one matrix for each protocol, all of them one set of checks. */
#include "director/reach.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/units.h"
#include "director/checks.h"
#include "director/prober.h"
#include "facts/facts.h"
#include "model/check.h"
#include "model/scenario.h"
#include "model/topology.h"

#define PORTS_MAX     8  /* beside ICMP */
#define TCP_NODES_MAX 32 /* in a larger lab ICMP alone is compared: pairs grow with the square */

/* A line that loses packets is no line that is cut: a pair is open where one of so many tries at once is answered. */
#define TRIES 6

struct measurement {
    struct arena *arena;
    struct check checks[1 + PORTS_MAX];
    const struct check *set[(1 + PORTS_MAX) * TRIES]; /* all of them once, then all of them again */
    size_t count, tries;
    json_t *names;
    reach_done *done;
    void *context;
};

static void add_port(struct measurement *m, uint16_t port)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->checks[i].matrix.port == port)
            return;
    if (m->count == 1 + PORTS_MAX)
        return;
    m->checks[m->count] = m->checks[0];
    m->checks[m->count++].matrix.port = port;
}

/* The port of "http://host[:port]/…", or 0. */
static uint16_t url_port(const char *url)
{
    const char *host = strstr(url, "://");
    if (!host)
        return 0;
    host += strlen("://");
    const char *bracket = *host == '[' ? strchr(host, ']') : NULL, *colon = bracket ? bracket + 1 : host;
    colon += strcspn(colon, ":/");
    if (*colon == ':')
        return (uint16_t)strtoul(colon + 1, NULL, 10);
    return str_starts(url, "https") ? 443 : 80;
}

static void add_check(struct measurement *m, const struct check *check)
{
    uint16_t port = check->kind == CHECK_TCP    ? check->tcp.port
                    : check->kind == CHECK_TLS  ? check->tls.port
                    : check->kind == CHECK_HTTP ? url_port(check->http.url)
                                                : 0;
    if (port)
        add_port(m, port);
}

/* The cells of one check over all its tries: an answer stands above everything else, something above nothing. */
static char *cells_of(const struct measurement *m, const struct check_result *results, size_t check)
{
    char *cells = NULL;
    for (size_t t = 0; t < m->tries; t++) {
        const char *more = results[t * m->count + check].cells;
        if (!more)
            continue;
        if (!cells)
            cells = arena_strdup(m->arena, more);
        for (size_t i = 0; cells[i] && more[i]; i++)
            if (more[i] == '0' + OUTCOME_ANSWERED || cells[i] == '0' + OUTCOME_NONE)
                cells[i] = more[i];
    }
    return cells;
}

static void measured(struct director *director, void *context, const struct check_result *results, size_t count,
                     const struct error *err)
{
    struct measurement *m = context;
    json_t *reach = NULL;
    if (!err && count == m->count * m->tries) {
        json_t *sets = json_array();
        for (size_t i = 0; i < m->count; i++) {
            const char *cells = cells_of(m, results, i);
            if (cells)
                json_array_append_new(sets,
                                      json_pack("{s:i, s:s}", "port", (int)m->checks[i].matrix.port, "cells", cells));
        }
        reach = json_pack("{s:O, s:o}", "nodes", m->names, "sets", sets);
    }
    m->done(director, m->context, reach);
    json_decref(m->names);
    arena_free(m->arena);
}

int reach_measure(struct director *director, const struct scenario *scenario, reach_done *done, void *context,
                  struct error *err)
{
    struct arena *arena = arena_new();
    struct measurement *m = ARENA_NEW(arena, struct measurement);
    *m = (struct measurement){.arena = arena, .names = json_array(), .done = done, .context = context, .count = 1};
    struct check *first = &m->checks[0];
    *first = (struct check){.id = "reach", .kind = CHECK_MATRIX, .timeout = NANOSECONDS_PER_SECOND, .repeat = 1};
    first->matrix.all = true;
    const struct topology *topology = scenario->topology;
    for (size_t i = 0; i < topology->node_count; i++) {
        if (!checks_measurable(topology->nodes[i]))
            continue;
        *ARENA_PUSH(arena, first->matrix.nodes, first->matrix.node_count) = topology->nodes[i];
        json_array_append_new(m->names, json_string(topology->nodes[i]->name));
    }
    bool few = first->matrix.node_count <= TCP_NODES_MAX;
    for (size_t t = 0; few && t < scenario->task_count; t++)
        for (size_t c = 0; c < scenario->tasks[t].check_count; c++)
            add_check(m, scenario->tasks[t].checks[c]);
    for (size_t g = 0; few && g < scenario->guard_count; g++)
        add_check(m, scenario->guards[g]);
    m->tries = few ? TRIES : 1;
    for (size_t i = 0; i < m->count * m->tries; i++)
        m->set[i] = &m->checks[i % m->count];
    struct checks_options options = {.single_attempt = true};
    if (!checks_start(director, m->set, m->count * m->tries, &options, measured, m, err))
        return 0;
    json_decref(m->names);
    arena_free(arena);
    return -1;
}

static bool is_known(char cell)
{
    return cell != '0' + OUTCOME_NONE && cell != '0' + OUTCOME_ERROR && cell != '0' + OUTCOME_UNSUPPORTED;
}

struct reach_matrix reach_matrix_of(const json_t *reach, struct arena *arena)
{
    struct reach_matrix matrix = {0};
    const json_t *names = json_object_get(reach, "nodes");
    size_t count = json_array_size(names), s;
    json_t *set;
    json_array_foreach(json_object_get(reach, "sets"), s, set)
    {
        const char *cells = json_string_value(json_object_get(set, "cells"));
        uint16_t port = (uint16_t)json_integer_value(json_object_get(set, "port"));
        for (size_t i = 0; cells && strlen(cells) == count * count && i < count * count; i++) {
            if (i / count == i % count || !is_known(cells[i]))
                continue;
            struct reach pair = {.from = json_string_value(json_array_get(names, i / count)),
                                 .to = json_string_value(json_array_get(names, i % count)),
                                 .port = port,
                                 .open = cells[i] == '0' + OUTCOME_ANSWERED};
            if (pair.from && pair.to)
                *ARENA_PUSH(arena, matrix.items, matrix.count) = pair;
        }
    }
    return matrix;
}
