/* The prober: the forked process in which the checks of a set are measured.  Inside the room only. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "director/checks.h"

struct lab;
struct plan;
struct topology;

/* The parts of checks_options.listened_healthy (checks.c). */
int memory_listened(int memory); /* LISTENED_* */
int memory_left(int memory);     /* SIGHT_* */
int memory_returned(int memory);

struct prober_task {
    struct lab *lab;
    const struct topology *topology;
    const struct check *const *checks; /* first those that are asked for, then controls that nobody asked for */
    size_t count, asked;
    const int *listened_healthy; /* of those that are asked for: for memory_listened and so on */
    const struct plan *plan;     /* what the lab is: where the wires end */
    bool with_metrics;
    bool single_attempt;
    pid_t director; /* with which the prober ends */
};

/* What runs in the child: measures, sends one message for each result over fd, and returns the exit status.  Messages:
 * {"index", "verdict", "expected", "seen", "duration", "attempts", "listener", "left", "returned"[, "cells"]}, and
 * {"run", "argv"} with two descriptors (output; the control socket of a spawned process, lab/keeper.h). */
int prober_main(const struct prober_task *task, int fd);

/* Has it an address, so that it can stand in a matrix? */
struct node;
bool checks_measurable(const struct node *node);

/* The checks that show whether a node reaches anything at all: pings of its gateways, or of its neighbours where it has
 * none.  Appended to *checks (in the arena). */
struct arena;
void prober_controls(const struct topology *topology, const struct node *node, struct arena *arena,
                     const struct check ***checks, size_t *count);
