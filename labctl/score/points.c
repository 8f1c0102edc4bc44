/* A task earns the points of its passing checks less its hints, never below 0; a red guard costs its penalty once; what
 * could not be judged is in neither numerator nor denominator; the pass mark is compared without division. */
#include "score/points.h"

#include "base/units.h"

static void score_task(struct points_task *task)
{
    task->passed = task->maximum = task->unjudged = 0;
    for (size_t i = 0; i < task->check_count; i++) {
        const struct points_check *check = &task->checks[i];
        if (check->verdict == VERDICT_PASS)
            task->passed += check->points;
        if (check->verdict == VERDICT_PASS || check->verdict == VERDICT_FAIL)
            task->maximum += check->points;
        else
            task->unjudged += check->points;
    }
    task->earned = task->passed > task->hint_cost ? task->passed - task->hint_cost : 0;
}

struct points points_score(struct points_task *tasks, size_t task_count, struct points_guard *guards,
                           size_t guard_count, uint32_t pass)
{
    struct points points = {0};
    for (size_t i = 0; i < task_count; i++) {
        score_task(&tasks[i]);
        points.earned += tasks[i].earned;
        points.maximum += tasks[i].maximum;
    }
    bool red = false;
    for (size_t i = 0; i < guard_count; i++) {
        guards[i].lost = guards[i].verdict == VERDICT_FAIL ? guards[i].penalty : 0;
        points.penalties += guards[i].lost;
        red = red || guards[i].verdict == VERDICT_FAIL;
    }
    points.total = points.earned > points.penalties ? points.earned - points.penalties : 0;
    if (!points.maximum) {
        points.passed = task_count == 0 && !red;
        points.share = points.passed ? SHARE_WHOLE : 0;
        return points;
    }
    unsigned __int128 scaled = (unsigned __int128)points.total * SHARE_WHOLE;
    points.passed = scaled >= (unsigned __int128)pass * points.maximum;
    points.share = (uint32_t)(scaled / points.maximum);
    return points;
}
