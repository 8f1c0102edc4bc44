/* Faults in a running lab: what stands in director_faults(), and the verbs that change it. */
#pragma once

#include <jansson.h>

#include "director/director.h"
#include "fault/fault.h"

struct arena;
struct scenario;

/* A record of director_faults() is {id, kind, at, parameters, injected, stage, before?, after?}; the last two are the
 * canonical topologies without and with a fault of the topology. */

/* Folds a scenario's faults into its topology: the text of the topology with those of the topology in it, and the
 * records for director_build. */
int faults_fold(const struct scenario *scenario, struct str *text, json_t **records, struct error *err);

/* Whether a recorded fault is in force, by the devices. */
enum fault_force fault_record_force(struct director *director, const json_t *record);

/* Puts a fault into the running lab, and takes one out again; one that is not in is out (0). */
int fault_put_in(struct director *director, const struct fault *fault, struct error *err);
int fault_take_out(struct director *director, const char *id, struct error *err);

/* For director_hooks. */
int faults_rewrite(struct director *director, const json_t *faults, struct topology *topology, struct plan *plan,
                   struct error *err);
json_t *faults_repaired(struct director *director, const char *path);

verb_run verb_fault_inject, verb_fault_clear, verb_fault_status;
