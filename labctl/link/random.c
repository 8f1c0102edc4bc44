#include "link/random.h"

#include "base/units.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void random_seed(struct random *random, uint64_t seed, uint64_t stream)
{
    uint64_t state = seed;
    state = splitmix(&state) ^ stream;
    for (int i = 0; i < 4; i++)
        random->state[i] = splitmix(&state);
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

uint64_t random_next(struct random *random)
{
    uint64_t *s = random->state, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* The upper half of a product instead of a remainder: unbiased to within bound / 2^32. */
uint32_t random_below(struct random *random, uint32_t bound)
{
    return (uint32_t)(((random_next(random) >> 32) * bound) >> 32);
}

uint32_t random_correlated(struct random *random, uint32_t correlation, uint32_t *last)
{
    uint32_t value = (uint32_t)(random_next(random) >> 32);
    if (!correlation)
        return value;
    uint64_t kept = (uint64_t)*last * correlation / SHARE_WHOLE;
    uint64_t fresh = (uint64_t)value * (SHARE_WHOLE - correlation) / SHARE_WHOLE;
    return *last = (uint32_t)(kept + fresh);
}

bool random_chance(struct random *random, uint32_t share, uint32_t correlation, uint32_t *last)
{
    if (!share)
        return false;
    return (uint64_t)random_correlated(random, correlation, last) * SHARE_WHOLE < ((uint64_t)share << 32);
}
