/* What of calls goes by the clock: retries after their delay, and those that run for too long. See
 * future.h. */
#include "future.h"

#include <stdio.h>

/* Returns 0, or -1 when the pool is broken: the retry is then still due. */
static int retry(struct future *future)
{
    struct futures *futures = future->pool->futures;
    uint64_t due = future->retry_at;
    future->retry_at = 0;
    futures->retrying--;
    if (future_send(future) == 0)
        return 0;
    if (future->status != FUTURE_PENDING) /* ended with the pool */
        return -1;
    future->retry_at = futures->retry_soonest = due;
    futures->retrying++;
    return -1;
}

int futures_start_retries(struct pool *pool, uint64_t now)
{
    struct futures *futures = pool->futures;
    if (futures->retrying == 0 || now < futures->retry_soonest)
        return 0;
    futures->retry_soonest = UINT64_MAX;
    for (uint32_t i = 0; i < futures->used; i++) {
        struct future *future = &futures->all[i];
        if (future->retry_at == 0)
            continue;
        if (future->retry_at <= now) {
            if (retry(future))
                return -1;
        } else if (future->retry_at < futures->retry_soonest) {
            futures->retry_soonest = future->retry_at;
        }
    }
    return 0;
}

/* A process is stopped, and its burial ends the future. A thread cannot be: the future ends now. */
static void time_out(struct pool *pool, unsigned worker, struct future *future)
{
    uint64_t running = CALL_STATE(CALL_RUNNING, worker);
    if (!atomic_compare_exchange_strong(
            &future_call(future)->state, &running, CALL_STATE(CALL_TIMEOUT, worker)))
        return;
    snprintf(calls_fate(pool->engine->calls, future->slot), TASK_MESSAGE_MAX,
        "worker %u ran for more than %g s%s", worker, future->options.timeout_s,
        pool->ops->kill ? "" : " and is stuck: a thread cannot be stopped");
    if (pool->ops->kill)
        return;
    pool->futures->stuck++;
    pool->futures->stuck_orphans += future->freed;
    future_end(future, FUTURE_TIMEOUT);
}

/* Where a worker is killed it is asked first (SIGTERM); ops->kill sees to that. */
void futures_check_timeouts(struct pool *pool, uint64_t now)
{
    struct engine *engine = pool->engine;
    for (unsigned i = 0; pool->futures->timed > 0 && i < engine->workers; i++) {
        uint64_t current = atomic_load_explicit(&engine->lanes[i].current, memory_order_relaxed);
        if (!lane_is_call(current))
            continue;
        struct future *future = &pool->futures->all[current & ~LANE_CALL];
        struct call *call = future_call(future);
        uint64_t started = atomic_load_explicit(&call->started, memory_order_relaxed);
        if (!call->timed || started == 0 || started >= now || /* begun since `now` */
            (double)(now - started) * 1e-9 < future->options.timeout_s)
            continue;
        time_out(pool, i, future);
        uint64_t state = atomic_load(&call->state);
        if (pool->ops->kill && CALL_FATE(state) == CALL_TIMEOUT && CALL_WORKER(state) == i)
            pool->ops->kill(pool, i, false);
    }
}
