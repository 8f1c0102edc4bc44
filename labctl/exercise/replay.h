/* What the files of this room share: what an entry makes of a session, outcomes as they are recorded. */
#pragma once

#include "exercise/result.h"
#include "exercise/session.h"

/* A journal_entry: changes the session as the entry says, and keeps it. */
void session_replay(void *session, json_t *entry);
/* {id: {verdict, asked, expected, seen, duration, attempts}} */
json_t *outcomes_json(const struct outcome *outcomes, size_t count);
/* Refuses what needs a running clock. */
int session_needs_clock(const struct session *session, struct error *err);
