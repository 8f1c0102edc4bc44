/* Impairments by the name of what has them: a line of a kind that everybody knows, as one word.
 *
 * The figures are round and typical of such a line, one way, for exercises; nobody's measurement. */
#pragma once

#include <stddef.h>

#include "link/impairment.h"

enum profile {
    PROFILE_NONE, /* no name */
    PROFILE_DSL,
    PROFILE_LTE,
    PROFILE_3G,
    PROFILE_SATELLITE_GEO,
    PROFILE_STARLINK,
    PROFILE_BAD_WIFI,
    PROFILE_INTERCONTINENTAL,
    PROFILE_COUNT
};
extern const char *const profile_names[PROFILE_COUNT];
extern const char *const profile_docs[PROFILE_COUNT]; /* what it is; its figures are impairment_format's to write */

/* What such a line does in one direction; nothing for PROFILE_NONE. */
const struct impairment *profile_impairment(enum profile profile);
enum profile profile_find(const char *name); /* PROFILE_NONE where unknown */
