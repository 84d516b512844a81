/* As many outer tasks as there are CPUs, each of which divides its work over a pool of its own:
 * many more computing threads than CPUs. The same parts on one pool of as many workers as CPUs. */
#include "../analyze/stat.h"
#include "../measure/clock.h"
#include "../measure/cpus.h"
#include "../util/hash.h"
#include "demo.h"
#include "support/must.h"

#include <inttypes.h>
#include <sys/resource.h>

#define EACH 8u /* parts of an outer task */
#define PART_NS 25000000u
#define STEP 2000      /* hashes between two looks at the clock: about 10 us */
#define HALF_DONE 0.25 /* share of all work; with a worker a CPU it is at most 1 / EACH */

struct part {
    _Atomic uint64_t worked; /* ns of CPU; relaxed: progress for whoever looks */
    double begun, ended;     /* s since the start; its worker's, read when all have ended */
};

struct shared {
    const struct demo_run *run;
    unsigned outer, parts;
    uint64_t start;
    /* relaxed: counts */
    _Atomic uint64_t computing, computing_most;
    _Atomic uint64_t half_done_most; /* ns worked on parts that are not ready, as one gets ready */
    struct part part[];
};

static uint64_t thread_cpu(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void raise_to(_Atomic uint64_t *most, uint64_t value)
{
    uint64_t before = atomic_load_explicit(most, memory_order_relaxed);
    while (value > before && !atomic_compare_exchange_weak_explicit(
                                 most, &before, value, memory_order_relaxed, memory_order_relaxed))
        ;
}

static uint64_t half_done(const struct shared *shared)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < shared->parts; i++) {
        uint64_t worked = atomic_load_explicit(&shared->part[i].worked, memory_order_relaxed);
        sum += worked < PART_NS ? worked : 0;
    }
    return sum;
}

/* Computes for PART_NS of CPU time, however long that takes. */
static uint64_t compute(struct part *part, uint64_t number)
{
    uint64_t start = thread_cpu(), worked = 0;
    while (worked < PART_NS) {
        for (unsigned i = 0; i < STEP; i++)
            number = hash_mix(number, i);
        worked = thread_cpu() - start;
        atomic_store_explicit(&part->worked, worked, memory_order_relaxed);
    }
    return number;
}

static uint64_t run_part(struct shared *shared, uint64_t index)
{
    struct part *part = &shared->part[index];
    raise_to(&shared->computing_most,
        atomic_fetch_add_explicit(&shared->computing, 1, memory_order_relaxed) + 1);
    part->begun = clock_since(shared->start);
    uint64_t value = compute(part, index);
    part->ended = clock_since(shared->start);
    raise_to(&shared->half_done_most, half_done(shared));
    atomic_fetch_sub_explicit(&shared->computing, 1, memory_order_relaxed);
    return value;
}

/* ---- nested pools, and one ---- */

/* The inner pools' ctx. */
struct outer {
    struct shared *shared;
    uint64_t index;
};

static int inner_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct outer *outer = ctx;
    (void)local;
    result->value = run_part(outer->shared, outer->index * EACH + index);
    return 0;
}

static int outer_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct outer outer = {*(struct shared *const *)ctx, index};
    (void)local;
    (void)result;
    must_run(outer.shared->run, &pool_threads, EACH, inner_task, &outer, NULL);
    return 0;
}

static int part_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    result->value = run_part(*(struct shared *const *)ctx, index);
    return 0;
}

static void must_divide(const struct demo_run *run, const struct shared *shared)
{
    int code = pool_run(&pool_threads, shared->outer, part_task, &shared, shared->parts, NULL);
    if (code)
        demo_cannot(run, "%s", task_message(code));
}

/* ---- the form ---- */

static void tell_times(const struct demo_run *run, const struct shared *shared)
{
    double *took = must_memory(run, shared->parts * sizeof *took);
    double *ready = must_memory(run, shared->parts * sizeof *ready);
    for (unsigned i = 0; i < shared->parts; i++) {
        took[i] = shared->part[i].ended - shared->part[i].begun;
        ready[i] = shared->part[i].ended;
    }
    demo_figure(run, stat_quantile(took, shared->parts, 0.5), "s", "a part takes, percentile 50");
    demo_figure(run, stat_quantile(took, shared->parts, 0.99), "s", "a part takes, percentile 99");
    demo_figure(run, stat_quantile(ready, shared->parts, 0), "s", "first result after");
    demo_figure(run, stat_quantile(ready, shared->parts, 0.5), "s", "half of the results after");
    demo_figure(run, stat_quantile(ready, shared->parts, 1), "s", "all results after");
}

static void tell(const struct demo_run *run, const struct shared *shared, long switches)
{
    uint64_t most = atomic_load_explicit(&shared->computing_most, memory_order_relaxed);
    uint64_t worked = atomic_load_explicit(&shared->half_done_most, memory_order_relaxed);
    double share = (double)worked / ((double)PART_NS * shared->parts);
    demo_figure(run, shared->outer, "", "CPUs");
    demo_figure(run, (double)most, "", "parts under way at once, most");
    demo_figure(run, (double)switches, "", "times that a thread was put off its CPU");
    tell_times(run, shared);
    demo_figure(run, share * 100, "%", "work half-done when a result came, most");
    if (share > HALF_DONE)
        demo_showed(run,
            "up to %" PRIu64 " parts share %u CPUs: when a result of %u came, up to %.0f %% of all "
            "the work had been done on parts that were not ready",
            most, shared->outer, shared->parts, share * 100);
}

static void oversubscribe(const struct demo_run *run, bool mended)
{
    unsigned cpus = cpus_usable(), parts = cpus * EACH;
    struct shared *shared = must_memory(run, sizeof *shared + parts * sizeof shared->part[0]);
    shared->run = run;
    shared->outer = cpus;
    shared->parts = parts;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    shared->start = clock_now();
    if (mended)
        must_divide(run, shared);
    else
        must_run(run, &pool_threads, cpus, outer_task, &shared, NULL);
    getrusage(RUSAGE_SELF, &after);
    tell(run, shared, after.ru_nivcsw - before.ru_nivcsw);
}

static void unmended(const struct demo_run *run)
{
    oversubscribe(run, false);
}

static void mended(const struct demo_run *run)
{
    oversubscribe(run, true);
}

const struct demo demo_oversubscribe = {
    .name = "oversubscribe",
    .summary = "many more computing threads than CPUs: everything is begun, and nothing is ready",
    .description =
        "A task in a pool that starts a pool of its own multiplies: two workers with eight each "
        "are sixteen threads for two CPUs. (So it goes with a parallel program that calls a "
        "parallel library.) All the work is done in about the same time, but the CPUs go round "
        "between all the parts: each takes many times as long, nearly all are half-done for most "
        "of the time, with the memory and the locks that they hold, and the first result comes "
        "when most of the work is done. Mended by one pool with as many workers as CPUs for all "
        "the parts: those that have begun end before others begin. Work that waits instead of "
        "computing is another matter: it wants many more workers than CPUs.",
    .kind = DEMO_SPEED,
    .unmended = {"a worker a CPU, each with a pool of 8 of its own", unmended},
    .mended = {"all parts on one pool with a worker a CPU", mended},
};
