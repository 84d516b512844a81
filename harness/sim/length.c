/* Distributions by inversion where there is a closed form, so that one hash is one length. */
#include "length.h"

#include "../util/hash.h"

#include <math.h>

/* In (0, 1): neither end, whose logarithm there is none of. */
static double unit(uint64_t seed, uint64_t index)
{
    return hash_unit(hash_mix(seed, index)) + 0x1p-54;
}

double length_draw(
    enum length_spread spread, double shape, double mean, uint64_t seed, uint64_t index)
{
    switch (spread) {
    case LENGTH_CONSTANT:
        return mean;
    case LENGTH_UNIFORM:
        return 2 * mean * unit(seed, index);
    case LENGTH_EXPONENTIAL:
        return -mean * log(unit(seed, index));
    case LENGTH_LOGNORMAL:
        return mean * exp(shape * hash_normal(seed, index) - shape * shape / 2);
    case LENGTH_PARETO:
        return mean * (shape - 1) / shape * pow(unit(seed, index), -1 / shape);
    }
    return mean;
}
