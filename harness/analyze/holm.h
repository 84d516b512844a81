/* Several comparisons at once: p-values that hold for all of them together. Pure functions; safe
 * from any thread. */
#ifndef ANALYZE_HOLM_H
#define ANALYZE_HOLM_H

#include <stddef.h>

/* Holm's step-down adjustment (Holm 1979): adjusted[i] is the smallest level at which comparison i
 * is significant when all n are judged together, so that the probability of a single false one
 * among them stays below that level, however they depend on each other. With the p-values sorted,
 * adjusted_(j) = min(1, max over i <= j of (n - i + 1) p_(i)).
 *
 * p[0 .. n-1] in [0, 1], in any order; a NAN is no comparison: it stays NAN and does not count.
 * adjusted has n places and may be p itself. Returns 0, or -1 without memory: then all are NAN,
 * which nothing takes for significant. */
int holm_adjust(const double *p, size_t n, double *adjusted);

/* The fewest blocks with which the best of m comparisons can be significant at alpha at all:
 * 1 + ceil(log2(m / alpha)), because a two-sided sign test's p cannot be below 2^(1 - blocks).
 * m >= 1, 0 < alpha < 1; else 0. */
size_t holm_blocks_min(size_t m, double alpha);

#endif
