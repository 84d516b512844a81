/* The engine's memory and the workers' side: claiming, running, stealing. See engine.h. */
#include "engine.h"

#include "../measure/cpus.h"
#include "call.h"
#include "idle.h"
#include "mapping.h"
#include "timed.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Whoever is woken wakes so many others. The owner wakes one: if it woke several at once, the
 * scheduler, which sees its CPU still taken, would put two of them on another one, and a short
 * region would end before it mends that. */
#define WAKES_EACH 2

/* A worker that finds a long queue of calls takes no more than so many of them at once. */
#define FEW_MAX 16

static size_t common_size(unsigned workers)
{
    return sizeof(struct common) + (workers + 1) * sizeof(struct lane) +
           (workers / 64 + 1) * sizeof(uint64_t);
}

/* Asked once: the answer stands in files, whose reading takes longer than starting a thread. */
static unsigned usable_cpus(void)
{
    static _Atomic unsigned usable; /* relaxed: whoever comes first */
    unsigned known = atomic_load_explicit(&usable, memory_order_relaxed);
    if (known == 0) {
        known = cpus_usable();
        atomic_store_explicit(&usable, known, memory_order_relaxed);
    }
    return known;
}

static void *map_private(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void place_common(struct engine *engine, void *memory)
{
    engine->common = memory;
    engine->lanes = (struct lane *)(engine->common + 1);
    engine->sleepers = (_Atomic uint64_t *)(void *)&engine->lanes[engine->workers + 1];
}

static int map_common(struct engine *engine)
{
    size_t size = common_size(engine->workers);
    void *memory =
        engine->shared ? mapping_make(size, true, &engine->common_fd) : map_private(size);
    if (!memory)
        return -1;
    place_common(engine, memory);
    for (unsigned i = 0; i <= engine->workers; i++)
        atomic_init(&engine->lanes[i].current, LANE_NONE);
    return 0;
}

struct engine *engine_make(const struct pool *pool, bool shared, bool owner_works)
{
    struct engine *engine = aligned_alloc(_Alignof(struct engine), sizeof *engine);
    if (!engine)
        return NULL;
    unsigned usable = usable_cpus(), workers = pool->config.workers;
    *engine = (struct engine){
        .pool = pool,
        .common_fd = -1,
        .calls_fd = -1,
        .workers = workers,
        .shared = shared,
        .owner_works = owner_works,
        .may_spin = workers <= usable,
        .must_yield = !owner_works && workers + 1 > usable,
    };
    sched_getaffinity(0, sizeof engine->cpus, &engine->cpus);
    if (map_common(engine)) {
        free(engine);
        return NULL;
    }
    if (timed_make(engine)) {
        engine_free(engine);
        return NULL;
    }
    if (pool->config.calls_max > 0 && !(engine->calls = calls_make(pool->config.calls_max,
                                            pool->config.call_size, &engine->calls_fd))) {
        engine_free(engine);
        return NULL;
    }
    return engine;
}

void engine_free(struct engine *engine)
{
    if (engine->calls)
        calls_free(engine->calls, engine->calls_fd);
    mapping_free(engine->common, common_size(engine->workers), engine->common_fd);
    timed_free(engine);
    free(engine);
}

int engine_attach(
    struct engine *engine, const struct pool *pool, int common, int calls, size_t calls_size)
{
    void *memory = mapping_open(common_size(engine->workers), common);
    engine->pool = pool;
    engine->common_fd = engine->calls_fd = -1;
    if (!memory)
        return -1;
    place_common(engine, memory);
    engine->calls = calls < 0 ? NULL : mapping_open(calls_size, calls);
    return calls < 0 || engine->calls ? 0 : -1;
}

/* ---- running ---- */

/* A repeated pass, or a timed one: runs those that are not decided yet. Returns how many of them
 * have ended. */
static uint64_t run_pending(const struct runner *me, uint64_t begin, uint64_t end)
{
    const struct pool *pool = me->engine->pool;
    const _Atomic unsigned char *status = pool->config.arena->status;
    uint64_t ran = 0;
    for (uint64_t index = begin; index < end; index++) {
        if (atomic_load_explicit(&status[index], memory_order_relaxed) != TASK_PENDING)
            continue;
        /* the first of a claim as far as a burial is concerned, which counts from there */
        atomic_store_explicit(&me->lane->claimed, index, memory_order_relaxed);
        if (timed_regions(pool)) {
            ran += timed_run(me, index);
        } else {
            pool_run_range(pool, me->local, me->worker, index, index + 1, &me->lane->current);
            ran++;
        }
        task_checkpoint();
    }
    return ran;
}

/* Where workers take turns: each task's end is a check point. */
static void run_in_turns(const struct runner *me, uint64_t begin, uint64_t end)
{
    for (uint64_t index = begin; index < end; index++) {
        pool_run_range(
            me->engine->pool, me->local, me->worker, index, index + 1, &me->lane->current);
        task_checkpoint();
    }
}

void runner_run(const struct runner *me, const struct region *region, struct range claimed)
{
    if (region->calls) {
        calls_run(me, claimed);
        return;
    }
    struct lane *lane = me->lane;
    uint64_t begin = region->base + claimed.begin, end = begin + range_count(claimed);
    uint64_t ran = end - begin;
    POOL_POINT(RUN_BEGIN);
    atomic_store_explicit(&lane->claimed, begin, memory_order_relaxed);
    POOL_POINT(RUN_CLAIM_NOTED);
    if (region->only_pending)
        ran = run_pending(me, begin, end);
    else if (me->engine->pool->gate)
        run_in_turns(me, begin, end);
    else
        pool_run_range(me->engine->pool, me->local, me->worker, begin, end, &lane->current);
    atomic_store_explicit(&lane->current, LANE_NONE, memory_order_release); /* as before a task */
    POOL_POINT(RUN_CURRENT_CLEARED);
    ran += atomic_load_explicit(&lane->ran, memory_order_relaxed);
    atomic_store_explicit(&lane->ran, ran, memory_order_relaxed);
    POOL_POINT(RUN_DONE);
}

/* How many to take of the owner's range at once: half, with an edge as in range_steal. Calls are
 * begun in the order of their submission, more or less, so few of them. */
static uint32_t share_of(const struct engine *engine, struct range range)
{
    uint32_t left = range_count(range), half = left - left / 2;
    uint32_t few = left / (2 * engine->workers);
    if (!atomic_load_explicit(&engine->common->few_at_once, memory_order_relaxed)) /* a hint */
        return half < 256 ? half : half - (range.begin + half) % 64;
    few = few < FEW_MAX ? few : FEW_MAX;
    return few ? few : 1;
}

/* From the owner's range at the front, since the owner adds calls at the end (range_extend). */
static bool steal_from(struct engine *engine, unsigned victim, struct range *claimed)
{
    range_word *word = &engine->lanes[victim].range;
    if (victim < engine->workers)
        return range_steal(word, claimed);
    /* relaxed: range_take looks again */
    struct range range = range_unpack(atomic_load_explicit(word, memory_order_relaxed));
    return range_count(range) > 0 && range_take(word, share_of(engine, range), claimed);
}

/* Claims part of somebody's range, the next lane's first. */
static bool steal(const struct runner *me, struct range *claimed)
{
    struct engine *engine = me->engine;
    unsigned lanes = engine->workers + 1, mine = (unsigned)(me->lane - engine->lanes);
    for (unsigned i = 1; i < lanes; i++)
        if (steal_from(engine, (mine + i) % lanes, claimed))
            return true;
    return false;
}

static void wake_others(struct engine *engine)
{
    if (atomic_load_explicit(&engine->common->eager, memory_order_relaxed)) /* a hint */
        for (int i = 0; i < WAKES_EACH && lane_any_work(engine) && idle_wake_one(engine); i++)
            ;
}

/* How many tasks this worker may still run before it is to be replaced. */
static uint64_t room(const struct runner *me)
{
    uint64_t most = me->engine->pool->config.tasks_per_worker;
    uint64_t ran = atomic_load_explicit(&me->lane->ran, memory_order_relaxed) - me->ran_at_entry;
    if (most == 0 || me->lane == &me->engine->lanes[me->engine->workers])
        return UINT64_MAX;
    return ran < most ? most - ran : 0;
}

/* The next claim from the own lane; what a worker has no room for stays there, for others. */
static bool take_next(const struct runner *me, uint32_t chunk, struct range *claimed)
{
    uint64_t most = room(me);
    return most > 0 && lane_take(me->engine, me->lane, chunk, most, claimed);
}

/* Runs what was claimed for an empty lane, less what others steal from it meanwhile. The region is
 * read here, while it cannot end, and not again once the claim stands in the lane. */
static void run_claimed(const struct runner *me, struct range claimed)
{
    const struct region region = me->engine->common->region;
    uint32_t finished = 0;
    if (range_count(claimed) == 1) {
        wake_others(me->engine);
        runner_run(me, &region, claimed);
        finished = 1;
    } else {
        range_put(&me->lane->range, claimed);
        wake_others(me->engine);
        for (; take_next(me, region.chunk, &claimed); finished += range_count(claimed))
            runner_run(me, &region, claimed);
    }
    lane_add_finished(me->lane, finished);
}

void runner_work(const struct runner *me)
{
    struct range claimed;
    while (
        lane_any_work(me->engine) && room(me) > 0 && !atomic_load(&me->engine->common->stopping)) {
        POOL_POINT(ACTIVE_BEFORE);
        __builtin_prefetch(&me->engine->common->region); /* for run_claimed: the owner wrote it */
        lane_set_active(me->lane, true);
        POOL_POINT(ACTIVE_SET);
        if (steal(me, &claimed)) {
            POOL_POINT(STEAL_CLAIMED);
            run_claimed(me, claimed);
        }
    }
    POOL_POINT(IDLE_BEFORE);
    lane_set_active(me->lane, false);
    POOL_POINT(IDLE_SET);
}

/* ---- a worker's life ---- */

void engine_refuse(struct engine *engine, unsigned worker, const char *why, int refusal)
{
    struct lane *lane = &engine->lanes[worker];
    lane->refusal = refusal;
    snprintf(lane->error, sizeof lane->error, "%s", why);
    atomic_store(&lane->entered, -1);
    idle_wake_owner(engine);
}

/* Returns whether it could. */
static bool enter(struct runner *me)
{
    POOL_POINT(ENTER_BEGIN);
    int code = pool_worker_enter(me->engine->pool, me->worker, &me->local);
    POOL_POINT(ENTER_HOOK_DONE);
    if (code) {
        engine_refuse(me->engine, me->worker, task_message(code), 0);
        return false;
    }
    atomic_store(&me->lane->entered, 1);
    POOL_POINT(ENTER_DONE);
    idle_wake_owner(me->engine);
    return true;
}

/* What a dead predecessor left in the lane is claimed like anybody's. */
static void adopt(const struct runner *me)
{
    struct range claimed;
    while (!range_is_empty(&me->lane->range) && room(me) > 0) {
        POOL_POINT(ADOPT_BEGIN);
        lane_set_active(me->lane, true);
        POOL_POINT(ADOPT_SEEN);
        if (range_empty_out(&me->lane->range, &claimed)) {
            POOL_POINT(ADOPT_CLAIMED);
            run_claimed(me, claimed);
        }
    }
}

/* The last one to finish wakes the owner. */
static void tell_owner(struct engine *engine)
{
    POOL_POINT(TELL_BEGIN);
    if (atomic_load(&engine->common->owner_asleep) && /* relaxed: set before the work was put in */
        lane_all_finished(
            engine, atomic_load_explicit(&engine->common->target, memory_order_relaxed)))
        idle_wake_owner(engine);
}

/* A worker that has run all it may. Returns whether it goes on, as its own successor. */
static bool go_on(struct runner *me)
{
    const struct pool_config *config = &me->engine->pool->config;
    void *fresh;
    if (me->engine->ends_when_spent) {
        POOL_POINT(SPENT_BEGIN);
        pool_worker_leave(me->engine->pool, me->local);
        atomic_store(&me->lane->entered, 2);
        POOL_POINT(SPENT_NOTED);
        atomic_fetch_add(&me->engine->common->recycled, 1);
        POOL_POINT(SPENT_COUNTED);
        idle_wake_owner(me->engine);
        return false;
    }
    if (pool_enter(me->engine->pool, &fresh) == 0) {
        if (config->worker_leave)
            config->worker_leave(config->ctx, me->local);
        me->local = fresh;
    }
    me->ran_at_entry = atomic_load_explicit(&me->lane->ran, memory_order_relaxed);
    return true;
}

bool engine_worker(struct engine *engine, unsigned worker)
{
    struct runner me = {.engine = engine, .lane = &engine->lanes[worker], .worker = worker};
    me.ran_at_entry = atomic_load_explicit(&me.lane->ran, memory_order_relaxed);
    if (!enter(&me))
        return false;
    adopt(&me);
    idle_newcomer(engine, worker);
    while (!atomic_load(&engine->common->stopping)) {
        runner_work(&me);
        tell_owner(engine);
        if (room(&me) > 0)
            idle_worker(engine, worker);
        else if (go_on(&me))
            adopt(&me);
        else
            return true;
    }
    POOL_POINT(LEAVE_BEGIN);
    pool_worker_leave(engine->pool, me.local);
    POOL_POINT(LEAVE_DONE);
    return true;
}
