/* What the owner does after a worker's death. See engine.h. */
#include "call.h"
#include "engine.h"
#include "future.h"
#include "idle.h"
#include "timed.h"

bool engine_bury(struct engine *engine, unsigned worker, int code, const char *reason)
{
    struct lane *lane = &engine->lanes[worker];
    const struct arena *arena = engine->pool->config.arena;
    uint64_t index = atomic_load_explicit(&lane->current, memory_order_relaxed);
    engine->unsettled = engine->unqueued = true;
    if (lane_is_call(index)) {
        futures_bury(
            (struct pool *)engine->pool, worker, (uint32_t)(index & ~LANE_CALL), code, reason);
    } else if (index != LANE_NONE) {
        index = lane_task(index);
        uint64_t begin = atomic_load_explicit(&lane->claimed, memory_order_relaxed);
        atomic_fetch_add_explicit(&lane->ran, index - begin, memory_order_relaxed);
        if (atomic_load_explicit(&arena->status[index], memory_order_relaxed) == TASK_PENDING)
            arena_lose(arena, index, code, worker, reason);
    }
    atomic_store_explicit(&lane->current, LANE_NONE, memory_order_relaxed);
    lane_set_active(lane, false);
    return index != LANE_NONE;
}

/* A stuck thread holds nothing but the task that it was given up with. */
static uint64_t activities(struct engine *engine, bool *idle)
{
    uint64_t sum = 0;
    *idle = true;
    for (unsigned i = 0; i < engine->workers; i++) { /* acquire: pairs with lane_set_active */
        uint32_t activity = atomic_load_explicit(&engine->lanes[i].activity, memory_order_acquire);
        *idle = *idle && (activity % 2 == 0 || timed_is_stuck(engine, i));
        sum += activity;
    }
    return sum;
}

bool engine_rouse(struct engine *engine)
{
    bool work = lane_any_work(engine);
    if (work)
        idle_wake_all(engine);
    return work;
}

bool engine_is_quiet(struct engine *engine)
{
    bool idle_before, idle_after;
    uint64_t before = activities(engine, &idle_before);
    if (lane_any_work(engine))
        return false;
    /* each only grows, so an equal sum means that none of them was active in between */
    return activities(engine, &idle_after) == before && idle_before && idle_after;
}

/* Whether worker runs what stands in its `current`. Relaxed, all: looked at again later. */
static bool is_running(const struct engine *engine, unsigned worker, uint64_t current)
{
    if (current == LANE_NONE)
        return false;
    if (lane_is_call(current))
        return atomic_load_explicit(&engine->calls->slots[current & ~LANE_CALL].state,
                   memory_order_relaxed) == CALL_STATE(CALL_RUNNING, worker);
    return current == lane_task(current) && /* else it has been decided, or is about to be */
           atomic_load_explicit(
               &engine->pool->config.arena->status[current], memory_order_relaxed) == TASK_PENDING;
}

bool engine_is_between(const struct engine *engine, unsigned worker)
{
    const struct lane *lane = &engine->lanes[worker]; /* relaxed, both: as above */
    uint64_t current = atomic_load_explicit(&lane->current, memory_order_relaxed);
    return atomic_load_explicit(&lane->activity, memory_order_relaxed) % 2 == 1 &&
           !is_running(engine, worker, current);
}

/* Notes who runs what, and whether each worker is idle or runs a call. The sum only grows, and has
 * grown when one of them has done anything since the last look. */
static uint64_t look(struct engine *engine, bool *settled)
{
    uint64_t sum = 0;
    *settled = true;
    engine->looks++;
    for (unsigned i = 0; i < engine->workers; i++) { /* acquire: pairs with lane_set_active */
        struct lane *lane = &engine->lanes[i];
        uint32_t activity = atomic_load_explicit(&lane->activity, memory_order_acquire);
        uint64_t current = atomic_load_explicit(&lane->current, memory_order_relaxed);
        bool running = lane_is_call(current) && is_running(engine, i, current);
        if (running)
            engine->calls->slots[current & ~LANE_CALL].held = engine->looks;
        *settled = *settled && (running || activity % 2 == 0);
        sum += activity + atomic_load_explicit(&lane->ran, memory_order_acquire);
    }
    return sum;
}

/* Whether no worker holds a call that it does not run, and none stands in a range: a call may run
 * for long, and what the dead had claimed must not wait for it. */
static bool is_quiet_but_for_running(struct engine *engine)
{
    bool before_settled, after_settled;
    uint64_t before = look(engine, &before_settled);
    if (lane_any_work(engine))
        return false;
    return look(engine, &after_settled) == before && before_settled && after_settled;
}

void engine_settle(struct engine *engine)
{
    if (!engine->unsettled)
        return;
    if (engine->common->region.calls && engine->unqueued && is_quiet_but_for_running(engine)) {
        engine->unqueued = false;
        futures_requeue((struct pool *)engine->pool);
    }
    if (!engine_is_quiet(engine))
        return;
    engine->unsettled = false;
    engine->settled++;
    engine->expected = 0;
    for (unsigned i = 0; i <= engine->workers; i++)
        engine->expected += atomic_load(&engine->lanes[i].finished);
    if (!engine->common->region.calls)
        arena_tidy(engine->pool->config.arena);
}
