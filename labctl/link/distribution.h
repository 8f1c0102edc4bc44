/* Distributions of delays as tables of the inverse of their cumulative function: an entry drawn with equal chances is
 * a deviation, in units of 1/DISTRIBUTION_SCALE of the standard deviation (the form that netem takes,
 * linux/pkt_sched.h: NETEM_DIST_SCALE). */
#pragma once

#include <stdint.h>

#include "link/impairment.h"

#define DISTRIBUTION_SCALE 8192
#define DISTRIBUTION_SIZE  4096

/* The table, made when it is first asked for.  (The uniform one reaches from -1 to 1: `jitter` is its half width.) */
const int16_t *distribution_table(enum distribution distribution);
