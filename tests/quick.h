/* Do times count in this run? */
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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
