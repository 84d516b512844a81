/* Holm's step-down procedure. It needs no independence, which comparisons against the same serial
 * samples do not have, and is never weaker than Bonferroni's. */
#include "holm.h"

#include <math.h>
#include <stdlib.h>

struct ranked {
    double p;
    size_t place;
};

static int compare(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    return (a->p > b->p) - (a->p < b->p);
}

/* The comparisons there are, best first. */
static size_t rank(const double *p, size_t n, struct ranked *ranked)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(p[i]))
            ranked[m++] = (struct ranked){p[i], i};
    qsort(ranked, m, sizeof *ranked, compare);
    return m;
}

int holm_adjust(const double *p, size_t n, double *adjusted)
{
    struct ranked *ranked = malloc((n + 1) * sizeof *ranked);
    size_t m = ranked ? rank(p, n, ranked) : 0;
    for (size_t i = 0; i < n; i++)
        adjusted[i] = NAN;
    double largest = 0;
    for (size_t i = 0; i < m; i++) {
        largest = fmax(largest, fmin(1, (double)(m - i) * ranked[i].p));
        adjusted[ranked[i].place] = largest;
    }
    free(ranked);
    return ranked ? 0 : -1;
}

size_t holm_blocks_min(size_t m, double alpha)
{
    if (m == 0 || !(alpha > 0 && alpha < 1))
        return 0;
    /* Counted, because log2 of a power of two that alpha is not exactly may round up. */
    size_t blocks = 1;
    for (double smallest = 1; (double)m * smallest > alpha; smallest /= 2)
        blocks++;
    return blocks;
}
