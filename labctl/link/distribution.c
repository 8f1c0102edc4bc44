/* The normal distribution, the Pareto distribution of shape 3 (moved to mean 0 and deviation 1), and the mixture of a
 * quarter normal and three quarters Pareto that iproute2 calls paretonormal. */
#include "link/distribution.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Phi, to the last digit; its inverse by bisection: 16384 values are made once. */
static double normal_inverse(double share)
{
    double low = -8, high = 8;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (0.5 * erfc(-middle / sqrt(2)) < share)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* Shape a = 3: F(x) = 1 - x^-a, mean a/(a-1) = 1.5, variance a/((a-1)^2 (a-2)) = 0.75. */
static double pareto_inverse(double share)
{
    return (pow(1 - share, -1.0 / 3) - 1.5) / sqrt(0.75);
}

static double inverse(enum distribution distribution, double share)
{
    if (distribution == DISTRIBUTION_UNIFORM)
        return 2 * share - 1;
    double normal = distribution == DISTRIBUTION_PARETO ? 0 : normal_inverse(share);
    double pareto = distribution == DISTRIBUTION_NORMAL ? 0 : pareto_inverse(share);
    return distribution == DISTRIBUTION_NORMAL   ? normal
           : distribution == DISTRIBUTION_PARETO ? pareto
                                                 : 0.25 * normal + 0.75 * pareto;
}

const int16_t *distribution_table(enum distribution distribution)
{
    static int16_t tables[DISTRIBUTION_COUNT][DISTRIBUTION_SIZE];
    static bool made[DISTRIBUTION_COUNT];
    if ((int)distribution < 0 || distribution >= DISTRIBUTION_COUNT)
        return NULL;
    for (size_t i = 0; !made[distribution] && i < DISTRIBUTION_SIZE; i++) {
        double value = inverse(distribution, (i + 0.5) / DISTRIBUTION_SIZE) * DISTRIBUTION_SCALE;
        tables[distribution][i] = (int16_t)(value > INT16_MAX   ? INT16_MAX
                                            : value < INT16_MIN ? INT16_MIN
                                                                : lrint(value));
    }
    made[distribution] = true;
    return tables[distribution];
}

size_t distribution_parse(const char *text, int16_t out[static DISTRIBUTION_MOST])
{
    size_t count = 0;
    for (char *end; *text && count < DISTRIBUTION_MOST; text = *end ? end + 1 : end)
        out[count++] = (int16_t)strtol(text, &end, 10);
    return count;
}
