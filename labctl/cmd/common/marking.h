/* The text of an exercise that a person marks: found, checked against the journal, its quotes looked up. */
#pragma once

#include <jansson.h>

#include "base/str.h"
#include "exercise/quotes.h"

struct arena;
struct error;

struct marking {
    struct str directory;
    json_t *result;      /* its report, as it was written */
    const json_t *asked; /* "articulate" of the report */
    struct str text;
    struct quotes quotes; /* in the arena */
    size_t recordings;    /* that were looked through */
};
/* name: as exercise_report_read has it.  ERR_ABSENT: nothing was asked in writing, or handed in; ERR_FILE: the text is
 * not the one that was handed in. */
int marking_read(struct marking *marking, const char *name, struct arena *arena, struct error *err);
void marking_free(struct marking *marking); /* takes a zeroed one */
#define MARKING_AUTO __attribute__((cleanup(marking_free))) struct marking

/* "short by 188", "long by 40", or "" where it is about as long as it should be: within a tenth. */
void marking_length(const struct marking *marking, struct str *out);
