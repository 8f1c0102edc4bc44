/* Distributions of delays as tables of the inverse of their cumulative function: an entry drawn with equal chances is
 * a deviation, in units of 1/DISTRIBUTION_SCALE of the standard deviation (the form that netem takes,
 * linux/pkt_sched.h: NETEM_DIST_SCALE). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "link/impairment.h"

#define DISTRIBUTION_SCALE 8192
#define DISTRIBUTION_SIZE  4096
#define DISTRIBUTION_MOST  16384 /* values of a table of one's own; NETEM_DIST_MAX */

/* The table, made when it is first asked for.  (The uniform one reaches from -1 to 1: `jitter` is its half width.) */
const int16_t *distribution_table(enum distribution distribution);
/* A table of one's own, as impairment_set takes it; returns how many values it has. */
size_t distribution_parse(const char *text, int16_t out[static DISTRIBUTION_MOST]);
