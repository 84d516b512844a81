/* The pure wait: a task that needs time but no CPU, as a request to a server would, without the
 * server. The deadline is absolute, so that a signal only interrupts the wait and does not lengthen
 * it. A thread's default timer slack lets the kernel wake it up to 50 us late to save power, which
 * would be part of every short wait, so a worker asks for the smallest slack while it runs tasks.
 */
#include "case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define DEFAULT_TASKS 100
#define SECOND 1000000000u /* ns */

struct sleep {
    uint64_t seed;
    uint64_t duration; /* ns */
};

struct sleep_local {
    unsigned long slack; /* ns, as the worker's thread had it before */
};

static int sleep_setup(struct case_run *run)
{
    struct sleep *sleep = malloc(sizeof *sleep);
    if (sleep == NULL)
        return task_fail(ENOMEM, "no memory for the parameters");
    sleep->seed = run->seed;
    sleep->duration = param_duration(run->params, "duration");
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->ctx = sleep;
    return 0;
}

static void sleep_teardown(void *ctx)
{
    free(ctx);
}

/* Best effort: where the kernel refuses, waits are right but up to 50 us longer. */
static int sleep_worker_enter(const void *ctx, void **local)
{
    (void)ctx;
    struct sleep_local *own = malloc(sizeof *own);
    if (own == NULL)
        return task_fail(ENOMEM, "no memory for a worker");
    int slack = prctl(PR_GET_TIMERSLACK);
    own->slack = slack > 0 ? (unsigned long)slack : 0; /* 0 asks for the thread's default */
    prctl(PR_SET_TIMERSLACK, 1UL);
    *local = own;
    return 0;
}

static void sleep_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    struct sleep_local *own = local;
    prctl(PR_SET_TIMERSLACK, own->slack);
    free(own);
}

static struct timespec deadline_in(uint64_t duration)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ns = (uint64_t)now.tv_nsec + duration;
    now.tv_sec += (time_t)(ns / SECOND);
    now.tv_nsec = (long)(ns % SECOND);
    return now;
}

static int sleep_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    const struct sleep *sleep = ctx;
    struct timespec deadline = deadline_in(sleep->duration);
    int error;
    blocking_begin();
    do
        error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
    while (error == EINTR);
    blocking_end();
    if (error != 0)
        return task_fail(error, "clock_nanosleep: %s", strerror(error));
    result->value = hash_mix(sleep->seed, index);
    return 0;
}

static void sleep_model(const void *ctx, uint64_t index, double *cpu, double *blocking)
{
    (void)index;
    *cpu = 0;
    *blocking = (double)((const struct sleep *)ctx)->duration;
}

static const struct param sleep_params[] = {
    {.name = "duration",
        .type = PARAM_DURATION,
        .value = "20ms",
        .min = 0,
        .max = 60e9,
        .help = "how long a task waits, 0 to 60s"},
    {.name = NULL},
};

const struct bench_case case_sleep = {
    .name = "sleep",
    .summary = "the pure wait: time without CPU, as in ideal IO",
    .description =
        "Each task sleeps for a fixed duration. Nothing is shared and nothing computed, so the "
        "number of CPUs does not matter: w workers wait for w tasks at once. Expect a straight "
        "line, speedup = workers, far past the CPUs, until the tasks run out or the wake-ups "
        "(a few microseconds of CPU each) fill the CPUs. It is the upper bound for every IO case; "
        "what another IO case falls short of it is the server, the disk or the network.",
    .kind = CASE_IO,
    .params = sleep_params,
    .task = sleep_task,
    .setup = sleep_setup,
    .teardown = sleep_teardown,
    .model = sleep_model,
    .worker_enter = sleep_worker_enter,
    .worker_leave = sleep_worker_leave,
};
