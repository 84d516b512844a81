/* Pairs of regions of the case spin. The grain is set by its number of iterations, from two serial
 * measurements: what an empty task costs, and what an iteration adds. They only place the sizes; a
 * pair's own serial time is what counts.
 *
 * Opening a workload of 10^6 tasks takes as long as measuring it, so it stays open while the size
 * does. */
#include "spin_pair.h"

#include "../pool/backend.h"
#include "plan.h"
#include "registry.h"
#include "runner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CALIBRATION_ITERATIONS 1000
#define CALIBRATION_TASKS 10000
#define CALIBRATION_SECONDS 0.01

#define PROBE_SECONDS 0.003
#define PROBE_GROWTH 8
#define PROBE_TASKS_MAX 1000000

/* Opens spin with a number of iterations. */
static enum status open_spin(struct spin_pair *spin, uint64_t iterations, uint64_t tasks)
{
    if (spin->open && spin->iterations == iterations && spin->workload.run.tasks == tasks)
        return STATUS_DONE;
    spin_pair_close(spin);
    char param[64];
    snprintf(param, sizeof param, "iterations=%llu", (unsigned long long)iterations);
    enum status status =
        workload_open_with(&spin->workload, "spin", param, tasks, spin->why, spin->size);
    spin->open = status == STATUS_DONE;
    spin->iterations = iterations;
    return status;
}

void spin_pair_close(struct spin_pair *spin)
{
    if (spin->open)
        workload_close(&spin->workload);
    spin->open = false;
}

/* Takes a sample of the workload that is open; one that failed or is wrong is a failure here. */
static enum status take(
    struct spin_pair *spin, const struct runner_spec *spec, struct result_sample *sample)
{
    if (runner_sample(&spin->workload, spec, sample, NULL))
        return STATUS_INTERRUPTED;
    if (!*sample->failure && (sample->lost || sample->errors || sample->checksum_wrong))
        snprintf(sample->failure, sizeof sample->failure, "wrong result");
    if (!*sample->failure && spec->tasks == spin->workload.run.tasks)
        workload_verify(&spin->workload, sample->failure, sizeof sample->failure);
    if (!*sample->failure)
        return STATUS_DONE;
    snprintf(spin->why, spin->size, "spin on %s, %u workers: %s", spec->ops->name, spec->workers,
        sample->failure);
    return STATUS_FAILED;
}

/* Serial ns a task with this many iterations. */
static enum status time_serial(struct spin_pair *spin, uint64_t iterations, double *ns)
{
    const struct runner_spec spec = {.ops = registry_backend("serial"),
        .workers = 1,
        .tasks = CALIBRATION_TASKS,
        .least_seconds = CALIBRATION_SECONDS,
        .warm_up = true};
    struct result_sample sample = {0};
    enum status status = open_spin(spin, iterations, CALIBRATION_TASKS);
    if (status == STATUS_DONE)
        status = take(spin, &spec, &sample);
    if (status == STATUS_DONE)
        *ns = sample.wall_s * 1e9 / (double)(sample.regions * sample.tasks);
    return status;
}

enum status spin_pair_open(struct spin_pair *spin, uint64_t seed, char *why, size_t size)
{
    double whole;
    *spin = (struct spin_pair){.seed = seed, .why = why, .size = size};
    enum status status = time_serial(spin, 0, &spin->fixed_ns);
    if (status == STATUS_DONE)
        status = time_serial(spin, CALIBRATION_ITERATIONS, &whole);
    if (status == STATUS_DONE)
        spin->iteration_ns = fmax(whole - spin->fixed_ns, 1) / CALIBRATION_ITERATIONS;
    return status;
}

static struct runner_spec spec_of(const struct result_search *search, bool pool)
{
    const struct result_config *config = &search->config;
    return (struct runner_spec){
        .ops = registry_backend(pool ? config->backend : "serial"),
        .workers = pool ? config->workers : 1,
        .threads_each = pool ? split_threads(config->split) : 0,
        .chunk = config->chunk,
        .least_seconds = RUNNER_SAMPLE_SECONDS,
        .cold = pool && search->cold,
        .warm_up = true,
        .calls = search->axis == RESULT_BY_CALLS,
        .payload = search->payload,
        .result = search->result,
    };
}

/* One region's seconds. */
static enum status time_region(
    struct spin_pair *spin, const struct result_search *search, bool pool, double *seconds)
{
    struct runner_spec spec = spec_of(search, pool);
    struct result_sample sample = {0};
    spec.tasks = spin->workload.run.tasks;
    enum status status = take(spin, &spec, &sample);
    if (status == STATUS_DONE)
        *seconds = sample.wall_s / (double)sample.regions;
    return status;
}

enum status spin_pair_take(struct spin_pair *spin, const struct result_search *search,
    double grain_ns, uint64_t block, struct result_pair *pair)
{
    unsigned order[2];
    double seconds[2] = {0};
    double iterations = fmax(0, (grain_ns - spin->fixed_ns) / spin->iteration_ns);
    enum status status = open_spin(spin, (uint64_t)llround(iterations), pair->tasks);
    plan_order(spin->seed, block, order, 2);
    for (unsigned i = 0; i < 2 && status == STATUS_DONE; i++)
        status = time_region(spin, search, order[i] == 1, &seconds[order[i]]);
    pair->serial_s = seconds[0];
    pair->pool_s = seconds[1];
    return status;
}

enum status spin_pair_probe(
    struct spin_pair *spin, const struct result_search *search, double *task_ns)
{
    struct runner_spec spec = spec_of(search, true);
    spec.cold = false;
    spec.least_seconds = 0;
    for (uint64_t tasks = 2 * (uint64_t)spec.workers;; tasks *= PROBE_GROWTH) {
        struct result_sample sample = {0};
        spec.tasks = tasks < PROBE_TASKS_MAX ? tasks : PROBE_TASKS_MAX;
        enum status status = open_spin(spin, 0, spec.tasks);
        if (status == STATUS_DONE)
            status = take(spin, &spec, &sample);
        if (status)
            return status;
        *task_ns = sample.wall_s * 1e9 / (double)spec.tasks;
        if (sample.wall_s >= PROBE_SECONDS || spec.tasks == PROBE_TASKS_MAX)
            return STATUS_DONE;
    }
}
