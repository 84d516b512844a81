/* Futures. See future.h; what a worker does with a call is in call.c. */
#include "future.h"

#include "../measure/clock.h"
#include "call.h"
#include "engine.h"
#include "idle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    if (futures)
        free(futures->free_slots);
    free(futures);
}

static struct call *call_of(const struct future *future)
{
    return &future->pool->engine->calls->slots[future->slot];
}

static int refuse(int code, const char *message)
{
    task_fail(code, "%s", message);
    errno = code;
    return code;
}

static int check(struct pool *pool)
{
    if (!pool_is_mine(pool))
        return refuse(EPERM, "only the thread that started a pool may use it; a task may not use "
                             "the pool that runs it");
    if (!pool->futures)
        return refuse(ENOTSUP, pool->engine ? "this pool was started without calls_max"
                                            : "this backend runs regions only, no calls");
    return 0;
}

/* ---- slots ---- */

/* Slots of futures that were freed while workers were at them come back by themselves. */
static bool wait_for_slot(struct pool *pool)
{
    struct futures *futures = pool->futures;
    while (futures->free_count == 0 && futures->used == futures->max && futures->orphans > 0)
        if (futures_step(pool, UINT64_MAX))
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
    *future = (struct future){.pool = pool, .slot = slot};
    return future;
}

static void release(struct future *future)
{
    struct futures *futures = future->pool->futures;
    futures->free_slots[futures->free_count++] = future->slot;
    futures->orphans--;
}

struct future *future_make(struct pool *pool, const struct pool_options *options)
{
    if (check(pool))
        return NULL;
    if (pool->futures->closed || pool->futures->terminated) {
        refuse(EPIPE, "the pool is closed");
        return NULL;
    }
    struct future *future = take_slot(pool);
    if (!future) {
        refuse(EAGAIN, "calls_max futures exist; free some, or start the pool with more");
        return NULL;
    }
    if (options)
        future->options = *options;
    pool->futures->pending++;
    pool->futures->timed += future->options.timeout_s > 0;
    return future;
}

/* ---- to the workers ---- */

static int send(struct future *future)
{
    struct pool *pool = future->pool;
    struct call *call = call_of(future);
    call->timed = future->options.timeout_s > 0;
    call->code = 0;
    call->result_size = 0;
    /* relaxed, both: published with the position */
    atomic_store_explicit(&call->started, 0, memory_order_relaxed);
    atomic_store_explicit(&call->state, CALL_STATE(CALL_PENDING, 0), memory_order_relaxed);
    future->in_flight = true;
    future->attempts++;
    pool->futures->in_flight++;
    while (!engine_call(pool->engine, future->slot))
        if (futures_step(pool, futures_deadline(0.001)))
            return -1;
    return 0;
}

struct future *pool_submit(struct pool *pool, pool_function *function, const void *payload,
    size_t payload_size, const struct pool_options *options)
{
    if (payload_size > pool->config.call_size && check(pool) == 0) {
        refuse(E2BIG, "the payload is larger than the pool's call_size");
        return NULL;
    }
    struct future *future = future_make(pool, options);
    if (!future)
        return NULL;
    struct call *call = call_of(future);
    call->function = function;
    call->payload_size = payload_size;
    if (payload_size > 0)
        memcpy(calls_payload(pool->engine->calls, future->slot), payload, payload_size);
    if (send(future)) {
        errno = ECHILD;
        return NULL;
    }
    return future;
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
            release(future);
        return;
    }
    if (status != FUTURE_OK)
        call_back(future, options.on_error, options.argument);
    if (!future->freed)
        call_back(future, options.on_done, options.argument);
}

static void end_or_retry(struct future *future, enum future_status status)
{
    struct futures *futures = future->pool->futures;
    bool failed = status == FUTURE_ERROR || status == FUTURE_LOST || status == FUTURE_TIMEOUT;
    if (failed && future->attempts <= future->options.retries && !futures->terminated &&
        !future->freed) {
        futures->retrying++;
        future->retry_at = futures_deadline(future->options.retry_delay_s);
    } else {
        future_end(future, status);
    }
}

/* The slot is with the owner again. */
static void come_back(struct future *future)
{
    if (!future->in_flight) /* the pool was terminated meanwhile */
        return;
    uint64_t state = atomic_load_explicit(&call_of(future)->state, memory_order_acquire);
    future->in_flight = false;
    future->pool->futures->in_flight--;
    if (future->status == FUTURE_PENDING) /* acquire: pairs with the worker's last change */
        end_or_retry(future, (enum future_status)CALL_FATE(state));
    else if (future->freed)
        release(future);
}

/* Takes in what has ended, in order. One list for all, since a callback may wait itself. */
static bool collect(struct pool *pool)
{
    struct futures *futures = pool->futures;
    struct calls *calls = pool->engine->calls;
    uint32_t newest = calls_take_ended(calls), list = 0;
    for (uint32_t slot = newest, next; slot; slot = next) { /* the latest is first: turn round */
        next = calls->slots[slot - 1].next;
        calls->slots[slot - 1].next = list;
        list = slot;
    }
    if (list && futures->first)
        calls->slots[futures->last - 1].next = list;
    else if (list)
        futures->first = list;
    if (list)
        futures->last = newest;
    bool any = futures->first != 0;
    while (futures->first) {
        uint32_t slot = futures->first - 1;
        futures->first = calls->slots[slot].next;
        come_back(&futures->all[slot]);
    }
    return any;
}

/* ---- retries and timeouts ---- */

static int start_retries(struct pool *pool, uint64_t now)
{
    struct futures *futures = pool->futures;
    for (uint32_t i = 0; futures->retrying > 0 && i < futures->used; i++) {
        struct future *future = &futures->all[i];
        if (future->retry_at == 0 || future->retry_at > now)
            continue;
        future->retry_at = 0;
        futures->retrying--;
        if (send(future))
            return -1;
    }
    return 0;
}

/* A process is stopped, and its burial ends the future. A thread cannot be: the future ends now. */
static void time_out(struct pool *pool, unsigned worker, struct future *future)
{
    uint64_t running = CALL_STATE(CALL_RUNNING, worker);
    if (!atomic_compare_exchange_strong(
            &call_of(future)->state, &running, CALL_STATE(CALL_TIMEOUT, worker)))
        return;
    snprintf(calls_message(pool->engine->calls, future->slot), TASK_MESSAGE_MAX,
        "worker %u ran for more than %g s%s", worker, future->options.timeout_s,
        pool->ops->kill ? "" : " and is stuck: a thread cannot be stopped");
    if (!pool->ops->kill)
        future_end(future, FUTURE_TIMEOUT);
}

/* Where a worker is killed it is asked first (SIGTERM); ops->kill sees to that. */
static void check_timeouts(struct pool *pool, uint64_t now)
{
    struct engine *engine = pool->engine;
    for (unsigned i = 0; pool->futures->timed > 0 && i < engine->workers; i++) {
        uint64_t slot = atomic_load_explicit(&engine->lanes[i].current, memory_order_relaxed);
        if (slot >= pool->futures->used)
            continue;
        struct future *future = &pool->futures->all[slot];
        struct call *call = call_of(future);
        uint64_t started = atomic_load_explicit(&call->started, memory_order_relaxed);
        if (!call->timed || started == 0 ||
            (double)(now - started) * 1e-9 < future->options.timeout_s)
            continue;
        time_out(pool, i, future);
        uint64_t state = atomic_load(&call->state);
        if (pool->ops->kill && CALL_FATE(state) == CALL_TIMEOUT && CALL_WORKER(state) == i)
            pool->ops->kill(pool, i, false);
    }
}

/* ---- deaths ---- */

void futures_bury(struct pool *pool, unsigned worker, uint32_t slot, const char *reason)
{
    struct calls *calls = pool->engine->calls;
    struct future *future = &pool->futures->all[slot];
    uint64_t running = CALL_STATE(CALL_RUNNING, worker);
    if (atomic_compare_exchange_strong(
            &calls->slots[slot].state, &running, CALL_STATE(CALL_LOST, worker)))
        snprintf(calls_message(calls, slot), TASK_MESSAGE_MAX, "%s", reason);
    collect(pool);
    uint64_t state = atomic_load(&calls->slots[slot].state);
    if (future->in_flight && CALL_WORKER(state) == worker && CALL_FATE(state) != CALL_PENDING &&
        CALL_FATE(state) != CALL_CANCELLED)
        come_back(future); /* it died before it could say so */
}

void futures_requeue(struct pool *pool)
{
    collect(pool);
    calls_clear_queue(pool->engine->calls);
    for (uint32_t i = 0; i < pool->futures->used; i++)
        if (pool->futures->all[i].in_flight)
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
static uint64_t next_look(const struct pool *pool, uint64_t now, uint64_t deadline)
{
    uint64_t look = now + ENGINE_RECHECK_MS * 1000000ull;
    if (pool->futures->retrying > 0)
        look = now + 1000000;
    return look < deadline ? look : deadline;
}

int futures_step(struct pool *pool, uint64_t deadline)
{
    if (collect(pool))
        return 0;
    uint64_t now = clock_now();
    if (now < deadline && pool->futures->in_flight + pool->futures->retrying > 0)
        idle_owner_until(pool->engine, any_ended, next_look(pool, now, deadline));
    if (collect(pool))
        return 0;
    now = clock_now();
    check_timeouts(pool, now);
    if (pool->ops->tend && !pool->futures->terminated && pool->ops->tend(pool))
        return -1;
    return start_retries(pool, now);
}

int future_wait(struct future *future, double seconds)
{
    int code = check(future->pool);
    if (code)
        return code;
    uint64_t deadline = futures_deadline(seconds);
    while (future->status == FUTURE_PENDING) {
        if (futures_step(future->pool, deadline))
            return ECHILD;
        if (future->status == FUTURE_PENDING && clock_now() >= deadline)
            return ETIMEDOUT;
    }
    return 0;
}

enum future_status future_status(const struct future *future)
{
    return future->status;
}

const char *future_message(const struct future *future)
{
    if (future->status == FUTURE_CANCELLED)
        return "it was cancelled";
    return future->status == FUTURE_OK || future->status == FUTURE_PENDING
               ? ""
               : calls_message(future->pool->engine->calls, future->slot);
}

int future_get(struct future *future, const void **result, size_t *size, double seconds)
{
    int code = future_wait(future, seconds);
    if (code)
        return code;
    const struct call *call = call_of(future);
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

bool future_cancel(struct future *future)
{
    uint64_t pending = CALL_STATE(CALL_PENDING, 0);
    if (future->status != FUTURE_PENDING || check(future->pool))
        return false;
    if (future->retry_at) {
        future->retry_at = 0;
        future->pool->futures->retrying--;
    } else if (!future->in_flight || !atomic_compare_exchange_strong(&call_of(future)->state,
                                         &pending, CALL_STATE(CALL_CANCELLED, 0))) {
        return false;
    }
    future_end(future, FUTURE_CANCELLED);
    return true;
}

void future_free(struct future *future)
{
    if (!future || future->freed)
        return;
    future->freed = true;
    future->pool->futures->orphans++;
    if (future->status == FUTURE_PENDING)
        future_cancel(future);
    else if (!future->in_flight)
        release(future);
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
    if (code)
        task_fail(code, "%s", future_message(future));
    if (size)
        *size = code ? 0 : length;
    future_free(future);
    return code;
}

/* ---- several ---- */

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

int pool_wait(struct pool *pool, struct future *const *futures, size_t count, enum pool_wait mode,
    double seconds)
{
    size_t first = 0;
    int code = check(pool);
    if (code)
        return code;
    for (uint64_t deadline = futures_deadline(seconds); !is_over(futures, count, mode, &first);) {
        if (futures_step(pool, deadline))
            return ECHILD;
        if (clock_now() >= deadline && !is_over(futures, count, mode, &first))
            return ETIMEDOUT;
    }
    return 0;
}

/* ---- the end of all ---- */

/* Ends what has not ended, whether a worker is at it or not. */
static void cancel(struct future *future)
{
    _Atomic uint64_t *state = &call_of(future)->state;
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

void pool_terminate(struct pool *pool)
{
    struct futures *futures = pool->futures;
    if (check(pool) || futures->terminated)
        return;
    collect(pool);
    futures->terminated = true;
    for (uint32_t i = 0; i < futures->used; i++)
        cancel(&futures->all[i]);
    futures->retrying = 0;
    for (unsigned i = 0; pool->ops->kill && i < pool->config.workers; i++)
        pool->ops->kill(pool, i, true);
    for (uint32_t i = 0; pool->ops->kill && i < futures->used; i++)
        give_up(&futures->all[i]);
}
