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
    size_t pairs, settled, answered;
    size_t refusals;            /* ENOBUFS */
    struct witness_sweep sweep; /* how the witness knows the packets again */
    size_t impostors;           /* answers that were not the target's */
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
/* Everything else got no answer: ends the attempt. */
void matrix_finish(struct matrix *matrix);
