/* The second witness: which packets left the prober's node, and which reached the target.  Inside the room only.
 *
 * Whoever is root in a node can answer in another one's name (redirect, DNAT, a second holder of an address, a poisoned
 * neighbour entry), can keep a prober from asking, and can hide the answer from it.  None of it changes what passes the
 * far ends of the interfaces, in the fabric or the cloud, where no learner comes.  A packet is known again by what
 * address translation leaves alone: TCP's sequence number, the cookie in an ICMP echo, what a datagram carries.
 *
 * Honest ways must not be taken for cheats.  Somebody who speaks to the target in the prober's place (a proxy) begins a
 * conversation of his own with it: one that no other measurement began counts as well.  Where tunnels could carry the
 * packets, where packets were lost to the witness, and where an interface has no far end that can be seen, nothing is
 * said. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/facts.h"
#include "kernel/tap.h"

struct engine;
struct node;
struct probe_world;
struct witness;

/* NULL where the world shows no far ends. */
struct witness *witness_new(const struct probe_world *world, struct engine *engine, enum tap_part part);
/* Takes NULL.  The packet sockets stay open to the end of the process: closing one takes the kernel tens of
 * milliseconds, and a prober has something to tell before. */
void witness_free(struct witness *witness);
/* From now on, watches the node's interfaces. */
void witness_cover(struct witness *witness, const struct node *node);
/* Takes what was seen meanwhile; returns how many packets there are now.  Called often enough, nothing is lost. */
size_t witness_look(struct witness *witness);

/* What a measurement sends, to know it again. */
struct flow {
    int protocol;           /* IPPROTO_*; 0: nothing that could be known again */
    uint16_t local, remote; /* ports of TCP and UDP */
    uint64_t cookie;        /* of ICMP echo */
    uint32_t answers;       /* so many of them came back */
    bool hops_limited;      /* few hops to go, and who answers may say anything: that it arrived is enough */
    size_t since;           /* packets seen before it began */
};
/* Notes that a prober of this set sends it: so nobody else's measurement takes it for its own. */
void witness_claim(struct witness *witness, const struct node *from, const struct flow *flow);
/* Fills left, arrived and returned of the fact.  to: the node that has the target's address, or NULL. */
void witness_tell(struct witness *witness, const struct flow *flow, const struct node *from, const struct node *to,
                  struct fact *fact);

/* A matrix, for each ordered pair, SIGHT_*, row-major: of one that answered, was it the target; of one that did not,
 * did its packet leave the node, and did an answer come back to it? */
struct witness_pairs {
    uint8_t *arrived, *left, *returned;
};
struct witness_sweep {
    const struct node *const *nodes;
    size_t count;
    size_t since;
    /* ICMP: in the cookie; the source is the identifier less `base`, the destination the sequence number */
    uint64_t cookie;
    uint16_t base;
    /* TCP: the port, and for each pair where it goes and its local port (0: none) */
    uint16_t port;
    const struct addr *addrs;
    const uint16_t *locals;
};
void witness_tell_matrix(struct witness *witness, const struct witness_sweep *sweep, const struct witness_pairs *out);
/* Did this packet pass the far end of the node's interfaces, to the node or from it?  sign: what tap.h tells packets
 * by: the cookie of ICMP, else the mark. */
int witness_saw(struct witness *witness, const struct node *node, bool to_node, int protocol, uint64_t sign,
                size_t since);
