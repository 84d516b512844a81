/* Valley-shaped regression: the curve nearest to the points that first falls and then rises (or
 * does only one of the two), with flat stretches. Pure; safe from any thread. */
#ifndef ANALYZE_VALLEY_H
#define ANALYZE_VALLEY_H

#include <stddef.h>

/* Fits fitted[0 .. n-1] to y with weights > 0, in the order given, by weighted least squares:
 * pooling of adjacent violators (Barlow, Bartholomew, Bremner and Brunk 1972) to the left and to
 * the right of the best turning point. Neighbours that contradict the shape share their mean, so
 * that most of a plateau's noise is levelled out. Returns 0, or -1 without memory. */
int valley_fit(const double *y, const double *weight, size_t n, double *fitted);

#endif
