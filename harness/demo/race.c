/* Two races, on threads and on processes alike: an update that is read, changed and written back,
 * and a check that no longer holds when it is acted upon. What is shared is atomic, so that each
 * reading and writing alone is whole; what is not is the step made of both. */
#include "../util/hash.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <inttypes.h>
#include <stdbool.h>

#define WORKERS 2
#define UPDATES 100000u /* a worker */
#define ACCOUNTS 20000u
#define BALANCE 100
#define PAUSE_EVERY 200 /* leaves the CPU inside the window, for where there is but one */

struct shared {
    _Atomic uint64_t counter;
    _Atomic int64_t accounts[ACCOUNTS];
    uint64_t seed;
    bool mended;
    _Atomic unsigned arrived;
};

static void let_others(const struct shared *shared, uint64_t i)
{
    if (hash_mix(shared->seed, i) % PAUSE_EVERY == 0)
        pace_let_others();
}

/* All accesses of the counter and of the accounts are relaxed: the numbers alone count. */
static int add(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct shared *shared = *(struct shared *const *)ctx;
    (void)local;
    (void)index;
    pace_meet(&shared->arrived, WORKERS);
    for (uint64_t i = 0; i < UPDATES; i++) {
        if (shared->mended) {
            atomic_fetch_add_explicit(&shared->counter, 1, memory_order_relaxed);
            continue;
        }
        uint64_t seen = atomic_load_explicit(&shared->counter, memory_order_relaxed);
        let_others(shared, i);
        atomic_store_explicit(&shared->counter, seen + 1, memory_order_relaxed);
    }
    result->value = UPDATES;
    return 0;
}

/* Takes all that is on an account, if it is there; what is taken is an atomic step in both forms,
 * but only the mended one checks in the same step. */
static int withdraw(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct shared *shared = *(struct shared *const *)ctx;
    (void)local;
    (void)index;
    pace_meet(&shared->arrived, WORKERS);
    for (uint64_t i = 0; i < ACCOUNTS; i++) {
        int64_t seen = atomic_load_explicit(&shared->accounts[i], memory_order_relaxed);
        if (seen < BALANCE)
            continue;
        let_others(shared, i);
        if (!shared->mended)
            atomic_fetch_sub_explicit(&shared->accounts[i], BALANCE, memory_order_relaxed);
        else if (!atomic_compare_exchange_strong_explicit(&shared->accounts[i], &seen,
                     seen - BALANCE, memory_order_relaxed, memory_order_relaxed))
            continue;
        result->value++;
    }
    return 0;
}

static void run_on(const struct demo_run *run, const struct pool_ops *ops, task_fn *task,
    struct shared *shared, uint64_t *values)
{
    atomic_store(&shared->arrived, 0);
    must_run(run, ops, WORKERS, task, &shared, values);
}

static void race_updates(const struct demo_run *run, const struct pool_ops *ops, const char *where,
    struct shared *shared)
{
    uint64_t made[WORKERS];
    atomic_store(&shared->counter, 0);
    run_on(run, ops, add, shared, made);
    uint64_t wanted = made[0] + made[1], lost = wanted - atomic_load(&shared->counter);
    demo_figure(run, (double)lost * 1e6 / (double)wanted, "per million", "updates lost, %s", where);
    if (lost > 0)
        demo_showed(run,
            "%" PRIu64 " of %" PRIu64 " updates by 2 %s are lost: the counter is %" PRIu64, lost,
            wanted, where, wanted - lost);
}

static void race_accounts(const struct demo_run *run, const struct pool_ops *ops, const char *where,
    struct shared *shared)
{
    uint64_t taken[WORKERS], overdrawn = 0;
    for (unsigned i = 0; i < ACCOUNTS; i++)
        atomic_store(&shared->accounts[i], BALANCE);
    run_on(run, ops, withdraw, shared, taken);
    for (unsigned i = 0; i < ACCOUNTS; i++)
        overdrawn += atomic_load(&shared->accounts[i]) < 0;
    demo_figure(run, (double)overdrawn, "", "overdrafts of %u accounts, %s", ACCOUNTS, where);
    if (overdrawn > 0)
        demo_showed(run,
            "%" PRIu64 " of %u accounts are overdrawn: both %s checked before either had taken",
            overdrawn, ACCOUNTS, where);
}

static void race(const struct demo_run *run, bool mended)
{
    struct shared *shared = must_memory(run, sizeof *shared);
    shared->mended = mended;
    shared->seed = run->seed;
    race_updates(run, &pool_processes, "processes", shared);
    race_accounts(run, &pool_processes, "processes", shared);
    race_updates(run, &pool_threads, "threads", shared);
    race_accounts(run, &pool_threads, "threads", shared);
}

static void unmended(const struct demo_run *run)
{
    race(run, false);
}

static void mended(const struct demo_run *run)
{
    race(run, true);
}

const struct demo demo_race = {
    .name = "race",
    .summary = "two workers change the same number, and updates get lost",
    .description =
        "n = n + 1 is three steps: read, add, write. Where two workers read the same n, both write "
        "n + 1, and one update is lost. So it is with a check: both see that an account holds "
        "enough, and both take it. It makes no difference whether they are threads, or processes "
        "with shared memory. Whether it happens depends on the moment, so that tests seldom see "
        "it: here each worker does its steps many times, and sometimes lets the other run in "
        "between. Mended by making reading and writing one step: an atomic addition, a "
        "compare-and-exchange, or a lock around both.",
    .kind = DEMO_SAFETY,
    .unmended = {"reads, adds and writes back in three steps; checks, then takes", unmended},
    .mended = {"adds in one atomic step; checks and takes in one compare-and-exchange", mended},
};
