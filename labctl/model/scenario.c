/* Small questions to a scenario. */
#include "model/scenario.h"

#include "base/str.h"

int64_t scenario_time(const struct scenario *scenario)
{
    int64_t sum = scenario->time;
    for (size_t i = 0; i < scenario->phase_count; i++) {
        if (!scenario->phases[i].time)
            return 0;
        sum += scenario->phases[i].time;
    }
    return sum;
}

const struct task *scenario_task(const struct scenario *scenario, const char *id)
{
    for (size_t i = 0; i < scenario->task_count; i++)
        if (str_equal(scenario->tasks[i].id, id))
            return &scenario->tasks[i];
    return NULL;
}

bool scenario_begins_with_all(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->fault_count; i++)
        if (!fault_is_first(&scenario->faults[i]) && !fault_is_scheduled(&scenario->faults[i]))
            return false;
    return true;
}
