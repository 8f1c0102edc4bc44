/* A lab in which a scenario is proved.  The command line drives several of them: one healthy, one with the faults in
 * it, one for the solution, one for each wrong fix; each is an ordinary lab that is built once and thrown away. */
#include "director/proof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "director/change.h"
#include "director/exercise.h"
#include "director/fault.h"
#include "director/proof_state.h"
#include "exercise/proof.h"
#include "lab/lab.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/check.h"
#include "model/scenario.h"
#include "model/topology.h"
#include "plan/difference.h"
#include "plan/index.h"
#include "plan/plan.h"

#define TEXT_MAX ((size_t)64 << 20)

/* The scenario that this lab was built for: one in its life. */
static struct proof {
    struct scenario *scenario;
    struct str stripped;
    struct str healthy; /* the topology without faults */
} * proof;

static int stands(const struct request *request, struct error *err)
{
    return proof ? 0 : error_set(err, ERR_USAGE, "'%s' comes after 'proof-build'", request_verb(request));
}

static bool names(const json_t *list, const char *id)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (str_equal(json_string_value(item), id))
            return true;
    }
    return false;
}

/* ---- building ---- */

static int read_text(struct request *request, size_t index, struct str *out, struct error *err)
{
    int fd = request_fd(request, index);
    if (fd < 0)
        return error_set(err, ERR_USAGE, "'%s' needs the scenario and its topology", request_verb(request));
    if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, out, TEXT_MAX))
        return error_set_errno(err, errno, "read the scenario");
    return 0;
}

static void proof_free(struct proof *p)
{
    scenario_free(p->scenario);
    str_free(&p->stripped);
    str_free(&p->healthy);
    free(p);
}

static struct proof *read_proof(struct request *request, struct error *err)
{
    STR_AUTO topology = STR_INIT;
    struct proof *p = calloc(1, sizeof *p);
    if (!p)
        arena_exhausted();
    if (read_text(request, 0, &p->stripped, err) || read_text(request, 1, &topology, err) ||
        exercise_load(str_text(&p->stripped), str_text(&topology), NULL, &p->scenario, err)) {
        proof_free(p);
        return NULL;
    }
    dump_topology(p->scenario->topology, &p->healthy);
    return p;
}

/* The scenario's topology with these faults in it. */
static int fold(const struct proof *p, const json_t *ids, struct str *text, json_t **records, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct scenario some = *p->scenario;
    some.faults = NULL;
    some.fault_count = 0;
    for (size_t i = 0; i < p->scenario->fault_count; i++) {
        if (!names(ids, p->scenario->faults[i].id))
            continue;
        struct fault *fault = ARENA_PUSH(arena, some.faults, some.fault_count);
        *fault = p->scenario->faults[i];
        fault->after = fault->lasts = fault->every = 0; /* nobody waits for it */
    }
    return faults_fold(&some, text, records, err);
}

static json_t *faults_seen(struct director *director)
{
    json_t *faults = json_array(), *record;
    size_t i;
    json_array_foreach(director_faults(director), i, record)
    {
        json_array_append_new(faults, json_pack("{s:O, s:O, s:s}", "id", json_object_get(record, "id"), "kind",
                                                json_object_get(record, "kind"), "in_force",
                                                fault_force_name(fault_record_force(director, record))));
    }
    return faults;
}

static json_t *difference_json(const struct plan *before, const struct plan *after, const struct plan_operation *op)
{
    STR_AUTO text = STR_INIT;
    const struct plan *plan = op->action == ACTION_REMOVE ? before : after;
    size_t index = op->action == ACTION_REMOVE ? op->before : op->after;
    uint32_t ns = plan_item_namespace(plan, op->item, index);
    plan_operation_describe(before, after, op, &text);
    return json_pack("{s:s, s:s, s:s, s:s?}", "node", ns == UINT32_MAX ? "" : plan->namespaces[ns].name, "item",
                     plan_item_name(op->item), "text", str_text(&text), "path",
                     op->item == ITEM_FILE ? plan->files[index].path : NULL);
}

/* What the plans of the healthy lab and of this one differ in. */
static json_t *differences(struct director *director, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct topology *topology;
    struct plan *healthy;
    json_t *none = json_array(), *list = NULL;
    if (!director_derive(director, str_text(&proof->healthy), none, &topology, &healthy, err)) {
        size_t count;
        const struct plan *plan = director_plan(director);
        const struct plan_operation *operations = plan_difference(healthy, plan, arena, &count);
        list = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, difference_json(healthy, plan, &operations[i]));
        plan_free(healthy);
        topology_free(topology);
    }
    json_decref(none);
    return list;
}

int verb_proof_build(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    STR_AUTO text = STR_INIT;
    json_t *records = NULL;
    if (proof)
        return error_set(err, ERR_BUSY, "this lab was built already");
    struct proof *p = read_proof(request, err);
    if (!p)
        return -1;
    if (fold(p, json_object_get(request_params(request), "faults"), &text, &records, err) ||
        director_build(director, str_text(&text), records, request, err)) {
        json_decref(records);
        proof_free(p);
        return -1;
    }
    json_decref(records);
    proof = p;
    json_t *changed = differences(director, err);
    if (!changed)
        return -1;
    *reply = json_pack("{s:o, s:o}", "faults", faults_seen(director), "differences", changed);
    return 0;
}

/* ---- measuring ---- */

struct measuring {
    struct arena *arena;
    struct request *request;
    json_t *checks, *listened;
    struct outcome *outcomes;
    size_t count;
    unsigned pending; /* sets of checks under way */
    struct error err;
};

static json_t *score(const struct measuring *m, struct error *err)
{
    return proof_score(proof->scenario, m->outcomes, m->count, false, err);
}

static void end_measuring(struct director *director, struct measuring *m)
{
    json_t *reply = NULL, *result = NULL;
    if (--m->pending)
        return;
    director_occupy(director, NULL, 0);
    if (!m->err.kind && (result = score(m, &m->err)) != NULL)
        reply = json_pack("{s:O, s:O, s:o}", "checks", m->checks, "listened", m->listened, "score", result);
    request_finish(m->request, reply, NULL, 0, &m->err);
    json_decref(m->checks);
    json_decref(m->listened);
    arena_free(m->arena);
}

static void set_measured(struct director *director, void *context, const struct exercise_results *results,
                         const struct error *err)
{
    struct measuring *m = context;
    if (err && !m->err.kind)
        m->err = *err;
    for (size_t i = 0; i < results->count; i++) {
        const struct check_result *result = &results->results[i];
        struct outcome outcome = results->outcomes[i];
        outcome.id = arena_strdup(m->arena, outcome.id);
        outcome.asked = arena_strdup(m->arena, outcome.asked);
        outcome.expected = arena_strdup(m->arena, outcome.expected);
        outcome.seen = arena_strdup(m->arena, outcome.seen);
        *ARENA_PUSH(m->arena, m->outcomes, m->count) = outcome;
        json_array_append_new(m->checks, check_result_json(result));
        checks_remember(m->listened, result);
    }
    end_measuring(director, m);
}

int verb_proof_measure(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    if (stands(request, err))
        return -1;
    const json_t *red = json_object_get(request_params(request), "red"),
                 *listened = json_object_get(request_params(request), "listened");
    struct arena *arena = arena_new();
    struct measuring *m = ARENA_NEW(arena, struct measuring);
    *m = (struct measuring){.arena = arena, .request = request, .checks = json_array(), .listened = json_object()};
    director_occupy(director, "prove", request_client(request));
    m->pending = 2;
    /* Both sets run at once. */
    if (exercise_measure_tasks(director, proof->scenario, red, false, listened, set_measured, m, &m->err))
        m->pending--;
    struct error late = ERROR_INIT;
    if (!exercise_measure_tasks(director, proof->scenario, red, true, listened, set_measured, m, &late))
        return REQUEST_DEFERRED;
    if (!m->err.kind)
        m->err = late;
    end_measuring(director, m);
    return REQUEST_DEFERRED;
}

/* ---- the state ---- */

/* What the healthy lab has and a device lacks. */
static int missing(struct director *director, json_t *list, struct error *err)
{
    struct topology *topology;
    struct plan *healthy;
    json_t *none = json_array();
    int result = director_derive(director, str_text(&proof->healthy), none, &topology, &healthy, err);
    json_decref(none);
    if (result)
        return -1;
    for (int item = 0; item < ITEM_COUNT; item++)
        for (size_t i = 0; i < plan_item_count(healthy, item); i++) {
            STR_AUTO text = STR_INIT;
            if (lab_item_state(director_lab(director), healthy, item, i) != 0)
                continue;
            uint32_t ns = plan_item_namespace(healthy, item, i);
            plan_item_describe(healthy, item, i, &text);
            json_array_append_new(list, json_sprintf("%s in %s", str_text(&text),
                                                     ns == UINT32_MAX ? "the lab" : healthy->namespaces[ns].name));
        }
    plan_free(healthy);
    topology_free(topology);
    return 0;
}

int verb_proof_state(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    STR_AUTO text = STR_INIT;
    (void)reply;
    if (stands(request, err))
        return -1;
    json_t *list = json_array();
    FD_AUTO memory = -1;
    if (!missing(director, list, err) && !proof_state_write(director, &text, err) &&
        (memory = fd_memory("state", str_text(&text), text.length)) < 0)
        error_set_errno(err, errno, "make a memory file");
    if (memory < 0) {
        json_decref(list);
        return -1;
    }
    request_finish(request, json_pack("{s:o}", "missing", list), &memory, 1, NULL);
    return REQUEST_DEFERRED;
}

/* ---- the end of an exercise ---- */

struct scoring {
    struct exercise exercise;
    struct request *request;
    bool solved;
};

static void end_scoring(struct director *director, struct scoring *scoring, json_t *result, const struct error *err)
{
    director_occupy(director, NULL, 0);
    request_finish(scoring->request, result ? json_pack("{s:o}", "result", result) : NULL, NULL, 0, err);
    scenario_free(scoring->exercise.view);
    json_decref(scoring->exercise.listened);
    free(scoring);
}

static void scored(struct director *director, void *context, const struct exercise_results *results,
                   const struct error *err)
{
    struct scoring *scoring = context;
    struct error problem = ERROR_INIT;
    json_t *result = NULL;
    if (!err) {
        result = proof_score(proof->scenario, results->outcomes, results->count, scoring->solved, &problem);
        err = &problem;
    }
    end_scoring(director, scoring, result, err);
}

int verb_proof_score(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    if (stands(request, err))
        return -1;
    const json_t *params = request_params(request);
    struct scoring *scoring = calloc(1, sizeof *scoring);
    if (!scoring)
        arena_exhausted();
    *scoring = (struct scoring){.request = request, .solved = json_is_true(json_object_get(params, "solved"))};
    scoring->exercise = (struct exercise){.scenario = proof->scenario,
                                          .stripped = proof->stripped.data,
                                          .listened = json_incref(json_object_get(params, "listened")),
                                          .scoring = true,
                                          .settle = json_integer_value(json_object_get(params, "settle_ms")) *
                                                    (NANOSECONDS_PER_SECOND / 1000)};
    director_occupy(director, "prove", request_client(request));
    if (!exercise_measure_now(director, &scoring->exercise, NULL, false, scored, scoring, err))
        return REQUEST_DEFERRED;
    director_occupy(director, NULL, 0);
    json_decref(scoring->exercise.listened);
    free(scoring);
    return -1;
}
