/* Who reaches whom, for the comparison at the end of an exercise: by ICMP, and by TCP at the ports that its tasks and
 * guards name. */
#pragma once

#include <jansson.h>

#include "score/comparison.h"

struct arena;
struct director;
struct error;
struct scenario;

/* reach: {"nodes": [name], "sets": [{"port", "cells"}]}, cells with one digit (enum fact_outcome) for each ordered
 * pair, port 0 for ICMP; stolen.  NULL where it could not be measured. */
typedef void reach_done(struct director *director, void *context, json_t *reach);
/* Starts the measurement: one attempt a pair, all at once, of the scenario's topology. */
int reach_measure(struct director *director, const struct scenario *scenario, reach_done *done, void *context,
                  struct error *err);
/* The pairs of a measurement; names are borrowed from it. */
struct reach_matrix reach_matrix_of(const json_t *reach, struct arena *arena);
