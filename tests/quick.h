/* Do times count in this run? */
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Not with sanitizers, nor under valgrind (which preloads its own library): there everything takes many times as long.
 */
static inline bool times_count(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return false;
#else
    const char *preloaded = getenv("LD_PRELOAD");
    return !preloaded || !strstr(preloaded, "vgpreload");
#endif
}

/* Nanoseconds of a processor that this program has had: what else the machine does is not in it. */
static inline long long processor_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}
