/* Checkpoints of the running exercise: what its lab can be built from again when keeper or machine are gone. */
#pragma once

#include <jansson.h>

#include "director/director.h"

struct error;
struct checkpoint;

enum checkpoint_fd { CHECKPOINT_FD_1, CHECKPOINT_FD_2, CHECKPOINT_FD_ALIVE, CHECKPOINT_FD_COUNT };

/* Begins: files (taken over; -1: none, nothing is kept) in the order of enum checkpoint_fd.  last: what they hold
 * already, or NULL; options: {"interval_ms", "hidden"}, for the next resume as well.  The first checkpoint is being
 * written when this returns. */
int checkpoint_begin(struct director *director, const int files[static CHECKPOINT_FD_COUNT],
                     const struct checkpoint *last, const json_t *options, struct error *err);
/* The same after a restart of the director. */
void checkpoint_standing(struct director *director);
/* The exercise is over: the files are emptied. */
void checkpoint_end(struct director *director);

/* Somebody gets into this node. */
void checkpoint_touch(const char *node);
/* Something beside the nodes has changed. */
void checkpoint_dirty(void);
/* Takes one now; err is NULL where it is written, or there was nothing new to write. */
typedef void checkpoint_done(struct director *director, void *context, const struct error *err);
void checkpoint_now(struct director *director, checkpoint_done *done, void *context);
