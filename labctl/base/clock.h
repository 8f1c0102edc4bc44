/* Time, injected where it decides anything, so that tests need not wait. */
#pragma once

#include <stdint.h>

/* Nanoseconds of CLOCK_BOOTTIME (runs on through suspend). */
int64_t clock_boot(void);
/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t clock_monotonic(void);
/* Nanoseconds since 1970 of CLOCK_REALTIME. */
int64_t clock_real(void);
/* "2026-03-01T12:00:00Z" */
#define CLOCK_TEXT_MAX 40
const char *clock_format_real(int64_t nanoseconds, char out[static CLOCK_TEXT_MAX]);
