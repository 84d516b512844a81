/* Two workers that need two things at once, and politely give up what they have when they cannot
 * get the other. Where both try again after the same time, they try again at the same time. */
#include "../share/deadline.h"
#include "../share/lock.h"
#include "../util/hash.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <inttypes.h>
#include <stdbool.h>

#define WORKERS 2
#define JOBS 70u          /* a worker */
#define TICK_NS 2000000u  /* at which jobs begin, and who is polite tries again */
#define REACH_S 0.6e-3    /* from one thing to the other, and back */
#define PATIENCE_S 1.0    /* in which all jobs are to be done */
#define BACK_OFF_TICKS 4u /* at random, mended: below */

struct worker {
    uint64_t jobs, attempts;
};

struct shared {
    bool mended;
    uint64_t seed, until;
    _Atomic unsigned arrived;
    struct lock things[WORKERS];
    struct worker workers[WORKERS]; /* each its own worker's; read when all have ended */
};

/* Until the clock's next tick, the same for all; that is what a fixed time comes to, once they are
 * in step. */
static void wait_for_tick(uint64_t ticks)
{
    struct timespec at = deadline_timespec((clock_now() / TICK_NS + ticks) * TICK_NS);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void back_off(const struct shared *shared, unsigned worker, uint64_t attempt)
{
    uint64_t random = hash_mix(hash_mix(shared->seed, worker), attempt);
    if (shared->mended)
        pace_pause(hash_unit(random) * BACK_OFF_TICKS * TICK_NS * 1e-9);
    else
        wait_for_tick(1);
}

/* A job needs both things: the own, then the other's, without waiting for it. It takes some time
 * from one to the other, and as long until the own is free again. */
static bool try_job(struct shared *shared, unsigned worker)
{
    struct lock *own = &shared->things[worker], *other = &shared->things[1 - worker];
    if (lock_acquire(own, 0))
        return false;
    pace_pause(REACH_S);
    bool done = lock_acquire(other, 0) == 0;
    if (done)
        lock_release(other);
    pace_pause(REACH_S);
    lock_release(own);
    return done;
}

static int work(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct shared *shared = *(struct shared *const *)ctx;
    struct worker *worker = &shared->workers[index];
    (void)local;
    pace_meet(&shared->arrived, WORKERS);
    wait_for_tick(2);
    while (worker->jobs < JOBS && clock_now() < shared->until) {
        worker->attempts++;
        if (try_job(shared, (unsigned)index)) {
            worker->jobs++;
            wait_for_tick(1);
        } else {
            back_off(shared, (unsigned)index, worker->attempts);
        }
    }
    result->value = worker->jobs;
    return 0;
}

static void livelock(const struct demo_run *run, bool mended)
{
    double patience = demo_seconds(run, PATIENCE_S);
    struct shared *shared = must_memory(run, sizeof *shared);
    *shared =
        (struct shared){.mended = mended, .seed = run->seed, .until = deadline_after(patience)};
    for (int i = 0; i < WORKERS; i++)
        if (lock_init(&shared->things[i], LOCK_PLAIN))
            demo_cannot(run, "a lock cannot be made");
    uint64_t start = clock_now();
    must_run(run, &pool_threads, WORKERS, work, &shared, NULL);
    const struct worker *a = &shared->workers[0], *b = &shared->workers[1];
    uint64_t jobs = a->jobs + b->jobs, attempts = a->attempts + b->attempts;
    demo_figure(run, (double)jobs, "", "jobs done of %u", WORKERS * JOBS);
    demo_figure(run, (double)attempts, "", "attempts");
    demo_figure(run, clock_since(start), "s", "time");
    if (a->jobs < JOBS && b->jobs < JOBS)
        demo_showed(run,
            "neither worker has got done in %.1f s: %" PRIu64 " attempts for %" PRIu64
            " jobs of %u",
            patience, attempts, jobs, WORKERS * JOBS);
}

static void unmended(const struct demo_run *run)
{
    livelock(run, false);
}

static void mended(const struct demo_run *run)
{
    livelock(run, true);
}

const struct demo demo_livelock = {
    .name = "livelock",
    .summary = "two workers make way for each other, again and again, and neither gets on",
    .description =
        "A job needs two things. Each worker takes its own, reaches for the other's, and where "
        "that is taken politely gives its own back and tries again a moment later. So nobody waits "
        "holding something, and there is no deadlock; but both moments are equally long, so that "
        "both come back together, and find each other in the way once more. Both are busy and "
        "nothing is done, until chance puts them out of step. Mended by making that chance: each "
        "waits for a random time (as Ethernet does: Metcalfe, Boggs 1976), and one of them finds "
        "both things free.",
    .kind = DEMO_LIVENESS,
    .unmended = {"gives way, and tries again at the next tick of 2 ms", unmended},
    .mended = {"gives way, and tries again after a random time below 8 ms", mended},
};
