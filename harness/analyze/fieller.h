/* The ratio of two means, from paired data: the secondary figure beside the median of the paired
 * ratios (stat_speedup). It answers another question, total time against total time, and needs
 * times that are nearly normal. Pure; safe from any thread. */
#ifndef ANALYZE_FIELLER_H
#define ANALYZE_FIELLER_H

#include "stat.h"

enum fieller_outcome {
    FIELLER_NONE,     /* fewer than 2 pairs, or no finite times above 0: all NAN */
    FIELLER_BOUNDED,  /* an interval */
    FIELLER_UNBOUNDED /* g >= 1: the pool's mean is not distinguishable from 0; lo and hi are
                         infinite */
};

struct fieller {
    enum fieller_outcome outcome;
    struct interval ratio; /* mean serial / mean pool */
};

/* mean(serial) / mean(pool) with Fieller's interval (Fieller 1954) at level 1 - alpha: all ratios r
 * for which the mean of serial - r pool does not differ from 0 by a t test with n - 1 degrees of
 * freedom. With g = t^2 var(mean pool) / mean(pool)^2 that is an interval only where g < 1. */
struct fieller fieller_ratio(const double *serial, const double *pool, size_t n, double alpha);

#endif
