/* The event loop behind director_watch and director_after. */
#pragma once

#include <stdint.h>

#include "director/director.h"

struct loop;
struct error;

struct loop *loop_new(struct director *director, struct error *err);
int loop_watch(struct loop *loop, int fd, director_ready *ready, void *context, struct error *err);
void loop_unwatch(struct loop *loop, int fd);
int loop_after(struct loop *loop, int64_t nanoseconds, director_timer *expired, void *context);
void loop_cancel(struct loop *loop, int timer);
/* Waits for and handles what is ready; until: boot time at which to come back in any case (INT64_MAX: never). */
int loop_once(struct loop *loop, int64_t until, struct error *err);
