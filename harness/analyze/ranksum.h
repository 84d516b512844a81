/* Two sets of samples that are not paired: how far one lies above the other, with an interval that
 * assumes no distribution, only that both have the same shape and that samples are independent.
 * Pure functions; safe from any thread. A NAN among the values, and no memory, give NAN. */
#ifndef ANALYZE_RANKSUM_H
#define ANALYZE_RANKSUM_H

#include "stat.h"

/* Up to this many pairs m * n the null distribution is counted exactly. Beyond, it is the normal
 * one with continuity correction, which is heavier in the tails and so errs on the safe side: for
 * 50 and 51 samples p is right within 1 % at 0.05 and by up to 15 % of itself too large at 0.001.
 */
#define RANKSUM_EXACT_PAIRS 2500

/* k of the interval below: the largest with 2 P(U <= k-1) <= alpha, U being Mann and Whitney's
 * count of pairs for m and n samples of one distribution. 0: m and n are too small for alpha, or
 * there is no memory. */
size_t ranksum_rank(size_t m, size_t n, double alpha);

/* The shift between x[0..m-1] and y[0..n-1]: the median of all m * n differences x - y (Hodges and
 * Lehmann 1963) with the interval [D_(k), D_(mn+1-k)] of their order statistics (Moses 1965). m or
 * n too small for alpha: lo and hi are NAN. Takes time of order (m + n) log(m + n), no memory for
 * the differences. */
struct interval ranksum_interval(
    const double *x, size_t m, const double *y, size_t n, double alpha);

/* Two-sided test of "no shift" (Wilcoxon 1945; Mann and Whitney 1947): min(1, 2 P(U <= u)), u being
 * the pairs that disagree with the majority. A tied pair counts as one that disagrees, so that ties
 * never make a difference look surer than it is. 1 for m or n = 0. */
double ranksum_test(const double *x, size_t m, const double *y, size_t n);

#endif
