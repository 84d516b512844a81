/* The simulated pool. What takes its place in a measurement is measure/simulated.c, in virtual
 * time; as a pool of its own it runs each task once, by one thread, in the order in which a pool of
 * the model threads would begin them if all of them took equally long. So results are right, and
 * worker n runs what worker n would. */
#include "../sim/simulate.h"
#include "backend.h"

#include <errno.h>
#include <stdio.h>

#define TASK_NS 1000

struct simulant {
    void *local;
    uint64_t ran;
};

struct sim {
    struct pool pool;
    struct sim_model model;
    struct simulant workers[];
};

static void leave_all(struct pool *pool, unsigned entered)
{
    while (entered-- > 0)
        pool_worker_leave(pool, ((struct sim *)pool)->workers[entered].local);
}

static int sim_start(struct pool *pool, char *why, size_t size)
{
    struct sim *sim = (struct sim *)pool;
    if (pool->config.workers > SIMULATE_WORKERS_MAX) {
        snprintf(why, size, "sim has at most %d workers, not %u", SIMULATE_WORKERS_MAX,
            pool->config.workers);
        return EINVAL;
    }
    if (model_make(&sim->model, "threads", NULL, why, size))
        return EINVAL;
    for (unsigned i = 0; i < pool->config.workers; i++) {
        int code = pool_enter(pool, &sim->workers[i].local);
        if (code) {
            code = pool_start_error(why, size, pool, i, 0, task_message(code));
            leave_all(pool, i);
            return code;
        }
    }
    return 0;
}

static void run_claim(void *context, unsigned worker, uint64_t begin, uint64_t end)
{
    struct sim *sim = context;
    struct simulant *me = &sim->workers[worker];
    pool_run_range(&sim->pool, me->local, worker, begin, end, NULL);
    me->ran += end - begin;
}

static int sim_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct sim *sim = (struct sim *)pool;
    const struct sim_tasks alike = tasks_alike(tasks, TASK_NS, 0);
    const struct simulate_watch watch = {.context = sim, .claimed = run_claim};
    struct simulate_outcome outcome;
    if (simulate_region(&sim->model, &alike, pool->config.workers, chunk, &watch, &outcome))
        return task_fail(ENOMEM, "sim: no memory for %u workers", pool->config.workers);
    return 0;
}

static void sim_stop(struct pool *pool)
{
    leave_all(pool, pool->config.workers);
}

static uint64_t sim_worker_tasks(const struct pool *pool, unsigned worker)
{
    return ((const struct sim *)pool)->workers[worker].ran;
}

const struct pool_ops pool_sim = {
    .name = "sim",
    .summary = "virtual time: a model of another pool on any number of cores (--sim)",
    .simulated = true,
    .pool_size = sizeof(struct sim),
    .worker_size = sizeof(struct simulant),
    .start = sim_start,
    .map = sim_map,
    .stop = sim_stop,
    .worker_tasks = sim_worker_tasks,
};
