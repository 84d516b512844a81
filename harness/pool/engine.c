/* The engine of `threads` and `processes`: rounds, claims and the owner's wait. See engine.h.
 *
 * Pairings: the owner's release store to `round` publishes the region to the workers' acquire
 * load of it. A worker's release store to `seen` publishes its slots, status bytes and failures
 * to the owner's acquire load in all_reported. `next` is relaxed: it hands out indices and
 * publishes nothing. `current` is relaxed: it is read only after its writer's death was reported
 * by the kernel. `busy` only decides when to wake the owner; a death can leave it too high or too
 * low, which costs a timeout, never a wrong answer. */
#include "engine.h"

#include "../util/futex.h"

#include <stdio.h>
#include <sys/mman.h>

/* Whoever is woken wakes so many others. The owner wakes one and then sleeps: if it woke several at
 * once, the scheduler, which sees its CPU still taken, would put two of them on another one, and a
 * short region would end before it mends that. */
#define WAKES_EACH 2

static size_t engine_size(const struct pool *pool)
{
    return sizeof(struct engine) + pool->config.workers * sizeof(struct engine_worker);
}

struct engine *engine_make(const struct pool *pool, bool shared)
{
    struct engine *engine = mmap(NULL, engine_size(pool), PROT_READ | PROT_WRITE,
        MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE), -1, 0);
    if (engine == MAP_FAILED)
        return NULL;
    engine->pool = pool;
    engine->shared = shared;
    for (unsigned i = 0; i < pool->config.workers; i++)
        atomic_init(&engine->workers[i].current, ENGINE_NONE);
    engine_begin(engine, 0, 0, false);
    return engine;
}

void engine_free(struct engine *engine)
{
    munmap(engine, engine_size(engine->pool));
}

/* Claims the next chunk; false when nothing is left. */
static bool claim(struct engine *engine, uint64_t *begin, uint64_t *end)
{
    uint64_t next = atomic_load_explicit(&engine->next, memory_order_relaxed), count;
    do {
        if (next >= engine->tasks)
            return false;
        count = pool_chunk(engine->tasks - next, engine->chunk, engine->pool->config.workers);
    } while (!atomic_compare_exchange_weak_explicit(
        &engine->next, &next, next + count, memory_order_relaxed, memory_order_relaxed));
    *begin = next;
    *end = next + count;
    return true;
}

/* Runs chunks of the current round until none is left. */
static void work(struct engine *engine, unsigned worker, void *local)
{
    struct engine_worker *me = &engine->workers[worker];
    const struct arena *arena = engine->pool->config.arena;
    uint64_t begin, end, done = atomic_load_explicit(&me->done, memory_order_relaxed);
    while (claim(engine, &begin, &end)) {
        for (uint64_t i = begin; i < end; i++) {
            if (engine->only_pending &&
                atomic_load_explicit(&arena->status[i], memory_order_relaxed) != TASK_PENDING)
                continue;
            atomic_store_explicit(&me->current, i, memory_order_relaxed);
            pool_run_task(engine->pool, local, worker, i);
            atomic_store_explicit(&me->done, ++done, memory_order_relaxed);
        }
    }
    atomic_store_explicit(&me->current, ENGINE_NONE, memory_order_relaxed);
}

static void report_back(struct engine *engine, unsigned worker, uint32_t round)
{
    /* pairs with the acquire load in all_reported */
    atomic_store_explicit(&engine->workers[worker].seen, round, memory_order_release);
    if ((int32_t)atomic_fetch_sub_explicit(&engine->busy, 1, memory_order_release) <= 1)
        futex_wake(&engine->busy, 1, engine->shared);
}

/* Sleeps until the round is another than `last`; returns it. */
static uint32_t next_round(struct engine *engine, uint32_t last)
{
    uint32_t round;
    /* pairs with the release store in engine_begin */
    while ((round = atomic_load_explicit(&engine->round, memory_order_acquire)) == last)
        futex_wait(&engine->round, last, NULL, engine->shared);
    futex_wake(&engine->round, WAKES_EACH, engine->shared);
    return round;
}

void engine_worker(struct engine *engine, unsigned worker, uint32_t round)
{
    struct engine_worker *me = &engine->workers[worker];
    void *local;
    int code = pool_worker_enter(engine->pool, worker, &local);
    if (code)
        snprintf(me->error, sizeof me->error, "%s", task_message(code));
    me->entered = code ? -1 : 1;
    if (round == 1 || code)
        report_back(engine, worker, round);
    if (code)
        return;
    for (;;) {
        round = next_round(engine, round);
        if (engine->stopping)
            break;
        work(engine, worker, local);
        report_back(engine, worker, round);
    }
    pool_worker_leave(engine->pool, local);
}

static void publish_round(struct engine *engine)
{
    uint32_t round = atomic_load_explicit(&engine->round, memory_order_relaxed) + 1;
    /* pairs with the acquire load in next_round */
    atomic_store_explicit(&engine->round, round, memory_order_release);
    futex_wake(&engine->round, 1, engine->shared);
}

void engine_begin(struct engine *engine, uint64_t tasks, uint64_t chunk, bool only_pending)
{
    engine->tasks = tasks;
    engine->chunk = chunk;
    engine->only_pending = only_pending;
    atomic_store_explicit(&engine->next, 0, memory_order_relaxed);
    atomic_store_explicit(&engine->busy, engine->pool->config.workers, memory_order_relaxed);
    publish_round(engine);
}

static bool all_reported(struct engine *engine)
{
    uint32_t round = atomic_load_explicit(&engine->round, memory_order_relaxed);
    for (unsigned i = 0; i < engine->pool->config.workers; i++) /* pairs with report_back */
        if (atomic_load_explicit(&engine->workers[i].seen, memory_order_acquire) != round)
            return false;
    return true;
}

bool engine_wait(struct engine *engine, bool once)
{
    const struct timespec step = {.tv_nsec = ENGINE_RECHECK_MS * 1000000};
    for (bool again = false;; again = true) {
        uint32_t busy = atomic_load_explicit(&engine->busy, memory_order_acquire);
        if (all_reported(engine))
            return true;
        if (again) /* a worker that died may not have woken others */
            futex_wake(&engine->round, INT_MAX, engine->shared);
        if (again && once)
            return false;
        futex_wait(&engine->busy, busy, &step, engine->shared);
    }
}

const char *engine_entry_error(const struct engine *engine)
{
    for (unsigned i = 0; i < engine->pool->config.workers; i++)
        if (engine->workers[i].entered < 0)
            return engine->workers[i].error;
    return NULL;
}

void engine_bury(struct engine *engine, unsigned worker, int code, const char *reason)
{
    struct engine_worker *dead = &engine->workers[worker];
    const struct arena *arena = engine->pool->config.arena;
    uint64_t index = atomic_load_explicit(&dead->current, memory_order_relaxed);
    if (index != ENGINE_NONE && index < engine->tasks &&
        atomic_load_explicit(&arena->status[index], memory_order_relaxed) == TASK_PENDING)
        arena_fail(arena, index, TASK_LOST, code, worker, reason);
    atomic_store_explicit(&dead->current, ENGINE_NONE, memory_order_relaxed);
}

void engine_stop(struct engine *engine)
{
    engine->stopping = true;
    publish_round(engine);
    futex_wake(&engine->round, INT_MAX, engine->shared); /* a dead worker would wake nobody */
}
