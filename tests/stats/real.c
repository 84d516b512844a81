/* Comparisons on this machine, interleaved as a sweep does it: two arms, once each a block, in
 * random order, each sample in a process of its own. Both arms are the same workload, calibrated
 * once; one that is slower runs more of its tasks. */
#include "stats.h"

#include "harness/analyze/stat.h"
#include "harness/measure/plan.h"
#include "harness/measure/registry.h"
#include "harness/measure/runner.h"
#include "harness/util/hash.h"

#include <stdio.h>

#define BLOCKS 20
#define TASKS 100
#define MORE_TASKS 105 /* 5 % more work */
#define GRAIN "grain=12us"

#define ALIKE 200
#define ALIKE_MAX 18 /* an exact 5 % exceeds it once in 170 times */
#define SLOWED 100
#define SLOWED_MIN 90

static enum status open_spin(struct workload *workload)
{
    static const struct param table[] = {
        {.name = "param", .type = PARAM_MANY, .help = "a parameter of the case"}, {0}};
    char why[256];
    struct param_values *options = param_new(table);
    param_set(options, "param", GRAIN, why, sizeof why);
    const struct workload_request request = {
        .name = "spin", .options = options, .tasks = MORE_TASKS, .seed = WORKLOAD_SEED};
    enum status status = workload_open(workload, &request, why, sizeof why);
    param_free(options);
    if (status)
        fprintf(stderr, "stats: %s\n", why);
    return status;
}

/* Seconds of one region. Returns 0, or -1 after a message. */
static int take(struct workload *workload, const struct runner_spec *spec, double *seconds)
{
    struct result_sample sample = {0};
    if (runner_sample(workload, spec, &sample, NULL)) {
        fprintf(stderr, "stats: interrupted\n");
        return -1;
    }
    if (*sample.failure)
        fprintf(stderr, "stats: %s\n", sample.failure);
    *seconds = *sample.failure ? 0 : sample.wall_s / (double)sample.regions;
    return *sample.failure ? -1 : 0;
}

/* The first arm's time / the second's. Returns 0 or -1. */
static int compare(struct workload *workload, const char *backend, uint64_t second_tasks,
    uint64_t seed, struct interval *ratio)
{
    double seconds[2][BLOCKS];
    struct runner_spec spec = {.ops = registry_backend(backend),
        .workers = 1,
        .least_seconds = RUNNER_SAMPLE_SECONDS,
        .warm_up = true};
    for (unsigned block = 0; block < BLOCKS; block++) {
        unsigned order[2];
        plan_order(seed, block, order, 2);
        for (unsigned i = 0; i < 2; i++) {
            spec.tasks = order[i] == 0 ? TASKS : second_tasks;
            if (take(workload, &spec, &seconds[order[i]][block]))
                return -1;
        }
    }
    *ratio = stat_speedup(seconds[0], seconds[1], BLOCKS);
    return 0;
}

/* How many of `count` comparisons show a difference (above: of these, how many the second arm
 * faster), serial and a pool in turn; -1: not measured. */
static int count_shown(
    struct workload *workload, unsigned count, uint64_t second_tasks, unsigned *above)
{
    int shown = 0;
    *above = 0;
    for (unsigned i = 0; i < count; i++) {
        struct interval ratio;
        const char *backend = i % 2 ? "threads" : "serial";
        if (compare(workload, backend, second_tasks, hash_mix(second_tasks, i), &ratio))
            return -1;
        shown += ratio.lo > 1 || ratio.hi < 1;
        *above += ratio.lo > 1;
    }
    return shown;
}

static bool put_alike(struct workload *workload)
{
    unsigned above;
    int shown = count_shown(workload, ALIKE, TASKS, &above);
    if (shown < 0)
        return false;
    printf("a configuration against itself shows a difference in %d of %u (at most %d):%s\n", shown,
        ALIKE, ALIKE_MAX, stats_verdict(shown <= ALIKE_MAX));
    fflush(stdout);
    return shown <= ALIKE_MAX;
}

static bool put_slowed(struct workload *workload)
{
    unsigned above;
    int shown = count_shown(workload, SLOWED, MORE_TASKS, &above);
    if (shown < 0)
        return false;
    int found = shown - (int)above;
    printf("5 %% more work is found slower in %d of %u (at least %d), faster in %u:%s\n", found,
        SLOWED, SLOWED_MIN, above, stats_verdict(found >= SLOWED_MIN));
    return found >= SLOWED_MIN;
}

bool stats_real(void)
{
    struct workload workload;
    if (open_spin(&workload))
        return false;
    printf(
        "\nOn this machine, %u blocks a comparison, samples of %u tasks of 12 us, serial and one "
        "thread in turn:\n\n",
        BLOCKS, TASKS);
    fflush(stdout);
    bool met = put_alike(&workload);
    met = put_slowed(&workload) && met;
    workload_close(&workload);
    return met;
}
