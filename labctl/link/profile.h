/* Impairments by the name of what has them: a line of a kind that everybody knows, as one word.
 *
 * The figures are round and typical of such a line, one way, for exercises; nobody's measurement. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "link/impairment.h"

struct str;

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

/* Writing an impairment down as `profile: NAME` and the keys that change it. */
/* Can it be?  A rate that the profile has and the impairment has not, say, cannot be taken away by a key. */
bool profile_describes(enum profile profile, const struct impairment *impairment);
/* Appends what stands for a parameter beside the profile's name: the value, or that it is none after all ("0%").  False
 * (and nothing) where it need not stand there. */
bool profile_member(enum profile profile, const struct impairment *impairment, const struct impairment_row *row,
                    struct str *out);
