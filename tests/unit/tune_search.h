/* Searches for the best pool size on made-up throughput curves, whose truth is known: kinds of
 * curve that pools are known to have, seeded, and how well a search did. To be included by one test
 * program each. */
#ifndef UNIT_TUNE_SEARCH_H
#define UNIT_TUNE_SEARCH_H

#include "harness/analyze/tune.h"
#include "noise.h"

#include <stdlib.h>

#define SEARCH_WITHIN 0.02
#define SEARCH_BLOCKS 30
#define EXHAUSTIVE_BLOCKS 12 /* what a sweep takes by default */

enum truth_kind {
    TRUTH_AMDAHL,
    TRUTH_USL,     /* with a peak */
    TRUTH_PLATEAU, /* rises to a number of CPUs and stays */
    TRUTH_KNEE, /* rises far beyond the CPUs, to what a server or disk gives, then falls a little */
    TRUTH_STEP, /* rises to the CPUs and drops behind */
    TRUTH_KINDS
};

struct truth {
    double (*throughput)(const void *truth, unsigned workers); /* tasks a second */
    const void *truth;
    unsigned cpus, max; /* sizes 1 to max are worth a look */
    double noise;       /* standard deviation of ln throughput */
    uint64_t seed;
};

/* One of the kinds above: throughput of one worker is 1. */
struct made_truth {
    enum truth_kind kind;
    double serial, crosstalk; /* Amdahl's and USL's coefficients (Gunther 2007) */
    double knee, slope;
};

static inline double made_throughput(const void *truth, unsigned workers)
{
    const struct made_truth *curve = truth;
    double n = workers, more = fmax(0, n - curve->knee);
    switch (curve->kind) {
    case TRUTH_AMDAHL:
    case TRUTH_USL:
        return n / (1 + curve->serial * (n - 1) + curve->crosstalk * n * (n - 1));
    case TRUTH_PLATEAU:
        return fmin(n, curve->knee);
    case TRUTH_STEP:
        return n > curve->knee ? 0.8 * curve->knee : n;
    default:
        return fmin(n, curve->knee) * exp(-curve->slope * more);
    }
}

/* The curve of a seed: its kind goes round, all else is drawn. */
static inline struct truth made_draw(struct made_truth *made, uint64_t seed)
{
    struct noise dice = {.seed = hash_mix(20, seed)};
    unsigned cpus = 4u << (unsigned)(5 * noise_unit(&dice)); /* 4 to 64 */
    *made = (struct made_truth){.kind = (enum truth_kind)(seed % TRUTH_KINDS)};
    double small = 0.002 * pow(50, noise_unit(&dice)); /* 0.002 to 0.1 */
    unsigned max = 2 * cpus;
    made->serial = small;
    made->knee = cpus;
    if (made->kind == TRUTH_USL)
        made->crosstalk = 1 / pow(2 + noise_unit(&dice) * (max - 2), 2);
    if (made->kind == TRUTH_KNEE) {
        made->knee = floor(cpus * (1 + 3 * noise_unit(&dice)));
        made->slope = 0.003 * noise_unit(&dice);
        max = 256;
    }
    return (struct truth){.throughput = made_throughput,
        .truth = made,
        .cpus = cpus,
        .max = max,
        .noise = 0.01 * pow(6, noise_unit(&dice)), /* 1 % to 6 % */
        .seed = seed};
}

struct search_outcome {
    unsigned recommended, blocks;
    size_t sizes;   /* measured */
    double regret;  /* 1 - throughput there / the best */
    double cost;    /* time of all regions, as a part of the exhaustive search's */
    bool lost_best; /* the best of the sizes measured was called worse */
};

/* All regions have the same tasks, so a region's time is 1 / throughput. */
static inline double exhaustive_time(const struct truth *curve, double *best)
{
    double sum = 0;
    *best = 0;
    for (unsigned n = 1; n <= curve->max; n++) {
        double throughput = curve->throughput(curve->truth, n);
        sum += EXHAUSTIVE_BLOCKS / throughput;
        *best = fmax(*best, throughput);
    }
    return sum;
}

static inline bool lost_best(const struct tune *tune, const struct truth *curve)
{
    size_t best = 0;
    for (size_t i = 1; i < tune->count; i++)
        if (curve->throughput(curve->truth, tune->candidates[i].size.workers) >
            curve->throughput(curve->truth, tune->candidates[best].size.workers))
            best = i;
    return tune->candidates[best].standing == TUNE_WORSE;
}

/* Takes a block of samples; returns the time of its regions. */
static inline double search_block(const struct truth *curve, struct noise *noise,
    enum noise_model model, const struct tune_size *sizes, size_t count, unsigned block,
    struct tune_sample *samples)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double truth = 1 / curve->throughput(curve->truth, sizes[i].workers);
        double error = noise_error(noise, model, curve->noise) + noise_drift(noise);
        samples[i] = (struct tune_sample){block, sizes[i], truth * exp(error)};
        sum += samples[i].cost;
    }
    return sum;
}

static inline struct search_outcome search_run(const struct truth *curve, enum noise_model model)
{
    struct search_outcome outcome = {0};
    struct noise noise = {.seed = hash_mix(21, curve->seed)};
    struct tune_size coarse[TUNE_BLOCK_MAX], next[TUNE_BLOCK_MAX];
    struct tune_problem problem = {
        .sizes = coarse, .within = SEARCH_WITHIN, .blocks_max = SEARCH_BLOCKS};
    const unsigned others[] = {curve->cpus, curve->cpus / 2, 2 * curve->cpus + 1};
    problem.sizes_count = tune_coarse(coarse, 0, 0, curve->max, others, 3);
    struct tune_sample *samples = calloc(SEARCH_BLOCKS * TUNE_BLOCK_MAX, sizeof *samples);
    struct tune tune;
    size_t n = 0, count;
    double best, whole = exhaustive_time(curve, &best);
    tune_judge(&tune, &problem, samples, 0);
    while ((count = tune_next(&tune, &problem, next)) > 0) {
        outcome.cost +=
            search_block(curve, &noise, model, next, count, tune.blocks, samples + n) / whole;
        n += count;
        tune_free(&tune);
        tune_judge(&tune, &problem, samples, n);
    }
    outcome.recommended = tune.candidates[tune.recommended].size.workers;
    outcome.regret = 1 - curve->throughput(curve->truth, outcome.recommended) / best;
    outcome.blocks = tune.blocks;
    outcome.sizes = tune.count;
    outcome.lost_best = lost_best(&tune, curve);
    tune_free(&tune);
    free(samples);
    return outcome;
}

#endif
