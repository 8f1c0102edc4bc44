/* What happens by the clock of an exercise: a deadline, a fault that comes or goes.  One timer waits for the next of
 * these; whatever it finds due it does, so an event that was missed (the director was killed, the machine slept) is
 * made up for.  Which faults are in by the clock is on record (`present`), so that none is put in twice, nor one again
 * that somebody has repaired. */
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "base/units.h"
#include "director/exercise.h"
#include "director/fault.h"
#include "model/scenario.h"

#define LATER (2 * NANOSECONDS_PER_SECOND) /* between attempts at what could not be done */

static void came(struct director *director, void *context)
{
    (void)context;
    if (!exercise_current())
        return;
    exercise_current()->timer = -1;
    exercise_clock(director, exercise_current());
}

void exercise_clock_stop(struct director *director, struct exercise *exercise)
{
    if (exercise->timer >= 0)
        director_cancel(director, exercise->timer);
    exercise->timer = -1;
}

static void come_after(struct director *director, struct exercise *exercise, int64_t nanoseconds)
{
    exercise_clock_stop(director, exercise);
    exercise->timer = director_after(director, nanoseconds > 0 ? nanoseconds : 0, came, NULL);
}

void exercise_clock_later(struct director *director, struct exercise *exercise)
{
    come_after(director, exercise, LATER);
}

/* ---- faults ---- */

static size_t place(const json_t *ids, const char *id)
{
    size_t i = 0;
    while (i < json_array_size(ids) && !str_equal(json_string_value(json_array_get(ids, i)), id))
        i++;
    return i;
}

/* On record for the end: until then nobody is told. */
static void record(struct exercise *exercise, const struct fault *fault, bool in, const struct error *problem)
{
    json_t *entry = json_pack("{s:s, s:b, s:I}", "fault", fault->id, "in", in, "after",
                              (json_int_t)session_elapsed(&exercise->session, clock_boot()));
    if (problem->kind) {
        json_object_set_new(entry, "problem", json_string(problem->text));
        fprintf(stderr, "director: %s\n", problem->text);
    }
    json_array_append_new(exercise->passed, entry);
}

/* A fault whose place is not there any more is as good as repaired: it is not tried again. */
static void put_in(struct director *director, struct exercise *exercise, const struct fault *fault)
{
    struct error problem = ERROR_INIT;
    if (fault_put_in(director, fault, &problem))
        error_wrap(&problem, "put fault '%s' in", fault->id);
    json_array_append_new(exercise->present, json_string(fault->id));
    record(exercise, fault, true, &problem);
}

static void take_out(struct director *director, struct exercise *exercise, const struct fault *fault)
{
    struct error problem = ERROR_INIT;
    if (fault_take_out(director, fault->id, &problem))
        error_wrap(&problem, "take fault '%s' out", fault->id);
    json_array_remove(exercise->present, place(exercise->present, fault->id));
    record(exercise, fault, false, &problem);
}

static void follow_faults(struct director *director, struct exercise *exercise)
{
    struct error err = ERROR_INIT;
    bool changed = false;
    for (size_t i = 0; i < exercise->scenario->fault_count; i++) {
        const struct fault *fault = &exercise->scenario->faults[i];
        bool due = session_fault_due(&exercise->session, fault, clock_boot());
        bool in = place(exercise->present, fault->id) < json_array_size(exercise->present);
        if (due == in)
            continue;
        (due ? put_in : take_out)(director, exercise, fault);
        changed = true;
    }
    if (changed && exercise_keep(director, exercise, &err))
        fprintf(stderr, "director: %s\n", err.text);
}

void exercise_clear_passing(struct director *director, struct exercise *exercise)
{
    for (size_t i = 0; i < exercise->scenario->fault_count; i++) {
        const struct fault *fault = &exercise->scenario->faults[i];
        if (fault->lasts && place(exercise->present, fault->id) < json_array_size(exercise->present))
            take_out(director, exercise, fault);
    }
}

/* ---- the next event ---- */

static int64_t next_event(const struct exercise *exercise)
{
    int64_t next = session_deadline(&exercise->session), now = clock_boot();
    for (size_t i = 0; i < exercise->scenario->fault_count; i++) {
        int64_t change = session_fault_change(&exercise->session, &exercise->scenario->faults[i], now);
        if (change < next)
            next = change;
    }
    return next;
}

static int end_by_deadline(struct director *director, struct exercise *exercise, struct error *err)
{
    if (session_last_phase(&exercise->session))
        return exercise_score(director, SESSION_DEADLINE, NULL, err);
    return exercise_end_phase(director, SESSION_DEADLINE, NULL, err);
}

void exercise_clock(struct director *director, struct exercise *exercise)
{
    struct error err = ERROR_INIT;
    int result = 0;
    exercise_clock_stop(director, exercise);
    switch (exercise->session.state) {
    case SESSION_RUNNING:
        if (session_left(&exercise->session, clock_boot()) == 0) {
            result = end_by_deadline(director, exercise, &err);
            break;
        }
        follow_faults(director, exercise);
        int64_t next = next_event(exercise);
        if (next < INT64_MAX)
            come_after(director, exercise, next - clock_boot());
        break;
    case SESSION_BETWEEN:
        result = exercise_end_phase(director, SESSION_DEADLINE, NULL, &err);
        break;
    case SESSION_ENDED:
        result = exercise_score(director, SESSION_DEADLINE, NULL, &err);
        break;
    default:
        break;
    }
    if (!result)
        return;
    fprintf(stderr, "director: exercise: %s\n", err.text);
    exercise_clock_later(director, exercise);
}
