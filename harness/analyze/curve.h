/* Laws of scalability: throughput X as a function of the number of workers N, by coefficients that
 * say what limits it. Pure functions; safe from any thread.
 *
 *   Amdahl (1967)       X(N) = lambda N / (1 + sigma (N - 1))
 *   Gustafson (1988)    X(N) = lambda (N - sigma (N - 1))
 *   USL (Gunther 2007)  X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))
 *
 * lambda > 0 is the throughput of one worker, in the unit of X; 0 <= sigma <= 1 the part of the
 * work that only one worker at a time can do (contention); kappa >= 0 the cost of keeping each pair
 * of workers consistent (coherency), by which the curve has a peak. */
#ifndef ANALYZE_CURVE_H
#define ANALYZE_CURVE_H

#include <stddef.h>

enum curve_law { CURVE_AMDAHL, CURVE_GUSTAFSON, CURVE_USL, CURVE_LAWS };

/* Coefficients by number; Amdahl and Gustafson have the first two. */
enum curve_coefficient { CURVE_LAMBDA, CURVE_SIGMA, CURVE_KAPPA, CURVE_COEFFICIENTS };

struct curve {
    enum curve_law law;
    double at[CURVE_COEFFICIENTS]; /* kappa is 0 where the law has none */
};

/* "amdahl", "gustafson", "usl", as in JSON; "Amdahl", "Gustafson", "USL", for people. */
const char *curve_name(enum curve_law law);
const char *curve_title(enum curve_law law);

/* How many coefficients the law has: 2 or 3. */
size_t curve_coefficients(enum curve_law law);

/* X(n) for n >= 1. */
double curve_throughput(const struct curve *curve, double n);

/* The derivatives of X(n) by the law's coefficients. */
void curve_slopes(const struct curve *curve, double n, double slopes[CURVE_COEFFICIENTS]);

/* The N of the largest throughput, sqrt((1 - sigma) / kappa), but at least 1 (Gunther 2007);
 * INFINITY where kappa is 0. */
double curve_peak(const struct curve *curve);

/* What throughput tends to with ever more workers: lambda / sigma where kappa is 0 (lambda for a
 * Gustafson of sigma 1), INFINITY for a curve that rises without end, 0 behind a peak. */
double curve_limit(const struct curve *curve);

#endif
