/* Futures. See future.h; what a worker does with a call is in call.c. */
#include "future.h"

#include "../measure/clock.h"
#include "handover.h"
#include "idle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RECHECK_NS (ENGINE_RECHECK_MS * 1000000ull)

/* ---- to the workers ---- */

int future_send(struct future *future)
{
    struct pool *pool = future->pool;
    struct call *call = future_call(future);
    call->timed = future->options.timeout_s > 0;
    call->code = 0;
    call->result_size = 0;
    /* relaxed, both: published with the position */
    atomic_store_explicit(&call->started, 0, memory_order_relaxed);
    atomic_store_explicit(&call->state, CALL_STATE(CALL_PENDING, 0), memory_order_relaxed);
    call->wakes =
        future->options.on_done || future->options.on_error || future->options.retries > 0;
    future->attempts++;
    while (!engine_call(pool->engine, future->slot)) {
        if (futures_step(pool, CALLS_ANY, futures_deadline(0.001)))
            return -1;
        if (future->status != FUTURE_PENDING) /* a callback has terminated the pool */
            return 0;
    }
    future->in_flight = true; /* not before: futures_requeue puts in what is in flight */
    pool->futures->in_flight++;
    return 0;
}

struct future *future_submit(struct pool *pool, pool_function *function, const void *payload,
    size_t payload_size, const struct pool_options *options)
{
    if (pool->engine && pool->engine->handed_over && handover_check_call(function)) {
        errno = EINVAL;
        return NULL;
    }
    struct future *future = future_make(pool, options);
    if (!future)
        return NULL;
    struct call *call = future_call(future);
    call->function = function;
    call->payload_size = payload_size;
    if (payload_size > 0)
        memcpy(calls_payload(pool->engine->calls, future->slot), payload, payload_size);
    if (future_send(future)) {
        future_abandon(future);
        errno = ECHILD;
        return NULL;
    }
    return future;
}

struct future *pool_submit(struct pool *pool, pool_function *function, const void *payload,
    size_t payload_size, const struct pool_options *options)
{
    if (payload_size > pool->config.call_size && futures_check(pool) == 0) {
        pool_refuse(E2BIG, "the payload is larger than the pool's call_size");
        return NULL;
    }
    return future_submit(pool, function, payload, payload_size, options);
}

/* ---- its end ---- */

static void call_back(
    struct future *future, int (*function)(struct future *, void *), void *argument)
{
    struct futures *futures = future->pool->futures;
    if (function && function(future, argument))
        futures->callback_failures++;
}

void future_end(struct future *future, enum future_status status)
{
    struct futures *futures = future->pool->futures;
    const struct pool_options options = future->options;
    future->status = status;
    futures->pending--;
    futures->ended++;
    futures->timed -= options.timeout_s > 0;
    if (future->set)
        completed_add(future->set, future);
    if (future->freed) {
        if (!future->in_flight)
            future_release(future);
        return;
    }
    uint64_t serial = future->serial; /* a callback may free it and submit in its place */
    if (status != FUTURE_OK)
        call_back(future, options.on_error, options.argument);
    if (future->serial == serial && !future->freed)
        call_back(future, options.on_done, options.argument);
}

static void end_or_retry(struct future *future, enum future_status status)
{
    struct futures *futures = future->pool->futures;
    bool failed = status == FUTURE_ERROR || status == FUTURE_LOST || status == FUTURE_TIMEOUT;
    if (failed && future->attempts <= future->options.retries && !futures->terminated &&
        !futures->stopping && !future->freed && !*future->pool->broken) {
        double delay = future->options.retry_delay_s;
        future->retry_at = futures_deadline(delay > 0 ? delay : 0);
        if (futures->retrying++ == 0 || future->retry_at < futures->retry_soonest)
            futures->retry_soonest = future->retry_at;
    } else {
        future_end(future, status);
    }
}

/* The slot is with the owner again. */
static void come_back(struct future *future)
{
    if (!future->in_flight) /* the pool was terminated meanwhile */
        return;
    uint64_t state = atomic_load_explicit(&future_call(future)->state, memory_order_acquire);
    struct futures *futures = future->pool->futures;
    future->in_flight = false;
    futures->in_flight--;
    if (future->status == FUTURE_TIMEOUT) {
        futures->stuck--;
        futures->stuck_orphans -= future->freed;
    }
    if (future->status == FUTURE_PENDING) /* acquire: pairs with the worker's last change */
        end_or_retry(future, (enum future_status)CALL_FATE(state));
    else if (future->freed)
        future_release(future);
}

static void append(struct futures *futures, struct calls *calls, uint32_t list, uint32_t last)
{
    if (futures->first)
        *calls_link(calls, futures->last - 1) = list;
    else
        futures->first = list;
    futures->last = last;
}

/* Moves what has ended to the owner's own list, in order. Tells nobody, so it may be called where
 * callbacks must not run. */
static void take_in(struct pool *pool)
{
    struct calls *calls = pool->engine->calls;
    uint32_t newest = calls_take_ended(calls), list = 0;
    for (uint32_t slot = newest, next; slot; slot = next) { /* the latest is first: turn round */
        uint32_t *link = calls_link(calls, slot - 1);
        next = *link;
        *link = list;
        __builtin_prefetch(&calls->slots[slot - 1]); /* for come_back */
        pool->futures->all[slot - 1].listed = true;
        list = slot;
    }
    if (list)
        append(pool->futures, calls, list, newest);
}

/* Ends what has ended. One list for all, since a callback may wait itself. */
static bool collect(struct pool *pool)
{
    struct futures *futures = pool->futures;
    take_in(pool);
    bool any = futures->first != 0;
    while (futures->first) {
        struct future *future = &futures->all[futures->first - 1];
        futures->first = *calls_link(pool->engine->calls, future->slot);
        future->listed = false;
        come_back(future);
    }
    return any;
}

/* ---- deaths ---- */

void futures_bury(struct pool *pool, unsigned worker, uint32_t slot, int code, const char *reason)
{
    struct calls *calls = pool->engine->calls;
    struct call *call = &calls->slots[slot];
    struct future *future = &pool->futures->all[slot];
    uint64_t running = CALL_STATE(CALL_RUNNING, worker);
    if (atomic_compare_exchange_strong(&call->state, &running, CALL_STATE(CALL_LOST, worker))) {
        call->code = code;
        snprintf(calls_fate(calls, slot), TASK_MESSAGE_MAX, "%s", reason);
    }
    take_in(pool);
    uint64_t state = atomic_load(&call->state);
    if (!future->in_flight || future->listed || CALL_WORKER(state) != worker ||
        CALL_FATE(state) == CALL_PENDING || CALL_FATE(state) == CALL_CANCELLED)
        return;
    future->listed = true; /* it died before it could say so */
    *calls_link(calls, slot) = 0;
    append(pool->futures, calls, slot + 1, slot + 1);
}

void futures_requeue(struct pool *pool)
{
    take_in(pool);
    calls_clear_queue(pool->engine->calls);
    for (uint32_t i = 0; i < pool->futures->used; i++)
        if (pool->futures->all[i].in_flight && !pool->futures->all[i].listed &&
            pool->engine->calls->slots[i].held != pool->engine->looks)
            engine_call(pool->engine, i);
}

/* ---- waiting ---- */

uint64_t futures_deadline(double seconds)
{
    return seconds < 0 || seconds > 1e9 ? UINT64_MAX : clock_now() + (uint64_t)(seconds * 1e9);
}

static bool any_ended(struct engine *engine)
{
    return atomic_load(&engine->calls->ended) != 0;
}

/* When the owner wants to look itself: for a retry that is due, or at the end of its patience. */
static uint64_t next_look(const struct futures *futures, uint64_t now, uint64_t deadline)
{
    uint64_t look = now + RECHECK_NS;
    if (futures->retrying > 0 && futures->retry_soonest < look)
        look = futures->retry_soonest;
    return look < deadline ? look : deadline;
}

static void wait_for_news(struct pool *pool, uint32_t awaited, uint64_t deadline)
{
    uint64_t now = clock_now();
    if (now >= deadline)
        return;
    atomic_store(&pool->engine->calls->awaited, awaited); /* before it sleeps: push_ended */
    idle_owner_until(pool->engine, any_ended, next_look(pool->futures, now, deadline));
}

/* Ends what has not ended, whether a worker is at it or not. */
static void cancel(struct future *future)
{
    _Atomic uint64_t *state = &future_call(future)->state;
    uint64_t now = atomic_load(state);
    if (future->status != FUTURE_PENDING)
        return;
    while ((CALL_FATE(now) == CALL_PENDING || CALL_FATE(now) == CALL_RUNNING) &&
           !atomic_compare_exchange_weak(state, &now, CALL_STATE(CALL_CANCELLED, CALL_WORKER(now))))
        ;
    future->retry_at = 0;
    future_end(future, FUTURE_CANCELLED);
}

/* No worker is left to give the slot back. */
static void give_up(struct future *future)
{
    if (future->in_flight)
        come_back(future);
}

void futures_break(struct pool *pool)
{
    struct futures *futures = pool->futures;
    collect(pool); /* also what was lost */
    for (uint32_t i = 0; i < futures->used; i++) {
        futures->all[i].orphaned |= futures->all[i].status == FUTURE_PENDING;
        cancel(&futures->all[i]);
    }
    futures->retrying = 0;
    for (uint32_t i = 0; i < futures->used; i++)
        give_up(&futures->all[i]);
    task_fail(ECHILD, "%s", pool->broken);
}

static int end_broken(struct pool *pool)
{
    if (*pool->broken)
        futures_break(pool);
    return -1;
}

int futures_step(struct pool *pool, uint32_t awaited, uint64_t deadline)
{
    struct futures *futures = pool->futures;
    if (*pool->broken)
        return end_broken(pool);
    bool any = collect(pool);
    if (!any) {
        wait_for_news(pool, awaited, deadline);
        any = collect(pool);
    }
    uint64_t now = clock_now();
    if (futures_start_retries(pool, now))
        return end_broken(pool);
    if (any && now - futures->looked_at < RECHECK_NS &&
        !lane_any_recycled(pool->engine)) /* but not to be put off for ever */
        return 0;
    futures->looked_at = now;
    futures_check_timeouts(pool, now);
    bool tends = pool->ops->tend && !futures->terminated;
    return tends && pool->ops->tend(pool) ? end_broken(pool) : 0;
}

enum future_status future_status(const struct future *future)
{
    return future->status;
}

const char *future_message(const struct future *future)
{
    if (future->status == FUTURE_CANCELLED)
        return future->orphaned ? future->pool->broken : "it was cancelled";
    struct calls *calls = future->pool->engine->calls;
    if (future->status == FUTURE_ERROR)
        return calls_message(calls, future->slot);
    return future->status == FUTURE_OK || future->status == FUTURE_PENDING
               ? ""
               : calls_fate(calls, future->slot);
}

bool future_cancel(struct future *future)
{
    uint64_t pending = CALL_STATE(CALL_PENDING, 0);
    if (future->status != FUTURE_PENDING || futures_check(future->pool))
        return false;
    if (future->retry_at) {
        future->retry_at = 0;
        future->pool->futures->retrying--;
    } else if (!future->in_flight || !atomic_compare_exchange_strong(&future_call(future)->state,
                                         &pending, CALL_STATE(CALL_CANCELLED, 0))) {
        return false;
    }
    future_end(future, FUTURE_CANCELLED);
    return true;
}

/* ---- the end of all ---- */

void pool_terminate(struct pool *pool)
{
    struct futures *futures = pool->futures;
    if (futures_check(pool) || futures->terminated)
        return;
    collect(pool);
    if (futures->terminated) /* by a callback */
        return;
    futures->terminated = true;
    for (uint32_t i = 0; i < futures->used; i++)
        cancel(&futures->all[i]);
    futures->retrying = 0;
    for (unsigned i = 0; pool->ops->kill && i < pool->config.workers; i++)
        pool->ops->kill(pool, i, true);
    for (uint32_t i = 0; pool->ops->kill && i < futures->used; i++)
        give_up(&futures->all[i]);
}
