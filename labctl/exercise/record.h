/* A recorded exercise: its journal, verified, and the result that follows from it.  Whoever has the journal can compute
 * the score again, by hand or with this. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "exercise/journal.h"
#include "score/points.h"

struct error;
struct scenario;

struct record {
    json_t *entries;
    struct journal journal; /* its count and head; nothing can be added */
    json_t *score;          /* the "score" entry, or NULL: it was never scored */
};

/* Verifies the text of a journal.  key: an exam's, or NULL. */
int record_read(const char *text, size_t length, const struct journal_key *key, struct record *record,
                struct error *err);
void record_free(struct record *record);
/* What the exercise was started with: the drawn scenario without its topology, and the topology, as YAML.  ERR_FILE
 * where the journal has no score. */
int record_texts(const struct record *record, const char **scenario, const char **topology, struct error *err);
/* The points anew, from journal and scenario alone.  ERR_FILE where the recorded score does not follow from them.
 * result: the whole result as well, or NULL. */
int record_result(const struct record *record, const struct scenario *scenario, json_t **result, struct points *points,
                  struct error *err);
