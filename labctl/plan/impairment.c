#include "plan/impairment.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"

/* The link that the interface is an end of, and which; NULL where there is none. */
static const struct plan_link *link_of(const struct plan *plan, uint32_t ns, const char *interface, unsigned *end)
{
    for (size_t i = 0; i < plan->link_count; i++)
        for (unsigned e = 0; e < 2; e++)
            if (plan->links[i].end[e].ns == ns && str_equal(plan->links[i].end[e].name, interface)) {
                *end = e;
                return &plan->links[i];
            }
    return NULL;
}

static size_t find(const struct plan *plan, const struct plan_link_end *far, enum plan_direction direction,
                   uint16_t port)
{
    size_t i = 0;
    while (i < plan->impairment_count &&
           !(plan->impairments[i].ns == far->ns && plan->impairments[i].direction == direction &&
             plan->impairments[i].port == port && str_equal(plan->impairments[i].interface, far->name)))
        i++;
    return i;
}

struct impairment plan_get_impairment(const struct plan *plan, uint32_t ns, const char *interface,
                                      enum plan_direction direction)
{
    unsigned end;
    const struct plan_link *link = link_of(plan, ns, interface, &end);
    size_t i = link ? find(plan, &link->end[!end], direction, 0) : plan->impairment_count;
    return i < plan->impairment_count ? plan->impairments[i].is : (struct impairment){0};
}

bool plan_set_impairment(struct plan *plan, uint32_t ns, const char *interface, enum plan_direction direction,
                         const struct impairment *is, const char *origin)
{
    unsigned end;
    const struct plan_link *link = link_of(plan, ns, interface, &end);
    if (!link)
        return false;
    const struct plan_link_end *far = &link->end[!end];
    size_t i = find(plan, far, direction, 0);
    if (i < plan->impairment_count) {
        memmove(&plan->impairments[i], &plan->impairments[i + 1],
                (plan->impairment_count - i - 1) * sizeof plan->impairments[0]);
        plan->impairment_count--;
    }
    plan_add_impairment(plan, far->ns, far->name, direction, is, arena_strdup(plan->arena, origin));
    return true;
}

bool plan_impair_port(struct plan *plan, uint32_t ns, const char *interface, uint16_t port,
                      const struct impairment *more, const char *origin)
{
    unsigned end;
    const struct plan_link *link = link_of(plan, ns, interface, &end);
    if (!link)
        return false;
    const struct plan_link_end *far = &link->end[!end];
    size_t i = find(plan, far, PLAN_RECEIVED, port);
    if (i == plan->impairment_count)
        *ARENA_PUSH(plan->arena, plan->impairments, plan->impairment_count) =
            (struct plan_impairment){far->ns, far->name, PLAN_RECEIVED, port, {0}, arena_strdup(plan->arena, origin)};
    plan->impairments[i].is = impairment_add(&plan->impairments[i].is, more);
    return true;
}

void plan_add_impairment(struct plan *plan, uint32_t far_ns, const char *far_name, enum plan_direction direction,
                         const struct impairment *is, const char *origin)
{
    if (!impairment_any(is))
        return;
    struct plan_impairment *item = ARENA_PUSH(plan->arena, plan->impairments, plan->impairment_count);
    *item = (struct plan_impairment){far_ns, far_name, direction, 0, *is, origin};
}
