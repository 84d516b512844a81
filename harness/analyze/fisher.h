/* Fisher's F distribution, for tests that compare two variances. Pure functions; safe from any
 * thread. */
#ifndef ANALYZE_FISHER_H
#define ANALYZE_FISHER_H

#include <stddef.h>

/* P(F > f) for f >= 0 and degrees of freedom above (of the numerator) and below >= 1, to about 10
 * digits: the incomplete beta function's continued fraction (Abramowitz and Stegun 1964, 26.5.8 and
 * 26.6.2) by Lentz's method (1976). NAN for other arguments. */
double fisher_above(double f, size_t above, size_t below);

#endif
