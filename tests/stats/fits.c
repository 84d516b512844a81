/* The coverage of fits: simulated tables of 6 and 10 rows (tests/unit/fit_coverage.h). */
#include "stats.h"

#include "tests/unit/fit_coverage.h"

#include <stdio.h>

#define SEED 5
#define REPLICATES 399
/* Refits make the bootstrap's part dear, and its promise needs fewer experiments. */
#define FEWER 20
/* What is promised: bounds and curvature cost the bootstrap more. */
#define T_COVERAGE STATS_COVERAGE
#define BOOTSTRAP_COVERAGE 0.87

static const char *put_part(unsigned hits, unsigned made, double least, bool *met)
{
    static char text[16];
    bool holds = hits >= least * made;
    snprintf(text, sizeof text, "%.3f%s", (double)hits / made, holds ? " " : "!");
    *met = *met && holds;
    return text;
}

static bool put_row(const struct curve *truth, size_t rows, double part, unsigned experiments)
{
    struct noise noise = {.seed = SEED};
    struct fit_coverage t = {0}, bootstrap = {0};
    bool met = true;
    for (unsigned i = 0; i < experiments; i++)
        met = fit_experiment(&t, truth, rows, part, &noise, 0) && met;
    for (unsigned i = 0; i * FEWER < experiments; i++)
        met = fit_experiment(&bootstrap, truth, rows, part, &noise, REPLICATES) && met;
    printf("%-5g %-6g %4zu  %3.0f %% ", truth->at[CURVE_SIGMA], truth->at[CURVE_KAPPA], rows,
        100 * part);
    for (size_t j = 0; j < CURVE_COEFFICIENTS; j++)
        printf(" %s", put_part(t.t[j], t.made, T_COVERAGE, &met));
    printf(" ");
    for (size_t j = 0; j < CURVE_COEFFICIENTS; j++)
        printf(" %s", put_part(bootstrap.bootstrap[j], bootstrap.made, BOOTSTRAP_COVERAGE, &met));
    printf(" ");
    for (size_t j = 0; j < 2; j++)
        printf(" %s", put_part(bootstrap.band[j], bootstrap.made, BOOTSTRAP_COVERAGE, &met));
    puts("");
    return met;
}

bool stats_fits(unsigned experiments)
{
    bool met = true;
    printf("\nCoverage of the USL's 95 %% intervals: %u tables a row (the bootstrap: one in %d)\n"
           "                          t                    bootstrap            band at\n"
           "sigma kappa  rows noise  lambda sigma  kappa    lambda sigma  kappa    16     128\n",
        experiments, FEWER);
    for (size_t i = 0; i < FIT_TRUTHS; i++)
        for (size_t rows = 6; rows <= 10; rows += 4)
            for (size_t j = 0; j < 2; j++)
                met = put_row(&fit_truths[i], rows, j ? 0.05 : 0.01, experiments) && met;
    printf("at least %.2f and %.2f:%s\n", T_COVERAGE, BOOTSTRAP_COVERAGE, stats_verdict(met));
    return met;
}
