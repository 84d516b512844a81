/* One number that all workers count up, and the ways to do so. A task takes steps; each step is
 * some work and one increment. Of the work, the share `critical` is done while the lock is held, as
 * a longer critical section would be. The ways that need no lock do the same work without.
 *
 * The count grows over all regions of a run, so it is held against the number of tasks that the
 * workers have ended, which each notes at its own seat. Where a worker has died within a task, the
 * count lies between the tasks ended and the tasks begun. */
#include "case.h"

#include "support/chain.h"
#include "support/marked_lock.h"
#include "support/segment.h"
#include "support/spinning.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TASKS 200
#define PIECE 100 /* steps, of 1 us each by default, between two check points */

/* What the workers share. Locks and counts have lines of their own, so that only what is counted
 * on costs anything. */
struct shared {
    struct seat seat[SEATS];
    _Alignas(128) struct lock mutex;
    _Alignas(128) struct spin_lock spin;
    struct ticket_lock ticket;
    _Alignas(128) uint64_t locked;         /* counted by who holds the lock */
    _Alignas(128) _Atomic uint64_t atomic; /* without one */
    struct {
        _Alignas(128) _Atomic uint64_t count; /* written by the worker of that seat alone */
    } own[SEATS];
};

struct counter {
    uint64_t seed, steps;
    uint64_t inside, outside; /* multiplications of a step */
    const struct way *way;
    struct segment segment;
    struct shared *shared;
    struct seats seats;
};

/* A task as it runs. */
struct run {
    const struct counter *counter;
    struct seat *seat;
    uint64_t x; /* the work's chain */
};

/* What a step does under the lock: without check points, as nobody may lose its turn there. */
static void critical_section(struct run *run)
{
    run->x = chain_multiply(run->x, run->counter->inside);
    run->counter->shared->locked++;
}

static void step_mutex(struct run *run)
{
    struct lock *mutex = &run->counter->shared->mutex;
    marked_lock_acquire(mutex); /* one number is never half changed: there is nothing to mend */
    critical_section(run);
    lock_release(mutex);
}

static void step_spin(struct run *run)
{
    struct spin_lock *lock = &run->counter->shared->spin;
    spin_lock_acquire(lock, &run->counter->seats, run->seat);
    critical_section(run);
    spin_lock_release(lock);
}

static void step_ticket(struct run *run)
{
    struct ticket_lock *lock = &run->counter->shared->ticket;
    ticket_lock_acquire(lock, &run->counter->seats, run->seat);
    critical_section(run);
    ticket_lock_release(lock, run->seat);
}

/* Relaxed: nothing but the number itself is shared, and the pool's join publishes it. */
static void step_atomic(struct run *run)
{
    run->x = chain_multiply(run->x, run->counter->inside);
    atomic_fetch_add_explicit(&run->counter->shared->atomic, 1, memory_order_relaxed);
}

static void step_local(struct run *run)
{
    const struct counter *counter = run->counter;
    _Atomic uint64_t *own = &counter->shared->own[seats_number(&counter->seats, run->seat)].count;
    run->x = chain_multiply(run->x, counter->inside);
    /* relaxed: nobody else writes it, so it can be a load and a store */
    uint64_t count = atomic_load_explicit(own, memory_order_relaxed);
    atomic_store_explicit(own, count + 1, memory_order_relaxed);
}

/* The count is the task's result, and nowhere else. */
static void step_argument(struct run *run)
{
    run->x = chain_multiply(run->x, run->counter->inside);
}

static const struct way {
    const char *name;
    void (*step)(struct run *run);
} ways[] = {
    {"mutex", step_mutex},
    {"spin", step_spin},
    {"ticket", step_ticket},
    {"atomic", step_atomic},
    {"local", step_local},
    {"argument", step_argument},
};

static const struct way *way_named(const char *name)
{
    const struct way *way = ways;
    while (strcmp(way->name, name) != 0)
        way++;
    return way;
}

static void clear_seat(const void *owner, struct seat *seat)
{
    const struct counter *counter = owner;
    spin_lock_clear(&counter->shared->spin, &counter->seats, seat);
    ticket_lock_clear(seat);
}

static int open_shared(struct counter *counter, struct case_run *run)
{
    int code = segment_open(&counter->segment, run, sizeof *counter->shared);
    if (code)
        return code;
    counter->shared = counter->segment.memory;
    counter->seats =
        (struct seats){.seat = counter->shared->seat, .clear = clear_seat, .owner = counter};
    if (!segment_is_mine(&counter->segment))
        return 0;
    code = seats_init(counter->shared->seat);
    if (!code && (code = lock_init(&counter->shared->mutex, LOCK_PLAIN)) != 0)
        code = task_fail(code, "cannot make a lock: %s", strerror(code));
    if (code)
        segment_close(&counter->segment);
    return code;
}

static int counter_setup(struct case_run *run)
{
    struct counter *counter = calloc(1, sizeof *counter);
    if (!counter)
        return task_fail(ENOMEM, "no memory for the parameters");
    uint64_t work = param_count(run->params, "work");
    counter->seed = run->seed;
    counter->steps = param_count(run->params, "steps");
    counter->inside = (uint64_t)(param_real(run->params, "critical") * (double)work + 0.5);
    counter->outside = work - counter->inside;
    counter->way = way_named(param_text(run->params, "how"));
    int code = open_shared(counter, run);
    if (code) {
        free(counter);
        return code;
    }
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->result_size = sizeof(uint64_t);
    run->ctx = counter;
    return 0;
}

static void counter_teardown(void *ctx)
{
    struct counter *counter = ctx;
    segment_close(&counter->segment);
    free(counter);
}

static int counter_worker_enter(const void *ctx, void **local)
{
    return seats_enter(&((const struct counter *)ctx)->seats, local);
}

static void counter_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    seats_leave(local);
}

/* Counts into a number of the caller's. */
static void count_steps(struct run *run, uint64_t steps, uint64_t *count)
{
    for (uint64_t i = 0; i < steps; i++) {
        run->x = chain_run(run->x, run->counter->outside);
        run->counter->way->step(run);
        ++*count;
    }
}

static int counter_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct counter *counter = ctx;
    struct run run = {.counter = counter, .seat = local, .x = hash_mix(counter->seed, index)};
    uint64_t count = 0;
    seats_begin(run.seat);
    for (uint64_t left = counter->steps; left > 0;) {
        uint64_t piece = left < PIECE ? left : PIECE;
        count_steps(&run, piece, &count);
        left -= piece;
        task_checkpoint();
    }
    seats_end(run.seat);
    memcpy(result->bytes, &count, sizeof count);
    result->value = hash_mix(run.x, count);
    return 0;
}

static uint64_t returned(const struct case_results *results)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        uint64_t count = 0;
        if (case_ok(results, i))
            memcpy(&count, case_result(results, i)->bytes, sizeof count);
        sum += count;
    }
    return sum;
}

static uint64_t shared_count(const struct counter *counter)
{
    struct shared *shared = counter->shared;
    uint64_t sum = shared->locked + atomic_load(&shared->atomic);
    for (unsigned i = 0; i < SEATS; i++)
        sum += atomic_load(&shared->own[i].count);
    return sum;
}

static int verify_returned(const struct counter *counter, const struct case_results *results)
{
    uint64_t ok = 0, sum = returned(results);
    for (uint64_t i = 0; i < case_tasks(results); i++)
        ok += case_ok(results, i);
    if (sum != ok * counter->steps)
        return task_fail(EIO, "the tasks return %" PRIu64 " steps, but have made %" PRIu64, sum,
            ok * counter->steps);
    return 0;
}

static int counter_verify(const void *ctx, const struct case_results *results)
{
    const struct counter *counter = ctx;
    int code = verify_returned(counter, results);
    if (code || counter->way->step == step_argument)
        return code;
    struct seats_tasks tasks = seats_count(&counter->seats);
    uint64_t counted = shared_count(counter);
    if (counted < tasks.ended * counter->steps)
        return task_fail(EIO, "%" PRIu64 " of %" PRIu64 " increments are lost",
            tasks.ended * counter->steps - counted, tasks.ended * counter->steps);
    if (counted > tasks.begun * counter->steps)
        return task_fail(EIO, "%" PRIu64 " increments more than the %" PRIu64 " made",
            counted - tasks.begun * counter->steps, tasks.begun * counter->steps);
    return 0;
}

static void counter_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    (void)ctx;
    snprintf(text, size, "%" PRIu64, returned(results));
}

static const struct param counter_params[] = {
    {.name = "how",
        .type = PARAM_CHOICE,
        .value = "mutex",
        .choices = "mutex|spin|ticket|atomic|local|argument",
        .help = "a lock, an atomic, a number for each worker, or one that a task returns"},
    {.name = "critical",
        .type = PARAM_REAL,
        .value = "0.1",
        .min = 0,
        .max = 1,
        .help = "share of the work that is done under the lock, 0 to 1"},
    {.name = "work",
        .type = PARAM_COUNT,
        .value = "1000",
        .min = 0,
        .max = 1e9,
        .help = "multiplications of a step, one after the other"},
    {.name = "steps",
        .type = PARAM_COUNT,
        .value = "1000",
        .min = 1,
        .max = 1e9,
        .help = "steps of a task, each with one increment"},
    {.name = NULL},
};

const struct bench_case case_counter = {
    .name = "counter",
    .summary =
        "one shared count, by lock, atomic or without sharing: what a critical section costs",
    .description =
        "Each task makes steps of some work and one increment of a count that all workers share. "
        "The share critical of the work is done under the lock (mutex, spin, ticket), so at most "
        "1 / critical workers get on at once. Amdahl's line, 1 / (critical + (1 - critical) / w), "
        "is what remains if nobody works beside a critical section; others may work outside of it, "
        "so with sections that are long against handing over the curve lies between that line and "
        "min(w, 1 / critical), and below the line where handing the lock over costs more than what "
        "it protects: with work=0 every lock makes more workers slower. A ticket lock is fair, and "
        "needs its next in line to be running: with more workers than CPUs it falls far behind. "
        "An atomic protects the increment alone; the work needs no protection then. A number for "
        "each worker, added up at the end, or one that is returned with the result, shares "
        "nothing: "
        "expect speedup = workers up to the usable CPUs. No increment may be lost in any.",
    .kind = CASE_SYNC,
    .params = counter_params,
    .task = counter_task,
    .setup = counter_setup,
    .teardown = counter_teardown,
    .worker_enter = counter_worker_enter,
    .worker_leave = counter_worker_leave,
    .verify = counter_verify,
    .answer = counter_answer,
};
