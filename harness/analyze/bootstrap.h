/* Bootstrap intervals of a fitted curve and of all that follows from it. Pure functions,
 * deterministic by seed; safe from any thread.
 *
 * Residuals are drawn, not cases: cases drawn from a few sizes may lack the very sizes that
 * determine a coefficient. They are drawn as normal, of the deviation that n - p degrees of freedom
 * give (the parametric bootstrap: Efron and Tibshirani 1993, 6.5): drawn from the few residuals
 * that there are, whose tails are short, intervals hold less often. As t intervals do, it takes the
 * noise to be as large at one size as at another; other than they it keeps the bounds, since every
 * refit does, and needs no curve to be straight.
 */
#ifndef ANALYZE_BOOTSTRAP_H
#define ANALYZE_BOOTSTRAP_H

#include "squares.h"
#include "stat.h"

#include <stdint.h>

/* Refits `curve`, the law's best for the sizes, to `replicates` data sets of these sizes: the curve
 * and, for each row, a residual of this deviation. Fills refits, which has room for them. Returns
 * how many there are: 0 where a tenth of them or more fail, or memory is short. */
size_t bootstrap_refits(const struct curve *curve, const struct squares_size *sizes, size_t count,
    double deviation, size_t replicates, uint64_t seed, struct curve *refits);

/* The 95 % interval of a figure of the curve, from those of the refits: between their quantiles p
 * and 1 - p, with p = P(Z <= -t) for the t of `df` degrees of freedom instead of 0.025 (expanded
 * percentiles: Hesterberg 2015), as plain percentiles are too narrow for few rows. NAN, but for the
 * value, where count is 0 or memory is short. */
struct interval bootstrap_interval(const struct curve *curve, const struct curve *refits,
    size_t count, size_t df, double (*figure)(const struct curve *curve, double at), double at);

#endif
