/* Pools as arms: all of them through pool_start and pool_map, on the workload's arena, so that
 * pools are compared and not the ways to call them. */
#include "arm.h"

#include "harness/analyze/stat.h"
#include "harness/measure/clock.h"
#include "harness/measure/registry.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Above this a region has cost its task time alone; what is left is the clock's grain. */
#define LEAST_SECONDS 1e-9

#define ABOVE_ROUNDS 7
#define APART_REGIONS 40
#define APART_NS 300000
#define BESIDE_REGIONS_MAX 4000
#define BESIDE_SECONDS 60e-3 /* some of the scheduler's slices */
#define WARM_SECONDS 1e-3

struct run {
    const struct arm *arm;
    struct workload *workload;
    struct sample *sample;
    struct pool_config config;
    struct pool *pool;
};

static void prepare(
    struct run *run, const struct arm *arm, struct workload *workload, struct sample *sample)
{
    const struct bench_case *bench = workload->bench;
    *run = (struct run){
        .arm = arm,
        .workload = workload,
        .sample = sample,
        .config =
            {
                .workers = arm->workers ? arm->workers : BENCH_WORKERS,
                .task = bench->task,
                .ctx = workload->run.ctx,
                .worker_enter = bench->worker_enter,
                .worker_leave = bench->worker_leave,
                .arena = &workload->arena,
                .owner_works = arm->owner_works,
            },
    };
    arena_populate(&workload->arena);
}

static int start(struct run *run)
{
    run->pool = pool_start(registry_backend(run->arm->backend), &run->config, run->sample->failure,
        sizeof run->sample->failure);
    return run->pool ? 0 : -1;
}

static int region(void *context)
{
    struct run *run = context;
    if (pool_map(run->pool, run->workload->run.tasks, run->arm->chunk) == 0)
        return 0;
    snprintf(run->sample->failure, sizeof run->sample->failure, "%s", task_message(EIO));
    return -1;
}

static int cold_region(void *context)
{
    struct run *run = context;
    if (start(run))
        return -1;
    int status = region(run);
    pool_stop(run->pool);
    return status;
}

/* A started pool that has run regions for a moment. */
static int start_warm(
    struct run *run, const struct arm *arm, struct workload *workload, struct sample *sample)
{
    prepare(run, arm, workload, sample);
    if (start(run))
        return -1;
    uint64_t begin = clock_now();
    do {
        if (region(run))
            return -1;
    } while (clock_since(begin) < WARM_SECONDS);
    return 0;
}

/* The time that the busiest worker's tasks take alone. */
static double ideal_seconds(const struct arm *arm, const struct workload *workload)
{
    unsigned workers = arm->workers ? arm->workers : BENCH_WORKERS;
    uint64_t tasks = (workload->run.tasks + workers - 1) / workers;
    return (double)tasks * bare_task_seconds(workload);
}

static int time_warm(
    const struct arm *arm, struct workload *workload, struct sample *sample, double *seconds)
{
    struct run run;
    if (start_warm(&run, arm, workload, sample))
        return -1;
    int status = arm_repeat(region, &run, seconds);
    pool_stop(run.pool);
    return status;
}

/* The median over some rounds, since what is left is small beside what the machine's speed changes
 * by. The ideal is taken while there is no pool: not beside its workers, nor between its regions.
 */
static int time_above_ideal(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    double above[ABOVE_ROUNDS], before = ideal_seconds(arm, workload);
    for (int i = 0; i < ABOVE_ROUNDS; i++) {
        if (time_warm(arm, workload, sample, &above[i]))
            return -1;
        double after = ideal_seconds(arm, workload);
        above[i] -= (before + after) / 2;
        before = after;
    }
    sample->seconds = fmax(LEAST_SECONDS, stat_median(above, ABOVE_ROUNDS));
    return 0;
}

int pools_warm(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    if (arm->above_ideal)
        return time_above_ideal(arm, workload, sample);
    return time_warm(arm, workload, sample, &sample->seconds);
}

int pools_cold(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct run run;
    prepare(&run, arm, workload, sample);
    if (cold_region(&run))
        return -1;
    return arm_repeat(cold_region, &run, &sample->seconds);
}

static int time_one(struct run *run, double *seconds)
{
    uint64_t begin = clock_now();
    int status = region(run);
    *seconds = clock_since(begin);
    return status;
}

int pools_apart(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct run run;
    double seconds[APART_REGIONS];
    int status = start_warm(&run, arm, workload, sample);
    if (status)
        return -1;
    for (int i = 0; i < APART_REGIONS && !status; i++) {
        nanosleep(&(struct timespec){.tv_nsec = APART_NS}, NULL);
        status = time_one(&run, &seconds[i]);
    }
    pool_stop(run.pool);
    sample->seconds = stat_median(seconds, APART_REGIONS);
    return status;
}

/* A process that computes on the last of the usable CPUs until it is killed; -1: none. */
static pid_t start_busy(void)
{
    cpu_set_t usable, last;
    size_t cpu = CPU_SETSIZE - 1;
    if (sched_getaffinity(0, sizeof usable, &usable) || CPU_COUNT(&usable) < 2)
        return -1;
    while (!CPU_ISSET(cpu, &usable))
        cpu--;
    CPU_ZERO(&last);
    CPU_SET(cpu, &last);
    pid_t parent = getpid(), pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || sched_setaffinity(0, sizeof last, &last))
        _exit(1);
    for (volatile uint64_t i = 0;; i++)
        ;
}

static void stop_busy(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static int time_beside(struct run *run, double quantile)
{
    static double seconds[BESIDE_REGIONS_MAX];
    size_t n = 0;
    uint64_t begin = clock_now();
    while (n < BESIDE_REGIONS_MAX && clock_since(begin) < BESIDE_SECONDS)
        if (time_one(run, &seconds[n++]))
            return -1;
    run->sample->seconds = stat_quantile(seconds, n, quantile > 0 ? quantile : 0.5);
    return 0;
}

int pools_beside(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct run run;
    pid_t busy = start_busy();
    if (busy < 0) {
        snprintf(sample->failure, sizeof sample->failure, "a busy process needs 2 usable CPUs");
        return -1;
    }
    int status = start_warm(&run, arm, workload, sample);
    if (status == 0) {
        status = time_beside(&run, arm->quantile);
        pool_stop(run.pool);
    }
    stop_busy(busy);
    return status;
}
