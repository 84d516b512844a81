/* Means, variances and correlation of a series. Pure functions; safe from any thread. A NAN among
 * the values gives NAN. */
#ifndef ANALYZE_MOMENT_H
#define ANALYZE_MOMENT_H

#include <stddef.h>

/* Arithmetic mean. NAN for n = 0. */
double moment_mean(const double *values, size_t n);

/* Harmonic mean, n / sum(1 / v): of rates of equal pieces of work it is all the work over all the
 * time, which the arithmetic mean overstates. NAN for n = 0 and where a value is not above 0. */
double moment_harmonic_mean(const double *values, size_t n);

/* Covariance of pairs, sum (a - mean a)(b - mean b) / (n - 1); of a series with itself its
 * variance. NAN for n < 2. */
double moment_covariance(const double *a, const double *b, size_t n);

/* Correlation of neighbours (lag 1), sum (v[i] - m)(v[i+1] - m) / sum (v[i] - m)^2 with m the mean
 * of all (Box and Jenkins 1970). About normal with deviation 1 / sqrt(n) where there is none. 0
 * for values that differ by no more than rounding, NAN for n < 2. */
double moment_autocorrelation(const double *values, size_t n);

#endif
