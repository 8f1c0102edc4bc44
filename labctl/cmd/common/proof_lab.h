/* One lab of a proof, from the command line's side. */
#pragma once

#include <jansson.h>

#include "cmd/common/proof.h"

struct error;
struct launch;

/* Starts a lab of the job's name. */
int proof_lab_start(const struct proof_job *job, struct launch **out, struct error *err);
/* "proof-build" with these faults (ids; stolen). */
int proof_lab_build(struct launch *launch, const struct proof_run *run, json_t *faults, json_t **reply,
                    struct error *err);
/* "proof-measure"; red: stolen. */
int proof_lab_measure(struct launch *launch, const struct proof_run *run, json_t *red, json_t **reply,
                      struct error *err);
/* "proof-state": the devices' text; missing: receives what they lack, or NULL. */
int proof_lab_state(struct launch *launch, struct str *out, json_t **missing, struct error *err);
/* A look at every node: {node: text}. */
int proof_lab_look(struct launch *launch, const struct proof_run *run, json_t **looks, struct error *err);
/* "proof-score": as an exercise that ends now; solved: with the answer key and the true claim.  A red check is believed
 * after that time (0: after its own). */
int proof_lab_score(struct launch *launch, const struct proof_run *run, bool solved, int64_t settle_ms, json_t **result,
                    struct error *err);
/* One verb without descriptors; params stolen, reply may be NULL. */
int proof_lab_call(struct launch *launch, const char *verb, json_t *params, json_t **reply, struct error *err);
