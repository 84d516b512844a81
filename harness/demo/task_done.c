/* Workers that take items from a queue, and a producer that waits until all are done with
 * (queue_join): one path through the workers' loop forgets to say so. */
#include "../measure/clock.h"
#include "../share/queue.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define WORKERS 2
#define ITEMS 100u
#define BAD_EVERY 25 /* an item of so many is empty, and skipped */
#define ITEM_S 2e-4
#define LOOK_S 0.02
#define LAST_S 0.2 /* how long it is waited when nobody is left who could end the wait */

/* Counts are relaxed. */
struct shared {
    bool mended;
    struct queue *queue;
    _Atomic uint64_t taken, done;
};

static int handle_items(struct pool_call *call)
{
    struct shared *shared;
    memcpy(&shared, call->payload, sizeof shared);
    uint64_t item;
    while (queue_get(shared->queue, &item, sizeof item, NULL, -1) == 0) {
        atomic_fetch_add_explicit(&shared->taken, 1, memory_order_relaxed);
        bool bad = item % BAD_EVERY == 0;
        if (bad && !shared->mended)
            continue; /* and here it is forgotten */
        if (!bad)
            pace_pause(ITEM_S);
        atomic_fetch_add_explicit(&shared->done, 1, memory_order_relaxed);
        queue_task_done(shared->queue);
    }
    return 0;
}

/* queue_join, with a look now and then whether a worker is left: without one, nobody will ever say
 * that an item is done. Returns whether it came back. */
static bool join(struct queue *queue, struct pool *pool, struct future *const *futures)
{
    while (queue_join(queue, LOOK_S))
        if (pool_wait(pool, futures, WORKERS, POOL_WAIT_ALL, 0) == 0)
            return queue_join(queue, LAST_S) == 0;
    return true;
}

static void put_all(const struct demo_run *run, struct queue *queue)
{
    for (uint64_t i = 0; i < ITEMS; i++)
        if (queue_put(queue, &i, sizeof i, -1))
            demo_cannot(run, "an item cannot be put: %s", strerror(errno));
    queue_close(queue);
}

static void task_done_on(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool mended)
{
    struct shared *shared = must_memory(run, sizeof *shared);
    shared->mended = mended;
    shared->queue = queue_make(QUEUE_FIFO, ITEMS, sizeof(uint64_t));
    if (!shared->queue)
        demo_cannot(run, "no memory for a queue: %s", strerror(errno));
    struct pool *pool = must_pool(run, ops,
        &(struct pool_config){
            .workers = WORKERS, .calls_max = WORKERS, .call_size = sizeof shared});
    struct future *futures[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        futures[i] = must_submit(run, pool, handle_items, &shared, sizeof shared, NULL);
    put_all(run, shared->queue);
    uint64_t start = clock_now();
    bool joined = join(shared->queue, pool, futures);
    double seconds = clock_since(start);
    uint64_t taken = atomic_load_explicit(&shared->taken, memory_order_relaxed);
    uint64_t done = atomic_load_explicit(&shared->done, memory_order_relaxed);
    demo_figure(run, (double)taken, "", "items taken of %u, %s", ITEMS, where);
    demo_figure(run, (double)done, "", "items said to be done, %s", where);
    demo_figure(run, (double)queue_size(shared->queue), "", "items left in the queue, %s", where);
    demo_figure(run, joined ? seconds : NAN, "s", "time until the join came back, %s", where);
    pool_stop(pool);
    if (!joined)
        demo_showed(run,
            "the queue is empty and its workers (%s) have ended; the join would wait for ever "
            "for %" PRIu64 " of %u items",
            where, ITEMS - done, ITEMS);
    queue_free(shared->queue);
}

static void unmended(const struct demo_run *run)
{
    task_done_on(run, &pool_processes, "processes", false);
    task_done_on(run, &pool_threads, "threads", false);
}

static void mended(const struct demo_run *run)
{
    task_done_on(run, &pool_processes, "processes", true);
    task_done_on(run, &pool_threads, "threads", true);
}

const struct demo demo_task_done = {
    .name = "task-done",
    .summary =
        "a worker forgets to say that an item is done, and who joins the queue waits forever",
    .description =
        "A queue's join waits until as many items are said to be done as were put: that the queue "
        "is empty is not enough, since a worker may still be at what it has taken. A worker's "
        "loop that skips an item (a `continue`, a `return`, an exception) without saying so leaves "
        "the count too high for good. The queue is empty, the workers are idle or gone, all work "
        "is done, and the program does not end. Mended by saying it on every path: in one place "
        "behind the handling (`finally`, in Python), not at the end of the good path.",
    .kind = DEMO_LIVENESS,
    .unmended = {"skips empty items without queue_task_done", unmended},
    .mended = {"calls queue_task_done for each item taken", mended},
};
