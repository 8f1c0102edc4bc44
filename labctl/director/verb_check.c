/* The verbs "check" and "matrix". */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/units.h"
#include "director/checks.h"
#include "director/director.h"
#include "director/prober.h"
#include "facts/facts.h"
#include "model/check.h"
#include "model/topology.h"

json_t *check_result_json(const struct check_result *result)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:I}", "id", result->id, "verdict",
                     verdict_name(result->verdict), "from", result->from, "asked", result->asked, "expected",
                     result->expected, "seen", result->seen, "duration_ms", (double)result->duration / 1e6, "attempts",
                     (json_int_t)result->attempts);
}

/* ---- check --------------------------------------------------------------------------------------------------------
 */

static void check_done(struct director *director, void *context, const struct check_result *results, size_t count,
                       const struct error *err)
{
    (void)director;
    struct request *request = context;
    if (err) {
        request_finish(request, NULL, NULL, 0, err);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, check_result_json(&results[i]));
    request_finish(request, json_pack("{s:o}", "checks", list), NULL, 0, NULL);
}

/* The check of that id; count where there is none (err is set). */
static size_t find_check(const struct check *const *checks, size_t count, const char *id, struct error *err)
{
    const char **ids = calloc(count + 1, sizeof *ids);
    if (!ids)
        arena_exhausted();
    size_t found = 0;
    for (; found < count && !str_equal(checks[found]->id, id); found++)
        ids[found] = checks[found]->id;
    if (found == count) {
        const char *nearest = id ? str_nearest(id, ids, count) : NULL;
        if (nearest)
            error_set(err, ERR_ABSENT, "no check is called '%s' here; did you mean '%s'?", id, nearest);
        else
            error_set(err, ERR_ABSENT, "no check is called '%s' here", id ? id : "");
    }
    free(ids);
    return found;
}

/* Runs those of the set whose id stands in the request's `ids` (all where there are none), finishes
 * the request with their results.  Returns REQUEST_DEFERRED, or -1 with err. */
static int checks_answer(struct director *director, struct request *request, const struct check *const *checks,
                         size_t count, const struct checks_options *options, struct error *err)
{
    const json_t *ids = json_object_get(request_params(request), "ids");
    struct checks_options own = options ? *options : (struct checks_options){0};
    ARENA_AUTO arena = arena_new();
    size_t asked = json_array_size(ids), used = 0;
    const struct check **set = arena_alloc(arena, (asked + count) * sizeof *set);
    int *listened = arena_alloc(arena, (asked + count) * sizeof *listened);
    for (size_t i = 0; i < (asked ? asked : count); i++) {
        size_t index = asked ? find_check(checks, count, json_string_value(json_array_get(ids, i)), err) : i;
        if (index == count)
            return -1;
        if (own.listened_healthy)
            listened[used] = own.listened_healthy[index];
        set[used++] = checks[index];
    }
    if (own.listened_healthy)
        own.listened_healthy = listened;
    if (!own.controls) { /* the rest of the set may show that a prober lives */
        own.controls = (const struct check **)checks;
        own.control_count = asked ? count : 0;
    }
    if (checks_start(director, set, used, &own, check_done, request, err) < 0)
        return -1;
    return REQUEST_DEFERRED;
}

int verb_check(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    const struct topology *topology = director_topology(director);
    if (!topology)
        return error_set(err, ERR_BUSY, "the lab is not built yet: nothing can be checked");
    return checks_answer(director, request, (const struct check *const *)topology->checks, topology->check_count, NULL,
                         err);
}

/* ---- matrix -------------------------------------------------------------------------------------------------------
 */

struct matrix_request {
    struct arena *arena;
    struct request *request;
    struct check check;
    const char **names; /* outlive a change of the topology meanwhile */
    size_t name_count;
};

static void matrix_done(struct director *director, void *context, const struct check_result *results, size_t count,
                        const struct error *err)
{
    (void)director;
    struct matrix_request *matrix = context;
    struct error problem = ERROR_INIT;
    if (!err && (count != 1 || !results[0].cells)) {
        error_set(&problem, ERR_PROBE, "%s", count ? results[0].seen : "nothing was measured");
        err = &problem;
    }
    json_t *reply = NULL;
    if (!err) {
        json_t *names = json_array();
        for (size_t i = 0; i < matrix->name_count; i++)
            json_array_append_new(names, json_string(matrix->names[i]));
        reply = json_pack("{s:o, s:i, s:s, s:I}", "nodes", names, "port", matrix->check.matrix.port, "cells",
                          results[0].cells, "duration", (json_int_t)results[0].duration);
    }
    request_finish(matrix->request, reply, NULL, 0, err);
    arena_free(matrix->arena);
}

/* params: port (0 or absent: ICMP).  The answer's "cells" has one digit (enum fact_outcome) for each ordered pair. */
int verb_matrix(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    const struct topology *topology = director_topology(director);
    json_int_t port = json_integer_value(json_object_get(request_params(request), "port"));
    if (!topology)
        return error_set(err, ERR_BUSY, "the lab is not built yet: nothing can be measured");
    if (port < 0 || port > UINT16_MAX)
        return error_set(err, ERR_USAGE, "a TCP port is 1-65535, got %lld", (long long)port);
    struct arena *arena = arena_new();
    struct matrix_request *matrix = ARENA_NEW(arena, struct matrix_request);
    matrix->arena = arena;
    matrix->request = request;
    matrix->check =
        (struct check){.id = "matrix", .kind = CHECK_MATRIX, .timeout = NANOSECONDS_PER_SECOND, .repeat = 1};
    matrix->check.matrix.port = (uint16_t)port;
    matrix->check.matrix.all = true;
    for (size_t i = 0; i < topology->node_count; i++)
        if (checks_measurable(topology->nodes[i])) {
            *ARENA_PUSH(arena, matrix->check.matrix.nodes, matrix->check.matrix.node_count) = topology->nodes[i];
            *ARENA_PUSH(arena, matrix->names, matrix->name_count) = arena_strdup(arena, topology->nodes[i]->name);
        }
    const struct check *check = &matrix->check;
    struct checks_options options = {.single_attempt = true};
    if (checks_start(director, &check, 1, &options, matrix_done, matrix, err) < 0) {
        arena_free(arena);
        return -1;
    }
    return REQUEST_DEFERRED;
}
