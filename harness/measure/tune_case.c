/* Cases under search. The raw samples go to the result in the very order in which they were taken.
 */
#include "tune_case.h"

#include "../analyze/summary.h"
#include "../pool/backend.h"
#include "clock.h"
#include "noise.h"
#include "plan.h"
#include "registry.h"
#include "runner.h"
#include "simulated.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough of serial to tell what a task costs and how much of it is CPU time. */
#define ALONE_SECONDS 0.2

/* Regions are repeated until a sample is this long: sizes are told apart by a per cent or two. */
#define SAMPLE_SECONDS 0.03

/* The configuration of this size, added where it is new. */
static unsigned config_of(struct tune_case *tune, struct tune_size size)
{
    struct result_config config = tune->pools[size.group];
    const struct pool_ops *ops = registry_backend(config.backend);
    config.workers = size.workers;
    *config.split = '\0';
    if (ops->threads_each)
        split_write(config.split, size.workers, ops->threads_each(size.workers));
    for (size_t i = 0; i < tune->result->configs_count; i++)
        if (result_same_pool(&tune->result->configs[i], &config))
            return (unsigned)i;
    return result_add_config(tune->result, &config);
}

static void begin_block(struct tune_case *tune, unsigned block)
{
    while (tune->result->blocks_count <= block)
        result_add_block(tune->result,
            &(struct result_block){.at_s = clock_since(tune->start), .canary_s = noise_canary()});
}

/* Takes one sample and keeps it. Returns 0, or -1 when a signal interrupted it. */
static int take_sample(struct tune_case *tune, const struct runner_spec *spec,
    struct result_sample *sample, struct runner_detail *detail)
{
    const struct result *result = tune->result;
    char text[sizeof sample->failure];
    sample->at_s = clock_since(tune->start);
    for (size_t i = result->samples_count; i-- > 0 && result->samples[i].block == sample->block;)
        sample->order++;
    if (runner_sample(tune->workload, spec, sample, detail))
        return -1;
    tune->virtual_s += sample->start_s + sample->wall_s + sample->stop_s;
    if (!*sample->failure && !spec->indices && workload_verify(tune->workload, text, sizeof text))
        snprintf(sample->failure, sizeof sample->failure, "wrong result: %.200s", text);
    result_add_sample(tune->result, sample);
    return 0;
}

/* Why a sample's time is not one of the whole work. */
static void explain(struct tune_point *point, const struct result_sample *sample)
{
    if (*sample->failure)
        snprintf(point->failure, sizeof point->failure, "%s", sample->failure);
    else if (sample->checksum_wrong)
        snprintf(point->failure, sizeof point->failure, "wrong result: not what serial yields");
    else
        snprintf(point->failure, sizeof point->failure, "%" PRIu64 " tasks were lost",
            sample->lost + sample->timeout);
}

static void fill_point(const struct tune_case *tune, struct tune_point *point,
    const struct result_sample *sample, const struct runner_detail *detail)
{
    if (!summary_counts(sample)) {
        explain(point, sample);
        return;
    }
    point->seconds = summary_task_seconds(sample);
    point->cpu_s = point->seconds * sample->cpu_s / sample->wall_s;
    point->memory = sample->peak_memory;
    point->p99_s =
        tune->task_times ? stat_quantile(detail->task_times, detail->task_times_count, 0.99) : NAN;
}

static enum status take(void *context, unsigned block, const struct tune_size *sizes, size_t count,
    struct tune_point *points, char *why, size_t size)
{
    struct tune_case *tune = context;
    struct runner_detail *detail = calloc(1, sizeof *detail);
    if (!detail) {
        snprintf(why, size, "no memory for a sample");
        return STATUS_FAILED;
    }
    begin_block(tune, block);
    for (size_t i = 0; i < count; i++) {
        struct result_sample sample = {.block = block, .config = config_of(tune, sizes[i])};
        const struct result_config *config = &tune->result->configs[sample.config];
        const struct runner_spec spec = {.ops = registry_backend(config->backend),
            .workers = config->workers,
            .threads_each = split_threads(config->split),
            .chunk = config->chunk,
            .tasks = tune->workload->run.tasks,
            .least_seconds = SAMPLE_SECONDS,
            .warm_up = true,
            .memory = tune->memory,
            .task_times = tune->task_times};
        int interrupted = take_sample(tune, &spec, &sample, detail);
        free(detail->pids);
        detail->pids = NULL;
        if (interrupted) {
            free(detail);
            return STATUS_INTERRUPTED;
        }
        fill_point(tune, &points[i], &sample, detail);
    }
    free(detail);
    return STATUS_DONE;
}

/* ---- a task alone ---- */

/* Serial on random subsets, twice as large each time, until one is long enough. Only the last is
 * kept. */
static enum status measure_alone(struct tune_case *tune, struct result_sample *sample)
{
    uint64_t all = tune->workload->run.tasks, *subset = calloc(all + 1, sizeof *subset);
    struct runner_spec spec = {.ops = registry_backend("serial"), .workers = 1, .indices = subset};
    for (spec.tasks = 1; subset; spec.tasks = 2 * spec.tasks < all ? 2 * spec.tasks : all) {
        struct result_sample trial = *sample;
        plan_subset(tune->result->seed, 0, subset, spec.tasks, all);
        trial.at_s = clock_since(tune->start);
        if (runner_sample(tune->workload, &spec, &trial, NULL)) {
            free(subset);
            return STATUS_INTERRUPTED;
        }
        if (!summary_counts(&trial) || trial.wall_s >= ALONE_SECONDS || spec.tasks == all) {
            *sample = trial;
            break;
        }
    }
    free(subset);
    return subset ? STATUS_DONE : STATUS_FAILED;
}

enum status tune_case_begin(struct tune_case *tune, unsigned groups, struct tune_search *search,
    struct tune_source *source, char *why, size_t size)
{
    const struct result_config serial = {.backend = "serial", .workers = 1};
    struct result_sample sample = {0};
    tune->start = clock_now();
    tune->result->tasks = tune->workload->run.tasks;
    tune->result->even = tune->workload->run.even;
    sample.config = result_add_config(tune->result, &serial);
    begin_block(tune, 0);
    enum status status = measure_alone(tune, &sample);
    if (status == STATUS_FAILED)
        snprintf(why, size, "no memory for a sample");
    if (status)
        return status;
    result_add_sample(tune->result, &sample);
    if (!summary_counts(&sample)) {
        struct tune_point point = {0};
        explain(&point, &sample);
        snprintf(why, size, "%s, serially: %s", tune->workload->bench->name, point.failure);
        return STATUS_FAILED;
    }
    search->alone_wall_s = summary_task_seconds(&sample);
    search->alone_cpu_s = search->alone_wall_s * sample.cpu_s / sample.wall_s;
    *source = (struct tune_source){.take = take,
        .context = tune,
        .virtual_s = simulated_is_on() ? &tune->virtual_s : NULL,
        .groups = groups};
    return STATUS_DONE;
}
