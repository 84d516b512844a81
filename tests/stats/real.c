/* Comparisons on this machine, interleaved as a sweep does it: two arms, once each a block, in
 * random order, each sample in a process of its own. Both arms are the same workload, calibrated
 * once; one that is slower runs more of its tasks. */
#include "stats.h"

#include "harness/analyze/stopping.h"
#include "harness/measure/plan.h"
#include "harness/measure/registry.h"
#include "harness/measure/runner.h"
#include "harness/util/hash.h"

#include <math.h>
#include <stdio.h>

#define TASKS 100
#define MORE_TASKS 105 /* 5 % more work */
#define GRAIN "grain=12us"

#define ALIKE 200
#define ALIKE_MAX 18 /* an exact 5 % exceeds it once in 170 times */
#define ALIKE_BLOCKS 20

#define SLOWED 100
#define SLOWED_MIN 90
#define HALF_WIDTH 0.015
#define FRESH_MAX 200 /* so that it ends, however noisy the machine is */

/* Arms and seconds of one comparison. */
struct comparison {
    struct workload *workload;
    struct runner_spec spec;
    uint64_t tasks[2]; /* of each arm */
    uint64_t seed;
    unsigned blocks; /* taken so far */
    double log_ratios[STOPPING_PILOT_BLOCKS + FRESH_MAX];
};

static enum status open_spin(struct workload *workload)
{
    char why[256];
    enum status status = workload_open_with(workload, "spin", GRAIN, MORE_TASKS, why, sizeof why);
    if (status)
        fprintf(stderr, "stats: %s\n", why);
    return status;
}

/* Seconds of one region. Returns 0, or -1 after a message. */
static int take(struct comparison *comparison, unsigned arm, double *seconds)
{
    struct result_sample sample = {0};
    comparison->spec.tasks = comparison->tasks[arm];
    if (runner_sample(comparison->workload, &comparison->spec, &sample, NULL)) {
        fprintf(stderr, "stats: interrupted\n");
        return -1;
    }
    if (*sample.failure)
        fprintf(stderr, "stats: %s\n", sample.failure);
    *seconds = *sample.failure ? 0 : sample.wall_s / (double)sample.regions;
    return *sample.failure ? -1 : 0;
}

static int take_blocks(struct comparison *comparison, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned order[2];
        double seconds[2];
        plan_order(comparison->seed, comparison->blocks, order, 2);
        for (unsigned j = 0; j < 2; j++)
            if (take(comparison, order[j], &seconds[order[j]]))
                return -1;
        comparison->log_ratios[comparison->blocks++] = log(seconds[0] / seconds[1]);
    }
    return 0;
}

/* ln(first arm's time / second's) of a fixed number of blocks. */
static int compare_fixed(struct comparison *comparison, struct interval *d)
{
    if (take_blocks(comparison, ALIKE_BLOCKS))
        return -1;
    *d = stat_sign_interval(comparison->log_ratios, ALIKE_BLOCKS, STAT_ALPHA);
    return 0;
}

/* The same of as many as `sweep --half-width 2%` takes. */
static int compare_by_pilot(struct comparison *comparison, struct interval *d)
{
    if (take_blocks(comparison, STOPPING_PILOT_BLOCKS))
        return -1;
    size_t fresh = stopping_fresh(comparison->log_ratios, STOPPING_PILOT_BLOCKS, HALF_WIDTH, 0);
    if (fresh > FRESH_MAX)
        fresh = FRESH_MAX;
    if (take_blocks(comparison, fresh))
        return -1;
    *d = stat_sign_interval(comparison->log_ratios + STOPPING_PILOT_BLOCKS, fresh, STAT_ALPHA);
    return 0;
}

struct tally {
    unsigned faster, slower; /* comparisons that show the second arm so */
    double blocks;           /* on average */
};

/* `count` comparisons, serial and a pool in turn. Returns 0 or -1. */
static int repeat(struct workload *workload, unsigned count, uint64_t second_tasks,
    int (*compare)(struct comparison *comparison, struct interval *d), struct tally *tally)
{
    *tally = (struct tally){0};
    for (unsigned i = 0; i < count; i++) {
        struct comparison comparison = {.workload = workload,
            .spec = {.ops = registry_backend(i % 2 ? "threads" : "serial"),
                .workers = 1,
                .least_seconds = RUNNER_SAMPLE_SECONDS,
                .warm_up = true},
            .tasks = {TASKS, second_tasks},
            .seed = hash_mix(second_tasks, i)};
        struct interval d;
        if (compare(&comparison, &d))
            return -1;
        tally->faster += d.lo > 0;
        tally->slower += d.hi < 0;
        tally->blocks += (double)comparison.blocks / count;
    }
    return 0;
}

static bool put_alike(struct workload *workload)
{
    struct tally tally;
    if (repeat(workload, ALIKE, TASKS, compare_fixed, &tally))
        return false;
    unsigned shown = tally.faster + tally.slower;
    printf("a configuration against itself, %u blocks, shows a difference in %u of %u (at most "
           "%u):%s\n",
        ALIKE_BLOCKS, shown, ALIKE, ALIKE_MAX, stats_verdict(shown <= ALIKE_MAX));
    fflush(stdout);
    return shown <= ALIKE_MAX;
}

static bool put_slowed(struct workload *workload)
{
    struct tally tally;
    if (repeat(workload, SLOWED, MORE_TASKS, compare_by_pilot, &tally))
        return false;
    printf("5 %% more work, +-%g %% asked for (%.0f blocks), is found slower in %u of %u (at least "
           "%u), faster in %u:%s\n",
        100 * HALF_WIDTH, tally.blocks, tally.slower, SLOWED, SLOWED_MIN, tally.faster,
        stats_verdict(tally.slower >= SLOWED_MIN));
    return tally.slower >= SLOWED_MIN;
}

bool stats_real(void)
{
    struct workload workload;
    if (open_spin(&workload))
        return false;
    printf("\nOn this machine, samples of %u tasks of 12 us, serial and a pool of one thread in "
           "turn:\n\n",
        TASKS);
    fflush(stdout);
    bool met = put_alike(&workload);
    met = put_slowed(&workload) && met;
    workload_close(&workload);
    return met;
}
