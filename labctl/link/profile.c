/* The table of named lines. */
#include "link/profile.h"

#include "base/str.h"
#include "base/table.h"
#include "base/units.h"

#define MILLISECONDS INT64_C(1000000)           /* in nanoseconds */
#define MEGABITS     UINT64_C(1000000)          /* in bits per second */
#define PERCENT(n)   ((uint32_t)((n)*10000000)) /* in parts per 10^9 */

const char *const profile_names[PROFILE_COUNT] = {
    [PROFILE_NONE] = "none",
    [PROFILE_DSL] = "dsl",
    [PROFILE_LTE] = "lte",
    [PROFILE_3G] = "3g",
    [PROFILE_SATELLITE_GEO] = "satellite-geo",
    [PROFILE_STARLINK] = "starlink",
    [PROFILE_BAD_WIFI] = "bad-wifi",
    [PROFILE_INTERCONTINENTAL] = "intercontinental",
};

const char *const profile_docs[PROFILE_COUNT] = {
    [PROFILE_NONE] = "a wire that does nothing to packets",
    [PROFILE_DSL] = "a home's line over copper, with a buffer that fills",
    [PROFILE_LTE] = "a mobile network of the fourth generation",
    [PROFILE_3G] = "a mobile network of the third generation",
    [PROFILE_SATELLITE_GEO] = "a geostationary satellite: there and back takes 0.6 s",
    [PROFILE_STARLINK] = "satellites in a low orbit: fast, with bursts of loss when one is left for the next",
    [PROFILE_BAD_WIFI] = "a wireless network at the edge of its range",
    [PROFILE_INTERCONTINENTAL] = "an undersea cable: long, wide and clean",
};

const struct impairment *profile_impairment(enum profile profile)
{
    static const struct impairment profiles[PROFILE_COUNT] = {
        [PROFILE_DSL] = {.delay = 12 * MILLISECONDS,
                         .jitter = 2 * MILLISECONDS,
                         .distribution = DISTRIBUTION_NORMAL,
                         .rate = 16 * MEGABITS,
                         .limit = 200},
        [PROFILE_LTE] = {.delay = 30 * MILLISECONDS,
                         .jitter = 8 * MILLISECONDS,
                         .distribution = DISTRIBUTION_NORMAL,
                         .loss = PERCENT(0.1),
                         .rate = 20 * MEGABITS,
                         .limit = 300},
        [PROFILE_3G] = {.delay = 80 * MILLISECONDS,
                        .jitter = 20 * MILLISECONDS,
                        .distribution = DISTRIBUTION_NORMAL,
                        .loss = PERCENT(0.5),
                        .rate = 2 * MEGABITS,
                        .limit = 200},
        [PROFILE_SATELLITE_GEO] = {.delay = 300 * MILLISECONDS,
                                   .jitter = 5 * MILLISECONDS,
                                   .distribution = DISTRIBUTION_NORMAL,
                                   .loss = PERCENT(0.2),
                                   .rate = 20 * MEGABITS,
                                   .limit = 1000},
        [PROFILE_STARLINK] = {.delay = 20 * MILLISECONDS,
                              .jitter = 5 * MILLISECONDS,
                              .distribution = DISTRIBUTION_NORMAL,
                              .loss = PERCENT(0.5),
                              .loss_burst = 20,
                              .rate = 100 * MEGABITS,
                              .limit = 1000},
        [PROFILE_BAD_WIFI] = {.delay = 10 * MILLISECONDS,
                              .jitter = 8 * MILLISECONDS,
                              .distribution = DISTRIBUTION_PARETONORMAL,
                              .loss = PERCENT(3),
                              .loss_burst = 4,
                              .rate = 10 * MEGABITS,
                              .limit = 100},
        [PROFILE_INTERCONTINENTAL] = {.delay = 75 * MILLISECONDS,
                                      .jitter = 1 * MILLISECONDS,
                                      .distribution = DISTRIBUTION_NORMAL},
    };
    return &profiles[(unsigned)profile < PROFILE_COUNT ? profile : PROFILE_NONE];
}

enum profile profile_find(const char *name)
{
    for (int i = PROFILE_NONE + 1; i < PROFILE_COUNT; i++)
        if (str_equal(profile_names[i], name))
            return (enum profile)i;
    return PROFILE_NONE;
}

bool profile_member(enum profile profile, const struct impairment *impairment, const struct impairment_row *row,
                    struct str *out)
{
    STR_AUTO usual = STR_INIT;
    STR_AUTO value = STR_INIT;
    bool has = impairment_get(profile_impairment(profile), row, &usual);
    if (!impairment_get(impairment, row, &value) && has)
        str_append(&value, row->fallback);
    if (str_equal(str_text(&value), str_text(&usual)))
        return false;
    str_append(out, str_text(&value));
    return true;
}

bool profile_describes(enum profile profile, const struct impairment *impairment)
{
    struct impairment read = *profile_impairment(profile);
    STR_AUTO value = STR_INIT;
    for (size_t i = 0; i < impairment_row_count; i++) {
        str_clear(&value);
        if (impairment_rows[i].type == IMPAIRMENT_TRACE) /* no profile has one: it stands as it is */
            read.trace = impairment->trace;
        else if (profile_member(profile, impairment, &impairment_rows[i], &value) &&
                 impairment_set(&read, &impairment_rows[i], str_text(&value)))
            return false;
    }
    return impairment_equal(&read, impairment);
}
