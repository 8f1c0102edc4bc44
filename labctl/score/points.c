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

static bool score_guards(struct points_guard *guards, size_t count, struct points *points)
{
    bool red = false;
    for (size_t i = 0; i < count; i++) {
        guards[i].lost = guards[i].verdict == VERDICT_FAIL ? guards[i].penalty : 0;
        points->penalties += guards[i].lost;
        red = red || guards[i].verdict == VERDICT_FAIL;
    }
    return red;
}

/* Is total / maximum at least pass? */
static void compare(struct points *points, uint32_t pass)
{
    unsigned __int128 whole = (unsigned __int128)points->maximum * (uint64_t)points->total.below;
    unsigned __int128 scaled = (unsigned __int128)(uint64_t)points->total.above * SHARE_WHOLE;
    points->passed = scaled >= pass * whole;
    points->share = (uint32_t)(scaled / whole);
}

struct points points_score(struct points_task *tasks, size_t task_count, struct points_guard *guards,
                           size_t guard_count, const struct points_rest *rest, uint32_t pass)
{
    static const struct points_rest nothing = {.diagnosis = {0, 1}};
    if (!rest)
        rest = &nothing;
    struct points points = {.questions = rest->questions,
                            .diagnosis = rest->diagnosis,
                            .text = rest->text,
                            .maximum = rest->questions_maximum + rest->diagnosis_maximum + rest->text_maximum};
    for (size_t i = 0; i < task_count; i++) {
        score_task(&tasks[i]);
        points.tasks += tasks[i].earned;
        points.maximum += tasks[i].maximum;
    }
    bool red = score_guards(guards, guard_count, &points);
    points.earned = ratio_add(ratio_whole((int64_t)(points.tasks + points.questions + points.text)), points.diagnosis);
    points.total = ratio_subtract(points.earned, ratio_whole((int64_t)points.penalties));
    if (points.total.above < 0)
        points.total = ratio_whole(0);
    if (points.maximum) {
        compare(&points, pass);
    } else {
        points.passed = task_count == 0 && !red;
        points.share = points.passed ? SHARE_WHOLE : 0;
    }
    return points;
}
