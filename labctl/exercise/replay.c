/* One function for each event that changes a session; others are only kept. */
#include "exercise/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"

#define DRIFT_MAX (2 * NANOSECONDS_PER_SECOND) /* by which the two clocks may differ from entry to entry */
#define LATE_MAX  (2 * NANOSECONDS_PER_SECOND) /* after its deadline, without being told of */

static const char *const moment_names[] =
    {[MOMENT_HEALTHY] = "healthy", [MOMENT_BROKEN] = "broken", [MOMENT_END] = "end"};
_Static_assert(ARRAY_SIZE(moment_names) == MOMENT_COUNT, "every moment has a name");

const char *session_moment_name(enum session_moment moment)
{
    return (size_t)moment < MOMENT_COUNT ? moment_names[moment] : "?";
}

static int64_t integer(const json_t *entry, const char *key)
{
    return json_integer_value(json_object_get(entry, key));
}

static const char *text(const json_t *entry, const char *key)
{
    return json_string_value(json_object_get(entry, key));
}

static void set_clock(struct session *session, const json_t *entry, bool runs)
{
    session->elapsed = integer(entry, "at");
    session->at = integer(entry, "boot");
    session->runs = runs;
}

static enum session_end end_of(const json_t *entry)
{
    return str_equal(text(entry, "reason"), session_end_name(SESSION_DEADLINE)) ? SESSION_DEADLINE : SESSION_SUBMITTED;
}

static void begin_phase(struct session *session, size_t phase, const json_t *entry)
{
    session->phase = phase;
    session->phases[phase].begun = true;
    session->phases[phase].began = integer(entry, "at");
}

static void end_phase(struct session *session, const json_t *entry)
{
    struct session_phase *phase = &session->phases[session->phase];
    phase->over = true;
    phase->ended = integer(entry, "at");
    phase->end = end_of(entry);
}

/* ---- events ---- */

static void on_start(struct session *session, json_t *entry)
{
    session->state = SESSION_RUNNING;
    session->mode = str_equal(text(entry, "mode"), session_mode_name(SESSION_EXAM)) ? SESSION_EXAM : SESSION_PRACTICE;
    session->started = integer(entry, "boot");
    session->started_real = integer(entry, "real");
    set_clock(session, entry, true);
    begin_phase(session, 0, entry);
}

static void on_pause(struct session *session, json_t *entry)
{
    set_clock(session, entry, false);
    session->state = SESSION_PAUSED;
}

static void on_resume(struct session *session, json_t *entry)
{
    session->paused += integer(entry, "boot") - session->at;
    set_clock(session, entry, true);
    session->state = SESSION_RUNNING;
}

/* The lab was built again: what came back, and what did not. */
static void note_restored(struct session *session, const json_t *entry)
{
    size_t i;
    const json_t *line, *restored = json_object_get(entry, "restored");
    char by[UNITS_TEXT_MAX], age[UNITS_TEXT_MAX];
    int64_t seconds = integer(entry, "checkpoint_age") / NANOSECONDS_PER_SECOND;
    if (integer(entry, "back"))
        json_array_append_new(session->notes,
                              json_sprintf("the machine's clock was set back by %s over its restart; no time is "
                                           "counted as lost",
                                           duration_format(integer(entry, "back"), by)));
    if (restored)
        json_array_append_new(session->notes,
                              json_sprintf("the lab was built again (%s) and put back as it was %s before; what was "
                                           "changed in it after that, programs that the learner had started, "
                                           "connections and conntrack entries are gone",
                                           text(entry, "reason"),
                                           duration_format(seconds * NANOSECONDS_PER_SECOND, age)));
    json_array_foreach(restored, i, line) if (json_is_string(line))
        json_array_append_new(session->notes, json_sprintf("not put back: %s", json_string_value(line)));
}

static void on_lost(struct session *session, json_t *entry)
{
    char lost[UNITS_TEXT_MAX], given[UNITS_TEXT_MAX];
    const int64_t second = NANOSECONDS_PER_SECOND;
    if (session->state == SESSION_PAUSED)
        session->paused += integer(entry, "alive") - session->at + integer(entry, "lost");
    set_clock(session, entry, session->runs);
    note_restored(session, entry);
    if (!session->runs)
        return;
    session->lost += integer(entry, "lost");
    session->given += integer(entry, "given");
    json_array_append_new(session->notes,
                          json_sprintf("%s lost (%s), %s of it given back",
                                       duration_format(integer(entry, "lost") / second * second, lost),
                                       text(entry, "reason"),
                                       duration_format(integer(entry, "given") / second * second, given)));
}

/* How long after its deadline it was over.  A program that was stopped from outside, or a disk that was full, may be
 * why: then what was measured is of that later moment. */
static int64_t note_late(struct session *session, const json_t *entry)
{
    char by[UNITS_TEXT_MAX];
    int64_t late = session_elapsed(session, integer(entry, "boot")) - integer(entry, "at");
    if (late > LATE_MAX)
        json_array_append_new(
            session->notes, json_sprintf("its deadline was noticed %s late: what was measured is of that moment, and "
                                         "may hold what was done in between",
                                         duration_format(late / NANOSECONDS_PER_SECOND * NANOSECONDS_PER_SECOND, by)));
    return late;
}

static void on_phase(struct session *session, json_t *entry)
{
    size_t phase = (size_t)integer(entry, "phase");
    if (phase >= session->scenario->phase_count)
        return;
    if (str_equal(text(entry, "state"), "ended")) {
        note_late(session, entry);
        end_phase(session, entry);
        set_clock(session, entry, false);
        session->state = SESSION_BETWEEN;
        return;
    }
    session->phases[session->phase].outcomes = json_object_get(entry, "outcomes");
    set_clock(session, entry, true);
    session->state = SESSION_RUNNING;
    begin_phase(session, phase, entry);
}

static void on_hint(struct session *session, json_t *entry)
{
    size_t hint = (size_t)integer(entry, "hint");
    if (hint >= session->scenario->hint_count)
        return;
    session->bought[hint] = true;
    session->bought_at[hint] = integer(entry, "at");
}

static void on_claim(struct session *session, json_t *entry)
{
    size_t i;
    const json_t *place;
    struct arena *arena = session->scenario->arena;
    struct session_claim *claim = ARENA_PUSH(arena, session->claims, session->claim_count);
    *claim = (struct session_claim){.after = integer(entry, "at"),
                                    .what = text(entry, "what"),
                                    .none = json_is_true(json_object_get(entry, "none"))};
    json_array_foreach(json_object_get(entry, "where"), i, place) if (json_is_string(place)) *
        ARENA_PUSH(arena, claim->where.items, claim->where.count) = json_string_value(place);
}

static void on_answer(struct session *session, json_t *entry)
{
    const struct scenario *scenario = session->scenario;
    if (json_object_get(entry, "words")) {
        session->text_file = text(entry, "file");
        session->text_words = (size_t)integer(entry, "words");
    }
    for (size_t i = 0; i < scenario->question_count; i++)
        if (str_equal(scenario->questions[i].id, text(entry, "question")))
            session->answers[i] = text(entry, "answer");
}

static void finish(struct session *session, const json_t *entry, enum session_state state)
{
    /* Nobody stopped it at its deadline: it was over then all the same. */
    int64_t late = note_late(session, entry);
    session->ended = integer(entry, "boot") - late;
    session->ended_real = integer(entry, "real") - late;
    session->end = end_of(entry);
    if (session->state == SESSION_PAUSED)
        session->paused += integer(entry, "boot") - session->at;
    if (session->state != SESSION_BETWEEN)
        end_phase(session, entry);
    set_clock(session, entry, false);
    session->state = state;
}

static void on_stop(struct session *session, json_t *entry)
{
    finish(session, entry, SESSION_ENDED);
}

static void on_abandon(struct session *session, json_t *entry)
{
    finish(session, entry, SESSION_ABANDONED);
}

static void on_matrix(struct session *session, json_t *entry)
{
    for (size_t i = 0; i < MOMENT_COUNT; i++)
        if (str_equal(text(entry, "moment"), moment_names[i]))
            session->matrices[i] = json_object_get(entry, "reach");
}

static void on_score(struct session *session, json_t *entry)
{
    session->score = entry;
}

static void on_mark(struct session *session, json_t *entry)
{
    session->marks = entry;
}

static const struct {
    const char *event;
    void (*apply)(struct session *session, json_t *entry);
} events[] = {
    {"start", on_start}, {"pause", on_pause},     {"resume", on_resume}, {"lost", on_lost},     {"phase", on_phase},
    {"hint", on_hint},   {"claim", on_claim},     {"answer", on_answer}, {"matrix", on_matrix}, {"stop", on_stop},
    {"score", on_score}, {"abandon", on_abandon}, {"mark", on_mark},
};

/* ---- the machine's clocks ---- */

/* Both clocks must have gone the same way since the entry before; what was set is stated. */
static void watch_clocks(struct session *session, const json_t *entry)
{
    const json_t *before = json_array_get(session->entries, json_array_size(session->entries) - 1);
    char by[UNITS_TEXT_MAX];
    /* Whoever marks it may do so at another machine. */
    if (!before || json_is_true(json_object_get(entry, "rebooted")) || str_equal(text(entry, "event"), "mark"))
        return;
    int64_t boot = integer(entry, "boot") - integer(before, "boot"), n = integer(entry, "n");
    int64_t drift = integer(entry, "real") - integer(before, "real") - boot;
    if (boot < 0) {
        json_array_append_new(session->notes, json_sprintf("before entry %" PRId64 " of the journal the machine's time "
                                                           "since boot went back, and no restart was recorded",
                                                           n));
    } else if (drift > DRIFT_MAX || drift < -DRIFT_MAX) {
        int64_t size = (drift < 0 ? -drift : drift) / NANOSECONDS_PER_SECOND * NANOSECONDS_PER_SECOND;
        json_array_append_new(session->notes,
                              json_sprintf("the machine's clock was set %s by %s between entries %" PRId64
                                           " and %" PRId64 " of the journal; the exercise's clock counts since boot "
                                           "and did not change",
                                           drift < 0 ? "back" : "forward", duration_format(size, by), n - 1, n));
    }
}

void session_replay(void *context, json_t *entry)
{
    struct session *session = context;
    const char *event = text(entry, "event");
    watch_clocks(session, entry);
    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        if (str_equal(events[i].event, event))
            events[i].apply(session, entry);
    json_array_append(session->entries, entry);
}

/* ---- outcomes ---- */

/* Text that came from a node may be anything. */
static json_t *any_text(const char *value)
{
    json_t *string = value ? json_string(value) : NULL;
    return string ? string : json_string(value ? "(not valid UTF-8)" : "");
}

json_t *outcomes_json(const struct outcome *outcomes, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        const struct outcome *outcome = &outcomes[i];
        json_object_set_new(object, outcome->id,
                            json_pack("{s:s, s:o, s:o, s:o, s:I, s:i}", "verdict", verdict_name(outcome->verdict),
                                      "asked", any_text(outcome->asked), "expected", any_text(outcome->expected),
                                      "seen", any_text(outcome->seen), "duration", (json_int_t)outcome->duration,
                                      "attempts", (int)outcome->attempts));
    }
    return object;
}
