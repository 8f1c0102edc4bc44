/* The device plan: making, freeing, looking up. */
#include "plan/plan.h"

#include "base/arena.h"
#include "base/str.h"

struct plan *plan_new(const char *lab)
{
    struct arena *arena = arena_new();
    struct plan *plan = ARENA_NEW(arena, struct plan);
    plan->arena = arena;
    plan->lab = arena_strdup(arena, lab);
    struct plan_namespace *fabric = ARENA_PUSH(arena, plan->namespaces, plan->namespace_count);
    fabric->name = "fabric";
    fabric->kind = NAMESPACE_FABRIC;
    fabric->origin = "lab";
    return plan;
}

void plan_free(struct plan *plan)
{
    if (plan)
        arena_free(plan->arena);
}

uint32_t plan_find_namespace(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->namespace_count; i++)
        if (str_equal(plan->namespaces[i].name, name))
            return (uint32_t)i;
    return UINT32_MAX;
}

const struct plan_link_end *plan_near_end(const struct plan *plan, const struct plan_impairment *impairment)
{
    for (size_t l = 0; l < plan->link_count; l++) {
        const struct plan_link_end *far = &plan->links[l].end[1];
        if (far->ns == impairment->ns && str_equal(far->name, impairment->interface))
            return &plan->links[l].end[0];
    }
    return NULL;
}
