/* Order statistics and the sign test. Binomial tails are summed term by term, each from the one
 * before, with the binary exponent kept apart: exact for small n, and 2^-n does not underflow for a
 * large one. */
#include "stat.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double *stat_sorted(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(values[i]))
            return NULL;
    double *copy = n ? malloc(n * sizeof *copy) : NULL;
    if (!copy)
        return NULL;
    memcpy(copy, values, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, compare);
    return copy;
}

static double sorted_median(const double *values, size_t n)
{
    return n % 2 ? values[n / 2] : values[n / 2 - 1] / 2 + values[n / 2] / 2;
}

static double sorted_quantile(const double *values, size_t n, double q)
{
    double at = q * (double)(n - 1), below = floor(at);
    size_t i = (size_t)below;
    if (i + 1 >= n || at <= below)
        return values[i];
    return values[i] + (at - below) * (values[i + 1] - values[i]);
}

struct interval stat_scaled(struct interval interval, double by)
{
    return (struct interval){interval.value * by, interval.lo * by, interval.hi * by};
}

double stat_median(const double *values, size_t n)
{
    double *copy = stat_sorted(values, n);
    double median = copy ? sorted_median(copy, n) : NAN;
    free(copy);
    return median;
}

double stat_quantile(const double *values, size_t n, double q)
{
    double *copy = q >= 0 && q <= 1 ? stat_sorted(values, n) : NULL;
    double quantile = copy ? sorted_quantile(copy, n, q) : NAN;
    free(copy);
    return quantile;
}

size_t stat_beyond(const double *values, size_t n, double width)
{
    double *copy = stat_sorted(values, n);
    if (!copy)
        return 0;
    double q1 = sorted_quantile(copy, n, 0.25), q3 = sorted_quantile(copy, n, 0.75);
    double reach = width * (q3 - q1);
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += copy[i] < q1 - reach || copy[i] > q3 + reach;
    free(copy);
    return count;
}

/* P(Bin(n, 1/2) = i) = fraction * 2^exponent */
struct term {
    size_t n, i;
    long double fraction;
    int exponent;
};

static struct term term_first(size_t n)
{
    return (struct term){.n = n, .fraction = 1, .exponent = -(int)n};
}

static long double term_value(const struct term *term)
{
    return ldexpl(term->fraction, term->exponent);
}

static void term_next(struct term *term)
{
    int shift;
    long double ratio = (long double)(term->n - term->i) / (long double)(term->i + 1);
    term->fraction = frexpl(term->fraction * ratio, &shift);
    term->exponent += shift;
    term->i++;
}

/* P(Bin(n, 1/2) <= k) */
static double binomial_tail(size_t n, size_t k)
{
    long double sum = 0;
    for (struct term term = term_first(n); term.i <= k; term_next(&term))
        sum += term_value(&term);
    return (double)sum;
}

/* The largest k with P(Bin(n, 1/2) <= k-1) <= limit; 0: none. */
static size_t binomial_rank(size_t n, double limit)
{
    struct term term = term_first(n);
    long double sum = term_value(&term);
    while (sum <= (long double)limit && term.i < n) {
        term_next(&term);
        sum += term_value(&term);
    }
    return term.i;
}

size_t stat_sign_rank(size_t n, double alpha)
{
    return n > 0 && alpha > 0 && alpha < 1 ? binomial_rank(n, alpha / 2) : 0;
}

struct interval stat_sign_interval(const double *d, size_t n, double alpha)
{
    struct interval interval = {NAN, NAN, NAN};
    double *copy = stat_sorted(d, n);
    if (!copy)
        return interval;
    interval.value = sorted_median(copy, n);
    size_t k = stat_sign_rank(n, alpha);
    if (k > 0) {
        interval.lo = copy[k - 1];
        interval.hi = copy[n - k];
    }
    free(copy);
    return interval;
}

double stat_sign_test(const double *d, size_t n)
{
    size_t above = 0, below = 0;
    for (size_t i = 0; i < n; i++) {
        above += d[i] > 0;
        below += d[i] < 0;
    }
    if (above == below)
        return 1;
    return fmin(1, 2 * binomial_tail(above + below, above < below ? above : below));
}

struct interval stat_speedup_at(const double *serial, const double *pool, size_t n, double alpha)
{
    struct interval speedup = {NAN, NAN, NAN};
    double *d = n ? malloc(n * sizeof *d) : NULL;
    if (!d)
        return speedup;
    for (size_t i = 0; i < n; i++)
        d[i] = serial[i] > 0 && pool[i] > 0 ? log(serial[i] / pool[i]) : NAN;
    speedup = stat_sign_interval(d, n, alpha);
    free(d);
    return (struct interval){exp(speedup.value), exp(speedup.lo), exp(speedup.hi)};
}

struct interval stat_speedup(const double *serial, const double *pool, size_t n)
{
    return stat_speedup_at(serial, pool, n, STAT_ALPHA);
}
