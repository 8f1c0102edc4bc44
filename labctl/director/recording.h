/* The sessions of an exercise that are recorded: what `exec` and `shell` start, as asciicasts in files of the user's.
 *
 * The director makes the file, writes its header and hands it to the process's waiter, which writes what is seen
 * (keeper/record.c); so no client has a part in it.  When the process has ended it is on record in the journal. */
#pragma once

#include <jansson.h>

#include "director/director.h"

struct error;
struct keeper_spawn_spec;
struct lab_event;

/* Where an exercise runs: makes the spawn one that is recorded.  *file: its recording, to be closed when the keeper has
 * it; -1 where there is none.  Never an error: that something could not be recorded is on record. */
void recording_begin(struct director *director, const char *node, const json_t *params, struct keeper_spawn_spec *spec,
                     int *file);
/* The keeper could not be asked for it. */
void recording_cancel(struct director *director, const struct keeper_spawn_spec *spec);
/* Puts on record what is not yet, sessions that are still open too: the exercise ends. */
int recording_rest(struct director *director, struct error *err);

/* For director_hooks. */
void recording_ended(struct director *director, const struct lab_event *event);
/* The director was restarted in an exercise. */
void recording_standing(struct director *director);

/* Descriptor: the directory where recordings are made, once in an exercise. */
verb_run verb_exercise_record;
