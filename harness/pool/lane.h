/* The engine's memory: a lane for each worker and one for the owner, and what they look at
 * together. Internal to engine.c, owner.c, idle.c and recovery.c; engine.h says what it is all for.
 *
 * Pairings, where they are not said at the access:
 * - range_put publishes the region to whoever claims from that range, directly or through other
 *   claims (range.h).
 * - A worker's store to `finished` publishes its slots, status bytes and failures to the owner's
 *   load of it (lane_all_finished).
 * - Who sleeps and who has news settle it by sequential consistency: the sleeper sets its flag and
 *   then looks for news, the other puts work in (or finishes) and then looks for flags, so at least
 *   one of the two sees the other.
 * - `activity` is made odd before a claim; a steal releases it to whoever finds the range emptied.
 * - `current` in a timed region (timed.c): the worker's store of a task publishes when that began,
 *   and the tasks before it; its store of LANE_NONE comes before its next claim.
 * - Else `current`, `claimed`, `ran` are relaxed: statistics, or read after the kernel has reported
 *   their writer's death. */
#ifndef POOL_LANE_H
#define POOL_LANE_H

#include "backend.h"
#include "range.h"

#include <sched.h>

struct lane {
    /* written by its owner and by thieves */
    _Alignas(CACHE_LINE) range_word range;

    /* written by its owner when it begins and ends a stretch of work, read by all */
    _Alignas(CACHE_LINE) _Atomic uint64_t finished; /* tasks since the start */
    _Atomic uint32_t activity; /* odd: it may hold tasks that stand in no range */
    _Atomic uint32_t asleep;   /* 1: it sleeps on this word */
    _Atomic uint64_t woken_at; /* a clock_now: when somebody set out to wake it */
    _Atomic int cpu;           /* where it was when it last became active */
    _Atomic int entered;       /* 1 after worker_enter, -1 when it failed, 2 when it has left */

    /* written by its owner at each task */
    _Alignas(CACHE_LINE) _Atomic uint64_t current; /* the task or LANE_CALL | slot, or LANE_NONE */
    _Atomic uint64_t claimed;                      /* the first task of the current claim */
    _Atomic uint64_t ran;                          /* tasks since the start, without that claim */
    _Atomic uint64_t started; /* a clock_now: when the current task began, in a timed region */

    char error[TASK_MESSAGE_MAX]; /* why it could not enter */
    int refusal;                  /* ... and the system's errno, where it was refused; else 0 */
};

#define LANE_NONE UINT64_MAX

/* In `current`: a call. It may still stand there when the owner, told of that call's end, has put
 * in a region, so the region does not tell. */
#define LANE_CALL (1ull << 63)

static inline bool lane_is_call(uint64_t current)
{
    return current != LANE_NONE && current >= LANE_CALL;
}

/* In `current`, beside the task of a timed region: the owner has given it up, or its worker has
 * ended it in time. Whoever comes first sets it. */
#define LANE_OVERDUE (1ull << 62)
#define LANE_ENDED (1ull << 61)

static inline bool lane_is_overdue(uint64_t current)
{
    return current != LANE_NONE && !lane_is_call(current) && current & LANE_OVERDUE;
}

/* The task in `current`, which is neither LANE_NONE nor a call. */
static inline uint64_t lane_task(uint64_t current)
{
    return current & ~(LANE_OVERDUE | LANE_ENDED);
}

/* What the indices in the ranges mean: written by the owner when nobody holds any, published by
 * range_put, read only by whoever has claimed one. */
struct region {
    uint64_t base;     /* index i in a range is task base + i */
    uint32_t chunk;    /* tasks claimed at once; 0: guided */
    bool only_pending; /* a repeated pass: skip what is already decided. Timed: always */
    bool calls;        /* index i is position i of the calls' queue instead */
};

/* What all look at: in memory that worker processes share, without a pointer in it. The lanes lie
 * behind it, the workers', then the owner's, then a bit a worker: it sleeps, or is about to.
 * Padded on purpose, as the next one: each part is written by others.
 * NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct common {
    struct region region;

    _Alignas(CACHE_LINE) _Atomic uint64_t target; /* `expected`, for who is idle to see */

    _Alignas(CACHE_LINE) _Atomic uint32_t owner_asleep; /* 1: it sleeps on this word */
    _Atomic uint32_t stopping;
    _Atomic uint32_t recycled;      /* workers that have left to be replaced, since the start */
    _Atomic bool eager;             /* whoever finds work left over wakes others */
    _Atomic bool few_at_once;       /* the owner's range is a queue: take a few from its front */
    _Atomic uint64_t crowded_until; /* a clock_now: until then nobody spins */
    _Atomic uint64_t wake_ns; /* how long a wake-up takes here, a moving average; 0: unknown */
};

/* A process's own view of it. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct engine {
    /* constant after engine_make */
    const struct pool *pool;
    struct common *common;
    struct lane *lanes;
    _Atomic uint64_t *sleepers;
    struct calls *calls;     /* NULL: none */
    unsigned char *results;  /* of threads in timed regions: timed.h; NULL: none */
    int common_fd, calls_fd; /* the owner's descriptors of both, -1: none */
    uintptr_t code_shift;    /* from the owner's program to where this process has it */
    unsigned workers;
    bool shared;          /* futexes between processes */
    bool handed_over;     /* a worker process is none of the owner's forks (handover.h) */
    bool owner_works;     /* the owner runs tasks while it waits */
    bool ends_when_spent; /* a worker that is to be replaced ends, and its process with it */
    bool may_spin;        /* there is a usable CPU for each who works */
    bool must_yield;      /* ... but none for the owner, who does not: spinners make room for it */
    cpu_set_t cpus;       /* usable */

    /* the owner's own */
    _Alignas(CACHE_LINE) uint32_t replaced; /* so many of the `recycled` are known to be replaced */
    uint32_t queue_end;                     /* the next position for a call */
    uint64_t expected;                      /* tasks put in since the start */
    bool unsettled;        /* a worker has died since `expected` was last made to fit ... */
    bool unqueued;         /* ... since futures_requeue */
    uint64_t settled;      /* ... `expected` was made to fit so often */
    uint64_t looks;        /* at who holds calls: the latest one's number */
    double task_ns;        /* what a task took in the last region; 0: not known */
    void *local;           /* of the owner where it works */
    uint64_t last_end;     /* a clock_now, when it had done its share of the last region */
    double spent_alone_ns; /* on close short regions for which nobody was woken */
};

/* Whether there is something to claim. */
static inline bool lane_any_work(struct engine *engine)
{
    for (unsigned i = 0; i <= engine->workers; i++)
        if (!range_is_empty(&engine->lanes[i].range))
            return true;
    return false;
}

/* Whether anything was ever put in. The owner's range comes first: whoever has claimed from it has
 * passed on that the target was set before (acquire: pairs with range_put, through other claims).
 */
static inline bool lane_has_begun(struct engine *engine)
{
    return !range_is_empty(&engine->lanes[engine->workers].range) ||
           atomic_load_explicit(&engine->common->target, memory_order_relaxed) != 0;
}

/* Whether all that was put in has ended. */
static inline bool lane_all_finished(struct engine *engine, uint64_t expected)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i <= engine->workers; i++)
        sum += atomic_load(&engine->lanes[i].finished);
    return sum == expected;
}

/* Whether a worker waits to be replaced. */
static inline bool lane_any_recycled(struct engine *engine)
{
    return atomic_load(&engine->common->recycled) != engine->replaced;
}

/* Claims the next chunk of the own lane, guided where chunk is 0: a worker's range may be half of
 * all there is, so it takes no more of it at once than of all (pool_chunk). At most `most` tasks,
 * at least 1. False when the lane is empty. */
static inline bool lane_take(const struct engine *engine, struct lane *lane, uint64_t chunk,
    uint64_t most, struct range *claimed)
{
    if (chunk == 0) { /* relaxed: range_take looks again */
        uint64_t word = atomic_load_explicit(&lane->range, memory_order_relaxed);
        chunk = pool_chunk(range_count(range_unpack(word)), 0, engine->workers);
    }
    return range_take(&lane->range, (uint32_t)(chunk < most ? chunk : most), claimed);
}

static inline void lane_add_finished(struct lane *lane, uint64_t tasks)
{
    uint64_t finished = atomic_load_explicit(&lane->finished, memory_order_relaxed);
    POOL_POINT(FINISH_BEFORE);
    atomic_store(&lane->finished, finished + tasks);
    POOL_POINT(FINISH_DONE);
}

static inline void lane_set_active(struct lane *lane, bool active)
{
    uint32_t activity = atomic_load_explicit(&lane->activity, memory_order_relaxed);
    if ((activity & 1) == active)
        return;
    if (active) /* relaxed: a hint */
        atomic_store_explicit(&lane->cpu, sched_getcpu(), memory_order_relaxed);
    /* pairs with the acquire loads in engine_settle */
    atomic_store_explicit(&lane->activity, activity + 1, memory_order_release);
}

/* ---- who runs tasks: engine.c ---- */

struct runner {
    struct engine *engine;
    struct lane *lane;
    unsigned worker; /* what it is called: the owner goes by worker 0 */
    void *local;
    uint64_t ran_at_entry; /* tasks of its predecessors in the lane */
};

/* Runs tasks that nobody else can claim any more. */
void runner_run(const struct runner *me, const struct region *region, struct range claimed);

/* Steals and runs until there is nothing to steal. */
void runner_work(const struct runner *me);

#endif
