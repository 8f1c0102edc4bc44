/* The clock, and what entries make of a session.  Every change is an entry of the journal first; replaying the entries
 * and making them are the same function.
 *
 * Each entry says when it was by the exercise's clock ("at").  The clock itself is two numbers: it stood at `elapsed`
 * at boot time `at`, and `runs` or stands since; what starts, stops or shifts it sets both anew. */
#include "exercise/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "exercise/replay.h"
#include "exercise/schedule.h"

static const char *const state_names[] = {
    [SESSION_PREPARED] = "prepared", [SESSION_RUNNING] = "running", [SESSION_PAUSED] = "paused",
    [SESSION_BETWEEN] = "between",   [SESSION_ENDED] = "ended",     [SESSION_ABANDONED] = "abandoned",
};
_Static_assert(ARRAY_SIZE(state_names) == SESSION_STATE_COUNT, "every state has a name");
static const char *const end_names[] = {[SESSION_SUBMITTED] = "submitted", [SESSION_DEADLINE] = "deadline"};
_Static_assert(ARRAY_SIZE(end_names) == SESSION_END_COUNT, "every end has a name");
static const char *const mode_names[] = {[SESSION_PRACTICE] = "practice", [SESSION_EXAM] = "exam"};
_Static_assert(ARRAY_SIZE(mode_names) == SESSION_MODE_COUNT, "every mode has a name");

const char *session_state_name(enum session_state state)
{
    return (size_t)state < SESSION_STATE_COUNT ? state_names[state] : "?";
}

const char *session_end_name(enum session_end end)
{
    return (size_t)end < SESSION_END_COUNT ? end_names[end] : "?";
}

const char *session_mode_name(enum session_mode mode)
{
    return (size_t)mode < SESSION_MODE_COUNT ? mode_names[mode] : "?";
}

/* ---- opening ---- */

static void prepare(struct session *session, const struct scenario *scenario)
{
    struct arena *arena = scenario->arena;
    *session = (struct session){.scenario = scenario,
                                .entries = json_array(),
                                .notes = json_array(),
                                .phases = arena_alloc(arena, (scenario->phase_count + 1) * sizeof *session->phases),
                                .bought = arena_alloc(arena, (scenario->hint_count + 1) * sizeof *session->bought),
                                .bought_at = arena_alloc(arena, (scenario->hint_count + 1) * sizeof(int64_t)),
                                .answers = arena_alloc(arena, (scenario->question_count + 1) * sizeof(char *)),
                                .journal = {.fd = -1}};
}

int session_open(struct session *session, const struct scenario *scenario, int journal, const struct journal_key *key,
                 struct error *err)
{
    prepare(session, scenario);
    if (!journal_open(journal, &session->journal, key, session_replay, session, err))
        return 0;
    session_close(session);
    return -1;
}

void session_recall(struct session *session, const struct scenario *scenario, const json_t *entries,
                    const struct journal *journal)
{
    size_t i;
    json_t *entry;
    prepare(session, scenario);
    session->journal = *journal;
    session->journal.fd = -1;
    json_array_foreach(entries, i, entry) session_replay(session, entry);
}

void session_close(struct session *session)
{
    journal_close(&session->journal);
    json_decref(session->entries);
    json_decref(session->notes);
    session->entries = session->notes = NULL;
}

/* ---- the clock ---- */

int64_t session_elapsed(const struct session *session, int64_t boot)
{
    return session->elapsed + (session->runs && boot > session->at ? boot - session->at : 0);
}

/* The deadline by the exercise's clock. */
static int64_t deadline(const struct session *session)
{
    const struct scenario *scenario = session->scenario;
    if (!scenario->phase_count)
        return scenario->time ? scenario->time : INT64_MAX;
    int64_t time = scenario->phases[session->phase].time;
    return time ? session->phases[session->phase].began + time : INT64_MAX;
}

int64_t session_deadline(const struct session *session)
{
    int64_t at = deadline(session);
    return at == INT64_MAX || !session->runs ? INT64_MAX : session->at + (at - session->elapsed);
}

int64_t session_left(const struct session *session, int64_t boot)
{
    int64_t at = deadline(session), now = session_elapsed(session, boot);
    if (at == INT64_MAX || session->state == SESSION_PREPARED)
        return INT64_MAX;
    return now < at ? at - now : 0;
}

static int add(struct session *session, const char *event, json_t *entry, int64_t at, int64_t boot, int64_t real,
               struct error *err)
{
    json_object_set_new(entry, "event", json_string(event));
    json_object_set_new(entry, "at", json_integer(at));
    return journal_append(&session->journal, entry, boot, real, session_replay, session, err);
}

int session_note(struct session *session, const char *event, json_t *members, int64_t boot, int64_t real,
                 struct error *err)
{
    return add(session, event, members ? members : json_object(), session_elapsed(session, boot), boot, real, err);
}

/* Which variant it is, where the caller does not say; not what was drawn for it, which would tell what is broken. */
static void note_variant(const struct scenario *scenario, json_t *note)
{
    if (!json_object_get(note, "seed") && scenario->seed && *scenario->seed)
        json_object_set_new(note, "seed", json_string(scenario->seed));
    if (!json_object_get(note, "learner") && scenario->learner && *scenario->learner)
        json_object_set_new(note, "learner", json_string(scenario->learner));
}

int session_begin(struct session *session, enum session_mode mode, int64_t boot, int64_t real, json_t *note,
                  struct error *err)
{
    if (session->state != SESSION_PREPARED) {
        json_decref(note);
        return error_set(err, ERR_BUSY, "the exercise is %s already", session_state_name(session->state));
    }
    if (!note)
        note = json_object();
    note_variant(session->scenario, note);
    json_object_set_new(note, "scenario", json_string(session->scenario->name));
    if (session->journal.key.length)
        json_object_set_new(note, "keyed", json_true());
    json_object_set_new(note, "mode", json_string(session_mode_name(mode)));
    json_object_set_new(note, "time_allowed", json_integer(scenario_time(session->scenario)));
    return session_note(session, "start", note, boot, real, err);
}

/* Refuses what needs a running clock. */
int session_needs_clock(const struct session *session, struct error *err)
{
    if (session->state == SESSION_RUNNING)
        return 0;
    return error_set(err, ERR_BUSY, "the exercise is %s%s",
                     session->state == SESSION_BETWEEN ? "between two phases" : session_state_name(session->state),
                     session->state == SESSION_PAUSED ? ": `labctl resume` lets its clock run on" : "");
}

int session_pause(struct session *session, int64_t boot, int64_t real, struct error *err)
{
    if (session_needs_clock(session, err))
        return -1;
    if (session->mode == SESSION_EXAM)
        return error_set(err, ERR_BUSY, "an exam cannot be paused: its clock is that of the wall");
    return session_note(session, "pause", NULL, boot, real, err);
}

int session_resume(struct session *session, int64_t boot, int64_t real, struct error *err)
{
    if (session->state != SESSION_PAUSED)
        return error_set(err, ERR_BUSY, "the exercise is %s, not paused", session_state_name(session->state));
    return session_note(session, "resume", NULL, boot, real, err);
}

static int64_t last_entry(const struct session *session, const char *key)
{
    const json_t *last = json_array_get(session->entries, json_array_size(session->entries) - 1);
    return json_integer_value(json_object_get(last, key));
}

int session_lost(struct session *session, const struct session_gap *gap, int64_t boot, int64_t real, struct error *err)
{
    if (session->state == SESSION_PREPARED || session->state == SESSION_ENDED || session->state == SESSION_ABANDONED) {
        json_decref(gap->restored);
        return error_set(err, ERR_BUSY, "the exercise is %s", session_state_name(session->state));
    }
    bool seen = gap->alive_boot || gap->alive_real;
    int64_t alive_boot = seen ? gap->alive_boot : last_entry(session, "boot");
    int64_t alive_real = seen ? gap->alive_real : last_entry(session, "real");
    int64_t lost = gap->rebooted ? real - alive_real : boot - alive_boot, given = 0, back = lost < 0 ? -lost : 0;
    if (lost < 0)
        lost = 0;
    if (session->runs) {
        int64_t grace = session->scenario->grace > session->given ? session->scenario->grace - session->given : 0;
        given = session->mode == SESSION_PRACTICE || lost < grace ? lost : grace;
    }
    /* While the clock stands nothing can be lost, but boot time may have begun anew. */
    int64_t at = session_elapsed(session, alive_boot) + (session->runs ? lost - given : 0);
    json_t *entry = json_pack("{s:s, s:I, s:I, s:I, s:b}", "reason", gap->reason, "alive", (json_int_t)alive_boot,
                              "lost", (json_int_t)lost, "given", (json_int_t)given, "rebooted", gap->rebooted);
    if (back)
        json_object_set_new(entry, "back", json_integer(back));
    if (gap->restored) {
        json_object_set_new(entry, "checkpoint_age", json_integer(gap->checkpoint_age));
        json_object_set_new(entry, "restored", gap->restored);
    }
    return add(session, "lost", entry, at, boot, real, err);
}

/* ---- phases ---- */

const struct phase *session_phase(const struct session *session)
{
    return session->scenario->phase_count ? &session->scenario->phases[session->phase] : NULL;
}

bool session_last_phase(const struct session *session)
{
    return session->phase + 1 >= session->scenario->phase_count;
}

bool session_reached(const struct session *session, int phase)
{
    return phase < 0 || (size_t)phase <= session->phase;
}

/* The moment at which the clock stops: never after the deadline. */
static int64_t stop_at(const struct session *session, enum session_end *end, int64_t boot)
{
    int64_t at = session_elapsed(session, boot), last = deadline(session);
    if (at < last)
        return at;
    *end = SESSION_DEADLINE;
    return last;
}

int session_end_phase(struct session *session, enum session_end end, int64_t boot, int64_t real, struct error *err)
{
    if (session_last_phase(session))
        return error_set(err, ERR_BUSY, "this is the last phase: it ends with the exercise");
    if (session->state != SESSION_PAUSED && session_needs_clock(session, err))
        return -1;
    int64_t at = stop_at(session, &end, boot);
    json_t *entry = json_pack("{s:s, s:I, s:s, s:s}", "state", "ended", "phase", (json_int_t)session->phase, "id",
                              session_phase(session)->id, "reason", session_end_name(end));
    return add(session, "phase", entry, at, boot, real, err);
}

int session_next_phase(struct session *session, const struct outcome *outcomes, size_t count, int64_t boot,
                       int64_t real, struct error *err)
{
    if (session->state != SESSION_BETWEEN)
        return error_set(err, ERR_BUSY, "no phase has ended");
    size_t next = session->phase + 1;
    json_t *entry = json_pack("{s:s, s:I, s:s, s:o}", "state", "begun", "phase", (json_int_t)next, "id",
                              session->scenario->phases[next].id, "outcomes", outcomes_json(outcomes, count));
    return session_note(session, "phase", entry, boot, real, err);
}

/* ---- scheduled faults ---- */

/* When the schedule of a fault began, by the exercise's clock; false where its phase was not reached. */
static bool schedule_began(const struct session *session, const struct fault *fault, int64_t *began)
{
    *began = fault->phase > 0 ? session->phases[fault->phase].began : 0;
    return session->state != SESSION_PREPARED && session_reached(session, fault->phase);
}

bool session_fault_due(const struct session *session, const struct fault *fault, int64_t boot)
{
    int64_t began;
    return schedule_began(session, fault, &began) && schedule_in_force(fault, session_elapsed(session, boot) - began);
}

int64_t session_fault_change(const struct session *session, const struct fault *fault, int64_t boot)
{
    int64_t began;
    if (!session->runs || !schedule_began(session, fault, &began))
        return INT64_MAX;
    int64_t change = schedule_change(fault, session_elapsed(session, boot) - began);
    return change == INT64_MAX ? INT64_MAX : session->at + (began + change - session->elapsed);
}

bool session_fault_came(const struct session *session, const struct fault *fault)
{
    int64_t began;
    return schedule_began(session, fault, &began) && session->elapsed - began >= fault->after;
}

/* ---- the end ---- */

int session_stop(struct session *session, enum session_end end, int64_t boot, int64_t real, struct error *err)
{
    if (session->state != SESSION_RUNNING && session->state != SESSION_PAUSED && session->state != SESSION_BETWEEN)
        return error_set(err, ERR_BUSY, "the exercise is %s already", session_state_name(session->state));
    int64_t at = session->state == SESSION_BETWEEN ? session->elapsed : stop_at(session, &end, boot);
    return add(session, "stop", json_pack("{s:s}", "reason", session_end_name(end)), at, boot, real, err);
}

int session_abandon(struct session *session, const char *reason, int64_t boot, int64_t real, struct error *err)
{
    if (session->state == SESSION_PREPARED || session->state == SESSION_ENDED || session->state == SESSION_ABANDONED)
        return 0;
    return session_note(session, "abandon", json_pack("{s:s}", "reason", reason), boot, real, err);
}
