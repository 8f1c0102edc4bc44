/* What makes two items of two plans the same thing, and what makes them equal.  Private to plan/.
 *
 * Namespaces have other indices in another plan: both plans' indices are translated to identities, equal where name and
 * kind are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/difference.h"
#include "plan/plan.h"

struct side {
    const struct plan *plan;
    const uint32_t *identity; /* by namespace index */
    const uint32_t *view;     /* identity by hosts view index */
};

uint64_t key_hash(const struct side *side, enum plan_item item, size_t i);
/* The same thing? */
bool key_same(const struct side *a, size_t i, const struct side *b, size_t j, enum plan_item item);
/* The same thing in the same state?  Call only where key_same. */
bool content_equal(const struct side *a, size_t i, const struct side *b, size_t j, enum plan_item item);
/* Can the state be changed without removing the thing? */
bool content_in_place(const struct side *a, size_t i, const struct side *b, size_t j, enum plan_item item);

uint64_t hash_mix(uint64_t hash, uint64_t value);
uint64_t hash_text(uint64_t hash, const char *text); /* NULL counts as "" */
uint64_t hash_interface(uint32_t identity, const char *name);
