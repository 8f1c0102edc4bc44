/* The impairments of a plan, found by the node's interface: what the wire behind it does, in each direction. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

/* The impairment of what the node's interface sends or receives; all zero where there is none. */
struct impairment plan_get_impairment(const struct plan *plan, uint32_t ns, const char *interface,
                                      enum plan_direction direction);
/* Replaces it; one that does nothing is taken away.  False where there is no such interface. */
bool plan_set_impairment(struct plan *plan, uint32_t ns, const char *interface, enum plan_direction direction,
                         const struct impairment *is, const char *origin);
/* Adds to what befalls TCP and UDP that the node's interface receives for one port, and nothing else.  False where
 * there is no such interface. */
bool plan_impair_port(struct plan *plan, uint32_t ns, const char *interface, uint16_t port,
                      const struct impairment *more, const char *origin);
/* Adds one at a far end that has none in that direction yet, without looking (for making a plan).  Does nothing where
 * the impairment does nothing. */
void plan_add_impairment(struct plan *plan, uint32_t far_ns, const char *far_name, enum plan_direction direction,
                         const struct impairment *is, const char *origin);
