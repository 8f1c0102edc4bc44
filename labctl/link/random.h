/* Repeatable random numbers: xoshiro256** (Blackman, Vigna: "Scrambled linear pseudorandom number generators"), seeded
 * by splitmix64, and decisions that depend on the one before as netem's do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state[4];
};

/* The same seed gives the same numbers.  stream: numbers of one seed that have nothing to do with each other. */
void random_seed(struct random *random, uint64_t seed, uint64_t stream);
uint64_t random_next(struct random *random);
uint32_t random_below(struct random *random, uint32_t bound); /* 0 … bound - 1, each as likely; bound > 0 */

/* A 32-bit number that keeps the share `correlation` (parts per 10^9) of the one before (tc-netem(8)). */
uint32_t random_correlated(struct random *random, uint32_t correlation, uint32_t *last);
/* True for the share (parts per 10^9), with correlation; a share of 0 draws nothing. */
bool random_chance(struct random *random, uint32_t share, uint32_t correlation, uint32_t *last);
