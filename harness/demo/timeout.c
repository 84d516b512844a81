/* A call that never ends, with a time limit, on threads and on processes. Afterwards: does it still
 * run, and how many workers are left for others? */
#include "../measure/clock.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define WORKERS 2
#define LIMIT_S 0.1
#define AFTER_S 0.1
#define MEET_S 0.3 /* how long two calls wait for each other */

/* All relaxed: signs of life and heads counted. */
struct shared {
    _Atomic uint64_t steps;
    _Atomic unsigned here, peak;
};

static struct shared *shared_of(const struct pool_call *call)
{
    struct shared *shared;
    memcpy(&shared, call->payload, sizeof shared);
    return shared;
}

static int never_end(struct pool_call *call)
{
    struct shared *shared = shared_of(call);
    while (atomic_fetch_add_explicit(&shared->steps, 1, memory_order_relaxed) < UINT64_MAX)
        ;
    return 0;
}

/* Waits for as many others as there should be workers. */
static int meet(struct pool_call *call)
{
    struct shared *shared = shared_of(call);
    unsigned here = atomic_fetch_add_explicit(&shared->here, 1, memory_order_relaxed) + 1;
    unsigned peak = atomic_load_explicit(&shared->peak, memory_order_relaxed);
    while (here > peak && !atomic_compare_exchange_weak_explicit(&shared->peak, &peak, here,
                              memory_order_relaxed, memory_order_relaxed))
        ;
    for (uint64_t start = clock_now();
         atomic_load_explicit(&shared->peak, memory_order_relaxed) < WORKERS &&
         clock_since(start) < MEET_S;)
        pace_pause(1e-3);
    atomic_fetch_sub_explicit(&shared->here, 1, memory_order_relaxed);
    return 0;
}

/* How many workers run two calls that want to run at the same time. */
static unsigned workers_left(
    const struct demo_run *run, struct pool *pool, const struct shared *shared)
{
    struct future *futures[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        futures[i] = must_submit(run, pool, meet, &shared, sizeof shared, NULL);
    pool_wait(pool, futures, WORKERS, POOL_WAIT_ALL, demo_seconds(run, 10));
    return atomic_load_explicit(&shared->peak, memory_order_relaxed);
}

static void timeout_on(const struct demo_run *run, const struct pool_ops *ops)
{
    const struct shared *shared = must_memory(run, sizeof *shared);
    struct pool *pool = must_pool(run, ops,
        &(struct pool_config){
            .workers = WORKERS, .calls_max = 1 + WORKERS, .call_size = sizeof shared});
    uint64_t start = clock_now();
    struct future *endless = must_submit(
        run, pool, never_end, &shared, sizeof shared, &(struct pool_options){.timeout_s = LIMIT_S});
    future_wait(endless, demo_seconds(run, 10));
    if (future_status(endless) != FUTURE_TIMEOUT)
        demo_cannot(run, "the call did not time out; try a longer --time-limit");
    demo_event(run, "after %.2f s: %s", clock_since(start), future_message(endless));
    uint64_t before = atomic_load_explicit(&shared->steps, memory_order_relaxed);
    pace_pause(AFTER_S);
    uint64_t steps = atomic_load_explicit(&shared->steps, memory_order_relaxed) - before;
    unsigned left = workers_left(run, pool, shared);
    demo_figure(run, (double)before, "", "steps until its time was up");
    demo_figure(run, (double)steps, "", "steps in the %g s after that", AFTER_S);
    demo_figure(run, left, "", "workers left of %d", WORKERS);
    if (steps > 0 || left < WORKERS)
        demo_showed(run,
            "the call that has timed out still runs: %" PRIu64
            " steps in the next %g s, and %u of %d workers is left for others",
            steps, AFTER_S, left, WORKERS);
    else
        pool_stop(pool);
}

static void unmended(const struct demo_run *run)
{
    timeout_on(run, &pool_threads);
}

static void mended(const struct demo_run *run)
{
    timeout_on(run, &pool_processes);
}

const struct demo demo_timeout = {
    .name = "timeout",
    .summary = "a task that will not end is given up, and goes on running where it is a thread",
    .description =
        "A time limit tells the caller that it need not wait any longer; it does not end the task. "
        "A thread cannot be stopped from outside: it may hold a lock, or be half-way through a "
        "change that all the others see, so there is no safe way, and pools (ours, Python's and "
        "Java's alike) only stop waiting for it. It keeps its worker, its CPU and its memory until "
        "the program ends, and a few such tasks leave a pool without workers. Mended by a process: "
        "it can be killed at any instruction, since what it changes is its own, and a new worker "
        "takes its place. What runs in a thread needs a limit of its own: a read with a timeout, a "
        "flag that it looks at.",
    .kind = DEMO_LIVENESS,
    .unmended = {"a call without an end and with a limit of 0.1 s, on two threads", unmended},
    .mended = {"the same on two processes", mended},
};
