/* Part of a command's work in a child process beside it, with a lab of its own: the lab lives only as long as the
 * child, and the child only as long as this process, so that nothing is left whoever is killed. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

struct error;

struct beside {
    pid_t pid;     /* 0: it has ended */
    int fd;        /* socket between the two */
    char name[40]; /* for its lab: with a dot, so that it is nobody's business; empty: it was never begun */
};

/* The work: returns an exit status, having printed why it is not 0. */
typedef int beside_work(void *context, struct beside *self);

int beside_begin(struct beside *beside, beside_work *work, void *context, struct error *err);
/* Tells the other one a value; where that has ended, nothing happens. */
void beside_tell(const struct beside *beside, const json_t *value);
/* Waits for a value from the other one; NULL where there will be none, or this process was sent a signal. */
json_t *beside_hear(const struct beside *beside);
/* Waits for what the work tells: 0, or its exit status; -1 with err where it was ended from outside, or this process
 * was sent a signal meanwhile. */
int beside_take(struct beside *beside, json_t **out, struct error *err);
/* Ends it where it still works, and waits until its lab is gone.  Takes one that was never begun. */
void beside_end(struct beside *beside);
