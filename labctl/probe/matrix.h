/* The matrix: what its two ways (ICMP, TCP) share.  Inside the room only. */
#pragma once

#include "probe/engine.h"
#include "probe/neighbour.h"

struct matrix_node {
    const struct node *node;
    int netns; /* borrowed */
};

struct matrix {
    struct attempt *attempt;
    struct matrix_node *nodes;
    size_t count;
    struct addr *addrs; /* row-major: where node i reaches node j; family 0 = nowhere, or i == j */
    uint16_t port;      /* of the present layer; 0: ICMP */
    size_t layer, layers;
    bool over;         /* the present layer is: a timer of its way may still come */
    struct timer next; /* layer */
    uint8_t *cells;    /* of all layers; the fact shows those of the present one meanwhile */
    int64_t limit;     /* ns that a pair has */
    size_t pairs, settled, answered;
    size_t total;               /* answered in all layers */
    size_t refusals;            /* ENOBUFS */
    struct witness_sweep sweep; /* how the witness knows the packets again */
    size_t impostors;           /* answers that were not the target's */
    const bool *wanted;         /* of all layers: which pairs shall answer */
    struct matrix_silence {
        size_t pairs, left, kept_back, returned, unknown;
    } silence; /* of those that shall not answer and did not, in all layers */
    struct neighbours *neighbours;
    void *way; /* struct of the way */
};

/* Begin and release of the two ways; each calls matrix_settle for every pair with an address, then matrix_finish. */
void matrix_icmp_start(struct matrix *matrix);
void matrix_icmp_release(struct matrix *matrix);
void matrix_tcp_start(struct matrix *matrix);
void matrix_tcp_release(struct matrix *matrix);

/* The pair's outcome, the first time that one is known. */
void matrix_settle(struct matrix *matrix, size_t pair, enum fact_outcome outcome);
/* Everything else got no answer: goes on to the next layer, or ends the attempt.  Once for each layer: what comes of it
 * afterwards (a turn, a patience that was set) is nothing. */
void matrix_finish(struct matrix *matrix);
