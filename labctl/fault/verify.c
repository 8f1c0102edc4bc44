/* Whether a fault is in force: each item in which the plans without and with it differ is looked up in the device. */
#include "base/arena.h"
#include "fault/fault.h"
#include "plan/difference.h"
#include "plan/plan.h"

enum fault_force fault_verify(const struct plan *without, const struct plan *with, fault_observe *observe,
                              void *context)
{
    ARENA_AUTO arena = arena_new();
    size_t count = 0;
    bool unknown = false;
    const struct plan_operation *operations = plan_difference(without, with, arena, &count);
    if (!count)
        return FORCE_NO;
    for (size_t i = 0; i < count; i++) {
        const struct plan_operation *operation = &operations[i];
        if (operation->item == ITEM_HOSTS_VIEW) /* in no device: what a node sees is its namespace's to say */
            continue;
        bool removed = operation->action == ACTION_REMOVE;
        int seen = removed ? observe(context, without, operation->item, operation->before)
                           : observe(context, with, operation->item, operation->after);
        if (seen < 0)
            unknown = true;
        else if ((seen == 0) != removed)
            return FORCE_NO;
    }
    return unknown ? FORCE_UNKNOWN : FORCE_YES;
}
