/* One direction of an impaired wire: what happens to each packet, and when it arrives.  Pure: time comes in as a
 * number, chance from a seed.
 *
 * Decisions are taken in netem's order, so that the same parameters mean the same: duplicate, lose, corrupt, drop where
 * the wire is full, then delay (or overtake), then wait for the rate. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/impairment.h"
#include "link/random.h"

struct wire_counters {
    uint64_t entered, passed, lost, duplicated, corrupted, reordered, overflowed; /* packets */
    uint64_t bytes;                                                               /* passed */
};

struct wire {
    struct impairment is;
    struct gilbert gilbert;
    bool bursts;                 /* gilbert holds */
    const int16_t *distribution; /* NULL: uniform */
    size_t distribution_size;
    int16_t *own_distribution; /* that of a table, or NULL */
    struct random random;
    uint32_t last_delay, last_loss, last_duplicate, last_corrupt, last_reorder; /* what correlations look back to */
    bool bad;                                                                   /* Gilbert-Elliott: in the bad state */
    uint64_t since_lost;                                                        /* loss_every */
    uint32_t since_overtaken;                                                   /* reorder_gap */
    struct {
        uint32_t *times; /* milliseconds */
        size_t count, next;
        int64_t begin; /* of the round that `next` is in; 0: not begun */
        size_t left;   /* bytes of the opportunity before `next` that nobody used */
    } trace;
    int64_t last_due; /* of the last packet that waited for the rate */
    uint32_t held;    /* packets on the wire, kept by the caller: + 1 for each copy, - 1 when it arrives */
    struct wire_counters counters;
};

/* What becomes of one packet: up to two copies. */
struct wire_copy {
    int64_t due;         /* nanoseconds, on the clock of `now` */
    bool corrupt;        /* one bit is to be flipped: … */
    uint32_t corruption; /* … drawn for it; wire_corrupt says which */
};
struct wire_verdict {
    unsigned copies;
    struct wire_copy copy[2];
};

/* Takes what is's lists say; wire_end frees it.  stream tells wires of the same seed apart (there and back). */
void wire_init(struct wire *wire, const struct impairment *is, uint64_t seed, uint64_t stream);
/* New parameters; counters, states and random numbers go on.  A new seed begins anew. */
void wire_change(struct wire *wire, const struct impairment *is, uint64_t seed, uint64_t stream);
void wire_end(struct wire *wire);
/* length: of the frame, in bytes; now: when it entered the wire. */
struct wire_verdict wire_enter(struct wire *wire, size_t length, int64_t now);
/* Flips one bit behind the first `skip` bytes. */
void wire_corrupt(uint8_t *frame, size_t length, size_t skip, uint32_t corruption);
