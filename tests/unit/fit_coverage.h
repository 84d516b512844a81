/* How often a fit's intervals hold the truth: tables simulated from known coefficients, with noise
 * that is as large at one size as at another. */
#ifndef UNIT_FIT_COVERAGE_H
#define UNIT_FIT_COVERAGE_H

#include "harness/analyze/fit.h"
#include "noise.h"

struct fit_coverage {
    unsigned made, t[CURVE_COEFFICIENTS], bootstrap[CURVE_COEFFICIENTS];
    unsigned band[2]; /* at 16 workers, and at 128: twice the largest size */
};

static const struct curve fit_truths[] = {
    {CURVE_USL, {20, 0.05, 0.001}},
    {CURVE_USL, {20, 0.05, 0.0001}},
    {CURVE_USL, {20, 0.05, 0}},
    {CURVE_USL, {20, 0, 0.001}},
    {CURVE_USL, {20, 0, 0}},
    {CURVE_USL, {20, 0.3, 0.01}},
};
#define FIT_TRUTHS (sizeof fit_truths / sizeof *fit_truths)

#define FIT_ROWS_MAX 10
static const double fit_sizes[FIT_ROWS_MAX] = {1, 4, 8, 24, 32, 64, 2, 16, 12, 48};

static inline bool fit_holds(struct interval interval, double truth)
{
    return interval.lo <= truth && truth <= interval.hi;
}

/* One table of the first `count` sizes, fitted by the USL; noise is this part of the largest
 * throughput. Returns whether it could be fitted. */
static inline bool fit_experiment(struct fit_coverage *coverage, const struct curve *truth,
    size_t count, double part, struct noise *noise, size_t replicates)
{
    struct squares_row rows[FIT_ROWS_MAX];
    struct fit_model usl;
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, curve_throughput(truth, fit_sizes[i]));
    for (size_t i = 0; i < count; i++) {
        double x = curve_throughput(truth, fit_sizes[i]) + part * most * noise_normal(noise);
        rows[i] = (struct squares_row){fit_sizes[i], fmax(x, 1e-3 * most)};
    }
    const struct fit_options options = {replicates, noise->drawn};
    bool fitted = fit_law(&usl, CURVE_USL, rows, count, &options) == 0;
    coverage->made++;
    for (size_t j = 0; fitted && j < CURVE_COEFFICIENTS; j++) {
        coverage->t[j] += fit_holds(usl.at[j].t, truth->at[j]);
        coverage->bootstrap[j] += fit_holds(usl.at[j].bootstrap, truth->at[j]);
    }
    for (size_t j = 0; fitted && j < 2; j++) {
        double n = j ? 128 : 16;
        coverage->band[j] += fit_holds(fit_throughput(&usl, n), curve_throughput(truth, n));
    }
    fit_clear(&usl);
    return fitted;
}

#endif
