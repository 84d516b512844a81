/* The compiler's OpenMP (gcc's libgomp, clang's libomp): one `parallel` with a `for` in it a
 * region. compiler: -fopenmp
 *
 * The caller is worker 0 of the team. Idle threads spin a while before they sleep, as the runtime
 * decides (OMP_WAIT_POLICY). The team belongs to the process and outlives the pool; a process that
 * forks after it was made cannot use OpenMP in the child. Where the system refuses a thread, the
 * runtime ends the process. */
#include "worker.h"

#include <errno.h>
#include <limits.h>
#include <omp.h>
#include <stdio.h>

struct openmp {
    struct pool pool;
    struct worker workers[];
};

extern const struct pool_ops pool_openmp_static;

static void leave(struct openmp *openmp)
{
#pragma omp parallel num_threads((int)openmp->pool.config.workers)
    worker_leave(&openmp->pool, &openmp->workers[omp_get_thread_num()]);
}

static int openmp_start(struct pool *pool, char *why, size_t size)
{
    struct openmp *openmp = (struct openmp *)pool;
    unsigned team = 0;
    omp_set_dynamic(0); /* a team as large as asked, whatever the load */
#pragma omp parallel num_threads((int)pool->config.workers) reduction(max : team)
    {
        unsigned index = (unsigned)omp_get_thread_num();
        team = (unsigned)omp_get_num_threads();
        worker_enter(pool, &openmp->workers[index], index);
    }
    const char *error = worker_error(pool, openmp->workers);
    if (team == pool->config.workers && !error)
        return 0;
    int code = error ? pool_start_error(why, size, pool, 0, 0, error) : EAGAIN;
    if (!error)
        snprintf(why, size,
            "%s: the runtime gives %u of %u workers (OMP_THREAD_LIMIT); ask for fewer",
            pool->ops->name, team, pool->config.workers);
    leave(openmp);
    return code;
}

static int openmp_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct openmp *openmp = (struct openmp *)pool;
    omp_sched_t kind = pool->ops == &pool_openmp_static ? omp_sched_static
                       : chunk                          ? omp_sched_dynamic
                                                        : omp_sched_guided;
    omp_set_schedule(kind, chunk < INT_MAX ? (int)chunk : INT_MAX);
#pragma omp parallel num_threads((int)pool->config.workers)
    {
        unsigned index = (unsigned)omp_get_thread_num();
        struct worker *worker = &openmp->workers[index];
        uint64_t done = 0;
#pragma omp for schedule(runtime) nowait
        for (uint64_t i = 0; i < tasks; i++) {
            pool_run_range(pool, worker->local, index, i, i + 1, NULL);
            done++;
        }
        worker->done += done;
    }
    return 0;
}

static void openmp_stop(struct pool *pool)
{
    leave((struct openmp *)pool);
}

static uint64_t openmp_worker_tasks(const struct pool *pool, unsigned worker)
{
    return ((const struct openmp *)pool)->workers[worker].done;
}

const struct pool_ops pool_openmp = {
    .name = "openmp",
    .summary = "the compiler's OpenMP: a dynamic or, by default, guided loop",
    .keeps_threads = true,
    .aborts = true,
    .supported = pool_unless_tsan,
    .pool_size = sizeof(struct openmp),
    .worker_size = sizeof(struct worker),
    .start = openmp_start,
    .map = openmp_map,
    .stop = openmp_stop,
    .worker_tasks = openmp_worker_tasks,
};

const struct pool_ops pool_openmp_static = {
    .name = "openmp-static",
    .summary = "the compiler's OpenMP: a static loop, by default one share a worker",
    .keeps_threads = true,
    .aborts = true,
    .supported = pool_unless_tsan,
    .pool_size = sizeof(struct openmp),
    .worker_size = sizeof(struct worker),
    .start = openmp_start,
    .map = openmp_map,
    .stop = openmp_stop,
    .worker_tasks = openmp_worker_tasks,
};
