/* The rank sum. All m * n differences would be too many to keep, so the k-th smallest is found
 * between bounds: in two sorted arrays, how many differences are below a bound takes one walk. */
#include "ranksum.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Of the range of the differences; after so many a double has no digit left to halve. */
#define HALVINGS 64

/* ---- the null distribution ---- */

/* P(U = u) for u <= most, of m and n samples, written to p[0 .. most]. The recursion of Mann and
 * Whitney (1947): the largest of all is one of the m, which adds n pairs, or one of the n. Rows of
 * it are kept for m' = 0 .. m and overwritten n' by n'; every term is positive, so nothing cancels.
 * Returns 0, or -1 without memory. */
static int null_distribution(size_t m, size_t n, size_t most, double *p)
{
    size_t width = most + 1;
    if (m > n)
        return null_distribution(n, m, most, p);
    double *rows = calloc((m + 1) * width, sizeof *rows);
    if (!rows)
        return -1;
    for (size_t i = 0; i <= m; i++)
        rows[i * width] = 1;
    for (size_t j = 1; j <= n; j++)
        for (size_t i = 1; i <= m; i++) {
            double *row = rows + i * width, *fewer = row - width;
            double share = (double)i / (double)(i + j);
            for (size_t u = 0; u < width; u++)
                row[u] = (1 - share) * row[u] + (u >= j ? share * fewer[u - j] : 0);
        }
    memcpy(p, rows + m * width, width * sizeof *p);
    free(rows);
    return 0;
}

/* P(U <= u) by the normal distribution. */
static double normal_tail(double m, double n, double u)
{
    double deviation = sqrt(m * n * (m + n + 1) / 12);
    return 0.5 * erfc((m * n / 2 - u - 0.5) / deviation * M_SQRT1_2);
}

static bool is_exact(size_t m, size_t n)
{
    return m <= RANKSUM_EXACT_PAIRS && n <= RANKSUM_EXACT_PAIRS && m * n <= RANKSUM_EXACT_PAIRS;
}

/* P(U <= u); NAN without memory. */
static double tail(size_t m, size_t n, size_t u)
{
    double p[RANKSUM_EXACT_PAIRS + 1], sum = 0;
    if (!is_exact(m, n))
        return normal_tail((double)m, (double)n, (double)u);
    if (null_distribution(m, n, u, p))
        return NAN;
    for (size_t i = 0; i <= u; i++)
        sum += p[i];
    return sum;
}

static size_t exact_rank(size_t m, size_t n, double alpha)
{
    double p[RANKSUM_EXACT_PAIRS + 1], sum = 0;
    size_t most = m * n / 2, k = 0;
    if (null_distribution(m, n, most, p))
        return 0;
    while (k <= most && (sum += p[k]) * 2 <= alpha * (1 + 1e-12))
        k++;
    return k;
}

static size_t normal_rank(size_t m, size_t n, double alpha)
{
    double low = -1, high = floor((double)m * (double)n / 2);
    while (high - low > 1) {
        double middle = floor((low + high) / 2);
        if (2 * normal_tail((double)m, (double)n, middle) <= alpha)
            low = middle;
        else
            high = middle;
    }
    return (size_t)(low + 1);
}

size_t ranksum_rank(size_t m, size_t n, double alpha)
{
    if (m == 0 || n == 0 || !(alpha > 0 && alpha < 1))
        return 0;
    return is_exact(m, n) ? exact_rank(m, n, alpha) : normal_rank(m, n, alpha);
}

/* ---- order statistics of the differences ---- */

struct samples {
    double *x, *y; /* sorted; NULL: none, or a NAN, or no memory */
    size_t m, n;
};

static struct samples sorted(const double *x, size_t m, const double *y, size_t n)
{
    return (struct samples){.x = stat_sorted(x, m), .y = stat_sorted(y, n), .m = m, .n = n};
}

static void free_samples(struct samples *all)
{
    free(all->x);
    free(all->y);
}

/* How many differences x - y are at most `bound`, and the smallest one above it (INFINITY: none).
 */
static size_t count_to(const struct samples *all, double bound, double *above)
{
    size_t count = 0, j = 0;
    *above = INFINITY;
    for (size_t i = 0; i < all->m; i++) {
        while (j < all->n && all->x[i] - all->y[j] > bound)
            j++;
        count += all->n - j;
        if (j > 0)
            *above = fmin(*above, all->x[i] - all->y[j - 1]);
    }
    return count;
}

/* The k-th smallest difference, 1 <= k <= m * n: halving finds a bound just below it, and a few
 * steps from difference to difference the value itself. */
static double difference(const struct samples *all, size_t k)
{
    double low = all->x[0] - all->y[all->n - 1], high = all->x[all->m - 1] - all->y[0], above;
    if (count_to(all, low, &above) >= k)
        return low;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = low + (high - low) / 2;
        if (count_to(all, middle, &above) >= k)
            high = middle;
        else
            low = middle;
    }
    count_to(all, low, &above);
    while (count_to(all, low = above, &above) < k)
        ;
    return low;
}

static struct interval shift_of(const struct samples *all, double alpha)
{
    struct interval interval = {NAN, NAN, NAN};
    size_t pairs = all->m * all->n, k = ranksum_rank(all->m, all->n, alpha);
    interval.value = difference(all, pairs / 2 + 1);
    if (pairs % 2 == 0)
        interval.value = interval.value / 2 + difference(all, pairs / 2) / 2;
    if (k > 0) {
        interval.lo = difference(all, k);
        interval.hi = difference(all, pairs + 1 - k);
    }
    return interval;
}

struct interval ranksum_interval(const double *x, size_t m, const double *y, size_t n, double alpha)
{
    struct interval interval = {NAN, NAN, NAN};
    struct samples all = sorted(x, m, y, n);
    if (all.x && all.y)
        interval = shift_of(&all, alpha);
    free_samples(&all);
    return interval;
}

/* The pairs that disagree with the majority. */
static size_t fewer_pairs(const struct samples *all)
{
    double above;
    size_t not_positive = count_to(all, 0, &above);
    size_t not_negative = all->m * all->n - count_to(all, nextafter(0, -1), &above);
    return not_positive < not_negative ? not_positive : not_negative;
}

double ranksum_test(const double *x, size_t m, const double *y, size_t n)
{
    double p = m == 0 || n == 0 ? 1 : NAN;
    struct samples all = sorted(x, m, y, n);
    if (all.x && all.y)
        p = fmin(1, 2 * tail(m, n, fewer_pairs(&all)));
    free_samples(&all);
    return p;
}
