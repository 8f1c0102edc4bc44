/* The three clocks as nanoseconds, and the time of day as text. */
#include "base/clock.h"

#include <time.h>

#include "base/units.h"

/* Reads a clock; those used here are always present, so there is no failure to report. */
static int64_t read_clock(clockid_t id)
{
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

int64_t clock_boot(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

int64_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_real(void)
{
    return read_clock(CLOCK_REALTIME);
}

const char *clock_format_real(int64_t nanoseconds, char out[static CLOCK_TEXT_MAX])
{
    time_t seconds = (time_t)(nanoseconds / NANOSECONDS_PER_SECOND);
    if (nanoseconds % NANOSECONDS_PER_SECOND < 0) /* before 1970: round down, as after it */
        seconds--;
    struct tm broken = {0};
    gmtime_r(&seconds, &broken);
    strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &broken);
    return out;
}
