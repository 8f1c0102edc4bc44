/* An exercise over an injected clock: its state is what its journal says, so a director that was killed finds it again
 * by reading the journal.  Nothing here waits, measures or prints. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exercise/journal.h"
#include "model/scenario.h"

struct error;

enum session_state { SESSION_PREPARED, SESSION_RUNNING, SESSION_ENDED, SESSION_ABANDONED, SESSION_STATE_COUNT };
const char *session_state_name(enum session_state state); /* "prepared", "running", "ended", "abandoned" */

/* Why the clock stopped. */
enum session_end { SESSION_SUBMITTED, SESSION_DEADLINE, SESSION_END_COUNT };
const char *session_end_name(enum session_end end); /* "submitted", "deadline" */

struct session {
    const struct scenario *scenario; /* not owned */
    enum session_state state;
    enum session_end end;
    int64_t started, started_real; /* boot time and wall clock, ns */
    int64_t ended, ended_real;
    bool *bought;       /* by hint */
    int64_t *bought_at; /* since the start, ns */
    struct journal journal;
};

/* Opens the session that a journal holds (journal_open), or a new one.  scenario must outlive it. */
int session_open(struct session *session, const struct scenario *scenario, int journal, struct error *err);
void session_close(struct session *session);

/* Starts the clock.  note: more members for the journal's entry (stolen, may be NULL). */
int session_begin(struct session *session, int64_t boot, int64_t real, json_t *note, struct error *err);
/* Nanoseconds since the start, until the end; and left until the deadline (INT64_MAX without one, 0 when it has come).
 */
int64_t session_elapsed(const struct session *session, int64_t boot);
int64_t session_left(const struct session *session, int64_t boot);
int64_t session_deadline(const struct session *session); /* boot time; INT64_MAX without one */

/* The next hint of a task that was not bought yet (task NULL: of the first task that has one); NULL where there is
 * none. */
const struct hint *session_next_hint(const struct session *session, const char *task);
/* Buys it: the cost is recorded before the hint is out. */
int session_buy_hint(struct session *session, const struct hint *hint, int64_t boot, int64_t real, struct error *err);
/* Cost of the hints of a task that were bought. */
uint32_t session_hint_cost(const struct session *session, const char *task);

/* Stops the clock: from here on only the score is missing. */
int session_stop(struct session *session, enum session_end end, int64_t boot, int64_t real, struct error *err);
int session_abandon(struct session *session, int64_t boot, int64_t real, struct error *err);
/* Any other entry: a check that was run, a change, the score.  members stolen. */
int session_note(struct session *session, const char *event, json_t *members, int64_t boot, int64_t real,
                 struct error *err);
