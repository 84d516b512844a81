/* Four threads that want the same lock all the time: a plain mutex, which whoever comes first may
 * take, and a ticket lock, which serves them in the order of their coming. */
#include "../analyze/stat.h"
#include "../measure/clock.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <pthread.h>
#include <stdbool.h>

#define WORKERS 4
#define SECONDS 0.2
#define HOLD_NS 20000u
#define TURNS_MAX 20000u
#define WINDOW (16 * WORKERS) /* turns */
#define FAIR 0.7              /* Jain's index: 1/WORKERS is one for all, 1 is all alike */

/* Mellor-Crummey and Scott 1991. `next` is relaxed, since a number is all that it gives; `serving`
 * is acquired by the next holder where it is released by the one before. */
struct ticket_lock {
    _Alignas(CACHE_LINE) _Atomic unsigned next;
    _Alignas(CACHE_LINE) _Atomic unsigned serving;
};

struct shared {
    bool mended;
    uint64_t until;
    _Atomic unsigned arrived;
    pthread_mutex_t mutex;
    struct ticket_lock ticket;
    /* protected by the lock */
    unsigned turns, holders[TURNS_MAX];
    double waits[TURNS_MAX];
};

static void take(struct shared *shared)
{
    if (!shared->mended) {
        pthread_mutex_lock(&shared->mutex);
        return;
    }
    unsigned mine = atomic_fetch_add_explicit(&shared->ticket.next, 1, memory_order_relaxed);
    while (atomic_load_explicit(&shared->ticket.serving, memory_order_acquire) != mine)
        sched_yield();
}

static void give(struct shared *shared)
{
    if (!shared->mended)
        pthread_mutex_unlock(&shared->mutex);
    else
        atomic_fetch_add_explicit(&shared->ticket.serving, 1, memory_order_release);
}

static int want(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct shared *shared = *(struct shared *const *)ctx;
    (void)local;
    pace_meet(&shared->arrived, WORKERS);
    for (bool over = false; !over;) {
        uint64_t start = clock_now();
        take(shared);
        uint64_t now = clock_now(), end = now + HOLD_NS;
        over = now >= shared->until || shared->turns == TURNS_MAX;
        if (!over) {
            shared->waits[shared->turns] = (double)(now - start) * 1e-9;
            shared->holders[shared->turns++] = (unsigned)index;
            result->value++;
        }
        while (!over && clock_now() < end)
            ;
        give(shared);
    }
    return 0;
}

/* Jain's index of fairness (Jain, Chiu, Hawe 1984): (sum x)^2 / (n sum x^2). */
static double jain(const double *shares, unsigned count)
{
    double sum = 0, squares = 0;
    for (unsigned i = 0; i < count; i++) {
        sum += shares[i];
        squares += shares[i] * shares[i];
    }
    return sum * sum / (count * squares);
}

static double jain_of_turns(const struct shared *shared, unsigned from, unsigned to)
{
    double shares[WORKERS] = {0};
    for (unsigned i = from; i < to; i++)
        shares[shared->holders[i]]++;
    return jain(shares, WORKERS);
}

/* Over a long time chance makes shares alike; who waits meanwhile sees it in short windows. */
static double short_term(const struct shared *shared)
{
    double sum = 0;
    unsigned windows = shared->turns / WINDOW;
    for (unsigned i = 0; i < windows; i++)
        sum += jain_of_turns(shared, i * WINDOW, (i + 1) * WINDOW);
    return sum / windows;
}

static void starvation(const struct demo_run *run, bool mended)
{
    static const double percentiles[] = {50, 90, 99, 99.9};
    struct shared *shared = must_memory(run, sizeof *shared);
    shared->mended = mended;
    shared->until = clock_now() + (uint64_t)(demo_seconds(run, SECONDS) * 1e9);
    pthread_mutex_init(&shared->mutex, NULL);
    must_run(run, &pool_threads, WORKERS, want, &shared, NULL);
    if (shared->turns < WINDOW)
        demo_cannot(run, "only %u turns in the time: the machine is too busy", shared->turns);
    double fairness = short_term(shared);
    demo_figure(run, fairness, "", "Jain's fairness, windows of %d turns", WINDOW);
    demo_figure(run, jain_of_turns(shared, 0, shared->turns), "", "Jain's fairness, all turns");
    demo_figure(run, shared->turns, "", "turns");
    for (unsigned i = 0; i < sizeof percentiles / sizeof *percentiles; i++)
        demo_figure(run, stat_quantile(shared->waits, shared->turns, percentiles[i] / 100), "s",
            "wait, percentile %g", percentiles[i]);
    demo_figure(run, stat_quantile(shared->waits, shared->turns, 1), "s", "wait, longest");
    if (fairness < FAIR)
        demo_showed(run,
            "in windows of %d turns the %d threads' shares have a Jain's index of %.2f (%.2f: one "
            "has "
            "all, 1: all have as many)",
            WINDOW, WORKERS, fairness, 1.0 / WORKERS);
}

static void unmended(const struct demo_run *run)
{
    starvation(run, false);
}

static void mended(const struct demo_run *run)
{
    starvation(run, true);
}

const struct demo demo_starvation = {
    .name = "starvation",
    .summary = "a lock that whoever comes first may take goes to the same thread again and again",
    .description =
        "Four threads want one lock all the time, and hold it for 20 us. An ordinary mutex goes to "
        "whoever is there when it is free, and the thread that has just given it back is there "
        "first, while the others have yet to wake up. So it has hundreds of turns in a row: the "
        "median wait looks excellent, as most turns are its own, and the others wait for "
        "milliseconds. Mended by a ticket lock, which serves in the order of coming: everyone "
        "waits for the three before it and never for more. That has its price where there are "
        "more threads than CPUs, because the next in line may not be running: fewer turns in all.",
    .kind = DEMO_LIVENESS,
    .unmended = {"a pthread mutex", unmended},
    .mended = {"a ticket lock: a number is drawn, and waited for", mended},
};
