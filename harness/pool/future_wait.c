/* Waiting for calls: for one, for several. See future.h. */
#include "future.h"

#include "../measure/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The end of which slot is worth waking for: a future that has none under way waits for others. */
static uint32_t awaited_of(const struct future *future)
{
    return future->in_flight ? future->slot + 1 : CALLS_ANY;
}

/* Says what a call is at that has not ended in time. */
static int tell_waited(const struct future *future, double seconds)
{
    uint64_t state = atomic_load(&future_call(future)->state);
    char what[64] = "it waits for a worker";
    if (future->retry_at)
        snprintf(what, sizeof what, "it waits to be run again");
    else if (CALL_FATE(state) == CALL_RUNNING)
        snprintf(what, sizeof what, "worker %u is still running it", CALL_WORKER(state));
    return task_fail(ETIMEDOUT, "a call has not ended in the %g s that were waited: %s",
        seconds > 0 ? seconds : 0, what);
}

int future_wait(struct future *future, double seconds)
{
    int code = futures_check(future->pool);
    if (code)
        return code;
    uint64_t deadline = futures_deadline(seconds);
    while (future->status == FUTURE_PENDING) {
        if (futures_step(future->pool, awaited_of(future), deadline) &&
            future->status == FUTURE_PENDING)
            return ECHILD;
        if (future->status == FUTURE_PENDING && clock_now() >= deadline)
            return tell_waited(future, seconds);
    }
    return 0;
}

int future_get(struct future *future, const void **result, size_t *size, double seconds)
{
    int code = future_wait(future, seconds);
    if (code)
        return code;
    const struct call *call = future_call(future);
    if (result)
        *result = calls_result(future->pool->engine->calls, future->slot);
    if (size)
        *size = future->status == FUTURE_OK ? call->result_size : 0;
    switch (future->status) {
    case FUTURE_OK:
        return 0;
    case FUTURE_ERROR:
        return call->code;
    case FUTURE_TIMEOUT:
        return ETIME;
    case FUTURE_CANCELLED:
        return ECANCELED;
    default:
        return ECHILD;
    }
}

int pool_apply(struct pool *pool, pool_function *function, const void *payload, size_t payload_size,
    void *result, size_t *size)
{
    const void *bytes;
    size_t length, room = size ? *size : 0;
    struct future *future = pool_submit(pool, function, payload, payload_size, NULL);
    if (!future)
        return errno;
    int code = future_get(future, &bytes, &length, -1);
    if (code == 0 && result)
        memcpy(result, bytes, length < room ? length : room);
    if (code && future->status != FUTURE_PENDING) /* else the pool has said why */
        task_fail(code, "%s", future_message(future));
    if (size)
        *size = code ? 0 : length;
    future_free(future);
    return code;
}

static bool is_over(struct future *const *futures, size_t count, enum pool_wait mode, size_t *first)
{
    if (mode == POOL_WAIT_ALL) { /* those before *first have ended */
        while (*first < count && futures[*first]->status != FUTURE_PENDING)
            ++*first;
        return *first == count;
    }
    size_t ended = 0;
    for (size_t i = 0; i < count; i++) {
        enum future_status status = futures[i]->status;
        ended += status != FUTURE_PENDING;
        if (status != FUTURE_PENDING && (mode == POOL_WAIT_FIRST || status != FUTURE_OK))
            return true;
    }
    return ended == count;
}

static size_t count_pending(struct future *const *futures, size_t count)
{
    size_t pending = 0;
    for (size_t i = 0; i < count; i++)
        pending += futures[i]->status == FUTURE_PENDING;
    return pending;
}

int pool_wait(struct pool *pool, struct future *const *futures, size_t count, enum pool_wait mode,
    double seconds)
{
    size_t first = 0;
    int code = futures_check(pool);
    if (code)
        return code;
    for (uint64_t deadline = futures_deadline(seconds); !is_over(futures, count, mode, &first);) {
        uint32_t awaited = mode == POOL_WAIT_ALL ? awaited_of(futures[first]) : CALLS_ANY;
        if (futures_step(pool, awaited, deadline) && !is_over(futures, count, mode, &first))
            return ECHILD;
        if (clock_now() >= deadline && !is_over(futures, count, mode, &first))
            return task_fail(ETIMEDOUT,
                "%zu of %zu calls have not ended in the %g s that were waited",
                count_pending(futures, count), count, seconds);
    }
    return 0;
}
