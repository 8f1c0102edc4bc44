/* All that the devices of a lab hold, as text, so that two labs can be compared. */
#pragma once

struct director;
struct error;
struct str;

/* Appends the state of every namespace, a line for each thing, in an order of its own: without indices, counters, and
 * what comes and goes by itself (learnt neighbours). */
int proof_state_write(struct director *director, struct str *out, struct error *err);
