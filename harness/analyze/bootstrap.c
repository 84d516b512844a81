/* Drawing data sets and refitting them. A size's rows enter a fit by their mean, so that one draw a
 * size is enough. Refits start at the curve, since a replicate's best one is near. */
#include "bootstrap.h"

#include "../util/hash.h"
#include "student.h"

#include <math.h>
#include <stdlib.h>

size_t bootstrap_refits(const struct curve *curve, const struct squares_size *sizes, size_t count,
    double deviation, size_t replicates, uint64_t seed, struct curve *refits)
{
    struct squares_size *drawn = calloc(count, sizeof *drawn);
    size_t done = 0;
    for (size_t i = 0; drawn && i < replicates; i++) {
        for (size_t j = 0; j < count; j++) {
            drawn[j] = sizes[j];
            drawn[j].mean =
                curve_throughput(curve, sizes[j].n) +
                deviation / sqrt((double)sizes[j].rows) * hash_normal(seed, i * count + j);
        }
        done += squares_fit(curve->law, drawn, count, curve, &refits[done]) == 0;
    }
    free(drawn);
    return done * 10 > replicates * 9 ? done : 0;
}

struct interval bootstrap_interval(const struct curve *curve, const struct curve *refits,
    size_t count, size_t df, double (*figure)(const struct curve *curve, double at), double at)
{
    struct interval interval = {figure(curve, at), NAN, NAN};
    double outside = erfc(student_quantile(1 - STAT_ALPHA / 2, df) / M_SQRT2) / 2;
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
