/* Verbs of a lab in which a scenario is proved (`labctl prove`): it is built, measured, compared and ended.  Nothing of
 * it is judged here: what each step must show is exercise/proof.h's to say. */
#pragma once

#include "director/director.h"

/* Descriptors: the stripped scenario, its topology.  params: "faults": ids of those that are folded in (those with a
 * schedule too: nobody waits).  Answers {"faults": [{id, kind, in_force}], "differences": [{node, item, text, path?}]},
 * the second being all that the faults change, by the plans. */
verb_run verb_proof_build;
/* params: "red": ids of the tasks that are expected red (one attempt decides; everything else is given its time);
 * "listened": what listened when the lab was healthy.  Answers {"checks": […], "listened": {…}, "score": the
 * result of an exercise that ends like this}. */
verb_run verb_proof_measure;
/* Answers {"missing": […]}: what the healthy lab's plan says and a device does not; and as descriptor 0 a text of all
 * that no node sees: links, addresses, routes, rules and nftables of the fabric and the cloud. */
verb_run verb_proof_state;
/* Measures everything as the end of an exercise does, and scores it.  params: "listened"; "solved": with the answer key
 * and the true claim; "settle_ms": a red check is believed after that time (0: after its own).  Answers {"result": as
 * exercise/result.h makes it}. */
verb_run verb_proof_score;
