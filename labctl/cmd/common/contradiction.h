/* Faults of a scenario that do nothing, or do not go together, found without building anything. */
#pragma once

struct findings;
struct scenario;

/* Adds a finding for each fault that changes nothing, alone or beside the others; that cannot be put in beside the
 * others; or that changes something alone, but nothing beside the others.  Faults that come and go by the clock, and
 * those of different phases, are not held against each other.  The scenario and its faults must be valid. */
void contradictions_check(const struct scenario *scenario, struct findings *findings);
