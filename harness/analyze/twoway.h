/* Arms compared in blocks, each block with a level of its own and not every arm in every block:
 * y = level(arm) + shift(block) + noise, the additive two-way layout (Fisher 1935). Pure functions;
 * safe from any thread. */
#ifndef ANALYZE_TWOWAY_H
#define ANALYZE_TWOWAY_H

#include <stddef.h>

struct twoway_sample {
    unsigned block, arm;
    double y;
};

struct twoway {
    size_t arms;
    double *level;    /* of each arm, the blocks' mean shift included; NAN: no sample */
    size_t *n;        /* samples of each arm */
    double *variance; /* arms x arms: covariances of the levels but for a common shift, in units of
                         noise squared */
    double noise;     /* standard deviation of y within block and arm */
    size_t df;        /* degrees of freedom of noise, the prior's included */
};

/* What is presumed of the noise until the samples tell: as if it had been estimated as `noise` with
 * `df` degrees of freedom before (Smyth 2004), so that a test is possible from the first block. */
struct twoway_prior {
    double noise;
    size_t df;
};

/* Fits n samples with arms 0 .. arms-1, sorted by block. Samples far from the rest weigh less
 * (Huber 1964, proposal 2, at 2.5 standard deviations), so that a few spikes move no level far.
 * Returns 0, or -1 without memory. The fit is freed by twoway_free, also then. */
int twoway_fit(struct twoway *fit, const struct twoway_sample *samples, size_t n, size_t arms,
    struct twoway_prior prior);
void twoway_free(struct twoway *fit);

/* The standard error of level[i] - level[j]. Arms that no block connects: very large. */
double twoway_error(const struct twoway *fit, size_t i, size_t j);

#endif
