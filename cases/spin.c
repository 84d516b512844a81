/* A compute grain of a chosen length, as a fixed amount of work (support/chain.h).
 *
 * Two short tasks in a row overlap in a core's pipeline, so that a nominal 20 ns would cost 12 in a
 * loop. Therefore a worker's chain runs on through its tasks: each starts from where the previous
 * one ended, carried in `local`, by a term that is always 0 but that neither compiler nor CPU can
 * know to be.
 *
 * A task follows the chain to its end and from there back to its start at once. So the value is
 * hash_mix(seed, index) for every length, and a process that calibrates anew gets the same
 * checksum. */
#include "case.h"

#include "../harness/measure/clock.h"
#include "support/chain.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TASKS 1000
#define QUANTILES 1000  /* grains in the table of an uneven shape */
#define CACHE_LINES 128 /* two lines: the neighbour is prefetched along */

struct work {
    uint64_t iterations;
    uint64_t inverse; /* leads back */
};

struct spin {
    uint64_t seed;
    uint64_t zero; /* is 0, in memory so that nobody else knows */
    const struct shape *shape;
    double mean_ns; /* of a task: the grain, or, by definition, 1 ns an iteration */
    uint64_t works; /* entries used of work; a task picks one by hash */
    struct work work[QUANTILES];
};

struct chain {
    uint64_t end; /* of the worker's previous task */
};

static const struct work *work_at(const struct spin *spin, uint64_t hash)
{
    return &spin->work[((hash >> 32) * spin->works) >> 32];
}

/* How far the worker's chain has come, which short tasks must wait for. */
static uint64_t chain_start(const struct spin *spin, const struct chain *chain)
{
    return chain != NULL ? chain->end & spin->zero : 0;
}

static void chain_end(
    struct chain *chain, uint64_t x, const struct work *work, struct task_result *result)
{
    if (chain != NULL)
        chain->end = x;
    result->value = x * work->inverse;
}

/* Apart, so that short tasks, of which each nanosecond counts, save no registers for its calls. */
static __attribute__((noinline)) int spin_long(
    const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct spin *spin = ctx;
    uint64_t hash = hash_mix(spin->seed, index), x = hash + chain_start(spin, local);
    const struct work *work = work_at(spin, hash);
    chain_end(local, chain_run(x, work->iterations), work, result);
    return 0;
}

static int spin_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct spin *spin = ctx;
    uint64_t hash = hash_mix(spin->seed, index);
    const struct work *work = work_at(spin, hash);
    if (work->iterations > CHAIN_PIECE)
        return spin_long(ctx, local, index, result);
    uint64_t x = chain_multiply(hash + chain_start(spin, local), work->iterations);
    chain_end(local, x, work, result);
    return 0;
}

static int spin_worker_enter(const void *ctx, void **local)
{
    (void)ctx;
    struct chain *chain = aligned_alloc(CACHE_LINES, CACHE_LINES);
    if (chain == NULL)
        return task_fail(ENOMEM, "no memory for a worker");
    chain->end = 0;
    *local = chain;
    return 0;
}

static void spin_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    free(local);
}

/* The shapes: the cost of the task at quantile u in (0, 1), where the mean task costs 1. */

static double even_cost(double u)
{
    (void)u;
    return 1;
}

static double uniform_cost(double u)
{
    return 2 * u;
}

static double exponential_cost(double u)
{
    return -log1p(-u);
}

/* 1 in 100 costs 50 and takes half of the time. */
static double straggler_cost(double u)
{
    return u > 0.99 ? 50 : 0.5 / 0.99;
}

static const struct shape {
    const char *name;
    double (*cost)(double u);
    uint64_t works;
} shapes[] = {
    {"even", even_cost, 1},
    {"uniform", uniform_cost, QUANTILES},
    {"exponential", exponential_cost, QUANTILES},
    {"straggler", straggler_cost, QUANTILES},
};

static const struct shape *shape_named(const char *name)
{
    const struct shape *shape = shapes;
    while (strcmp(shape->name, name) != 0)
        shape++;
    return shape;
}

/* Fills the table with mean * cost(u) - fixed iterations. What rounding adds to or takes from one
 * entry is settled with the next, so that the mean is exact. */
static void fill(struct spin *spin, const struct shape *shape, double mean, double fixed)
{
    double owed = 0;
    spin->works = shape->works;
    for (uint64_t i = 0; i < shape->works; i++) {
        double u = ((double)i + 0.5) / (double)shape->works;
        owed += mean * shape->cost(u) - fixed;
        uint64_t iterations = owed > 0 ? (uint64_t)(owed + 0.5) : 0;
        owed -= (double)iterations;
        spin->work[i] = (struct work){iterations, chain_inverse(iterations)};
    }
}

/* Calibration. Everything is measured as it will be used, through the task function in a loop, and
 * the minimum of several short runs is taken: whatever disturbs a run makes it longer. */

#define RUNS 20
#define RUN_NS 50000.0 /* long against the clock's resolution, short against a time slice */
#define ROUNDS 6
#define CALL_NS 5.0     /* no task is taken to be shorter */
#define PROBE_NS 1000.0 /* grain up to which the fixed cost of a task is measured */

/* The time that `count` tasks from index `first` on take one after another, in ns. */
static double run_ns(const struct spin *spin, void *chain, uint64_t first, uint64_t count)
{
    task_fn *volatile hidden = spin_task; /* so that the call is not inlined */
    task_fn *task = hidden;
    struct task_result slot;
    uint64_t start = clock_now();
    for (uint64_t i = first; i < first + count; i++)
        task(spin, chain, i, &slot);
    return (double)(clock_now() - start);
}

/* What a task of the table costs besides its iterations, in ns. Every run takes new indices, since
 * a repeated sequence would teach the branch predictor the lengths of uneven chains. */
static double measure_fixed(
    const struct spin *spin, void *chain, double mean_ns, double iteration_ns)
{
    double best = INFINITY;
    uint64_t count = (uint64_t)(RUN_NS / fmax(mean_ns, CALL_NS));
    for (uint64_t run = 0; run < RUNS; run++) {
        uint64_t first = run * count;
        double ns = run_ns(spin, chain, first, count);
        for (uint64_t i = first; i < first + count; i++)
            ns -= iteration_ns * (double)work_at(spin, hash_mix(spin->seed, i))->iterations;
        best = fmin(best, ns / (double)count);
    }
    return best;
}

/* The fixed cost depends on the iterations (how well the next call overlaps them, how often the
 * end of an uneven chain is mispredicted), and the iterations on it: a few rounds settle both, each
 * moving less than the one before so that they cannot swing to and fro (Robbins, Monro 1951). */
static int calibrate(
    struct spin *spin, const struct shape *shape, double grain_ns, double measured[2])
{
    void *chain = NULL;
    int code = spin_worker_enter(spin, &chain);
    if (code != 0)
        return code;
    double iteration_ns = chain_iteration_ns();
    double probe_ns = fmin(grain_ns, PROBE_NS);
    double fixed_ns = 0;
    for (int round = 1; round <= ROUNDS; round++) {
        fill(spin, shape, probe_ns / iteration_ns, fixed_ns / iteration_ns);
        fixed_ns += (measure_fixed(spin, chain, probe_ns, iteration_ns) - fixed_ns) / round;
    }
    measured[0] = grain_ns / iteration_ns;
    measured[1] = fixed_ns / iteration_ns;
    spin_worker_leave(spin, chain);
    return 0;
}

/* The calibration is handed on: another one would be other work. */
static int choose_by_grain(struct spin *spin, const struct shape *shape, struct case_run *run)
{
    double measured[2], grain_ns = (double)param_duration(run->params, "grain");
    if (sscanf(run->handed, "%lf %lf", &measured[0], &measured[1]) != 2) {
        int code = calibrate(spin, shape, grain_ns, measured);
        if (code != 0)
            return code;
        snprintf(run->handed, sizeof run->handed, "%a %a", measured[0], measured[1]);
    }
    fill(spin, shape, measured[0], measured[1]);
    return 0;
}

static int choose_work(struct spin *spin, struct case_run *run)
{
    const struct param_values *params = run->params;
    const struct shape *shape = shape_named(param_text(params, "shape"));
    spin->shape = shape;
    spin->mean_ns = (double)param_duration(params, "grain");
    if (!param_given(params, "iterations"))
        return choose_by_grain(spin, shape, run);
    if (param_given(params, "grain"))
        return task_fail(EINVAL, "grain and iterations both set a task's work; give one");
    spin->mean_ns = (double)param_count(params, "iterations");
    fill(spin, shape, spin->mean_ns, 0);
    return 0;
}

static void spin_model(const void *ctx, uint64_t index, double *cpu, double *blocking)
{
    const struct spin *spin = ctx;
    const struct work *work = work_at(spin, hash_mix(spin->seed, index));
    double u = ((double)(work - spin->work) + 0.5) / (double)spin->works;
    *cpu = spin->mean_ns * spin->shape->cost(u);
    *blocking = 0;
}

static int spin_setup(struct case_run *run)
{
    struct spin *spin = calloc(1, sizeof *spin);
    if (spin == NULL)
        return task_fail(ENOMEM, "no memory for the table of grains");
    spin->seed = run->seed;
    int code = choose_work(spin, run);
    if (code != 0) {
        free(spin);
        return code;
    }
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = spin->works == 1;
    run->ctx = spin;
    return 0;
}

static void spin_teardown(void *ctx)
{
    free(ctx);
}

static int spin_verify(const void *ctx, const struct case_results *results)
{
    const struct spin *spin = ctx;
    for (uint64_t i = 0; i < case_tasks(results); i++)
        if (case_ok(results, i) && case_result(results, i)->value != hash_mix(spin->seed, i))
            return task_fail(EIO, "task %" PRIu64 ": its chain did not end where it must", i);
    return 0;
}

static const struct param spin_params[] = {
    {.name = "grain",
        .type = PARAM_DURATION,
        .value = "10us",
        .min = 1,
        .max = 100e6,
        .help = "mean cost of a task on one core, 1ns to 100ms (a call alone costs 2 to 5 ns)"},
    {.name = "iterations",
        .type = PARAM_COUNT,
        .min = 0,
        .max = 1e9,
        .help = "mean work of a task in multiplications, instead of grain: no calibration"},
    {.name = "shape",
        .type = PARAM_CHOICE,
        .value = "even",
        .choices = "even|uniform|exponential|straggler",
        .help = "how costs spread; straggler: 1 task in 100 takes 50 times the mean"},
    {.name = NULL},
};

const struct bench_case case_spin = {
    .name = "spin",
    .summary = "a compute grain of chosen length, 1 ns to 100 ms, even or uneven",
    .description =
        "Each task runs a chain of dependent multiplications whose length is calibrated once to "
        "this machine, so that a task costs `grain` on one core; the work is fixed, not the time. "
        "Only the cores limit it: no memory, no sharing. Expect speedup = workers up to the usable "
        "CPUs for long grains, falling below 1 as the grain nears what the pool needs to hand out "
        "a task: the grain where speedup crosses 1 is the break-even. The uneven shapes have the "
        "same mean; there large chunks cost balance and small ones cost overhead.",
    .kind = CASE_CPU,
    .params = spin_params,
    .task = spin_task,
    .setup = spin_setup,
    .teardown = spin_teardown,
    .model = spin_model,
    .worker_enter = spin_worker_enter,
    .worker_leave = spin_worker_leave,
    .verify = spin_verify,
};
