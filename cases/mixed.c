/* A task that computes and waits, in a ratio that can be set: the kind of work for which pools are
 * larger than the number of CPUs. Goetz (Java Concurrency in Practice, 2006, section 8.2) gives the
 * size that keeps the CPUs busy: CPUs x (1 + wait / compute).
 *
 * Computing is a fixed amount of work whose length is calibrated once (support/chain.h), waiting is
 * time (support/wait.h). A task that was pre-empted computes on afterwards, and that is the point:
 * with too many workers its wait begins later. */
#include "case.h"

#include "support/chain.h"
#include "support/wait.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_TASKS 100
#define TOTAL_MAX 60e9 /* ns */

struct mixed {
    uint64_t seed;
    uint64_t compute, wait; /* ns */
    double ratio;
    uint64_t iterations, inverse; /* of the chain that takes `compute` */
};

/* Either the part that computes is given or the whole, and the ratio parts it. */
static int choose_times(struct mixed *mixed, const struct param_values *params)
{
    mixed->ratio = param_real(params, "ratio");
    double compute = (double)param_duration(params, "compute");
    if (param_given(params, "total") && param_given(params, "compute"))
        return task_fail(EINVAL, "total and compute both set a task's length; give one and ratio");
    if (param_given(params, "total"))
        compute = (double)param_duration(params, "total") / (1 + mixed->ratio);
    double wait = compute * mixed->ratio;
    if (compute + wait > TOTAL_MAX)
        return task_fail(EINVAL,
            "ratio=%g: a task would take %.0f s, and more than %.0f are not sensible; lower ratio "
            "or compute",
            mixed->ratio, (compute + wait) * 1e-9, TOTAL_MAX * 1e-9);
    mixed->compute = (uint64_t)(compute + 0.5);
    mixed->wait = (uint64_t)(wait + 0.5);
    return 0;
}

/* The calibration is handed on: another one would be other work. */
static void choose_work(struct mixed *mixed, struct case_run *run)
{
    double iteration_ns;
    if (sscanf(run->handed, "%lf", &iteration_ns) != 1) {
        iteration_ns = chain_iteration_ns();
        snprintf(run->handed, sizeof run->handed, "%a", iteration_ns);
    }
    mixed->iterations = (uint64_t)((double)mixed->compute / iteration_ns + 0.5);
    mixed->inverse = chain_inverse(mixed->iterations);
}

static int mixed_setup(struct case_run *run)
{
    struct mixed *mixed = calloc(1, sizeof *mixed);
    if (!mixed)
        return task_fail(ENOMEM, "no memory for the parameters");
    mixed->seed = run->seed;
    int code = choose_times(mixed, run->params);
    if (code) {
        free(mixed);
        return code;
    }
    choose_work(mixed, run);
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->ctx = mixed;
    return 0;
}

static void mixed_teardown(void *ctx)
{
    free(ctx);
}

static int mixed_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    const struct mixed *mixed = ctx;
    uint64_t x = chain_run(hash_mix(mixed->seed, index), mixed->iterations);
    int code = mixed->wait > 0 ? wait_for(mixed->wait) : 0;
    if (!code)
        result->value = x * mixed->inverse;
    return code;
}

static void mixed_model(const void *ctx, uint64_t index, double *cpu, double *blocking)
{
    (void)index;
    const struct mixed *mixed = ctx;
    *cpu = (double)mixed->compute;
    *blocking = (double)mixed->wait;
}

static int mixed_verify(const void *ctx, const struct case_results *results)
{
    const struct mixed *mixed = ctx;
    for (uint64_t i = 0; i < case_tasks(results); i++)
        if (case_ok(results, i) && case_result(results, i)->value != hash_mix(mixed->seed, i))
            return task_fail(EIO, "task %" PRIu64 ": its chain did not end where it must", i);
    return 0;
}

static void mixed_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    (void)results;
    const struct mixed *mixed = ctx;
    snprintf(text, size,
        "%.6g ms of computing and %.6g ms of waiting a task; workers a CPU by Goetz's formula: "
        "%.6g",
        (double)mixed->compute * 1e-6, (double)mixed->wait * 1e-6, 1 + mixed->ratio);
}

static const struct param mixed_params[] = {
    {.name = "compute",
        .type = PARAM_DURATION,
        .value = "1ms",
        .min = 1000,
        .max = 1e9,
        .help = "CPU time of a task, 1us to 1s"},
    {.name = "ratio",
        .type = PARAM_REAL,
        .value = "4",
        .min = 0,
        .max = 10000,
        .help = "how many times as long it waits, 0 to 10000"},
    {.name = "total",
        .type = PARAM_DURATION,
        .min = 1000,
        .max = TOTAL_MAX,
        .help = "computing and waiting together, 1us to 60s, instead of compute"},
    {.name = NULL},
};

const struct bench_case case_mixed = {
    .name = "mixed",
    .summary = "a task that computes and waits, in a ratio that can be set",
    .description =
        "Each task computes for a while (a chain of multiplications, calibrated once) and then "
        "waits ratio times as long, as for a server's answer. Two limits meet here: while there "
        "are "
        "few workers each adds its share, since most of them wait, until the CPUs are busy all the "
        "time and more workers add nothing. That is at CPUs x (1 + ratio) by Goetz's formula, and "
        "speedup is that number there at most. Expect a straight line up to a little before it, "
        "where workers begin to meet at the CPUs by chance, a knee, and a plateau. Whoever sizes "
        "this pool by the number of CPUs leaves most of the speedup.",
    .kind = CASE_MIXED,
    .params = mixed_params,
    .task = mixed_task,
    .setup = mixed_setup,
    .teardown = mixed_teardown,
    .model = mixed_model,
    .worker_enter = wait_worker_enter,
    .worker_leave = wait_worker_leave,
    .verify = mixed_verify,
    .answer = mixed_answer,
};
