/* An exercise over an injected clock: its state is what its journal says, so a director that was killed finds it again
 * by reading the journal.  Nothing here waits, measures or prints.
 *
 * boot and real are the machine's clocks at the moment of a call (ns; base/clock.h).  The exercise's own clock counts
 * from the start, stands while it is paused and between two phases, and goes on from what `session_lost` gives back. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exercise/journal.h"
#include "model/scenario.h"
#include "score/comparison.h"

struct error;
struct outcome;

enum session_state {
    SESSION_PREPARED,
    SESSION_RUNNING,
    SESSION_PAUSED,
    SESSION_BETWEEN, /* a phase has ended and is being measured; the clock stands */
    SESSION_ENDED,
    SESSION_ABANDONED,
    SESSION_STATE_COUNT
};
const char *session_state_name(enum session_state state); /* "prepared", "running", "paused", "between", … */

/* Why the clock stopped. */
enum session_end { SESSION_SUBMITTED, SESSION_DEADLINE, SESSION_END_COUNT };
const char *session_end_name(enum session_end end); /* "submitted", "deadline" */

enum session_mode { SESSION_PRACTICE, SESSION_EXAM, SESSION_MODE_COUNT };
const char *session_mode_name(enum session_mode mode); /* "practice", "exam" */

/* Of which moment a reachability matrix is. */
enum session_moment { MOMENT_HEALTHY, MOMENT_BROKEN, MOMENT_END, MOMENT_COUNT };
const char *session_moment_name(enum session_moment moment); /* "healthy", "broken", "end" */

struct session_phase {
    bool begun, over;
    int64_t began, ended; /* by the exercise's clock */
    enum session_end end; /* where it is over */
    json_t *outcomes;     /* of its tasks as they were measured when it ended, or NULL */
};

struct session_claim {
    int64_t after; /* by the exercise's clock */
    struct strings where;
    const char *what; /* or NULL */
    bool none;
};

struct session {
    const struct scenario *scenario; /* not owned */
    enum session_mode mode;
    enum session_state state;
    enum session_end end;
    int64_t started, started_real; /* boot time and wall clock, ns */
    int64_t ended, ended_real;
    int64_t elapsed, at;          /* the exercise's clock stood at `elapsed` at boot time `at` */
    bool runs;                    /* and has gone on from there */
    size_t phase;                 /* the present one; 0 where there are none */
    struct session_phase *phases; /* as many as the scenario has */
    bool *bought;                 /* by hint */
    int64_t *bought_at;           /* by the exercise's clock, ns */
    const char **answers;         /* by question; NULL where none was given */
    struct session_claim *claims;
    size_t claim_count;
    const char *text_file; /* of the articulation, or NULL */
    size_t text_words;
    json_t *marks;                  /* the last "mark" entry, or NULL */
    int64_t paused, lost, given;    /* sums, ns: pauses; lost time, and how much of it was given back */
    json_t *matrices[MOMENT_COUNT]; /* or NULL */
    json_t *score;                  /* the "score" entry, or NULL: the outcomes at the end */
    json_t *entries;                /* all, in their order */
    json_t *notes;                  /* texts: what the report has to say of the clock and the journal */
    struct journal journal;
};

/* Opens the session that a journal holds (journal_open), or a new one.  scenario must outlive it.  key: an exam's, or
 * NULL.  The descriptor is the session's from here on, even after an error; then nothing is left open. */
int session_open(struct session *session, const struct scenario *scenario, int journal, const struct journal_key *key,
                 struct error *err);
/* The same from entries that were verified (record.h), to look at what was recorded: nothing can be added to it. */
void session_recall(struct session *session, const struct scenario *scenario, const json_t *entries,
                    const struct journal *journal);
void session_close(struct session *session);

/* ---- the clock ---- */

/* Starts the clock.  note: more members for the journal's entry (stolen, may be NULL): "seed", "learner", "lab",
 * "boot_id". */
int session_begin(struct session *session, enum session_mode mode, int64_t boot, int64_t real, json_t *note,
                  struct error *err);
/* Nanoseconds by the exercise's clock, until the end; and left until the deadline of the present phase (INT64_MAX
 * without one, 0 when it has come). */
int64_t session_elapsed(const struct session *session, int64_t boot);
int64_t session_left(const struct session *session, int64_t boot);
/* Boot time of that deadline; INT64_MAX without one, and while the clock stands. */
int64_t session_deadline(const struct session *session);
/* Practice only. */
int session_pause(struct session *session, int64_t boot, int64_t real, struct error *err);
int session_resume(struct session *session, int64_t boot, int64_t real, struct error *err);

/* After a crash or a reboot: how long nobody could work, and how much of it is given back: all in practice, at most the
 * scenario's `grace` (less what was given before) in an exam. */
struct session_gap {
    const char *reason;             /* "the director was restarted", "the machine was restarted" */
    int64_t alive_boot, alive_real; /* the last moment at which it was seen alive; both 0: the last entry */
    bool rebooted;                  /* boot time has begun anew: only the wall clock tells how long it was */
    int64_t checkpoint_age;         /* ns: of what the lab was built from again */
    json_t *restored;               /* texts: what could not be put back in a lab that was built again; NULL: it stands
                                       as it was.  Stolen. */
};
int session_lost(struct session *session, const struct session_gap *gap, int64_t boot, int64_t real, struct error *err);

/* ---- phases ---- */

/* The present one, or NULL where the scenario has none. */
const struct phase *session_phase(const struct session *session);
bool session_last_phase(const struct session *session); /* true as well where there are none */
/* Whether something of this phase (task->phase, question->phase) can be seen and checked by now; -1: always. */
bool session_reached(const struct session *session, int phase);
/* Ends the present phase, not the last one: the clock stands until session_next_phase, which records what was measured
 * at its end and begins the next one. */
int session_end_phase(struct session *session, enum session_end end, int64_t boot, int64_t real, struct error *err);
int session_next_phase(struct session *session, const struct outcome *outcomes, size_t count, int64_t boot,
                       int64_t real, struct error *err);

/* ---- scheduled faults ---- */

/* Whether this fault is in force now, by its phase and its schedule; and the boot time at which that changes next
 * (INT64_MAX: not while the clock stands, or never). */
bool session_fault_due(const struct session *session, const struct fault *fault, int64_t boot);
int64_t session_fault_change(const struct session *session, const struct fault *fault, int64_t boot);
/* Whether this fault has been in force by the exercise's clock as it stands: one that is scheduled may come too late.
 */
bool session_fault_came(const struct session *session, const struct fault *fault);

/* ---- what a learner does ---- */

/* The next hint of a task that was not bought yet (task NULL: of the first task that has one), of the phases reached;
 * NULL where there is none. */
const struct hint *session_next_hint(const struct session *session, const char *task);
/* Buys it: the cost is recorded before the hint is out. */
int session_buy_hint(struct session *session, const struct hint *hint, int64_t boot, int64_t real, struct error *err);
/* Cost of the hints of a task that were bought. */
uint32_t session_hint_cost(const struct session *session, const char *task);
/* Records a diagnosis.  The words are checked: things of the lab, kinds of the catalogue. */
int session_claim(struct session *session, const struct strings *where, const char *what, bool none, int64_t boot,
                  int64_t real, struct error *err);
/* Records an answer; the last one counts.  ERR_USAGE where it cannot be one, ERR_ABSENT where no question is so called.
 */
int session_answer(struct session *session, const char *id, const char *answer, int64_t boot, int64_t real,
                   struct error *err);
/* The articulation: its words are counted, its hash recorded; the text itself lies in `file` (by name, in the
 * exercise's directory). */
int session_articulate(struct session *session, const char *text, size_t length, const char *file, int64_t boot,
                       int64_t real, struct error *err);

/* ---- the end ---- */

/* Stops the clock: from here on only the score is missing. */
int session_stop(struct session *session, enum session_end end, int64_t boot, int64_t real, struct error *err);
/* reason: "abandoned", "the lab was taken down" */
int session_abandon(struct session *session, const char *reason, int64_t boot, int64_t real, struct error *err);
/* What the record of an exercise needs beside the outcomes, so that the score can be computed again from the journal
 * alone.  Each may be NULL. */
struct session_record {
    const char *scenario, *topology; /* YAML: the drawn scenario as it was started, its topology */
    json_t *graph;                   /* of the topology at the end; stolen */
};
/* Records what was measured at the end, and the points that follow. */
int session_score(struct session *session, const struct outcome *outcomes, size_t count,
                  const struct session_record *record, int64_t boot, int64_t real, struct error *err);
/* A person's marks for the articulation: one for each line of its rubric, or one alone where it has none.  quotes:
 * {of, found}: how many lines the text quotes, and how many of them stand in what was recorded (stolen, may be NULL).
 */
int session_mark(struct session *session, const char *marker, const uint32_t *awarded, size_t count, json_t *quotes,
                 int64_t boot, int64_t real, struct error *err);
/* The sum of the last ones; 0 where there are none. */
uint32_t session_marked(const struct session *session);
int session_matrix(struct session *session, enum session_moment moment, const struct reach_matrix *matrix, int64_t boot,
                   int64_t real, struct error *err);
/* Any other entry, by its event; members are stolen:
 *   "check"  verdicts: {id: verdict}; verb: where it was not `check` itself that measured ("status")
 *   "change" text: for a person; things: [full names of what was changed]
 *   "fault"  fault: id; in: true or false
 *   "record" text: what was recorded; file */
int session_note(struct session *session, const char *event, json_t *members, int64_t boot, int64_t real,
                 struct error *err);
