/* Bootstrap intervals of a fitted curve's coefficients. Pure functions, deterministic by seed; safe
 * from any thread.
 *
 * Residuals are resampled, not cases: cases drawn from a few sizes may lack the very sizes that
 * determine a coefficient. As t intervals do, it takes the noise to be as large at one size as at
 * another, but it need not be normal, and bounds are kept since every refit keeps them. */
#ifndef ANALYZE_BOOTSTRAP_H
#define ANALYZE_BOOTSTRAP_H

#include "squares.h"
#include "stat.h"

#include <stdint.h>

struct bootstrap_sample {
    const struct squares_row *rows;
    size_t rows_count;
    const struct squares_size *sizes; /* of the rows */
    size_t sizes_count;
};

/* Refits `curve`, the law's best for the sample; inverse: what squares_inverse says of it. Each of
 * `replicates` data sets is the curve at the same sizes and, for each row, a residual drawn with
 * replacement; residuals are first divided by sqrt(1 - leverage) and centred (Davison and Hinkley
 * 1997, algorithm 6.1). What a size's mean is off by is drawn as normal where more than 64 rows
 * enter it; of more than 65,536 rows' residuals as many are drawn from, evenly spread.
 *
 * Fills refits, which has room for `replicates`. Returns how many there are: 0 where a tenth of
 * them or more fail, or memory is short. */
size_t bootstrap_refits(const struct curve *curve, const struct bootstrap_sample *sample,
    double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS], size_t replicates, uint64_t seed,
    struct curve *refits);

/* The 95 % interval of a figure of the curve, from those of the refits: between their quantiles p
 * and 1 - p, with p = P(Z <= -t) for the t of `df` degrees of freedom instead of 0.025 (expanded
 * percentiles: Hesterberg 2015), as plain percentiles are too narrow for few rows. NAN, but for the
 * value, where count is 0 or memory is short. */
struct interval bootstrap_interval(const struct curve *curve, const struct curve *refits,
    size_t count, size_t df, double (*figure)(const struct curve *curve, double at), double at);

#endif
