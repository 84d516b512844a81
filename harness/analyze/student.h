/* Student's t distribution, for intervals of means and of fitted coefficients. Pure functions; safe
 * from any thread. */
#ifndef ANALYZE_STUDENT_H
#define ANALYZE_STUDENT_H

#include <stddef.h>

/* P(|T| <= t) for T with df >= 1 degrees of freedom and t >= 0 (Abramowitz and Stegun 1964, 26.7.3
 * and 26.7.4: a finite sum for whole df). NAN for another df or t. */
double student_within(double t, size_t df);

/* The t with P(T <= t) = p, for 0 < p < 1 and df >= 1, to about 12 digits: 2.262 for 0.975 and 9.
 * NAN for another p or df. */
double student_quantile(double p, size_t df);

#endif
