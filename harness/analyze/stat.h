/* Statistics of paired samples. Pure functions: no input or output, no clock, no state; safe from
 * any thread. A NAN among the values, and no memory for a sorted copy, give NAN. */
#ifndef ANALYZE_STAT_H
#define ANALYZE_STAT_H

#include <stddef.h>
#include <stdint.h>

/* An estimate with its 95 % interval. lo or hi may be infinite; NAN: none. */
struct interval {
    double value, lo, hi;
};

/* All three times `by`, above 0: another unit. */
struct interval stat_scaled(struct interval interval, double by);

#define STAT_ALPHA 0.05

/* The fewest pairs that an exact 95 % sign interval can be made of. */
#define STAT_PAIRS_MIN 6

/* A sorted copy, malloc'd, the caller's; NULL for no values, for a NAN among them and without
 * memory. */
double *stat_sorted(const double *values, size_t n);

/* Median of n values, in any order (mean of the middle two for even n). NAN for n = 0. */
double stat_median(const double *values, size_t n);

/* The q-quantile, 0 <= q <= 1, by linear interpolation between order statistics (Hyndman and Fan
 * 1996, type 7). NAN for n = 0 and another q. */
double stat_quantile(const double *values, size_t n, double q);

/* How many values lie beyond Tukey's fences, `width` interquartile ranges below the lower and above
 * the upper quartile, both as stat_quantile gives them (Tukey 1977; 1.5: outside, 3: far out). They
 * are worth a look, no more: nothing is ever dropped for it. 0 for n = 0. */
#define STAT_FAR_OUT 3.0
size_t stat_beyond(const double *values, size_t n, double width);

/* k of the sign interval below: the largest with 2 P(Bin(n, 1/2) <= k-1) <= alpha; 0: n is too
 * small for alpha. The tail is exact to long double's rounding, for any n. */
size_t stat_sign_rank(size_t n, double alpha);

/* Median of d[0..n-1] with the exact sign interval [d_(k), d_(n+1-k)], k as above
 * (Thompson 1936). No distribution is assumed. n too small for alpha: lo and hi are NAN. */
struct interval stat_sign_interval(const double *d, size_t n, double alpha);

/* Two-sided sign test of "the median of d is 0": p = min(1, 2 P(Bin(n', 1/2) <= fewer)), zeros
 * and NANs left out. 1 for n = 0. */
double stat_sign_test(const double *d, size_t n);

/* Speedup from paired blocks: exp of the sign interval of ln(serial[i] / pool[i]). Both in the
 * same unit and greater than 0, else NAN. */
struct interval stat_speedup(const double *serial, const double *pool, size_t n);

/* The same at level 1 - alpha. */
struct interval stat_speedup_at(const double *serial, const double *pool, size_t n, double alpha);

#endif
