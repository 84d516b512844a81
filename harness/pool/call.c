/* Slots, queue and list of calls. See call.h.
 *
 * Pairings: a slot's contents are published to the worker by range_put or range_extend, together
 * with its position. The worker's compare-and-swap to the final state publishes the result; its
 * push to `ended` (release) publishes all to the owner's take (acquire). A place of the queue is
 * emptied (release) when its slot has been read, and filled again only after it was seen empty
 * (acquire).
 */
#include "call.h"

#include "../measure/clock.h"
#include "idle.h"
#include "mapping.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* A place is fetched so long before it is filled: a worker had it last. */
#define PLACES_AHEAD 32

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

/* Positions: twice the slots, since one that a worker has claimed early may be read late. */
static uint32_t queue_length(uint32_t max)
{
    uint32_t length = 2;
    while (length < 2 * max)
        length *= 2;
    return length;
}

struct calls *calls_make(uint32_t max, size_t call_size, int *fd)
{
    struct calls made = {.max = max, .mask = queue_length(max) - 1, .call_size = call_size};
    made.stride = round_up(call_size ? call_size : 1, CACHE_LINE);
    made.links = sizeof made + max * sizeof(struct call);
    made.queue = made.links + max * sizeof(uint32_t);
    made.messages = made.queue + (made.mask + 1) * sizeof(uint32_t);
    made.data = round_up(made.messages + 2 * max * (size_t)TASK_MESSAGE_MAX, CACHE_LINE);
    if (call_size > SIZE_MAX / 2 ||
        __builtin_mul_overflow(2 * (size_t)max, made.stride, &made.size) ||
        __builtin_add_overflow(made.size, made.data, &made.size)) {
        errno = EOVERFLOW;
        return NULL;
    }
    struct calls *calls = mapping_make(made.size, false, fd);
    if (calls)
        *calls = made;
    return calls;
}

void calls_free(struct calls *calls, int fd)
{
    mapping_free(calls, calls->size, fd);
}

static void *at(struct calls *calls, size_t offset)
{
    return (char *)calls + offset;
}

static _Atomic uint32_t *place(struct calls *calls, uint32_t position)
{
    return (_Atomic uint32_t *)at(calls, calls->queue) + (position & calls->mask);
}

uint32_t *calls_link(struct calls *calls, uint32_t slot)
{
    return (uint32_t *)at(calls, calls->links) + slot;
}

void *calls_payload(struct calls *calls, uint32_t slot)
{
    return at(calls, calls->data + 2 * (size_t)slot * calls->stride);
}

void *calls_result(struct calls *calls, uint32_t slot)
{
    return at(calls, calls->data + (2 * (size_t)slot + 1) * calls->stride);
}

char *calls_message(struct calls *calls, uint32_t slot)
{
    return at(calls, calls->messages + 2 * slot * (size_t)TASK_MESSAGE_MAX);
}

char *calls_fate(struct calls *calls, uint32_t slot)
{
    return calls_message(calls, slot) + TASK_MESSAGE_MAX;
}

/* The first call after a region puts a range; the others add to it. */
static void publish(struct engine *engine, bool first)
{
    range_word *queue = &engine->lanes[engine->workers].range;
    if (first)
        range_put(queue, (struct range){engine->queue_end, engine->queue_end + 1});
    else
        range_extend(queue);
    engine->queue_end++;
}

bool calls_have_place(struct engine *engine)
{
    _Atomic uint32_t *next = place(engine->calls, engine->queue_end);
    return atomic_load_explicit(next, memory_order_acquire) == 0; /* pairs with take_place */
}

void calls_put(struct engine *engine, uint32_t slot, bool first)
{
    _Atomic uint32_t *next = place(engine->calls, engine->queue_end);
    atomic_store_explicit(next, slot + 1, memory_order_relaxed); /* published by the range */
    publish(engine, first);
    __builtin_prefetch(place(engine->calls, engine->queue_end + PLACES_AHEAD), 1);
}

void calls_clear_queue(struct calls *calls)
{
    for (uint32_t i = 0; i <= calls->mask; i++)
        atomic_store_explicit(place(calls, i), 0, memory_order_relaxed);
}

uint32_t calls_take_ended(struct calls *calls)
{
    if (atomic_load_explicit(&calls->ended, memory_order_relaxed) == 0)
        return 0;
    return atomic_exchange_explicit(&calls->ended, 0, memory_order_acquire); /* pairs with push */
}

/* ---- the worker's side ---- */

static uint32_t take_place(struct calls *calls, uint32_t position)
{
    _Atomic uint32_t *taken = place(calls, position); /* filled before the claim: publish */
    uint32_t slot = atomic_load_explicit(taken, memory_order_relaxed) - 1;
    POOL_POINT(CALL_CLAIMED);
    atomic_store_explicit(taken, 0, memory_order_release); /* pairs with calls_have_place */
    POOL_POINT(CALL_PLACE_TAKEN);
    return slot;
}

static void push_ended(struct engine *engine, uint32_t slot)
{
    struct calls *calls = engine->calls;
    bool wakes = calls->slots[slot].wakes; /* it is the owner's after the push */
    uint32_t last = atomic_load_explicit(&calls->ended, memory_order_relaxed);
    do
        *calls_link(calls, slot) = last;
    while (!atomic_compare_exchange_weak_explicit(
        &calls->ended, &last, slot + 1, memory_order_seq_cst, memory_order_relaxed));
    POOL_POINT(CALL_PUSHED);
    /* sequentially consistent, as the push: the owner says what it waits for and that it sleeps,
     * then looks for pushes (futures_step) */
    uint32_t awaited = atomic_load(&calls->awaited);
    if (wakes || awaited == slot + 1 || awaited == CALLS_ANY)
        idle_wake_owner(engine);
}

static void note_outcome(
    struct calls *calls, uint32_t slot, const struct pool_call *given, int code)
{
    struct call *call = &calls->slots[slot];
    if (code == 0 && given->result_size > calls->call_size)
        code = task_fail(E2BIG, "a result of %zu bytes, but call_size is %zu", given->result_size,
            calls->call_size);
    call->code = code;
    call->result_size = code ? 0 : given->result_size;
    if (code)
        snprintf(calls_message(calls, slot), TASK_MESSAGE_MAX, "%s", task_message(code));
}

static _Thread_local const struct runner *current_runner;

const struct runner *calls_runner(void)
{
    return current_runner;
}

/* The owner has given up a call that was running. It kills processes for that: not in the middle
 * of another call. */
static void end_given_up(const struct engine *engine)
{
    if (engine->shared)
        _exit(1);
}

static pool_function *function_of(const struct engine *engine, const struct call *call)
{
    return (pool_function *)((uintptr_t)call->function + engine->code_shift);
}

static void run_one(const struct runner *me, uint32_t slot)
{
    struct calls *calls = me->engine->calls;
    struct call *call = &calls->slots[slot];
    uint64_t expected = CALL_STATE(CALL_PENDING, 0), running = CALL_STATE(CALL_RUNNING, me->worker);
    atomic_store_explicit(&me->lane->current, LANE_CALL | slot, memory_order_relaxed);
    POOL_POINT(CALL_CURRENT_SET);
    if (call->timed)
        atomic_store_explicit(&call->started, clock_now(), memory_order_relaxed); /* a hint */
    /* acquire: against future_cancel's release; the contents came with the position */
    if (atomic_compare_exchange_strong_explicit(
            &call->state, &expected, running, memory_order_acquire, memory_order_relaxed)) {
        POOL_POINT(CALL_RUNNING);
        struct pool_call given = {
            .ctx = me->engine->pool->config.ctx,
            .local = me->local,
            .payload = calls_payload(calls, slot),
            .payload_size = call->payload_size,
            .result = calls_result(calls, slot),
        };
        int code = function_of(me->engine, call)(&given);
        POOL_POINT(CALL_RETURNED);
        note_outcome(calls, slot, &given, code);
        POOL_POINT(CALL_NOTED);
        /* release: the result */
        if (!atomic_compare_exchange_strong_explicit(&call->state, &running,
                CALL_STATE(call->code ? CALL_ERROR : CALL_OK, me->worker), memory_order_release,
                memory_order_relaxed))
            end_given_up(me->engine);
        POOL_POINT(CALL_DECIDED);
    }
    push_ended(me->engine, slot);
    POOL_POINT(CALL_TOLD);
    atomic_store_explicit(&me->lane->current, LANE_NONE, memory_order_relaxed);
    POOL_POINT(CALL_CURRENT_CLEARED);
}

/* The owner had the slot last. Relaxed: its place was filled before the claim, and is only
 * looked at. */
static void fetch(struct calls *calls, uint32_t position)
{
    uint32_t slot = atomic_load_explicit(place(calls, position), memory_order_relaxed) - 1;
    __builtin_prefetch(&calls->slots[slot], 1);
}

void calls_run(const struct runner *me, struct range positions)
{
    uint64_t ran = atomic_load_explicit(&me->lane->ran, memory_order_relaxed);
    current_runner = me;
    for (uint32_t position = positions.begin; position != positions.end; position++) {
        if (position + 1 != positions.end)
            fetch(me->engine->calls, position + 1);
        run_one(me, take_place(me->engine->calls, position));
        task_checkpoint();
        atomic_store_explicit(&me->lane->ran, ++ran, memory_order_relaxed);
    }
}
