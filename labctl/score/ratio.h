/* Exact fractions: a score has halves and thirds, and a pass mark is met or missed by the last of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* above / below in lowest terms; below > 0.  Scores stay far below the limits: see diagnosis.h for what bounds them. */
struct ratio {
    int64_t above, below;
};

struct ratio ratio_of(int64_t above, int64_t below);
static inline struct ratio ratio_whole(int64_t value)
{
    return (struct ratio){value, 1};
}
struct ratio ratio_add(struct ratio a, struct ratio b);
struct ratio ratio_subtract(struct ratio a, struct ratio b);
struct ratio ratio_multiply(struct ratio a, struct ratio b);
int ratio_compare(struct ratio a, struct ratio b); /* <0, 0, >0 */
static inline bool ratio_is_whole(struct ratio a)
{
    return a.below == 1;
}
/* "15", "7.5", "2.333": at most three places, rounded towards 0. */
#define RATIO_TEXT_MAX 48
const char *ratio_format(struct ratio a, char out[static RATIO_TEXT_MAX]);
/* "15", "15/2": exactly. */
const char *ratio_exact(struct ratio a, char out[static RATIO_TEXT_MAX]);
