/* Reading a scenario in several variants: what is wrong in one of them is reported with its seed. */
#pragma once

#include <stddef.h>

struct document;
struct findings;
struct scenario;

/* Reads the variants of the seeds 1, 2, … : `seeds` of them, or with 0 as many as it takes until each choice and each
 * ticket was drawn once, at least 10 and at most 200, then each end of a range, and each choice that no seed has drawn;
 * one where nothing is drawn.  Findings are added to those of the document, each once; what not all variants have names
 * the first seed that has it.  *out: the first variant, or NULL.  Returns how many variants were read. */
size_t read_variants(struct document *document, size_t seeds, struct scenario **out);
