/* The way of a packet through a topology's machines, by their declared routes: enough to know where a way back can be
 * bent.  Bridges, links and the internet are walked; a VPC's inside is not (its router is no machine). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/topology.h"

#define WALK_MAX 64

struct hop {
    const struct node *node;
    const struct interface *in;  /* NULL at the first hop */
    const struct interface *out; /* NULL at the last */
    struct addr next;            /* whom it is handed to: a router, or the destination */
    struct prefix destination;   /* the route taken */
    bool connected;              /* that route is an interface's own */
    uint32_t table;              /* where it stands: 254 = main */
};

struct walk {
    struct hop hops[WALK_MAX];
    size_t count;
    bool arrived;
};

/* From a node to an address, as a packet with that source goes. */
void walk_route(const struct topology *topology, const struct node *from, struct addr source, struct addr destination,
                struct walk *out);
bool walk_passes(const struct walk *walk, const struct node *node);
/* The interface of `node` and the one of `other` on one bridge or link, with an address of that family on both sides.
 */
bool walk_shared(const struct node *node, const struct node *other, unsigned family, const struct interface **mine,
                 const struct interface **theirs, struct addr *their_address);
/* The address of that family on an interface; family 0 where it has none. */
struct prefix interface_address(const struct interface *interface, unsigned family);
