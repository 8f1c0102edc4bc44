/* Claims against the truth: which claims stand, and what they are worth (labctl-scoring(7), "Diagnosis").  Places are
 * full names of things; kinds and families are words. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/topology.h"
#include "score/ratio.h"

struct arena;

/* A claim names at most so many places, so that its credit is an exact fraction of small numbers. */
#define CLAIM_PLACES_MAX 12

struct claim {
    struct strings where; /* full names; empty where `none` */
    const char *what;     /* a kind, or NULL */
    const char *family;   /* of that kind, or NULL */
    bool none;            /* "nothing is broken" */
    /* filled in by diagnosis_score */
    struct ratio credit_where, credit_what; /* 0..1: of the fault that it counts for, else of the one that fits best */
    bool stands;                            /* it is one of those that count */
    bool located;                           /* its places have credit, whatever fault it counts for */
    size_t fault;                           /* the one that it counts for, or SIZE_MAX */
};

struct truth { /* one fault */
    struct strings places;
    struct strings accept; /* places that are as good, of this fault */
    const char *kind, *family;
    bool scheduled; /* comes or goes by the clock: noise, unless all faults are so */
    /* filled in */
    bool counted;
    size_t claim; /* the claim that counts for it, or SIZE_MAX */
    struct ratio credit;
};

struct diagnosis {
    struct ratio credit; /* of all: 0..1 */
    struct ratio earned; /* points × credit */
    size_t counted;      /* the claim that earned most (the later one of equals), or SIZE_MAX */
};

/* topology: for what is adjacent to what; accept: places that are as good as those of whatever fault a claim counts
 * for.  A pure function.
 *
 * Which claims stand: with one fault the last one; with several, as many as there are faults, the last ones, where a
 * later claim of the same places replaces the earlier one; "nothing is broken" takes back all before it.  A claim
 * speaks of one fault: those that stand are paired with the faults, one to one, so that all together earn most. */
struct diagnosis diagnosis_score(const struct topology *topology, uint32_t points, const struct strings *accept,
                                 struct truth *truths, size_t truth_count, struct claim *claims, size_t claim_count);
