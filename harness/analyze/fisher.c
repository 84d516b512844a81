/* The F distribution's tail. Its continued fraction converges fast on one side of the mean; from
 * the other side it is taken as the complement. */
#include "fisher.h"

#include <math.h>

#define TERMS_MAX 100000
#define TINY 1e-300

/* What stands in the fraction's n-th place, n from 1 on. */
static double term(double a, double b, double x, int n)
{
    double m = floor(n / 2.0);
    if (n % 2 == 0)
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
}

static double not_zero(double value)
{
    return fabs(value) < TINY ? TINY : value;
}

/* The regularised incomplete beta function for x below about a / (a + b). */
static double incomplete_beta(double a, double b, double x)
{
    int sign;
    double beta = lgamma_r(a, &sign) + lgamma_r(b, &sign) - lgamma_r(a + b, &sign);
    double front = exp(a * log(x) + b * log1p(-x) - beta) / a;
    double fraction = 1, upper = 1, lower = 0;
    for (int n = 1; n < TERMS_MAX; n++) {
        lower = 1 / not_zero(1 + term(a, b, x, n) * lower);
        upper = not_zero(1 + term(a, b, x, n) / upper);
        fraction *= upper * lower;
        if (fabs(upper * lower - 1) < 1e-15)
            break;
    }
    return front / fraction;
}

double fisher_above(double f, size_t above, size_t below)
{
    if (above < 1 || below < 1 || !(f >= 0))
        return NAN;
    double a = (double)below / 2, b = (double)above / 2;
    double x = a / (a + b * f); /* P(F > f) is the function's value here */
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    return x < (a + 1) / (a + b + 2) ? incomplete_beta(a, b, x) : 1 - incomplete_beta(b, a, 1 - x);
}
