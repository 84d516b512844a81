/* Futures' slots: how many there are, who has one, and what gives it back. See future.h. */
#include "future.h"

#include <errno.h>
#include <stdlib.h>

struct futures *futures_make(struct pool *pool)
{
    uint32_t max = pool->config.calls_max;
    struct futures *futures = malloc(sizeof *futures + max * sizeof(struct future));
    uint32_t *free_slots = malloc(max * sizeof *free_slots);
    if (!futures || !free_slots) {
        free(futures);
        free(free_slots);
        return NULL;
    }
    *futures = (struct futures){.max = max, .free_slots = free_slots};
    return futures;
}

void futures_free(struct futures *futures)
{
    if (futures) {
        free(futures->free_slots);
        free(futures->region);
    }
    free(futures);
}

int futures_check(struct pool *pool)
{
    if (pool_refuses_caller(pool))
        return EPERM;
    if (!pool->futures)
        return pool_refuse(ENOTSUP, pool->engine ? "this pool was started without calls_max"
                                                 : "this backend runs regions only, no calls");
    return 0;
}

/* Slots of futures that were freed while workers were at them come back by themselves. */
static bool wait_for_slot(struct pool *pool)
{
    struct futures *futures = pool->futures;
    while (futures->free_count == 0 && futures->used == futures->max &&
           futures->orphans > futures->stuck_orphans)
        if (futures_step(pool, CALLS_ANY, UINT64_MAX))
            return false;
    return futures->free_count > 0 || futures->used < futures->max;
}

static struct future *take_slot(struct pool *pool)
{
    struct futures *futures = pool->futures;
    if (!wait_for_slot(pool))
        return NULL;
    uint32_t slot = futures->free_count > 0 /* the latest first: its memory is warm */
                        ? futures->free_slots[--futures->free_count]
                        : futures->used++;
    struct future *future = &futures->all[slot];
    *future = (struct future){.pool = pool, .slot = slot, .serial = ++futures->made};
    if (pool->futures->closed || pool->futures->terminated) { /* by a callback, meanwhile */
        futures->free_slots[futures->free_count++] = slot;
        future->status = FUTURE_CANCELLED;
        return NULL;
    }
    return future;
}

void future_release(struct future *future)
{
    struct futures *futures = future->pool->futures;
    futures->free_slots[futures->free_count++] = future->slot;
    futures->orphans--;
}

struct future *future_make(struct pool *pool, const struct pool_options *options)
{
    if (futures_check(pool))
        return NULL;
    if (*pool->broken) {
        pool_refuse(ECHILD, pool->broken);
        return NULL;
    }
    if (pool->futures->closed || pool->futures->terminated) {
        pool_refuse(EPIPE, "the pool is closed");
        return NULL;
    }
    struct future *future = take_slot(pool);
    if (!future && (pool->futures->closed || pool->futures->terminated)) {
        pool_refuse(EPIPE, "the pool is closed");
        return NULL;
    }
    if (!future) {
        pool_refuse(EAGAIN, "calls_max futures exist; free some, or start the pool with more");
        return NULL;
    }
    if (options)
        future->options = *options;
    pool->futures->pending++;
    pool->futures->timed += future->options.timeout_s > 0;
    return future;
}

void future_abandon(struct future *future)
{
    struct futures *futures = future->pool->futures;
    if (future->status == FUTURE_PENDING) { /* else a callback has terminated the pool */
        futures->pending--;
        futures->timed -= future->options.timeout_s > 0;
        future->status = FUTURE_CANCELLED;
    }
    futures->orphans++;
    future_release(future);
}

void future_free(struct future *future)
{
    if (!future || future->freed || futures_check(future->pool))
        return;
    struct futures *futures = future->pool->futures;
    future->freed = true;
    futures->orphans++;
    if (future->status == FUTURE_PENDING)
        future_cancel(future);
    else if (future->in_flight)
        futures->stuck_orphans += future->status == FUTURE_TIMEOUT;
    else
        future_release(future);
}
