/* How long tasks are that are drawn from a distribution by a seed. Pure; safe from any thread. */
#ifndef SIM_LENGTH_H
#define SIM_LENGTH_H

#include <stdint.h>

enum length_spread {
    LENGTH_CONSTANT,
    LENGTH_UNIFORM, /* 0 to twice the mean */
    LENGTH_EXPONENTIAL,
    LENGTH_LOGNORMAL, /* shape: standard deviation of the logarithm */
    LENGTH_PARETO,    /* shape: the exponent, above 1 */
};

/* A length of that mean, drawn by seed and index alone. */
double length_draw(
    enum length_spread spread, double shape, double mean, uint64_t seed, uint64_t index);

#endif
