/* The serial loop: the baseline of every ratio. It is a pool of one worker, the caller. */
#include "backend.h"

#include <errno.h>
#include <stdio.h>

struct serial {
    struct pool pool;
    void *local;
    uint64_t done;
};

static int serial_start(struct pool *pool, char *why, size_t size)
{
    struct serial *serial = (struct serial *)pool;
    if (pool->config.workers != 1) {
        snprintf(why, size, "serial has exactly 1 worker, not %u", pool->config.workers);
        return EINVAL;
    }
    int code = pool_enter(pool, &serial->local);
    return code ? pool_start_error(why, size, pool, 0, 0, task_message(code)) : 0;
}

static int serial_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct serial *serial = (struct serial *)pool;
    (void)chunk;
    pool_run_range(pool, serial->local, 0, 0, tasks, NULL);
    serial->done += tasks;
    return 0;
}

static void serial_stop(struct pool *pool)
{
    pool_worker_leave(pool, ((struct serial *)pool)->local);
}

static uint64_t serial_worker_tasks(const struct pool *pool, unsigned worker)
{
    (void)worker;
    return ((const struct serial *)pool)->done;
}

const struct pool_ops pool_serial = {
    .name = "serial",
    .summary = "the loop: the baseline of every ratio",
    .pool_size = sizeof(struct serial),
    .start = serial_start,
    .map = serial_map,
    .stop = serial_stop,
    .worker_tasks = serial_worker_tasks,
};
