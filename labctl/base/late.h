/* Libraries that only few runs need, loaded where they are first used instead of at every start: libcurl alone brings
 * forty others along, which take longer to load than most commands take to run. */
#pragma once

#include <stddef.h>

struct error;

struct late_function {
    const char *name;
    void *place; /* of the pointer to the function */
};

/* Loads `library` (its file name, as the linker would note it) and fills in the pointers.  -1 with err where it or one
 * of the functions is missing. */
int late_load(const char *library, const struct late_function *functions, size_t count, struct error *err);
