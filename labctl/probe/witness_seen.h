/* What the witness has seen.  Inside the room only. */
#pragma once

#include "kernel/tap.h"
#include "probe/witness.h"

struct arena;
struct map;
struct space;

/* A packet that leaves its node with so few hops to go is not meant to arrive. */
#define HOPS_LEAST 32

struct covered {
    uint32_t index;
    bool whole; /* all of its interfaces are watched */
};

struct passage {
    uint32_t node; /* whose far end; what is outgoing there goes to the node */
    struct tap_packet packet;
};

/* A measurement's own port, and the one that it asks. */
struct claim {
    uint32_t node;
    int protocol;
    uint16_t port, remote;
};

struct witness {
    struct arena *arena;
    const struct probe_world *world;
    struct engine *engine;
    enum tap_part part; /* not all: only a matrix can be told of */
    struct space **spaces;
    size_t space_count;
    struct map *by_name; /* struct covered */
    uint32_t covered_count;
    struct passage *passages;
    size_t passage_count;
    struct claim *claims;
    size_t claim_count;
    bool lost; /* not everything was seen */
};

/* Is the packet on its way to somebody?  hops_least: with how many hops to go it must leave. */
bool witness_goes_somewhere(const struct witness *witness, const struct tap_packet *packet, unsigned hops_least);
