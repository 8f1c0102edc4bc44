/* The same work for many things, on all processors. */
#pragma once

#include <stddef.h>

/* Called once for each index below `count`; calls with the same worker never overlap, so what a worker keeps between
 * its things may lie in an array by worker. */
typedef void parallel_one(void *context, unsigned worker, size_t index);

/* How many workers there would be for so many things: not more than processors, at least one. */
unsigned parallel_workers(size_t count);
/* Returns when all of it is done.  The caller is worker 0; where the system gives fewer threads, fewer do it. */
void parallel_each(size_t count, parallel_one *one, void *context);
