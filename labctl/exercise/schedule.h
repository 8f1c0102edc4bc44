/* When scheduled faults come and go: a function of the exercise's clock alone, so that a pause stops it and a test need
 * not wait. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;

/* Whether it is in force at this time of its clock (ns since the exercise or its phase began).  A fault without a
 * schedule is from 0 on. */
bool schedule_in_force(const struct fault *fault, int64_t elapsed);
/* The first time after `elapsed` at which that changes; INT64_MAX where it never does. */
int64_t schedule_change(const struct fault *fault, int64_t elapsed);
