/* Durations, rates, sizes and shares as they stand in YAML and on the command line.  A bare number is an error. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)
#define NANOSECONDS_PER_HOUR   (3600 * NANOSECONDS_PER_SECOND)
#define SHARE_WHOLE            UINT32_C(1000000000) /* a share of 100 %: shares count parts per 10^9 */
#define UNITS_TEXT_MAX         48

/* Each parse returns NULL on success, else a constant phrase that names the rule ("a duration such as 250ms, 2s, 5m or
 * 3h").  A fraction ("1.5s") is taken where it comes out even in the smallest unit. */
const char *duration_parse(const char *text, int64_t *out_nanoseconds);  /* 0, ns us ms s m h; not negative */
const char *rate_parse(const char *text, uint64_t *out_bits_per_second); /* bit kbit mbit gbit, powers of 1000 */
const char *size_parse(const char *text, uint64_t *out_bytes);           /* 1500b, 64k 1m 1g: powers of 1024 */
const char *share_parse(const char *text, uint32_t *out_parts);          /* "0.5%"; 0..100 */

/* Shortest form that parses back to the same value. */
const char *duration_format(int64_t nanoseconds, char out[static UNITS_TEXT_MAX]);
const char *rate_format(uint64_t bits_per_second, char out[static UNITS_TEXT_MAX]);
const char *size_format(uint64_t bytes, char out[static UNITS_TEXT_MAX]);
const char *share_format(uint32_t parts, char out[static UNITS_TEXT_MAX]);
