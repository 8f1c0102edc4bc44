/* Model → plan: what a topology means on a machine.  Pure, deterministic, work proportional to the topology. */
#pragma once

struct topology;
struct plan;
struct error;

/* The device plan of a topology that was loaded and in which rules/ found no error; its services are not in it
 * (service/).  plan_free ends it; it keeps nothing of the topology.  Names, addresses and marks of a thing are a
 * function of its name: adding another thing leaves them alone.  0, or -1 with err where the topology cannot be
 * lowered. */
int lower_topology(const struct topology *topology, struct plan **out, struct error *err);
