/* Running tasks against the clock, and giving them up. See timed.h. */
#include "timed.h"

#include "../measure/clock.h"
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the worker's side ---- */

/* From one thread's result to the next: on cache lines of its own. */
static size_t stride_of(const struct arena *arena)
{
    return (arena->stride + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

int timed_make(struct engine *engine)
{
    const struct pool_config *config = &engine->pool->config;
    if (engine->shared || !config->arena || !timed_regions(engine->pool))
        return 0;
    size_t size;
    if (__builtin_mul_overflow(config->workers, stride_of(config->arena), &size)) {
        errno = EOVERFLOW;
        return -1;
    }
    engine->results = aligned_alloc(CACHE_LINE, size);
    if (!engine->results)
        return -1;
    memset(engine->results, 0, size); /* a page's first touch must not be part of a sample */
    return 0;
}

void timed_free(struct engine *engine)
{
    free(engine->results);
}

static struct task_result *result_of(const struct runner *me, uint64_t index)
{
    const struct engine *engine = me->engine;
    const struct arena *arena = engine->pool->config.arena;
    return engine->results ? (void *)(engine->results + me->worker * stride_of(arena))
                           : arena_slot(arena, index);
}

static void note(
    const struct runner *me, uint64_t index, int code, const struct task_result *result)
{
    const struct pool *pool = me->engine->pool;
    const struct arena *arena = pool->config.arena;
    if (me->engine->results)
        memcpy(arena_slot(arena, index), result, arena->stride);
    if (code) /* relaxed: published as any task's (lane.h) */
        pool_task_failed(pool, me->worker, index, code);
    else
        atomic_store_explicit(&arena->status[index], TASK_OK, memory_order_relaxed);
}

uint64_t timed_run(const struct runner *me, uint64_t index)
{
    const struct pool_config *config = &me->engine->pool->config;
    _Atomic uint64_t *current = &me->lane->current;
    uint64_t expected = index;
    struct task_result *result = result_of(me, index);
    /* relaxed: published with current */
    atomic_store_explicit(&me->lane->started, clock_now(), memory_order_relaxed);
    /* release: the start, and the tasks before, for who finds this thread stuck */
    atomic_store_explicit(current, index, memory_order_release);
    POOL_POINT(RUN_CURRENT_SET);
    int code = config->task(config->ctx, me->local, index, result);
    POOL_POINT(TASK_RETURNED);
    if (!atomic_compare_exchange_strong(current, &expected, index | LANE_ENDED)) {
        if (me->engine->shared) /* it is to be killed: not in the middle of another task */
            _exit(1);
        return 0;
    }
    POOL_POINT(TIMED_ENDED);
    note(me, index, code, result);
    POOL_POINT(RUN_TASK_DONE);
    return 1;
}

/* ---- the owner's side ---- */

/* Whether the task in `current` has run for too long. */
static bool is_late(const struct pool *pool, unsigned worker, uint64_t current, uint64_t now)
{
    if (current >= LANE_ENDED) /* none, a call, or decided */
        return false;
    uint64_t started =
        atomic_load_explicit(&pool->engine->lanes[worker].started, memory_order_relaxed);
    return started < now && (double)(now - started) * 1e-9 >= pool->config.task_timeout_s;
}

static void note_timeout(const struct pool *pool, unsigned worker, uint64_t index)
{
    char message[TASK_MESSAGE_MAX];
    double seconds = pool->config.task_timeout_s;
    if (pool->ops->kill)
        snprintf(message, sizeof message, "worker %u (pid %d) ran for more than %g s", worker,
            (int)pool_worker_pid(pool, worker), seconds);
    else
        snprintf(message, sizeof message,
            "worker %u ran for more than %g s and is stuck: a thread cannot be stopped", worker,
            seconds);
    arena_fail(pool->config.arena, index, TASK_TIMEOUT, ETIME, worker, message);
}

void timed_check(struct pool *pool)
{
    struct engine *engine = pool->engine;
    uint64_t now = clock_now();
    for (unsigned i = 0; timed_regions(pool) && i < engine->workers; i++) {
        _Atomic uint64_t *word = &engine->lanes[i].current;
        uint64_t current = atomic_load_explicit(word, memory_order_acquire); /* see timed_run */
        if (is_late(pool, i, current, now) &&
            atomic_compare_exchange_strong(word, &current, current | LANE_OVERDUE))
            note_timeout(pool, i, current);
        if (pool->ops->kill && lane_is_overdue(atomic_load(word)))
            pool->ops->kill(pool, i, false); /* until it is dead: it is asked first */
    }
}

bool timed_is_stuck(const struct engine *engine, unsigned worker)
{
    return !engine->shared && /* acquire: pairs with runner_run, and with timed_run */
           lane_is_overdue(
               atomic_load_explicit(&engine->lanes[worker].current, memory_order_acquire));
}

unsigned timed_stuck(const struct engine *engine)
{
    unsigned stuck = 0;
    for (unsigned i = 0; i < engine->workers; i++)
        stuck += timed_is_stuck(engine, i);
    return stuck;
}

bool timed_find_stuck(const struct engine *engine, unsigned *worker, uint64_t *task)
{
    for (unsigned i = 0; i < engine->workers && !engine->shared; i++) { /* acquire: as above */
        uint64_t current = atomic_load_explicit(&engine->lanes[i].current, memory_order_acquire);
        if (!lane_is_overdue(current))
            continue;
        *worker = i;
        *task = lane_task(current);
        return true;
    }
    return false;
}

/* Takes all that is left and notes it as lost. */
static void lose_rest(struct engine *engine)
{
    const struct arena *arena = engine->pool->config.arena;
    struct range claimed;
    for (unsigned i = 0; i <= engine->workers; i++) {
        if (!range_empty_out(&engine->lanes[i].range, &claimed))
            continue;
        uint64_t begin = engine->common->region.base + claimed.begin;
        for (uint64_t index = begin; index < begin + range_count(claimed); index++)
            if (atomic_load_explicit(&arena->status[index], memory_order_relaxed) == TASK_PENDING)
                arena_fail(arena, index, TASK_LOST, 0, 0, "not begun: all threads are stuck");
        lane_add_finished(&engine->lanes[engine->workers], range_count(claimed));
    }
}

bool timed_is_over(struct engine *engine)
{
    unsigned stuck = timed_stuck(engine);
    if (stuck == engine->workers)
        lose_rest(engine);
    return stuck > 0 && engine_is_quiet(engine);
}
