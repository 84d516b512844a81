/* Spinning, sleeping, waking and placing. See idle.h; the pairings are in lane.h. */
#include "idle.h"

#include "../measure/clock.h"
#include "../util/futex.h"
#include "../util/relax.h"
#include "engine.h"

/* Work is worth a wake-up from so many times its length on. */
#define WORTH 1.5

/* No wake-up is taken for longer than this. */
#define WAKE_MAX_NS 200000

/* A spinner that was off its CPU for so long shares it with somebody, ... */
#define CROWDED_GAP_NS 100000
/* ... and nobody spins for so long then. */
#define CROWDED_NS 100000000

/* What a turn of a yielding spinner takes if nobody else runs, at most. */
#define OWN_GAP_NS 1000

/* A wake-up, where none was measured yet. */
#define WAKE_NS 10000

/* How often a spinner looks for news before it reads the clock. */
#define LOOKS_A_TURN 8

/* ---- waking ---- */

static void wake(struct engine *engine, struct lane *lane)
{
    atomic_store_explicit(&lane->woken_at, clock_now(), memory_order_relaxed); /* statistics */
    POOL_POINT(WAKE_BIT_CLEARED);
    atomic_store(&lane->asleep, 0);
    POOL_POINT(WAKE_FLAG_CLEARED);
    futex_wake(&lane->asleep, 1, engine->shared);
    POOL_POINT(WAKE_DONE);
}

bool idle_wake_one(struct engine *engine)
{
    for (unsigned word = 0; word <= engine->workers / 64; word++) {
        _Atomic uint64_t *sleepers = &engine->sleepers[word];
        for (uint64_t bits = atomic_load(sleepers); bits;) {
            uint64_t first = bits & -bits;
            bits = atomic_fetch_and(sleepers, ~first);
            if (bits & first) {
                wake(engine, &engine->lanes[word * 64 + (unsigned)__builtin_ctzll(first)]);
                return true;
            }
        }
    }
    return false;
}

/* Whoever has cleared a sleeper's bit may have died before it woke it, so bits tell nothing here.
 */
void idle_wake_all(struct engine *engine)
{
    for (unsigned i = 0; i < engine->workers; i++) {
        atomic_store(&engine->lanes[i].asleep, 0);
        futex_wake(&engine->lanes[i].asleep, 1, engine->shared);
    }
}

void idle_wake_owner(struct engine *engine)
{
    if (atomic_load(&engine->common->owner_asleep) &&
        atomic_exchange(&engine->common->owner_asleep, 0)) {
        POOL_POINT(TELL_CLAIMED);
        futex_wake(&engine->common->owner_asleep, 1, engine->shared);
        POOL_POINT(TELL_DONE);
    }
}

/* The sleeper is not there at once: only what lasts longer can end sooner with its help. */
bool idle_worth_waking(struct engine *engine, double ns)
{
    uint64_t wake_ns = atomic_load_explicit(&engine->common->wake_ns, memory_order_relaxed);
    bool worth = ns > WORTH * (double)(wake_ns ? wake_ns : WAKE_NS);
    if (!worth && ns > WORTH * WAKE_NS) /* believed less and less, until it is measured again */
        atomic_store_explicit(
            &engine->common->wake_ns, wake_ns - wake_ns / 32, memory_order_relaxed);
    return worth;
}

/* Its own wake-up is a measurement for idle_worth_waking. */
static void note_wake(struct engine *engine, struct lane *lane)
{
    uint64_t woken_at = atomic_load_explicit(&lane->woken_at, memory_order_relaxed);
    if (woken_at == 0)
        return;
    atomic_store_explicit(&lane->woken_at, 0, memory_order_relaxed);
    uint64_t took = clock_now() - woken_at;
    if (took > WAKE_MAX_NS) /* the machine or the process stood still */
        took = WAKE_MAX_NS;
    uint64_t before = atomic_load_explicit(&engine->common->wake_ns, memory_order_relaxed);
    atomic_store_explicit(&engine->common->wake_ns, before ? before - before / 4 + took / 4 : took,
        memory_order_relaxed);
}

/* ---- spinning ---- */

/* Asks first what touches one line: at the end of many workers, each would look at all lanes. */
static bool worker_has_news(struct engine *engine)
{
    return atomic_load(&engine->common->stopping) || lane_any_work(engine);
}

static bool has_begun(struct engine *engine)
{
    return atomic_load(&engine->common->stopping) || lane_has_begun(engine);
}

static bool owner_has_news(struct engine *engine)
{
    return lane_all_finished(engine, engine->expected) ||
           (engine->owner_works && lane_any_work(engine));
}

/* Looks often and reads the clock seldom, which takes longer. */
static void pause_spinning(struct engine *engine, bool (*has_news)(struct engine *))
{
    if (engine->must_yield)
        sched_yield();
    else
        for (int i = 0; i < LOOKS_A_TURN && !has_news(engine); i++)
            relax();
}

bool idle_is_crowded(struct engine *engine, uint64_t now)
{
    return now <
           atomic_load_explicit(&engine->common->crowded_until, memory_order_relaxed); /* a hint */
}

/* Looks for news for a while. Returns whether there is some. Where it yields, the time that others
 * had is not its own: it must not go to sleep because the owner was quick to use the CPU. */
static bool spin(struct engine *engine, bool (*has_news)(struct engine *))
{
    uint64_t last = clock_now(), spent = 0;
    if (idle_is_crowded(engine, last))
        return has_news(engine);
    while (!has_news(engine)) {
        pause_spinning(engine, has_news);
        POOL_POINT(SPIN);
        uint64_t now = clock_now(), gap = now - last;
        if (engine->must_yield && gap > OWN_GAP_NS)
            gap = OWN_GAP_NS;
        else if (gap > CROWDED_GAP_NS) /* relaxed: a hint */
            atomic_store_explicit(
                &engine->common->crowded_until, now + CROWDED_NS, memory_order_relaxed);
        spent += gap;
        if (spent > IDLE_SPIN_NS)
            return false;
        last = now;
    }
    return true;
}

/* ---- sleeping ---- */

/* The scheduler often wakes a thread on its waker's CPU and moves it away milliseconds later. While
 * there is a CPU for each, a worker that finds itself on an active one's CPU moves on its own, and
 * from then on sleeps with that CPU forbidden. It is allowed all while it runs tasks, so that what
 * they start is not confined. */
static _Thread_local cpu_set_t apart;
static _Thread_local bool keeps_apart;

static void allow(const cpu_set_t *cpus)
{
    sched_setaffinity(0, sizeof *cpus, cpus); /* best effort */
}

static void move_away(struct engine *engine, const struct lane *me)
{
    int mine = sched_getcpu();
    bool taken = false;
    cpu_set_t cpus = engine->cpus;
    for (unsigned i = 0; i <= engine->workers; i++) {
        struct lane *lane = &engine->lanes[i]; /* relaxed, both: hints */
        if (lane == me || atomic_load_explicit(&lane->activity, memory_order_relaxed) % 2 == 0)
            continue;
        int cpu = atomic_load_explicit(&lane->cpu, memory_order_relaxed);
        taken = taken || cpu == mine;
        CPU_CLR((size_t)cpu, &cpus);
    }
    if (taken && CPU_COUNT(&cpus) > 0) {
        apart = cpus;
        keeps_apart = true;
        allow(&apart);
    }
    if (keeps_apart)
        allow(&engine->cpus);
}

static void sleep_until_woken(
    struct engine *engine, unsigned worker, bool (*has_news)(struct engine *))
{
    struct lane *lane = &engine->lanes[worker];
    _Atomic uint64_t *sleepers = &engine->sleepers[worker / 64];
    uint64_t bit = 1ull << worker % 64;
    atomic_store_explicit(&lane->woken_at, 0, memory_order_relaxed); /* of a waker that was late */
    atomic_store(&lane->asleep, 1);
    POOL_POINT(SLEEP_FLAG_SET);
    atomic_fetch_or(sleepers, bit);
    POOL_POINT(SLEEP_BIT_SET);
    while (!has_news(engine) && atomic_load(&lane->asleep))
        futex_wait(&lane->asleep, 1, NULL, engine->shared);
    POOL_POINT(SLEEP_OVER);
    atomic_fetch_and(sleepers, ~bit);
    POOL_POINT(SLEEP_BIT_CLEARED);
}

void idle_newcomer(struct engine *engine, unsigned worker)
{
    blocking_begin();
    if (!engine->may_spin && !has_begun(engine))
        sleep_until_woken(engine, worker, has_begun);
    blocking_end();
}

static void wait_for_work(struct engine *engine, unsigned worker)
{
    struct lane *lane = &engine->lanes[worker];
    if (engine->may_spin && spin(engine, worker_has_news))
        return;
    if (keeps_apart)
        allow(&apart);
    sleep_until_woken(engine, worker, worker_has_news);
    if (engine->may_spin)
        move_away(engine, lane);
    note_wake(engine, lane);
}

void idle_worker(struct engine *engine, unsigned worker)
{
    blocking_begin();
    wait_for_work(engine, worker);
    blocking_end();
}

static void wait_as_owner(
    struct engine *engine, bool (*has_news)(struct engine *), uint64_t deadline)
{
    bool spins = engine->may_spin && !engine->must_yield;
    if (spins && spin(engine, has_news))
        return;
    atomic_store(&engine->common->owner_asleep, 1);
    uint64_t now = clock_now(), left = deadline > now ? deadline - now : 0;
    const struct timespec step = {
        .tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000)};
    if (!has_news(engine) && !lane_any_recycled(engine))
        futex_wait(&engine->common->owner_asleep, 1, &step, engine->shared);
    atomic_store(&engine->common->owner_asleep, 0);
}

/* The owner may be another pool's worker, which takes turns. */
void idle_owner_until(struct engine *engine, bool (*has_news)(struct engine *), uint64_t deadline)
{
    blocking_begin();
    wait_as_owner(engine, has_news, deadline);
    blocking_end();
}

void idle_owner(struct engine *engine)
{
    idle_owner_until(engine, owner_has_news, clock_now() + ENGINE_RECHECK_MS * 1000000ull);
}
