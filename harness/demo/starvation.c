/* Four threads that want the same lock all the time: a plain mutex, which whoever comes first may
 * take, and a ticket lock, which serves them in the order of their coming. */
#include "../analyze/stat.h"
#include "../share/deadline.h"
#include "../util/futex.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <pthread.h>
#include <stdbool.h>

#define WORKERS 4
#define SECONDS 0.2
#define TURNS_MIN 500u /* for which it goes on, where the machine is busy, up to */
#define SECONDS_MAX 3.0
#define HOLD_NS 20000u
#define TURNS_MAX 20000u
#define WINDOW (2 * WORKERS) /* turns */
#define FAIR 0.5             /* Jain's index: 1/WORKERS is one for all, 1 is all alike */

/* Reed and Kanodia 1979, with waiters that sleep. `next` is relaxed, since a number is all that it
 * gives; `serving` is acquired by the next holder where it is released by the one before. */
struct ticket_lock {
    _Atomic uint32_t next, serving;
};

struct shared {
    bool mended;
    uint64_t until, latest;
    _Atomic unsigned arrived, wanting; /* relaxed: heads counted */
    pthread_mutex_t mutex;
    struct ticket_lock ticket;
    /* protected by the lock; turns begin to count when all want it */
    unsigned turns, holders[TURNS_MAX];
    double waits[TURNS_MAX];
};

static void take(struct shared *shared)
{
    if (!shared->mended) {
        pthread_mutex_lock(&shared->mutex);
        return;
    }
    uint32_t mine = atomic_fetch_add_explicit(&shared->ticket.next, 1, memory_order_relaxed), now;
    while ((now = atomic_load_explicit(&shared->ticket.serving, memory_order_acquire)) != mine)
        futex_wait(&shared->ticket.serving, now, NULL, false);
}

static void give(struct shared *shared)
{
    if (!shared->mended) {
        pthread_mutex_unlock(&shared->mutex);
        return;
    }
    atomic_fetch_add_explicit(&shared->ticket.serving, 1, memory_order_release);
    futex_wake(&shared->ticket.serving, INT_MAX, false);
}

/* Holds the lock for a while. Returns whether that was the last time. */
static bool take_turn(struct shared *shared, unsigned index, uint64_t start)
{
    uint64_t now = clock_now();
    if (now >= shared->latest || shared->turns == TURNS_MAX ||
        (now >= shared->until && shared->turns >= TURNS_MIN))
        return true;
    if (atomic_load_explicit(&shared->wanting, memory_order_relaxed) == WORKERS) {
        shared->waits[shared->turns] = (double)(now - start) * 1e-9;
        shared->holders[shared->turns++] = index;
    }
    while (clock_now() < now + HOLD_NS)
        ;
    return false;
}

static int want(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct shared *shared = *(struct shared *const *)ctx;
    (void)local;
    pace_meet(&shared->arrived, WORKERS);
    atomic_fetch_add_explicit(&shared->wanting, 1, memory_order_relaxed);
    for (bool over = false; !over; result->value++) {
        uint64_t start = clock_now();
        take(shared);
        over = take_turn(shared, (unsigned)index, start);
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
    unsigned windows = 0;
    for (unsigned i = 0; i + WINDOW <= shared->turns; i += WINDOW, windows++)
        sum += jain_of_turns(shared, i, i + WINDOW);
    return sum / windows;
}

static unsigned longest_row(const struct shared *shared)
{
    unsigned longest = 0, row = 0;
    for (unsigned i = 0; i < shared->turns; i++) {
        row = i > 0 && shared->holders[i] == shared->holders[i - 1] ? row + 1 : 1;
        longest = row > longest ? row : longest;
    }
    return longest;
}

static void starvation(const struct demo_run *run, bool mended)
{
    static const double percentiles[] = {50, 90, 99, 99.9};
    struct shared *shared = must_memory(run, sizeof *shared);
    shared->mended = mended;
    shared->until = deadline_after(demo_seconds(run, SECONDS));
    shared->latest = deadline_after(demo_seconds(run, SECONDS_MAX));
    pthread_mutex_init(&shared->mutex, NULL);
    must_run(run, &pool_threads, WORKERS, want, &shared, NULL);
    unsigned turns = shared->turns;
    if (turns < WINDOW)
        demo_cannot(run, "too few turns in the time: the machine is too busy");
    double fairness = short_term(shared);
    demo_figure(run, fairness, "", "Jain's fairness, windows of %d turns", WINDOW);
    demo_figure(run, jain_of_turns(shared, 0, turns), "", "Jain's fairness, all turns");
    demo_figure(run, turns, "", "turns");
    demo_figure(run, longest_row(shared), "", "turns of one thread in a row, most");
    for (unsigned i = 0; i < sizeof percentiles / sizeof *percentiles; i++)
        demo_figure(run, stat_quantile(shared->waits, turns, percentiles[i] / 100), "s",
            "wait, percentile %g", percentiles[i]);
    demo_figure(run, stat_quantile(shared->waits, turns, 1), "s", "wait, longest");
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
        "median wait looks excellent, since most turns are those of the one that never waits, and "
        "the others wait for milliseconds; over a long time chance makes up for it, which an "
        "average hides. Mended by a ticket lock, which serves in the order of coming: whoever is "
        "in line waits for those before it and for nobody else.",
    .kind = DEMO_LIVENESS,
    .unmended = {"a pthread mutex", unmended},
    .mended = {"a ticket lock: a number is drawn, and waited for", mended},
};
