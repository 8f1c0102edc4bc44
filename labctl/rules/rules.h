/* What a topology must hold beyond being well written: a table of named rules, each a function that reports what breaks
 * it.  Pure.  Runs on whatever could be loaded: what is zero in the model was reported before and is passed over. */
#pragma once

#include <stddef.h>

#include "base/mark.h"

struct topology;
struct rules;

struct rule {
    const char *name; /* as in [brackets] */
    enum finding_level level;
    const char *doc; /* one sentence: what holds */
    void (*check)(struct rules *rules);
};

extern const struct rule rules_table[]; /* sorted by name */
extern const size_t rules_count;

/* Adds all findings of all rules, unsorted.  A topology without errors can be lowered. */
void rules_check(const struct topology *topology, struct findings *findings);
