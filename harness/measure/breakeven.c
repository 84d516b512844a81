/* Break-even searches on the case spin. The grain is set by its number of iterations, from two
 * serial measurements: what an empty task costs, and what an iteration adds. They only place the
 * sizes; a pair's own serial time is what counts. */
#include "breakeven.h"

#include "../analyze/bracket.h"
#include "../pool/backend.h"
#include "../util/param.h"
#include "clock.h"
#include "noise.h"
#include "plan.h"
#include "registry.h"
#include "runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By grain: 10^6 tasks, fewer where they take longer than this in all. */
#define GRAIN_TASKS 1000000.0
#define GRAIN_SECONDS 0.02

/* A pool needs some tasks a worker to be a pool at all. */
#define TASKS_PER_WORKER 4

#define CALIBRATION_ITERATIONS 1000
#define CALIBRATION_SECONDS 0.01

struct scale {
    double fixed_ns;     /* of an empty task */
    double iteration_ns; /* of one iteration */
};

struct search {
    const struct result_search *search;
    unsigned index;
    struct result *result;
    const struct pool_ops *ops;
    struct scale scale;
    char *why;
    size_t size;
};

/* Opens spin with a number of iterations. */
static enum status open_spin(
    struct workload *workload, uint64_t iterations, uint64_t tasks, char *why, size_t size)
{
    static const struct param table[] = {
        {.name = "param", .type = PARAM_MANY, .help = "a parameter of the case"}, {0}};
    struct param_values *options = param_new(table);
    char text[64], reason[64];
    snprintf(text, sizeof text, "iterations=%llu", (unsigned long long)iterations);
    param_set(options, "param", text, reason, sizeof reason);
    const struct workload_request request = {
        .name = "spin", .options = options, .tasks = tasks, .seed = WORKLOAD_SEED};
    enum status status = workload_open(workload, &request, why, size);
    param_free(options);
    return status;
}

/* Serial ns a task with this many iterations. */
static enum status time_serial(uint64_t iterations, double *ns, char *why, size_t size)
{
    struct workload workload;
    enum status status = open_spin(&workload, iterations, 10000, why, size);
    if (status)
        return status;
    const struct runner_spec spec = {.ops = registry_backend("serial"),
        .workers = 1,
        .tasks = workload.run.tasks,
        .least_seconds = CALIBRATION_SECONDS,
        .warm_up = true};
    struct result_sample sample = {0};
    if (runner_sample(&workload, &spec, &sample, NULL))
        status = STATUS_INTERRUPTED;
    else if (*sample.failure) {
        snprintf(why, size, "spin, serial: %s", sample.failure);
        status = STATUS_FAILED;
    } else
        *ns = sample.wall_s * 1e9 / (double)(sample.regions * sample.tasks);
    workload_close(&workload);
    return status;
}

static enum status calibrate(struct scale *scale, char *why, size_t size)
{
    double whole;
    enum status status = time_serial(0, &scale->fixed_ns, why, size);
    if (status == STATUS_DONE)
        status = time_serial(CALIBRATION_ITERATIONS, &whole, why, size);
    if (status == STATUS_DONE)
        scale->iteration_ns = fmax(whole - scale->fixed_ns, 1) / CALIBRATION_ITERATIONS;
    return status;
}

static uint64_t iterations_for(const struct scale *scale, double ns)
{
    double iterations = (ns - scale->fixed_ns) / scale->iteration_ns;
    return iterations > 0 ? (uint64_t)llround(iterations) : 0;
}

static uint64_t tasks_for(const struct search *search, double nominal)
{
    if (search->search->axis == RESULT_BY_TASKS)
        return (uint64_t)llround(nominal);
    double fitting = fmin(GRAIN_TASKS, GRAIN_SECONDS * 1e9 / nominal);
    return (uint64_t)fmax(fitting, TASKS_PER_WORKER * (double)search->search->config.workers);
}

/* One region's seconds. A failed or wrong sample ends the search. */
static enum status time_region(
    const struct search *search, struct workload *workload, bool pool, double *seconds)
{
    const struct result_config *config = &search->search->config;
    const struct runner_spec spec = {
        .ops = pool ? search->ops : registry_backend("serial"),
        .workers = pool ? config->workers : 1,
        .threads_each = pool ? split_threads(config->split) : 0,
        .chunk = config->chunk,
        .tasks = workload->run.tasks,
        .least_seconds = RUNNER_SAMPLE_SECONDS,
        .cold = pool && search->search->cold,
        .warm_up = true,
    };
    struct result_sample sample = {0};
    if (runner_sample(workload, &spec, &sample, NULL))
        return STATUS_INTERRUPTED;
    if (!*sample.failure && (sample.lost || sample.errors || sample.checksum_wrong))
        snprintf(sample.failure, sizeof sample.failure, "wrong result");
    if (!*sample.failure)
        workload_verify(workload, sample.failure, sizeof sample.failure);
    if (*sample.failure) {
        snprintf(search->why, search->size, "spin on %s, %u workers: %s", spec.ops->name,
            spec.workers, sample.failure);
        return STATUS_FAILED;
    }
    *seconds = sample.wall_s / (double)sample.regions;
    return STATUS_DONE;
}

/* One paired block at a size: serial and pool in random order. */
static enum status take_pair(const struct search *search, double nominal, uint64_t block)
{
    struct workload workload;
    struct result_pair pair = {
        .search = search->index, .nominal = nominal, .tasks = tasks_for(search, nominal)};
    double grain_ns = search->search->axis == RESULT_BY_GRAIN ? nominal : BREAKEVEN_TASK_NS;
    unsigned order[2];
    double seconds[2] = {0};
    enum status status = open_spin(
        &workload, iterations_for(&search->scale, grain_ns), pair.tasks, search->why, search->size);
    if (status)
        return status;
    plan_order(search->result->seed, block, order, 2);
    for (unsigned i = 0; i < 2 && status == STATUS_DONE; i++)
        status = time_region(search, &workload, order[i] == 1, &seconds[order[i]]);
    workload_close(&workload);
    if (status == STATUS_DONE) {
        pair.serial_s = seconds[0];
        pair.pool_s = seconds[1];
        result_add_pair(search->result, &pair);
    }
    return status;
}

static double next_size(const struct search *search, const struct breakeven_options *options)
{
    struct bracket_point *points;
    size_t n = bracket_points(search->result, search->index, &points);
    double next = bracket_next(search->search, points, n, options->resolution, options->pairs_max);
    free(points);
    return next;
}

static enum status run_search(const struct search *search, const struct breakeven_options *options)
{
    uint64_t start = clock_now();
    for (;;) {
        double nominal = next_size(search, options);
        if (isnan(nominal))
            return STATUS_DONE;
        if (options->budget_s > 0 && clock_since(start) > options->budget_s) {
            search->result->complete = false;
            return STATUS_DONE;
        }
        enum status status = take_pair(search, nominal, search->result->pairs_count);
        if (status)
            return status;
    }
}

enum status breakeven_measure(
    const struct breakeven_options *options, struct result *result, char *why, size_t size)
{
    struct noise_mark before = noise_mark();
    struct scale scale;
    enum status status = calibrate(&scale, why, size);
    result->complete = true;
    for (unsigned i = 0; i < result->searches_count && status == STATUS_DONE; i++) {
        struct search search = {.search = &result->searches[i],
            .index = i,
            .result = result,
            .ops = registry_backend(result->searches[i].config.backend),
            .scale = scale,
            .why = why,
            .size = size};
        status = run_search(&search, options);
        if (options->progress.report)
            options->progress.report(
                options->progress.context, (i + 1.0) / (double)result->searches_count);
    }
    if (status)
        result->complete = false;
    result->noise = noise_since(&before);
    return status;
}
