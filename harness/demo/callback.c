/* Calls whose results are saved by a callback, which takes a while, and an urgent call beside them,
 * whose result the owner waits for. Callbacks run in the owner, inside its waiting calls. */
#include "../measure/clock.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define WORKERS 2
#define CALLS 20
#define SAVE_S 8e-3

struct shared {
    _Atomic uint64_t ready; /* when the urgent call's result was; 0: it is not. Relaxed */
};

/* The owner's. */
struct saving {
    const struct demo_run *run;
    struct shared *shared;
    pthread_t owner;
    unsigned in_owner;    /* saved there though the urgent result was ready */
    struct pool *writers; /* NULL: the callback saves itself */
    struct future *handed[CALLS];
    unsigned handed_count;
};

static int compute(struct pool_call *call)
{
    (void)call;
    return 0;
}

static int compute_urgent(struct pool_call *call)
{
    struct shared *shared;
    memcpy(&shared, call->payload, sizeof shared);
    atomic_store_explicit(&shared->ready, clock_now(), memory_order_relaxed);
    return 0;
}

static bool is_ready(const struct saving *saving)
{
    return atomic_load_explicit(&saving->shared->ready, memory_order_relaxed) > 0;
}

/* As a write to a slow disk or server is. */
static void save(struct saving *saving)
{
    if (is_ready(saving) && pthread_equal(pthread_self(), saving->owner))
        saving->in_owner++;
    pace_pause(SAVE_S);
}

static int save_call(struct pool_call *call)
{
    struct saving *saving;
    memcpy(&saving, call->payload, sizeof saving);
    save(saving);
    return 0;
}

static int on_done(struct future *future, void *argument)
{
    struct saving *saving = argument;
    (void)future;
    if (saving->writers)
        saving->handed[saving->handed_count++] =
            must_submit(saving->run, saving->writers, save_call, &saving, sizeof saving, NULL);
    else
        save(saving);
    return 0;
}

/* Submits all, looks after something else until the urgent result is ready, and asks for it.
 * Returns how long that takes. */
static double ask_urgent(struct pool *pool, struct saving *saving, struct future **futures)
{
    const struct pool_options saved = {.on_done = on_done, .argument = saving};
    for (int i = 0; i < CALLS; i++)
        futures[i] = must_submit(saving->run, pool, compute, NULL, 0, &saved);
    futures[CALLS] = must_submit(
        saving->run, pool, compute_urgent, &saving->shared, sizeof saving->shared, NULL);
    while (!is_ready(saving))
        pace_let_others();
    uint64_t asked = clock_now();
    future_wait(futures[CALLS], -1);
    return clock_since(asked);
}

/* The pool that may have processes is started before there are other threads. */
static void callback_on(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool mended)
{
    struct future *futures[CALLS + 1];
    struct saving saving = {
        .run = run, .shared = must_memory(run, sizeof(struct shared)), .owner = pthread_self()};
    struct pool_config config = {
        .workers = WORKERS, .calls_max = CALLS + 1, .call_size = sizeof(void *)};
    struct pool *pool = must_pool(run, ops, &config);
    if (mended)
        saving.writers = must_pool(run, &pool_threads, &config);
    uint64_t start = clock_now();
    double waited = ask_urgent(pool, &saving, futures);
    unsigned in_owner = saving.in_owner;
    pool_wait(pool, futures, CALLS + 1, POOL_WAIT_ALL, -1);
    if (mended)
        pool_wait(saving.writers, saving.handed, saving.handed_count, POOL_WAIT_ALL, -1);
    double all = clock_since(start);
    pool_stop(pool);
    pool_stop(saving.writers);
    demo_figure(run, waited, "s", "wait for a result that was ready, %s", where);
    demo_figure(run, in_owner, "", "results saved by the owner meanwhile, %s", where);
    demo_figure(run, all, "s", "time until all %d were saved, %s", CALLS, where);
    if (in_owner > 0)
        demo_showed(run,
            "the urgent result of a pool of %s was ready, and its owner heard of it %.0f ms later, "
            "after %u callbacks",
            where, waited * 1e3, in_owner);
}

static void unmended(const struct demo_run *run)
{
    callback_on(run, &pool_processes, "processes", false);
    callback_on(run, &pool_threads, "threads", false);
}

static void mended(const struct demo_run *run)
{
    callback_on(run, &pool_processes, "processes", true);
    callback_on(run, &pool_threads, "threads", true);
}

const struct demo demo_callback = {
    .name = "callback",
    .summary = "a slow callback holds up all that the pool's owner has to hear of",
    .description =
        "Callbacks do not run in the workers. They run in the owner, one at a time, when it waits "
        "for the pool (in Python's Pool: in the one thread that hands out results). While one "
        "writes to a slow disk, nobody hears of other results, also of those that are ready, no "
        "other callback begins, no time limit is noticed and no dead worker replaced; the saving "
        "itself is done by one, however many workers there are. Mended by a callback that only "
        "hands the work on, to a queue or to another pool, and returns at once.",
    .kind = DEMO_SPEED,
    .unmended = {"a callback that saves its result, in 8 ms", unmended},
    .mended = {"a callback that hands its result to a second pool, which saves it", mended},
};
