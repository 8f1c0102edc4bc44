/* From one topology to another: deriving plans, executing their difference, keeping the state directory in step. */
#include <string.h>

#include "authority/authority.h"
#include "base/arena.h"
#include "base/error.h"
#include "director/change.h"
#include "director/internal.h"
#include "doc/doc.h"
#include "lab/lab.h"
#include "load/load.h"
#include "lower/lower.h"
#include "model/topology.h"
#include "plan/difference.h"
#include "plan/plan.h"
#include "service/service.h"

static int derive(struct director *director, const char *text, const json_t *faults, const char *allotments,
                  struct topology **topology, struct plan **plan, struct error *err)
{
    *topology = NULL;
    *plan = NULL;
    if (load_valid_topology(text, allotments, topology, err) != 0)
        return -1;
    int result = lower_topology(*topology, plan, err);
    if (result == 0)
        result = service_lower(*topology, *plan, err);
    if (result == 0 && director_hooks.rewrite && json_array_size(faults) > 0)
        result = director_hooks.rewrite(director, faults, *topology, *plan, err);
    if (result == 0)
        result = authority_issue(*plan, err);
    if (result != 0) {
        plan_free(*plan);
        topology_free(*topology);
        *plan = NULL;
        *topology = NULL;
    }
    return result;
}

int director_derive(struct director *director, const char *text, const json_t *faults, struct topology **topology,
                    struct plan **plan, struct error *err)
{
    return derive(director, text, faults, director_allotments(director), topology, plan, err);
}

/* Puts a generation on record as the target. */
static int record(struct director *director, const char *text, const json_t *faults, const struct topology *topology,
                  struct error *err)
{
    STR_AUTO allotments = STR_INIT;
    dump_allotments(topology, &allotments);
    return state_begin(&director->state, text, faults, str_text(&allotments), err);
}

/* The lab is now what these say. */
static void become(struct director *director, struct topology *topology, struct plan *plan)
{
    plan_free(director->plan);
    topology_free(director->topology);
    director->topology = topology;
    director->plan = plan;
    director_show_state(director);
}

void director_show_state(struct director *director)
{
    const struct topology *topology = director->topology;
    door_state(director->door, topology ? "running" : "building", topology ? topology->node_count : 0,
               topology && topology->title ? topology->title : "", director->state.since);
}

/* Executes the way from the current generation to the target and makes that the current one; where that is refused,
 * goes back.  What was made for the target is the lab's from then on, or freed. */
static int execute(struct director *director, struct topology *topology, struct plan *plan,
                   const struct lab_apply_options *options, struct lab_outcome *outcome, struct error *err)
{
    if (lab_apply(director->lab, director->plan, plan, options, outcome, err) == 0) {
        become(director, topology, plan);
        director->unfinished = state_commit(&director->state, err) != 0;
        return director->unfinished ? -1 : 0;
    }
    struct lab_apply_options back = {.recovering = true};
    struct error second = ERROR_INIT;
    if (lab_apply(director->lab, plan, director->plan, &back, NULL, &second) == 0) {
        state_abandon(&director->state);
        director->unfinished = false;
        plan_free(plan);
        topology_free(topology);
        return error_wrap(err, "nothing was changed");
    }
    director->unfinished = true; /* the lab goes on referring to both plans */
    return error_wrap(err, "the lab is between two states (the way back failed too: %s)", second.text);
}

int director_roll_forward(struct director *director, struct error *err)
{
    const struct generation *target = &director->state.target;
    struct topology *topology;
    struct plan *plan;
    if (derive(director, str_text(&target->text), target->faults, str_text(&target->allotments), &topology, &plan,
               err) != 0)
        return -1;
    struct lab_apply_options options = {.recovering = true};
    return execute(director, topology, plan, &options, NULL, err);
}

/* Makes the links again that are gone, so that the change finds what it is about. */
static int restore_links(struct director *director, struct str *operations, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    uint32_t *links;
    size_t count;
    if (lab_lost_links(director->lab, arena, &links, &count, err) != 0 ||
        lab_restore_links(director->lab, links, count, err) != 0)
        return error_wrap(err, "make the links again that are gone");
    for (size_t i = 0; i < count && operations; i++)
        director_describe_lost(director->plan, links[i], operations);
    return 0;
}

static int discard(struct topology *topology, struct plan *plan)
{
    plan_free(plan);
    topology_free(topology);
    return -1;
}

static int permit(struct director *director, const struct director_change *change, const struct topology *wanted,
                  struct error *err)
{
    return change->by_hand && director_hooks.permit ? director_hooks.permit(director, change->path, wanted, err) : 0;
}

static bool is_idle(struct director *director, const struct plan *wanted)
{
    ARENA_AUTO arena = arena_new();
    size_t count;
    plan_difference(director->plan, wanted, arena, &count);
    return count == 0;
}

int director_change_with(struct director *director, struct director_change *change, struct error *err)
{
    if (!director->plan)
        return error_set(err, ERR_BUSY, "lab '%s' is not built yet", director->lab_name);
    if (director->unfinished && director_roll_forward(director, err) != 0)
        return error_wrap(err, "finish the change before this one");
    struct state *state = &director->state;
    const char *text = change->text ? change->text : str_text(&state->current.text);
    const json_t *faults = change->faults ? change->faults : state->current.faults;
    struct topology *topology;
    struct plan *plan;
    if (director_derive(director, text, faults, &topology, &plan, err) != 0)
        return -1;
    if (change->idle && is_idle(director, plan)) {
        error_set(err, ERR_USAGE, "%s", change->idle);
        return discard(topology, plan);
    }
    if (permit(director, change, topology, err) != 0 ||
        (change->restore && restore_links(director, change->operations, err) != 0))
        return discard(topology, plan);
    if (record(director, text, faults, topology, err) != 0) {
        state_abandon(state);
        return discard(topology, plan);
    }
    if (change->operations)
        director_describe(director->plan, plan, change->operations);
    struct lab_apply_options options = {.keep_changes = change->keep_changes};
    struct lab_outcome outcome = {.notes = change->notes};
    int result = execute(director, topology, plan, &options, &outcome, err);
    change->executed = outcome.executed;
    change->kept = outcome.kept;
    return result;
}

/* ---- building ------------------------------------------------------------------------------------------------ */

struct building {
    struct request *request;
};

static void show_progress(void *context, const char *stage, size_t done, size_t total)
{
    const struct building *building = context;
    if (building->request)
        request_progress(building->request, json_pack("{s:s, s:I, s:I}", "text", stage, "done", (json_int_t)done,
                                                      "total", (json_int_t)total));
}

int director_build_keeping(struct director *director, const char *text, const json_t *faults, const char *allotments,
                           struct request *request, struct error *err)
{
    if (director->plan)
        return error_set(err, ERR_BUSY, "lab '%s' is built already", director->lab_name);
    struct topology *topology;
    struct plan *plan;
    struct building building = {request};
    if (derive(director, text, faults, allotments, &topology, &plan, err) != 0)
        return -1;
    director_show_state(director);
    if (record(director, text, faults, topology, err) != 0 ||
        lab_build(director->lab, plan, show_progress, &building, err) != 0 ||
        state_commit(&director->state, err) != 0) {
        plan_free(plan);
        topology_free(topology);
        return -1;
    }
    become(director, topology, plan);
    if (director_hooks.standing)
        director_hooks.standing(director, false);
    return 0;
}

int director_build(struct director *director, const char *text, const json_t *faults, struct request *request,
                   struct error *err)
{
    return director_build_keeping(director, text, faults, director_allotments(director), request, err);
}
