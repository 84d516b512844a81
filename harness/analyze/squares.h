/* Least squares: the coefficients of a law of scalability (curve.h) for which the sum of
 * (x - X(n))^2 over all rows is smallest, within the coefficients' bounds. Pure functions; safe
 * from any thread.
 *
 * Rows of one size enter by their number and mean, which leaves the sum's minimum where it is: what
 * repeated sizes differ among themselves no curve can explain. */
#ifndef ANALYZE_SQUARES_H
#define ANALYZE_SQUARES_H

#include "curve.h"

/* One row of data: throughput x > 0 with n >= 1 workers. */
struct squares_row {
    double n, x;
};

/* All rows of one size. */
struct squares_size {
    double n;
    size_t rows;
    double mean;   /* of x */
    double within; /* sum of (x - mean)^2 */
};

/* The most sizes that squares_sizes takes. */
#define SQUARES_SIZES_MAX 1000

/* The distinct sizes of the rows, ascending. *sizes is malloc'd, the caller's. Returns how many; 0
 * with *sizes NULL where there are none, more than SQUARES_SIZES_MAX, or no memory. */
size_t squares_sizes(const struct squares_row *rows, size_t count, struct squares_size **sizes);

/* The sum of squares that the curve leaves. */
double squares_left(const struct curve *curve, const struct squares_size *sizes, size_t count);

/* The law's best curve for at least as many sizes as it has coefficients. Every set of coefficients
 * that may be at a bound (0; sigma also 1) is fixed there in turn and the others are fitted without
 * bounds (Levenberg and Marquardt, as in MINPACK: More 1978) from the best point of a grid in which
 * lambda is the linear optimum (Golub and Pereyra 1973). The best one that is within the bounds is
 * the answer, if moving no fixed coefficient inwards would make it better (Karush, Kuhn and
 * Tucker); no step is ever cut at a bound, which can stall beside the optimum.
 *
 * near: a curve of the same law to start from instead of the grid, or NULL. Returns 0, or -1 where
 * no optimum was found or memory is short; *best is then undefined. */
int squares_fit(enum curve_law law, const struct squares_size *sizes, size_t count,
    const struct curve *near, struct curve *best);

/* The inverse of J'J, J being the derivatives of X(n) by the law's coefficients at all rows: times
 * the residuals' variance it is the coefficients' covariance (Seber and Wild 1989, 2.1.2). Returns
 * 0, or -1 where the sizes do not determine it or memory is short. */
int squares_inverse(const struct curve *curve, const struct squares_size *sizes, size_t count,
    double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS]);

#endif
