/* Scores computed again from journals alone. */
#pragma once

#include <jansson.h>

#include "score/points.h"

struct error;

/* Reads journals one after the other; a scenario that several of them were started with is read once. */
struct rescoring;
struct rescoring *rescoring_new(void);
void rescoring_free(struct rescoring *rescoring); /* takes NULL */
/* The points of one exercise (exercise_journal_read's name) by its journal (code: of an exam, or NULL), and its result
 * where `result` is not NULL. ERR_FILE where the journal is corrupted, or the recorded score does not follow from it.
 */
int rescore(struct rescoring *rescoring, const char *name, const char *code, json_t **result, struct points *points,
            struct error *err);
