/* Records of faults, as they stand in director_faults() (director/fault.h). */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "fault/fault.h"

struct arena;
struct error;
struct str;

/* The record of a fault that is injected now, without the texts of before and after.  The caller's. */
json_t *record_new(const struct fault *fault, enum fault_stage stage);
const char *record_text(const json_t *record, const char *key); /* "" where there is none */
/* The fault of a record; its texts are borrowed from the record, the rest is in the arena. */
struct fault record_fault(const json_t *record, struct arena *arena);
bool record_of_topology(const json_t *record);

/* text with a fault of the topology in it. */
int record_rewrite(const char *text, const struct fault *fault, struct str *out, struct error *err);
/* text without a recorded fault of the topology; what was changed since is noted, where notes is not NULL. */
int record_restore(const char *text, const json_t *record, struct str *out, struct str *notes, struct error *err);
/* Takes one record out of text and faults, which is replaced; those that came later stay in force. */
int record_take_out(struct str *text, json_t **faults, const json_t *record, struct str *notes, struct error *err);
/* The records without one.  The caller's. */
json_t *records_without(const json_t *faults, const json_t *record);
