/* A fault is a rewrite, so what it does beside others is the difference of two plans: with all of them, and with all
 * but this one.  Where there is none, another one stands over it. */
#include "cmd/common/contradiction.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/mark.h"
#include "base/str.h"
#include "director/fault_record.h"
#include "doc/doc.h"
#include "fault/fault.h"
#include "load/load.h"
#include "lower/lower.h"
#include "model/scenario.h"
#include "model/topology.h"
#include "plan/difference.h"
#include "plan/plan.h"
#include "service/service.h"

/* The topology with the faults that are written into it. */
static int fold_topology(const struct scenario *scenario, const bool *in, struct topology **out, struct error *err)
{
    STR_AUTO text = STR_INIT;
    dump_topology(scenario->topology, &text);
    for (size_t i = 0; i < scenario->fault_count; i++) {
        STR_AUTO next = STR_INIT;
        if (!in[i] || fault_stage(scenario->topology, &scenario->faults[i]) != FAULT_TOPOLOGY)
            continue;
        if (record_rewrite(str_text(&text), &scenario->faults[i], &next, err))
            return -1;
        str_clear(&text);
        str_append(&text, str_text(&next));
    }
    return load_valid_topology(str_text(&text), NULL, out, err);
}

/* The plan with the faults that are `in`; NULL and err where they cannot be put in. */
static struct plan *fold(const struct scenario *scenario, const bool *in, struct error *err)
{
    struct topology *topology = NULL;
    struct plan *plan = NULL;
    int result = fold_topology(scenario, in, &topology, err) || lower_topology(topology, &plan, err) ||
                 service_lower(topology, plan, err);
    for (size_t i = 0; i < scenario->fault_count && !result; i++)
        result = in[i] ? fault_rewrite_plan(plan, topology, &scenario->faults[i], err) : 0;
    if (result) {
        plan_free(plan);
        plan = NULL;
    }
    topology_free(topology);
    return plan;
}

static bool differ(const struct plan *a, const struct plan *b)
{
    ARENA_AUTO arena = arena_new();
    size_t count;
    plan_difference(a, b, arena, &count);
    return count > 0;
}

static bool beside(const struct fault *one, const struct fault *other)
{
    return !fault_is_scheduled(other) && (one->phase < 0 || other->phase < 0 || one->phase == other->phase);
}

/* What the fault does where nothing else is broken. */
enum effect { EFFECT_NONE, EFFECT_SOME, EFFECT_UNKNOWN };
static enum effect effect_alone(const struct scenario *scenario, bool *in, size_t index)
{
    struct error none = ERROR_INIT;
    memset(in, 0, scenario->fault_count * sizeof *in);
    struct plan *healthy = fold(scenario, in, &none);
    in[index] = true;
    struct plan *broken = fold(scenario, in, &none);
    enum effect effect = !healthy || !broken ? EFFECT_UNKNOWN : differ(healthy, broken) ? EFFECT_SOME : EFFECT_NONE;
    plan_free(healthy);
    plan_free(broken);
    return effect;
}

/* The fault and those beside it, of the first `count` ones. */
static void choose(const struct scenario *scenario, bool *in, size_t index, size_t count)
{
    memset(in, 0, scenario->fault_count * sizeof *in);
    for (size_t i = 0; i < count; i++)
        in[i] = i == index || beside(&scenario->faults[index], &scenario->faults[i]);
}

/* Whether it can be put in beside those that stand above it; else err. */
static bool goes_in(const struct scenario *scenario, bool *in, size_t index, struct error *err)
{
    struct error none = ERROR_INIT;
    choose(scenario, in, index, index + 1);
    struct plan *with = fold(scenario, in, err);
    in[index] = false;
    struct plan *without = with ? NULL : fold(scenario, in, &none);
    bool own = !with && without; /* else an earlier one cannot, which is told there */
    plan_free(with);
    plan_free(without);
    return !own;
}

static bool is_covered(const struct scenario *scenario, bool *in, size_t index)
{
    struct error none = ERROR_INIT;
    choose(scenario, in, index, scenario->fault_count);
    struct plan *with = fold(scenario, in, &none);
    in[index] = false;
    struct plan *without = with ? fold(scenario, in, &none) : NULL;
    bool covered = with && without && !differ(without, with);
    plan_free(with);
    plan_free(without);
    return covered;
}

static void check_one(const struct scenario *scenario, bool *in, size_t index, struct findings *findings)
{
    const struct fault *fault = &scenario->faults[index];
    struct mark mark = fault->at.count ? fault->at_marks[0] : fault->mark;
    struct error err = ERROR_INIT;
    enum effect effect = effect_alone(scenario, in, index);
    if (effect == EFFECT_NONE && is_covered(scenario, in, index))
        findings_add(findings, FINDING_ERROR, "idle-fault", mark, "fault '%s' changes nothing: it is so already",
                     fault->id);
    if (effect != EFFECT_SOME || fault_is_scheduled(fault))
        return; /* what cannot be put in at all is another finding's to say */
    if (!goes_in(scenario, in, index, &err))
        findings_add(findings, FINDING_ERROR, "contradicting-faults", mark,
                     "fault '%s' cannot be put in beside those above it: %s", fault->id, err.text);
    else if (is_covered(scenario, in, index))
        findings_add(findings, FINDING_ERROR, "contradicting-faults", mark,
                     "fault '%s' changes nothing beside the others: what it breaks is broken by another one already",
                     fault->id);
}

void contradictions_check(const struct scenario *scenario, struct findings *findings)
{
    ARENA_AUTO arena = arena_new();
    bool *in = arena_alloc(arena, (scenario->fault_count + 1) * sizeof *in);
    for (size_t i = 0; i < scenario->fault_count; i++)
        check_one(scenario, in, i, findings);
}
