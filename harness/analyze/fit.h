/* Fits of Amdahl's law, Gustafson's and the USL (curve.h) to measured throughput, with intervals,
 * predictions and a choice among them. Pure functions, deterministic by seed; safe from any thread.
 *
 * Rows are (workers, throughput); no row at one worker is needed, as lambda is fitted, and repeated
 * sizes are data. Least squares takes all rows for equally precise and independent. */
#ifndef ANALYZE_FIT_H
#define ANALYZE_FIT_H

#include "squares.h"
#include "stat.h"

#include <stdbool.h>
#include <stdint.h>

/* Distinct sizes that a law needs beyond its coefficients. */
#define FIT_SIZES_BEYOND 2

struct fit_options {
    size_t replicates; /* of the bootstrap; 0: none, its intervals are NAN */
    uint64_t seed;
};
#define FIT_REPLICATES 999

struct fit_coefficient {
    /* Estimate and 95 % t interval with n - p degrees of freedom (Seber and Wild 1989, 5.1; but see
     * lack_p), cut at the bounds. At a bound it runs from there t standard errors inwards: never
     * empty, and wider than it need be. */
    struct interval t;
    double se;                 /* as if no coefficient were at a bound */
    struct interval bootstrap; /* see bootstrap.h */
};

struct fit_model {
    bool fitted;
    char why[160]; /* if it is not: one clause, "needs 5 sizes ..., has 4" */
    struct curve curve;
    struct fit_coefficient at[CURVE_COEFFICIENTS];
    size_t rows, sizes, df; /* df: rows - coefficients of the law, those at a bound counted */
    double rss, rse;        /* sum of squares left; sqrt(rss / df) */
    double aicc;            /* Hurvich and Tsai 1989; NAN where rows are too few for it */
    /* Where sizes are repeated, the lack-of-fit test's p (Draper and Smith 1998, 2.1): whether
     * sizes are further from the curve than rows of one size are apart. Else NAN. Below 0.05 the
     * law does not describe the data, and each size counts once: all intervals then have sizes - p
     * degrees of freedom and the deviation of the sizes. */
    double lack_p;
    bool has_peak;          /* whether kappa's t interval lies above 0 */
    struct interval peak_n; /* workers at the peak, by the bootstrap; else NAN */
    double limit;       /* of throughput (curve_limit) where that is above 0 and finite; else NAN */
    size_t interval_df; /* of the intervals */
    struct curve *refits; /* of the bootstrap, the model's own; NULL: none */
    size_t refits_count;
};

/* Fits one law; fit_clear it in any case. Returns 0, or -1 with model->why: fewer distinct sizes
 * than coefficients + 2, more than SQUARES_SIZES_MAX, no optimum. n must be at least 1, x above 0,
 * both finite. */
int fit_law(struct fit_model *model, enum curve_law law, const struct squares_row *rows,
    size_t count, const struct fit_options *options);

void fit_clear(struct fit_model *model);

/* Throughput with n workers and its 95 % band, which widens away from the data: the bootstrap's,
 * since no refit leaves the bounds (a band by the delta method would rise beyond any throughput
 * that the law allows). It is the curve's, not a single row's. Without a bootstrap there is no
 * band. */
struct interval fit_throughput(const struct fit_model *model, double n);

struct fit {
    struct fit_model models[CURVE_LAWS];
    int chosen; /* the law with the least AICc (least rss where no law has one); -1: none was fitted
                 */
};

/* Fits all laws; fit_clear each in any case. Returns 0, or -1 if none could be fitted (each says
 * why). */
int fit_all(struct fit *fit, const struct squares_row *rows, size_t count,
    const struct fit_options *options);

#endif
