/* Transfers in both directions between two accounts with a lock each, on processes and on threads.
 * The form's main thread is the watchdog: workers note what they hold and what they await, and when
 * nobody gets on it follows these notes from one to the other. */
#include "../share/lock.h"
#include "../util/hash.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WORKERS 2
#define LOCKS 2
#define NOBODY (-1)
#define TRANSFERS 5000u /* a worker */
#define PAUSE_EVERY 64  /* leaves the CPU between the locks, for where there is but one */
#define LOOK_S 0.02
#define LOOKS_STILL 10 /* looks without a transfer, after which the watchdog looks closer */

/* The notes are relaxed: the watchdog trusts them only when they have stood still for a while. */
struct worker {
    _Atomic int awaits; /* a lock, or NOBODY */
    _Atomic uint64_t transfers;
};

struct shared {
    bool mended;
    uint64_t seed;
    _Atomic unsigned arrived;
    struct worker workers[WORKERS];
    _Atomic int holders[LOCKS]; /* a worker, or NOBODY */
    struct lock locks[LOCKS];
    int64_t balances[LOCKS]; /* each protected by its lock */
};

static void take(struct shared *shared, int worker, int lock)
{
    atomic_store_explicit(&shared->workers[worker].awaits, lock, memory_order_relaxed);
    lock_acquire(&shared->locks[lock], -1);
    atomic_store_explicit(&shared->holders[lock], worker, memory_order_relaxed);
    atomic_store_explicit(&shared->workers[worker].awaits, NOBODY, memory_order_relaxed);
}

static void give(struct shared *shared, int lock)
{
    atomic_store_explicit(&shared->holders[lock], NOBODY, memory_order_relaxed);
    lock_release(&shared->locks[lock]);
}

static void transfer(struct shared *shared, int worker, int from, int to, bool pauses)
{
    bool swapped = shared->mended && from > to;
    int first = swapped ? to : from, second = swapped ? from : to;
    take(shared, worker, first);
    if (pauses)
        pace_let_others();
    take(shared, worker, second);
    shared->balances[from]--;
    shared->balances[to]++;
    give(shared, second);
    give(shared, first);
    atomic_fetch_add_explicit(&shared->workers[worker].transfers, 1, memory_order_relaxed);
}

/* The payload is where the shared memory is and which worker this is: 0 transfers from account 0,
 * 1 from account 1. */
struct order {
    struct shared *shared;
    int worker;
};

static int transfer_all(struct pool_call *call)
{
    struct order order;
    memcpy(&order, call->payload, sizeof order);
    int from = order.worker, to = 1 - from;
    pace_meet(&order.shared->arrived, WORKERS);
    for (uint64_t i = 0; i < TRANSFERS; i++)
        transfer(order.shared, order.worker, from, to,
            hash_mix(order.shared->seed, i) % PAUSE_EVERY == 0);
    return 0;
}

/* ---- the watchdog ---- */

static uint64_t transfers(const struct shared *shared)
{
    uint64_t sum = 0;
    for (int i = 0; i < WORKERS; i++)
        sum += atomic_load_explicit(&shared->workers[i].transfers, memory_order_relaxed);
    return sum;
}

/* Whom a worker waits for: the holder of the lock that it awaits. */
static int awaited(const struct shared *shared, int worker)
{
    int lock = atomic_load_explicit(&shared->workers[worker].awaits, memory_order_relaxed);
    return lock == NOBODY ? NOBODY
                          : atomic_load_explicit(&shared->holders[lock], memory_order_relaxed);
}

static unsigned in_cycle(const struct shared *shared, int start)
{
    unsigned length = 0;
    int at = start;
    do {
        at = awaited(shared, at);
        length++;
    } while (at != NOBODY && at != start && length <= WORKERS);
    return at == start ? length : 0;
}

static void tell_cycle(const struct demo_run *run, const struct shared *shared, const char *where)
{
    int at = 0;
    do {
        int lock = atomic_load_explicit(&shared->workers[at].awaits, memory_order_relaxed);
        int next = awaited(shared, at);
        demo_event(run,
            "watchdog, %s: worker %d holds lock %d and awaits lock %d, which worker %d holds",
            where, at, at, lock, next);
        at = next;
    } while (at != 0);
}

/* Waits until all calls have ended, or until nobody has got on for a while. */
static bool all_end(struct pool *pool, struct future *const *futures, const struct shared *shared)
{
    uint64_t before = 0;
    for (unsigned still = 0; still < LOOKS_STILL; still++) {
        if (pool_wait(pool, futures, WORKERS, POOL_WAIT_ALL, LOOK_S) == 0)
            return true;
        uint64_t now = transfers(shared);
        if (now != before)
            still = 0;
        before = now;
    }
    return false;
}

static void watch(const struct demo_run *run, struct pool *pool, struct future *const *futures,
    const struct shared *shared, const char *where)
{
    bool ended = all_end(pool, futures, shared);
    unsigned cycle = ended ? 0 : in_cycle(shared, 0);
    demo_figure(
        run, (double)transfers(shared), "", "transfers of %u, %s", WORKERS * TRANSFERS, where);
    demo_figure(run, cycle, "", "workers in a deadlock, %s", where);
    if (cycle == 0)
        return;
    tell_cycle(run, shared, where);
    demo_showed(run, "%u %s wait for each other, after %" PRIu64 " transfers of %u", cycle, where,
        transfers(shared), WORKERS * TRANSFERS);
}

static void prepare(const struct demo_run *run, struct shared *shared)
{
    atomic_store(&shared->arrived, 0);
    for (int i = 0; i < LOCKS; i++) {
        if (lock_init(&shared->locks[i], LOCK_PLAIN))
            demo_cannot(run, "a lock cannot be made");
        atomic_store(&shared->holders[i], NOBODY);
    }
    for (int i = 0; i < WORKERS; i++) {
        atomic_store(&shared->workers[i].awaits, NOBODY);
        atomic_store(&shared->workers[i].transfers, 0);
    }
}

/* A pool whose workers are in a deadlock is terminated, which processes obey. Threads cannot: they
 * end with the form. */
static void deadlock_on(const struct demo_run *run, const struct pool_ops *ops, const char *where,
    struct shared *shared)
{
    struct pool *pool = must_pool(run, ops,
        &(struct pool_config){
            .workers = WORKERS, .calls_max = WORKERS, .call_size = sizeof(struct order)});
    struct future *futures[WORKERS];
    prepare(run, shared);
    for (int i = 0; i < WORKERS; i++)
        futures[i] = must_submit(
            run, pool, transfer_all, &(struct order){shared, i}, sizeof(struct order), NULL);
    watch(run, pool, futures, shared, where);
    pool_terminate(pool);
    if (future_status(futures[0]) == FUTURE_OK || ops == &pool_processes)
        pool_stop(pool);
}

static void deadlock(const struct demo_run *run, bool mended)
{
    struct shared *shared = must_memory(run, sizeof *shared);
    shared->mended = mended;
    shared->seed = run->seed;
    deadlock_on(run, &pool_processes, "processes", shared);
    deadlock_on(run, &pool_threads, "threads", shared);
}

static void unmended(const struct demo_run *run)
{
    deadlock(run, false);
}

static void mended(const struct demo_run *run)
{
    deadlock(run, true);
}

const struct demo demo_deadlock = {
    .name = "deadlock",
    .summary = "two workers take two locks in opposite order, and wait for each other for ever",
    .description =
        "One worker moves money from account 0 to account 1, the other back; each takes the lock "
        "of "
        "the account that it takes from, then the other one. As soon as each has its first lock "
        "before either has its second, both wait for ever: a cycle of holding and waiting "
        "(Coffman, "
        "Elphick, Shoshani 1971). Nothing crashes and no CPU is used, so that a watchdog has to "
        "find it: nobody has got on for a while, and following who awaits a lock to who holds it "
        "leads back to where it began. Mended by an order: whoever needs two locks takes the lower "
        "number first, and no cycle can come about.",
    .kind = DEMO_LIVENESS,
    .unmended = {"takes the lock of the account paid from first", unmended},
    .mended = {"takes the lock of the lower account number first", mended},
};
