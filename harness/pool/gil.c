/* Threads of which only one computes at a time, as those of an interpreter with a global lock do:
 * the threads are threads.c's, the lock is gate.h's.
 *
 * What an interpreter checks at each of its instructions, a task in C has to ask for itself
 * (task_checkpoint), and the end of a task asks too. A task that does neither for long keeps all
 * others waiting, as an extension module does that never releases the lock. So does one that has
 * run out of time (task_timeout_s): what waits for the lock does not begin before it ends. */
#include "gate.h"
#include "threads.h"

#include <errno.h>

static int gil_start(struct pool *pool, char *why, size_t size)
{
    double interval = pool->config.switch_interval_s;
    pool->gate = gate_make(interval > 0 ? interval : GATE_INTERVAL_S);
    if (!pool->gate)
        return pool_start_error(why, size, pool, 0, errno, NULL);
    int code = threads_start(pool, why, size);
    if (code)
        gate_free(pool->gate);
    return code;
}

static void gil_stop(struct pool *pool)
{
    threads_stop(pool);
    if (!pool->abandoned)
        gate_free(pool->gate);
}

const struct pool_ops pool_gil = {
    .name = "gil",
    .summary = "threads that must hold one lock to compute, as CPython's do",
    THREADS_HOOKS,
    .start = gil_start,
    .stop = gil_stop,
};
