/* Two workers that need the same thing for each of their jobs, and give way to each other. There is
 * no lock that could be awaited for ever: whoever has the thing never keeps it unused. */
#include "../share/deadline.h"
#include "../util/futex.h"
#include "../util/hash.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <inttypes.h>
#include <stdbool.h>

#define WORKERS 2
#define JOBS 100u /* a worker */
#define PATIENCE_S 0.3
#define LOOK_NS 10000000

struct worker {
    _Atomic bool wants; /* relaxed: a wish seen late is a wish of a moment ago */
    uint64_t jobs, gave_way;
};

struct shared {
    bool mended;
    uint64_t seed;
    double patience;
    _Atomic unsigned arrived;
    _Atomic uint32_t holder; /* who has the thing; released by it, acquired by the next */
    struct worker workers[WORKERS];
};

/* Waits for the thing. Returns false where time is up. */
static bool await(struct shared *shared, uint32_t worker, uint64_t until)
{
    while (atomic_load_explicit(&shared->holder, memory_order_acquire) != worker &&
           clock_now() < until)
        futex_wait(&shared->holder, 1 - worker, &(struct timespec){.tv_nsec = LOOK_NS}, true);
    return clock_now() < until;
}

static void let_have(struct shared *shared, uint32_t worker)
{
    atomic_store_explicit(&shared->holder, worker, memory_order_release); /* with await */
    futex_wake(&shared->holder, 1, true);
}

/* The polite one always lets the other go first, the mended one every other time, by chance. */
static bool gives_way(const struct shared *shared, unsigned worker, uint64_t times)
{
    if (!atomic_load_explicit(&shared->workers[1 - worker].wants, memory_order_relaxed))
        return false;
    uint64_t random = hash_mix(hash_mix(shared->seed, worker), times);
    return !shared->mended || hash_unit(random) < 0.5;
}

static int work(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct shared *shared = *(struct shared *const *)ctx;
    struct worker *worker = &shared->workers[index];
    (void)local;
    atomic_store_explicit(&worker->wants, true, memory_order_relaxed);
    pace_meet(&shared->arrived, WORKERS);
    uint64_t until = deadline_after(shared->patience);
    while (worker->jobs < JOBS && await(shared, (uint32_t)index, until)) {
        if (gives_way(shared, (unsigned)index, worker->jobs + worker->gave_way)) {
            worker->gave_way++;
            let_have(shared, 1 - (uint32_t)index);
        } else {
            worker->jobs++;
        }
    }
    /* whoever's time is up still wants it: the other's last look must not find it gone */
    atomic_store_explicit(&worker->wants, worker->jobs < JOBS, memory_order_relaxed);
    let_have(shared, 1 - (uint32_t)index);
    result->value = worker->jobs;
    return 0;
}

static void livelock_on(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool mended)
{
    double patience = demo_seconds(run, PATIENCE_S);
    struct shared *shared = must_memory(run, sizeof *shared);
    *shared = (struct shared){.mended = mended, .seed = run->seed, .patience = patience};
    uint64_t start = clock_now();
    must_run(run, ops, WORKERS, work, &shared, NULL);
    const struct worker *a = &shared->workers[0], *b = &shared->workers[1];
    uint64_t jobs = a->jobs + b->jobs, gave_way = a->gave_way + b->gave_way;
    demo_figure(run, (double)jobs, "", "jobs done of %u, %s", WORKERS * JOBS, where);
    demo_figure(run, (double)gave_way, "", "times that one gave way, %s", where);
    demo_figure(run, clock_since(start), "s", "time, %s", where);
    if (jobs == 0)
        demo_showed(run, "2 %s gave way %" PRIu64 " times in %.1f s, and neither has done a job",
            where, gave_way, patience);
}

static void unmended(const struct demo_run *run)
{
    livelock_on(run, &pool_processes, "processes", false);
    livelock_on(run, &pool_threads, "threads", false);
}

static void mended(const struct demo_run *run)
{
    livelock_on(run, &pool_processes, "processes", true);
    livelock_on(run, &pool_threads, "threads", true);
}

const struct demo demo_livelock = {
    .name = "livelock",
    .summary = "two workers give way to each other, again and again, and neither gets on",
    .description =
        "Both need the same thing for each job. Whoever has it and sees that the other one wants "
        "it too, politely backs off and lets it go first; the other does the same. Nobody holds "
        "what it does not use, so that this is no deadlock: both are awake, the CPU is busy, a "
        "watchdog that looks at states sees them change all the time, and not one job gets done. "
        "It is so with every rule by which both react to each other in the same way, as with two "
        "people in a corridor, or two stations that repeat a collided message after the same "
        "time. Mended by chance, as Ethernet does it (Metcalfe, Boggs 1976): each backs off only "
        "every other time, at random, so that soon they do not do the same.",
    .kind = DEMO_LIVENESS,
    .unmended = {"always backs off when the other one wants it too", unmended},
    .mended = {"tosses a coin: backs off, or does its job", mended},
};
