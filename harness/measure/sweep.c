/* The sweep: plan, take samples, judge them, append them. */
#include "sweep.h"

#include "../analyze/summary.h"
#include "../pool/backend.h"
#include "clock.h"
#include "noise.h"
#include "plan.h"
#include "registry.h"
#include "runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A pilot stops when this long is timed: enough to tell what one task costs within some percent. */
#define PILOT_SECONDS 0.02

/* However slow the tasks: a subset has at least this many, or all. */
#define SUBSET_MIN 4

struct sweep {
    struct workload *workload;
    const struct sweep_options *options;
    struct stopping rule;
    size_t until; /* how many blocks there are to be, as far as is known */
    size_t told;  /* blocks at which the half-width was told last */
    struct result *result;
    const struct pool_ops **ops; /* of each configuration */
    bool *given_up;
    uint64_t *subset; /* serial's tasks in this block, or NULL: all of them */
    uint64_t subset_size;
    uint64_t start;
    bool has_answer;
};

/* Seconds of one task, run serially on growing subsets. Returns 0, or -1 on interruption. */
static int pilot(struct sweep *sweep, double *seconds)
{
    struct workload *workload = sweep->workload;
    struct runner_spec spec = {.ops = registry_backend("serial"), .workers = 1};
    *seconds = 0;
    for (uint64_t tasks = 1;; tasks *= 2) {
        struct result_sample sample = {0};
        spec.tasks = tasks < workload->run.tasks ? tasks : workload->run.tasks;
        if (runner_sample(workload, &spec, &sample, NULL))
            return -1;
        if (spec.tasks)
            *seconds = sample.wall_s / (double)spec.tasks;
        if (*sample.failure || sample.wall_s >= PILOT_SECONDS || spec.tasks == workload->run.tasks)
            return 0;
    }
}

/* Decides whether serial runs whole. */
static int choose_subset(struct sweep *sweep)
{
    const struct workload *workload = sweep->workload;
    uint64_t tasks = workload->run.tasks;
    double seconds;
    if (!workload->run.even || sweep->options->serial_max_s <= 0 || tasks <= SUBSET_MIN)
        return 0;
    if (pilot(sweep, &seconds))
        return -1;
    double fitting = seconds > 0 ? sweep->options->serial_max_s / seconds : (double)tasks;
    if (fitting >= (double)tasks)
        return 0;
    sweep->subset_size = fitting > SUBSET_MIN ? (uint64_t)fitting : SUBSET_MIN;
    sweep->subset = malloc(sweep->subset_size * sizeof *sweep->subset);
    return 0; /* without memory for it, serial runs whole */
}

static bool is_serial(const struct sweep *sweep, unsigned config)
{
    return strcmp(sweep->ops[config]->name, "serial") == 0;
}

/* After a whole region: the case's own check, and its answer once. */
static void verify_whole(struct sweep *sweep, struct result_sample *sample)
{
    char text[sizeof sample->failure];
    if (*sample->failure)
        return;
    if (workload_verify(sweep->workload, text, sizeof text)) {
        snprintf(sample->failure, sizeof sample->failure, "wrong result: %.200s", text);
        return;
    }
    if (sweep->has_answer)
        return;
    workload_answer(sweep->workload, text, sizeof text);
    sweep->has_answer = true;
    if (*text)
        sweep->result->answer = strdup(text);
}

static int take_sample(struct sweep *sweep, struct result_sample *sample)
{
    const struct result_config *config = &sweep->result->configs[sample->config];
    bool subset = sweep->subset && is_serial(sweep, sample->config);
    struct runner_spec spec = {
        .ops = sweep->ops[sample->config],
        .workers = config->workers,
        .threads_each = split_threads(config->split),
        .chunk = config->chunk,
        .tasks = subset ? sweep->subset_size : sweep->workload->run.tasks,
        .indices = subset ? sweep->subset : NULL,
        .least_seconds = RUNNER_SAMPLE_SECONDS,
        .warm_up = true,
        .memory = sample->block == 0,
    };
    sample->at_s = clock_since(sweep->start);
    if (runner_sample(sweep->workload, &spec, sample, NULL))
        return -1;
    if (!subset)
        verify_whole(sweep, sample);
    result_add_sample(sweep->result, sample);
    sweep->given_up[sample->config] |= *sample->failure != '\0' && sample->block == 0;
    return 0;
}

/* In the first block only: the other results need something to be compared with. */
static void put_serial_first(const struct sweep *sweep, unsigned *order, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        if (is_serial(sweep, order[i])) {
            unsigned first = order[0];
            order[0] = order[i];
            order[i] = first;
        }
    }
}

static bool is_late(const struct sweep *sweep)
{
    return sweep->options->budget_s > 0 && clock_since(sweep->start) > sweep->options->budget_s;
}

/* By blocks, or by time where the budget will end first. */
static void tell_part(const struct sweep *sweep, double blocks)
{
    const struct sweep_progress *progress = &sweep->options->progress;
    double part = blocks / (double)sweep->until, budget_s = sweep->options->budget_s;
    double spent = budget_s > 0 ? clock_since(sweep->start) / budget_s : 0;
    if (progress->report)
        progress->report(progress->context, fmax(part, fmin(spent, 1)));
}

/* Not after every block: it goes through all samples. */
static void tell_reached(struct sweep *sweep)
{
    const struct sweep_progress *progress = &sweep->options->progress;
    size_t n = sweep->result->blocks_count;
    if (!progress->reached || sweep->rule.mode == STOPPING_FIXED || n < sweep->told * 11 / 10)
        return;
    sweep->told = n;
    progress->reached(progress->context, stopping_reached(sweep->result));
}

static int take_block(struct sweep *sweep, unsigned *order)
{
    unsigned n = (unsigned)sweep->result->configs_count;
    unsigned block = (unsigned)sweep->result->blocks_count;
    struct result_block record = {.at_s = clock_since(sweep->start),
        .canary_s = noise_canary(),
        .pilot =
            sweep->rule.mode == STOPPING_PILOT && block < STOPPING_PILOT_BLOCKS && !is_late(sweep)};
    plan_order(sweep->result->seed, block, order, n);
    if (block == 0)
        put_serial_first(sweep, order, n);
    if (sweep->subset)
        plan_subset(sweep->result->seed, block, sweep->subset, sweep->subset_size,
            sweep->workload->run.tasks);
    result_add_block(sweep->result, &record);
    for (unsigned i = 0; i < n; i++) {
        struct result_sample sample = {.block = block, .config = order[i], .order = i};
        if (!sweep->given_up[order[i]] && take_sample(sweep, &sample))
            return -1;
        tell_part(sweep, block + (i + 1.0) / n);
    }
    tell_reached(sweep);
    return 0;
}

/* Each has failed in the first block: nothing is left to measure. */
static bool is_hopeless(const struct sweep *sweep)
{
    size_t n = 0;
    while (n < sweep->result->configs_count && sweep->given_up[n])
        n++;
    return n == sweep->result->configs_count;
}

static int take_blocks(struct sweep *sweep)
{
    unsigned *order = calloc(sweep->result->configs_count, sizeof *order);
    int interrupted = !order || choose_subset(sweep) ? -1 : 0;
    size_t least = stopping_least(sweep->rule.mode);
    bool enough = false, late = false;
    while (!interrupted && !enough && !late && !is_hopeless(sweep)) {
        if (sweep->result->blocks_count == sweep->until)
            sweep->until = stopping_until(&sweep->rule, sweep->result);
        enough = sweep->result->blocks_count >= sweep->until;
        late = is_late(sweep) && summary_blocks(sweep->result) >= least;
        if (!enough && !late)
            interrupted = take_block(sweep, order);
    }
    sweep->result->complete = enough;
    free(order);
    return interrupted;
}

int sweep_measure(
    struct workload *workload, const struct sweep_options *options, struct result *result)
{
    size_t n = result->configs_count;
    struct sweep sweep = {
        .workload = workload,
        .options = options,
        .rule = {options->mode, options->blocks, options->half_width},
        .result = result,
        .ops = calloc(n, sizeof *sweep.ops),
        .given_up = calloc(n, sizeof *sweep.given_up),
        .start = clock_now(),
    };
    struct noise_mark before = noise_mark();
    int interrupted = -1;
    result->tasks = workload->run.tasks;
    result->even = workload->run.even;
    if (options->mode == STOPPING_QUICK)
        result->alpha = stopping_alpha(options->mode);
    for (size_t i = 0; i < n && sweep.ops; i++)
        sweep.ops[i] = registry_backend(result->configs[i].backend);
    if (sweep.ops && sweep.given_up)
        interrupted = take_blocks(&sweep);
    result->noise = noise_since(&before);
    free(sweep.subset);
    free(sweep.given_up);
    free(sweep.ops);
    return interrupted;
}
