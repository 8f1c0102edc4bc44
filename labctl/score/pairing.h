/* Which claim speaks of which fault: pairs one to one. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define UNPAIRED SIZE_MAX

/* Pairs each row with a column of its own so that the sum of what the pairs are worth is greatest.  worth: rows x
 * columns, row by row, none negative, rows <= columns.  out: the column of each row. */
void pairing_best(const int64_t *worth, size_t rows, size_t columns, size_t *out);
