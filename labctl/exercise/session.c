/* Every change is an entry of the journal first; replaying the entries and making them are the same function. */
#include "exercise/session.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"

static const char *const state_names[] = {[SESSION_PREPARED] = "prepared",
                                          [SESSION_RUNNING] = "running",
                                          [SESSION_ENDED] = "ended",
                                          [SESSION_ABANDONED] = "abandoned"};
_Static_assert(ARRAY_SIZE(state_names) == SESSION_STATE_COUNT, "every state has a name");
static const char *const end_names[] = {[SESSION_SUBMITTED] = "submitted", [SESSION_DEADLINE] = "deadline"};
_Static_assert(ARRAY_SIZE(end_names) == SESSION_END_COUNT, "every end has a name");

const char *session_state_name(enum session_state state)
{
    return (size_t)state < SESSION_STATE_COUNT ? state_names[state] : "?";
}

const char *session_end_name(enum session_end end)
{
    return (size_t)end < SESSION_END_COUNT ? end_names[end] : "?";
}

static int64_t integer(const json_t *entry, const char *key)
{
    return json_integer_value(json_object_get(entry, key));
}

/* What an entry makes of the session. */
static void replay(void *context, const json_t *entry)
{
    struct session *session = context;
    const char *event = json_string_value(json_object_get(entry, "event"));
    if (str_equal(event, "start")) {
        session->state = SESSION_RUNNING;
        session->started = integer(entry, "boot");
        session->started_real = integer(entry, "real");
    } else if (str_equal(event, "hint")) {
        size_t hint = (size_t)integer(entry, "hint");
        if (hint >= session->scenario->hint_count)
            return;
        session->bought[hint] = true;
        session->bought_at[hint] = integer(entry, "boot") - session->started;
    } else if (str_equal(event, "stop")) {
        session->state = SESSION_ENDED;
        session->end = str_equal(json_string_value(json_object_get(entry, "reason")), end_names[SESSION_DEADLINE])
                           ? SESSION_DEADLINE
                           : SESSION_SUBMITTED;
        session->ended = integer(entry, "boot");
        session->ended_real = integer(entry, "real");
    } else if (str_equal(event, "abandon")) {
        session->state = SESSION_ABANDONED;
        session->ended = integer(entry, "boot");
        session->ended_real = integer(entry, "real");
    }
}

int session_open(struct session *session, const struct scenario *scenario, int journal, struct error *err)
{
    *session = (struct session){.scenario = scenario, .journal = {.fd = -1}};
    session->bought = arena_alloc(scenario->arena, (scenario->hint_count + 1) * sizeof *session->bought);
    session->bought_at = arena_alloc(scenario->arena, (scenario->hint_count + 1) * sizeof *session->bought_at);
    return journal_open(journal, &session->journal, replay, session, err);
}

void session_close(struct session *session)
{
    journal_close(&session->journal);
}

int session_note(struct session *session, const char *event, json_t *members, int64_t boot, int64_t real,
                 struct error *err)
{
    json_t *entry = members ? members : json_object();
    json_object_set_new(entry, "event", json_string(event));
    json_object_set_new(entry, "real", json_integer(real));
    json_incref(entry);
    int result = journal_append(&session->journal, entry, boot, real, err);
    if (!result)
        replay(session, entry);
    json_decref(entry);
    return result;
}

int session_begin(struct session *session, int64_t boot, int64_t real, json_t *note, struct error *err)
{
    if (session->state != SESSION_PREPARED) {
        json_decref(note);
        return error_set(err, ERR_BUSY, "the exercise is %s already", session_state_name(session->state));
    }
    if (!note)
        note = json_object();
    json_object_set_new(note, "scenario", json_string(session->scenario->name));
    json_object_set_new(note, "time_allowed", json_integer(session->scenario->time));
    return session_note(session, "start", note, boot, real, err);
}

int64_t session_elapsed(const struct session *session, int64_t boot)
{
    if (session->state == SESSION_PREPARED)
        return 0;
    return (session->state == SESSION_RUNNING ? boot : session->ended) - session->started;
}

int64_t session_deadline(const struct session *session)
{
    if (session->state == SESSION_PREPARED || !session->scenario->time)
        return INT64_MAX;
    return session->started + session->scenario->time;
}

int64_t session_left(const struct session *session, int64_t boot)
{
    int64_t deadline = session_deadline(session);
    if (deadline == INT64_MAX)
        return INT64_MAX;
    if (session->state != SESSION_RUNNING)
        boot = session->ended;
    return boot < deadline ? deadline - boot : 0;
}

const struct hint *session_next_hint(const struct session *session, const char *task)
{
    for (size_t i = 0; i < session->scenario->hint_count; i++) {
        const struct hint *hint = &session->scenario->hints[i];
        if (!session->bought[i] && (!task || str_equal(hint->task, task)))
            return hint;
    }
    return NULL;
}

int session_buy_hint(struct session *session, const struct hint *hint, int64_t boot, int64_t real, struct error *err)
{
    if (session->state != SESSION_RUNNING)
        return error_set(err, ERR_BUSY, "the exercise is %s: no more hints", session_state_name(session->state));
    json_t *entry = json_object();
    json_object_set_new(entry, "hint", json_integer(hint - session->scenario->hints));
    json_object_set_new(entry, "task", json_string(hint->task));
    json_object_set_new(entry, "cost", json_integer(hint->cost));
    return session_note(session, "hint", entry, boot, real, err);
}

uint32_t session_hint_cost(const struct session *session, const char *task)
{
    uint32_t cost = 0;
    for (size_t i = 0; i < session->scenario->hint_count; i++)
        if (session->bought[i] && str_equal(session->scenario->hints[i].task, task))
            cost += session->scenario->hints[i].cost;
    return cost;
}

int session_stop(struct session *session, enum session_end end, int64_t boot, int64_t real, struct error *err)
{
    if (session->state != SESSION_RUNNING)
        return error_set(err, ERR_BUSY, "the exercise is %s already", session_state_name(session->state));
    return session_note(session, "stop", json_pack("{s:s}", "reason", session_end_name(end)), boot, real, err);
}

int session_abandon(struct session *session, int64_t boot, int64_t real, struct error *err)
{
    if (session->state != SESSION_RUNNING)
        return 0;
    return session_note(session, "abandon", NULL, boot, real, err);
}
