/* A worker's slot: entering, running, leaving. */
#include "worker.h"

#include <stdio.h>

bool worker_enter(const struct pool *pool, struct worker *worker, unsigned index)
{
    int code = pool_worker_enter(pool, index, &worker->local);
    if (code)
        snprintf(worker->error, sizeof worker->error, "%s", task_message(code));
    worker->entered = !code;
    return worker->entered;
}

void worker_leave(const struct pool *pool, struct worker *worker)
{
    if (worker->entered)
        pool_worker_leave(pool, worker->local);
    worker->entered = false;
}

void worker_run(
    const struct pool *pool, struct worker *worker, unsigned index, uint64_t begin, uint64_t end)
{
    pool_run_range(pool, worker->local, index, begin, end, NULL);
    worker->done += end - begin;
}

const char *worker_error(const struct pool *pool, const struct worker *workers)
{
    for (unsigned i = 0; i < pool->config.workers; i++)
        if (*workers[i].error)
            return workers[i].error;
    return NULL;
}
