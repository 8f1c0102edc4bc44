/* Whether the report of an exercise is what follows from its journal. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct error;
struct rescoring;
struct str;

/* Compares a report that was read (exercise_report_read's name, path and result) with the journal beside it.  What is
 * not so is appended to `differs`, a few members with both values ("points.total is 95, and 40 follows from …"); a
 * journal that does not hold is said there as well.  Without a journal nothing can be said, which is appended to
 * `note`, as is that an exam's journal cannot be verified without its start code (code: or NULL). */
void report_match(struct rescoring *rescoring, const char *name, const char *path, const json_t *result,
                  const char *code, struct str *differs, struct str *note);
/* The same of a result that was computed again, already. */
void report_differs(const json_t *told, const json_t *follows, struct str *differs);
