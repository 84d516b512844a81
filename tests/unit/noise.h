/* Repeatable noise for simulations: a stream of numbers from a seed, and the error models that
 * timings are known to have. To be included by one test program each. */
#ifndef UNIT_NOISE_H
#define UNIT_NOISE_H

#include "harness/util/hash.h"

#include <math.h>

struct noise {
    uint64_t seed, drawn;
    double drift; /* of ln time: wanders slowly, shared by all that is measured at one moment */
};

/* Uniform in (0, 1). */
static inline double noise_unit(struct noise *noise)
{
    return hash_unit(hash_mix(noise->seed, noise->drawn++)) + 0x1p-54;
}

/* Standard normal (Box and Muller 1958). */
static inline double noise_normal(struct noise *noise)
{
    double radius = sqrt(-2 * log(noise_unit(noise)));
    return radius * cos(2 * M_PI * noise_unit(noise));
}

enum noise_model {
    NOISE_NORMAL,   /* symmetric */
    NOISE_SKEWED,   /* only ever slower, as by interrupts: exponential */
    NOISE_OUTLIERS, /* 5 % of the times are 1.65 times too long */
    NOISE_MODELS
};

/* An error of ln time of about this size. */
static inline double noise_error(struct noise *noise, enum noise_model model, double size)
{
    if (model == NOISE_SKEWED)
        return -size * log(noise_unit(noise));
    double error = size * noise_normal(noise);
    return model == NOISE_OUTLIERS && noise_unit(noise) < 0.05 ? error + 0.5 : error;
}

/* Moves the drift on: standard deviation about 1.6 %, correlated over some 20 steps. */
static inline double noise_drift(struct noise *noise)
{
    return noise->drift = 0.95 * noise->drift + 0.005 * noise_normal(noise);
}

#endif
