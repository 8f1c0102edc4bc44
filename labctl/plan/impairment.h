/* Impairments in a plan: packets are lost at the far end of a node's interface (a bridge port in the fabric, a port of
 * a cloud namespace), where neither the node's view nor its sockets can tell them from packets lost on a wire. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct plan;

enum plan_direction { PLAN_SENT, PLAN_RECEIVED }; /* as the node sees it */

/* Share (parts per 10^9) of the packets that the node's interface sends or receives which is lost on the wire: replaces
 * what was set for that direction; 0 takes it away.  False where there is no such interface. */
bool plan_set_loss(struct plan *plan, uint32_t ns, const char *interface, enum plan_direction direction, uint32_t parts,
                   const char *origin);
uint32_t plan_get_loss(const struct plan *plan, uint32_t ns, const char *interface, enum plan_direction direction);
/* Adds loss at a far end that has none in that direction yet, without looking (for making a plan). */
void plan_add_loss(struct plan *plan, uint32_t far_ns, const char *far_name, enum plan_direction direction,
                   uint32_t parts, const char *origin);
