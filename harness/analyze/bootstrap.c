/* Resampling of residuals. Refits start at the curve, since a replicate's best one is near. */
#include "bootstrap.h"

#include "../util/hash.h"
#include "student.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define POOL_MAX 65536
#define DRAWN_MAX 64
#define LEVEL (1 - STAT_ALPHA / 2)

struct pool {
    double *residuals; /* centred */
    size_t count;
    double deviation;
    uint64_t seed, drawn;
};

static double draw_unit(struct pool *pool)
{
    return hash_unit(hash_mix(pool->seed, pool->drawn++));
}

/* How much of its own value a row's fit is, h = g' (J'J)^-1 g. */
static double leverage(
    const struct curve *curve, double n, double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS])
{
    double by[CURVE_COEFFICIENTS], sum = 0;
    curve_slopes(curve, n, by);
    for (size_t i = 0; i < CURVE_COEFFICIENTS; i++)
        for (size_t j = 0; j < CURVE_COEFFICIENTS; j++)
            sum += by[i] * inverse[i][j] * by[j];
    return sum;
}

/* A row that decides a coefficient alone has leverage 1 and no residual. */
static int fill_pool(struct pool *pool, const struct curve *curve,
    const struct bootstrap_sample *sample, double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS])
{
    size_t step = (sample->rows_count + POOL_MAX - 1) / POOL_MAX;
    double sum = 0, squares = 0;
    pool->residuals = calloc(sample->rows_count / step + 1, sizeof *pool->residuals);
    if (!pool->residuals)
        return -1;
    for (size_t i = 0; i < sample->rows_count; i += step) {
        const struct squares_row *row = &sample->rows[i];
        double free = fmax(1 - leverage(curve, row->n, inverse), 1e-6);
        double residual = (row->x - curve_throughput(curve, row->n)) / sqrt(free);
        pool->residuals[pool->count++] = residual;
        sum += residual;
    }
    for (size_t i = 0; i < pool->count; i++) {
        pool->residuals[i] -= sum / (double)pool->count;
        squares += pool->residuals[i] * pool->residuals[i];
    }
    pool->deviation = sqrt(squares / (double)pool->count);
    return 0;
}

/* What the mean of so many rows is off by. */
static double draw_mean(struct pool *pool, size_t rows)
{
    double sum = 0;
    if (rows > DRAWN_MAX) { /* Box and Muller 1958 */
        double radius = sqrt(-2 * log(1 - draw_unit(pool)));
        return pool->deviation / sqrt((double)rows) * radius * cos(2 * M_PI * draw_unit(pool));
    }
    for (size_t i = 0; i < rows; i++)
        sum += pool->residuals[(size_t)(draw_unit(pool) * (double)pool->count)];
    return sum / (double)rows;
}

/* A data set as the curve would give it. Returns false where a throughput in it is not positive. */
static bool draw_sizes(struct pool *pool, const struct curve *curve,
    const struct bootstrap_sample *sample, struct squares_size *sizes)
{
    bool is_data = true;
    for (size_t i = 0; i < sample->sizes_count; i++) {
        sizes[i] = sample->sizes[i];
        sizes[i].mean = curve_throughput(curve, sizes[i].n) + draw_mean(pool, sizes[i].rows);
        is_data = is_data && sizes[i].mean > 0;
    }
    return is_data;
}

size_t bootstrap_refits(const struct curve *curve, const struct bootstrap_sample *sample,
    double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS], size_t replicates, uint64_t seed,
    struct curve *refits)
{
    struct pool pool = {.seed = seed};
    struct squares_size *sizes = calloc(sample->sizes_count, sizeof *sizes);
    size_t done = 0;
    if (sizes && fill_pool(&pool, curve, sample, inverse) == 0)
        for (size_t i = 0; i < replicates; i++)
            done += draw_sizes(&pool, curve, sample, sizes) &&
                    squares_fit(curve->law, sizes, sample->sizes_count, curve, &refits[done]) == 0;
    free(pool.residuals);
    free(sizes);
    return done * 10 > replicates * 9 ? done : 0;
}

struct interval bootstrap_interval(const struct curve *curve, const struct curve *refits,
    size_t count, size_t df, double (*figure)(const struct curve *curve, double at), double at)
{
    struct interval interval = {figure(curve, at), NAN, NAN};
    double outside = erfc(student_quantile(LEVEL, df) / M_SQRT2) / 2;
    double *figures = count > 0 ? calloc(count, sizeof *figures) : NULL;
    for (size_t i = 0; figures && i < count; i++)
        figures[i] = figure(&refits[i], at);
    if (figures) {
        interval.lo = stat_quantile(figures, count, outside);
        interval.hi = stat_quantile(figures, count, 1 - outside);
    }
    free(figures);
    return interval;
}
