/* Whether a fault is in force: each item in which the plans without and with it differ is looked up in the device; and
 * which programs are among them. */
#include "base/arena.h"
#include "base/str.h"
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
        const struct plan *before = operation->action == ACTION_CHANGE ? without : NULL;
        int seen = removed ? observe(context, NULL, 0, without, operation->item, operation->before)
                           : observe(context, before, operation->before, with, operation->item, operation->after);
        if (seen < 0)
            unknown = true;
        else if ((seen == 0) != removed)
            return FORCE_NO;
    }
    return unknown ? FORCE_UNKNOWN : FORCE_YES;
}

void fault_programs(const struct plan *without, const struct plan *with,
                    void (*program)(void *context, const char *name), void *context)
{
    ARENA_AUTO arena = arena_new();
    size_t count = 0;
    const struct plan_operation *operations = plan_difference(without, with, arena, &count);
    for (size_t i = 0; i < count; i++) {
        const struct plan_operation *operation = &operations[i];
        if (operation->item != ITEM_PROCESS)
            continue;
        const struct plan_process *was =
            operation->action == ACTION_ADD ? NULL : &without->processes[operation->before];
        const struct plan_process *is = operation->action == ACTION_REMOVE ? NULL : &with->processes[operation->after];
        const struct plan_process *either = was ? was : is;
        if (either && ((was && !was->embedded) || (is && !is->embedded)) &&
            !str_starts(either->name, PLAN_WIRE_PROCESS))
            program(context, either->name);
    }
}
