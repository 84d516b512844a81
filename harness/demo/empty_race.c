/* Workers that ask a queue whether it is empty before they take an item, and workers that just
 * take. The answer is true of the moment at which it was given. */
#include "../share/queue.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define WORKERS 4
#define ITEMS 200u
#define ROUNDS 5 /* of all that, until somebody hangs */
#define LOOK_S 5e-3
#define LATE_ITEMS 20u
#define LATE_S 1e-3 /* from item to item of the slow producer */

struct shared {
    bool mended;
    struct queue *queue, *late;
    _Atomic unsigned arrived, late_arrived;
    _Atomic unsigned awaiting, over; /* workers in a get that waits, and workers that have done */
    _Atomic uint64_t got;            /* released after `awaiting` has gone down, by who got it */
    _Atomic uint64_t late_got;       /* relaxed: a count */
};

static struct shared *shared_of(const struct pool_call *call)
{
    struct shared *shared;
    memcpy(&shared, call->payload, sizeof shared);
    return shared;
}

static int get(struct queue *queue, double seconds)
{
    uint64_t item;
    return queue_get(queue, &item, sizeof item, NULL, seconds);
}

/* ---- the last item ---- */

static void take_if_not_empty(struct shared *shared)
{
    while (!queue_is_empty(shared->queue)) {
        pace_let_others();
        atomic_fetch_add_explicit(&shared->awaiting, 1, memory_order_relaxed);
        int code = get(shared->queue, -1);
        atomic_fetch_sub_explicit(&shared->awaiting, 1, memory_order_relaxed);
        if (code)
            return;
        atomic_fetch_add_explicit(&shared->got, 1, memory_order_release); /* with all_or_stuck */
    }
}

static void take_until_empty(struct shared *shared)
{
    while (get(shared->queue, 0) != QUEUE_EMPTY) {
        pace_let_others();
        atomic_fetch_add_explicit(&shared->got, 1, memory_order_release);
    }
}

static int take_all(struct pool_call *call)
{
    struct shared *shared = shared_of(call);
    pace_meet(&shared->arrived, WORKERS);
    if (shared->mended)
        take_until_empty(shared);
    else
        take_if_not_empty(shared);
    atomic_fetch_add_explicit(&shared->over, 1, memory_order_relaxed);
    return 0;
}

/* Waits until each worker has done, or is in a get though all items are got: nobody puts any more,
 * so that it waits for ever. Returns how many do. */
static unsigned all_or_stuck(
    struct pool *pool, struct future *const *futures, const struct shared *shared)
{
    while (pool_wait(pool, futures, WORKERS, POOL_WAIT_ALL, LOOK_S)) {
        if (atomic_load_explicit(&shared->got, memory_order_acquire) < ITEMS)
            continue;
        unsigned awaiting = atomic_load_explicit(&shared->awaiting, memory_order_relaxed);
        if (awaiting > 0 &&
            awaiting + atomic_load_explicit(&shared->over, memory_order_relaxed) == WORKERS)
            return awaiting;
    }
    return 0;
}

/* One round. Processes that hang are killed with their pool; threads stay until the form ends. */
static unsigned take_on(const struct demo_run *run, const struct pool_ops *ops, bool mended)
{
    struct shared *shared = must_memory(run, sizeof *shared);
    shared->mended = mended;
    shared->queue = queue_make(QUEUE_FIFO, ITEMS, sizeof(uint64_t));
    if (!shared->queue)
        demo_cannot(run, "no memory for a queue: %s", strerror(errno));
    for (uint64_t i = 0; i < ITEMS; i++)
        queue_put(shared->queue, &i, sizeof i, 0);
    struct pool *pool = must_pool(run, ops,
        &(struct pool_config){
            .workers = WORKERS, .calls_max = WORKERS, .call_size = sizeof shared});
    struct future *futures[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        futures[i] = must_submit(run, pool, take_all, &shared, sizeof shared, NULL);
    unsigned stuck = all_or_stuck(pool, futures, shared);
    if (stuck > 0)
        pool_terminate(pool);
    if (stuck == 0 || ops == &pool_processes)
        pool_stop(pool);
    return stuck;
}

static void last_item(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool mended)
{
    unsigned stuck = 0;
    for (int i = 0; i < ROUNDS && stuck == 0; i++)
        stuck = take_on(run, ops, mended);
    demo_figure(run, stuck, "", "workers of %d that wait for ever, %s", WORKERS, where);
    if (stuck > 0)
        demo_showed(run,
            "all %u items are taken, and %u of %d %s, which have all seen that there was one left, "
            "wait for it",
            ITEMS, stuck, WORKERS, where);
}

/* ---- a slow producer ---- */

static int produce(struct pool_call *call)
{
    struct shared *shared = shared_of(call);
    pace_meet(&shared->late_arrived, 2);
    for (uint64_t i = 0; i < LATE_ITEMS; i++) {
        pace_pause(LATE_S);
        queue_put(shared->late, &i, sizeof i, -1);
    }
    queue_close(shared->late);
    return 0;
}

static int consume(struct pool_call *call)
{
    struct shared *shared = shared_of(call);
    pace_meet(&shared->late_arrived, 2);
    while ((shared->mended || !queue_is_empty(shared->late)) && get(shared->late, -1) == 0)
        atomic_fetch_add_explicit(&shared->late_got, 1, memory_order_relaxed);
    return 0;
}

static void slow_producer(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool mended)
{
    struct shared *shared = must_memory(run, sizeof *shared);
    shared->mended = mended;
    shared->late = queue_make(QUEUE_FIFO, LATE_ITEMS, sizeof(uint64_t));
    if (!shared->late)
        demo_cannot(run, "no memory for a queue: %s", strerror(errno));
    struct pool *pool = must_pool(
        run, ops, &(struct pool_config){.workers = 2, .calls_max = 2, .call_size = sizeof shared});
    must_submit(run, pool, produce, &shared, sizeof shared, NULL);
    must_submit(run, pool, consume, &shared, sizeof shared, NULL);
    pool_close(pool);
    if (pool_join(pool, -1))
        demo_cannot(run, "%s", task_message(EIO));
    pool_stop(pool);
    uint64_t got = atomic_load_explicit(&shared->late_got, memory_order_relaxed);
    demo_figure(run, (double)(LATE_ITEMS - got), "", "items of %u left lying, slow producer, %s",
        LATE_ITEMS, where);
    if (got < LATE_ITEMS)
        demo_showed(run,
            "the consumer (one of %s) saw an empty queue and left; the producer was slow, and "
            "%" PRIu64 " of its %u items lie there",
            where, LATE_ITEMS - got, LATE_ITEMS);
}

static void empty_race(const struct demo_run *run, bool mended)
{
    slow_producer(run, &pool_processes, "processes", mended);
    last_item(run, &pool_processes, "processes", mended);
    slow_producer(run, &pool_threads, "threads", mended);
    last_item(run, &pool_threads, "threads", mended);
}

static void unmended(const struct demo_run *run)
{
    empty_race(run, false);
}

static void mended(const struct demo_run *run)
{
    empty_race(run, true);
}

const struct demo demo_empty_race = {
    .name = "empty-race",
    .summary = "`while not empty: get` waits for an item that another one takes in between",
    .description =
        "Whether a queue is empty is known for the moment of asking only. Of several workers that "
        "all see that there is an item left, one takes it, and the others, which were told that "
        "there is one, wait in a get for ever. The other way round is as wrong: a consumer that "
        "sees an empty queue and goes home has only been quicker than its producer. Mended by "
        "asking get itself, which looks and takes in one step: one that does not wait says Empty "
        "where nothing more can come; where it can, one that waits until the producer has closed "
        "the queue (or has sent an item that means the end, one for each consumer).",
    .kind = DEMO_LIVENESS,
    .unmended = {"looks whether the queue is empty, then takes an item", unmended},
    .mended = {"takes an item, or learns that there is none (Empty, Closed)", mended},
};
