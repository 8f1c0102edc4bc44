/* Who sends and receives how much: the difference of two readings of the nodes' counters (report/metrics.h). */
#pragma once

#include <jansson.h>

struct str;

/* The traffic of each interface between two replies' "metrics", `seconds` (above 0) apart, the busiest first and the
 * silent ones in the lab's order: [{node, interface, up, receive_bits, receive_packets, transmit_bits,
 * transmit_packets, dropped}], all of them for each second.  dropped: packets that the interface dropped or found
 * broken, either way.  An interface that is in one of the two only, or was made anew between them, has no traffic. */
json_t *top_rates(const json_t *earlier, const json_t *later, double seconds);
/* As a table for people, a line for each. */
void top_write(const json_t *rates, struct str *out);
