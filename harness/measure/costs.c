/* A cost is the difference of two regions that differ in that cost alone, each the median of a few
 * samples. The tasks are those of null, spin and sleep. */
#include "costs.h"

#include "../analyze/stat.h"
#include "../pool/backend.h"
#include "cpus.h"
#include "registry.h"
#include "runner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SAMPLES 5
#define MANY_TASKS 200000
#define MANY_WORKERS 16
#define LEAST_SECONDS 5e-3 /* a sample is made of so long at least */
#define SPIN "iterations=100k"
#define SLEEP "duration=2ms"

struct probe {
    const char *name, *param; /* of the case; NULL: none */
    uint64_t tasks, chunk;
    unsigned workers;
};

/* Medians, in ns. */
struct probed {
    double region, start, stop, cpu;
};

struct bench {
    const struct pool_ops *ops;
    char *why;
    size_t size;
};

static enum status take_samples(const struct bench *bench, struct workload *workload,
    const struct probe *probe, struct probed *probed)
{
    double region[SAMPLES], start[SAMPLES], stop[SAMPLES], cpu[SAMPLES];
    const struct runner_spec spec = {.ops = bench->ops,
        .workers = probe->workers,
        .chunk = probe->chunk,
        .tasks = probe->tasks,
        .least_seconds = LEAST_SECONDS,
        .warm_up = true};
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct result_sample sample = {0};
        if (runner_measure(workload, &spec, &sample, NULL))
            return STATUS_INTERRUPTED;
        if (*sample.failure) {
            snprintf(bench->why, bench->size, "costs of %s, %u workers: %s", bench->ops->name,
                probe->workers, sample.failure);
            return STATUS_FAILED;
        }
        region[i] = sample.wall_s * 1e9 / (double)sample.regions;
        cpu[i] = sample.cpu_s * 1e9 / (double)sample.regions;
        start[i] = sample.start_s * 1e9;
        stop[i] = sample.stop_s * 1e9;
    }
    *probed = (struct probed){stat_median(region, SAMPLES), stat_median(start, SAMPLES),
        stat_median(stop, SAMPLES), stat_median(cpu, SAMPLES)};
    return STATUS_DONE;
}

static enum status take(const struct bench *bench, struct probe probe, struct probed *probed)
{
    struct workload workload;
    enum status status = workload_open_with(
        &workload, probe.name, probe.param, probe.tasks, bench->why, bench->size);
    if (status)
        return status;
    status = take_samples(bench, &workload, &probe, probed);
    workload_close(&workload);
    return status;
}

/* What one of two adds to the other for each of `count`, if anything. */
static double added(double more, double less, double count)
{
    return fmax(0, (more - less) / count);
}

/* Of tasks and claims: many empty tasks by one worker. */
static enum status measure_tasks(
    const struct bench *bench, const struct bench *serial, struct sim_model *model)
{
    struct probed loop, guided, single, one;
    struct probe probe = {.name = "null", .tasks = MANY_TASKS, .workers = 1};
    enum status status = take(serial, probe, &loop);
    if (status == STATUS_DONE)
        status = take(bench, probe, &guided);
    probe.chunk = 1;
    if (status == STATUS_DONE)
        status = take(bench, probe, &single);
    probe.tasks = 1;
    if (status == STATUS_DONE)
        status = take(bench, probe, &one);
    if (status)
        return status;
    bool queue_of_one = model->chunk_of_one; /* "guided" is then the same as chunk 1 */
    model->region = one.region;
    model->claim = added(single.region, queue_of_one ? loop.region : guided.region, MANY_TASKS);
    model->dispatch = queue_of_one ? 0 : added(guided.region - one.region, loop.region, MANY_TASKS);
    return STATUS_DONE;
}

/* Of waking: as many tasks as workers, so that each worker has to come. Two long ones wait for the
 * second worker; of sleeping ones, which need no core, there may be many. */
static enum status measure_waking(
    const struct bench *bench, const struct bench *serial, struct sim_model *model)
{
    struct probed spin, spins, sleep, two, many;
    struct probe probe = {.name = "spin", .param = SPIN, .tasks = 1, .workers = 1, .chunk = 1};
    enum status status = take(serial, probe, &spin);
    probe.tasks = probe.workers = 2;
    if (status == STATUS_DONE)
        status = take(bench, probe, &spins);
    probe = (struct probe){.name = "sleep", .param = SLEEP, .tasks = 1, .workers = 1, .chunk = 1};
    if (status == STATUS_DONE)
        status = take(serial, probe, &sleep);
    probe.tasks = probe.workers = 2;
    if (status == STATUS_DONE)
        status = take(bench, probe, &two);
    probe.tasks = probe.workers = MANY_WORKERS;
    if (status == STATUS_DONE)
        status = take(bench, probe, &many);
    if (status)
        return status;
    double woken = cpus_usable() > 1 ? spins.region - spin.region : two.region - sleep.region;
    model->wake = added(woken, model->region, 1);
    model->wake_each = added(many.region, two.region, MANY_WORKERS - 2);
    model->resume = sleep.cpu;
    return STATUS_DONE;
}

static enum status measure_start(const struct bench *bench, struct sim_model *model)
{
    struct probed one, many;
    struct probe probe = {.name = "null", .tasks = 1, .workers = 1};
    enum status status = take(bench, probe, &one);
    probe.workers = MANY_WORKERS;
    if (status == STATUS_DONE)
        status = take(bench, probe, &many);
    if (status)
        return status;
    model->start = added(many.start, one.start, MANY_WORKERS - 1);
    model->start_pool = added(one.start, model->start, 1);
    model->stop = added(many.stop, one.stop, MANY_WORKERS - 1);
    model->stop_pool = added(one.stop, model->stop, 1);
    return STATUS_DONE;
}

enum status costs_measure(struct sim_model *model, char *why, size_t size)
{
    const struct bench bench = {registry_backend(model->as), why, size};
    const struct bench serial = {registry_backend("serial"), why, size};
    const char *reason = !bench.ops             ? "no such backend is here"
                         : bench.ops->supported ? bench.ops->supported()
                                                : NULL;
    if (reason) {
        snprintf(why, size, "the costs of %s cannot be measured: %s", model->as, reason);
        return STATUS_UNAVAILABLE;
    }
    model->call = 0;
    model->cores = cpus_usable();
    enum status status = measure_tasks(&bench, &serial, model);
    if (status == STATUS_DONE)
        status = measure_waking(&bench, &serial, model);
    if (status == STATUS_DONE)
        status = measure_start(&bench, model);
    return status;
}
