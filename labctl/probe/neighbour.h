/* Permanent neighbour entries for the pairs that are measured.  Inside the room only.
 *
 * The neighbour table is one for the whole machine, and only permanent entries are exempt from its limit.  A lab gives
 * them to gateways and to small segments; in larger ones they would be too many (N²), so the prober puts in those of
 * the pairs that it measures, and takes them out again.  Segments that ask for dynamic ARP are left alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct node;
struct probe_world;
struct neighbours;

struct neighbour_pair {
    const struct node *from, *to;
};

/* Pairs with the same `from` should stand together.  What is there already stays as it is; failures are no error: the
 * measurement itself shows whether packets pass. */
struct neighbours *neighbours_add(const struct probe_world *world, const struct neighbour_pair *pairs, size_t count);
/* Can the machine's full table keep this node from its neighbours?  Not where all of them have permanent entries. */
bool neighbours_dynamic(const struct probe_world *world, const struct node *node);
void neighbours_remove(struct neighbours *neighbours); /* takes NULL; frees it */
