/* GLib's GThreadPool, exclusive: its threads are there from the start and wait for chunks.
 * pkg-config: glib-2.0
 *
 * What is pushed is a number, so no chunk takes memory of ours. GLib has no wait for a batch: the
 * worker that ends the last chunk wakes the owner, by a count of chunks, not of tasks. Threads have
 * no number in GLib; each learns its own by one entry job, which ends only when all have theirs. */
#include "worker.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdlib.h>

struct range {
    uint64_t begin, end;
};

struct glib {
    struct pool pool;
    GThreadPool *threads;
    pthread_barrier_t barrier; /* entry and leaving: a job for each thread */
    /* the region, written by the owner before it pushes */
    uint64_t tasks, chunk;
    struct range *ranges; /* of guided chunks; their sizes differ */
    size_t ranges_room;
    _Alignas(CACHE_LINE) _Atomic uint64_t unfinished; /* chunks */
    pthread_mutex_t mutex;
    pthread_cond_t finished; /* unfinished became 0 */
    _Atomic unsigned entries;
    struct worker workers[];
};

/* The calling thread's slot, from its entry on. */
static _Thread_local struct worker *mine;

static void finish_one(struct glib *glib)
{
    /* pairs with the acquire load in glib_map */
    if (atomic_fetch_sub_explicit(&glib->unfinished, 1, memory_order_release) > 1)
        return;
    pthread_mutex_lock(&glib->mutex);
    pthread_cond_signal(&glib->finished);
    pthread_mutex_unlock(&glib->mutex);
}

/* A job of each thread at the pool's start and end. */
static void enter_or_leave(struct glib *glib)
{
    if (mine) {
        worker_leave(&glib->pool, mine);
    } else {
        /* relaxed: it only gives numbers */
        unsigned index = atomic_fetch_add_explicit(&glib->entries, 1, memory_order_relaxed);
        mine = &glib->workers[index];
        worker_enter(&glib->pool, mine, index);
    }
    pthread_barrier_wait(&glib->barrier); /* nobody takes two */
}

static void work(gpointer job, gpointer argument)
{
    struct glib *glib = argument;
    if (job == glib) {
        enter_or_leave(glib);
        return;
    }
    uint64_t number = (uintptr_t)job - 1;
    struct range range = {number * glib->chunk, number * glib->chunk + glib->chunk};
    if (glib->chunk == 0)
        range = glib->ranges[number];
    if (range.end > glib->tasks)
        range.end = glib->tasks;
    worker_run(&glib->pool, mine, (unsigned)(mine - glib->workers), range.begin, range.end);
    finish_one(glib);
}

/* Writes the guided chunks of a region down. Returns how many, or 0 without memory. */
static uint64_t divide(struct glib *glib)
{
    size_t count = 0;
    for (uint64_t begin = 0; begin < glib->tasks; count++) {
        if (count == glib->ranges_room) {
            size_t room = 2 * count + 64;
            struct range *ranges = realloc(glib->ranges, room * sizeof *ranges);
            if (!ranges)
                return 0;
            glib->ranges = ranges;
            glib->ranges_room = room;
        }
        uint64_t end = begin + pool_chunk(glib->tasks - begin, 0, glib->pool.config.workers);
        glib->ranges[count] = (struct range){begin, end};
        begin = end;
    }
    return count;
}

static int glib_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct glib *glib = (struct glib *)pool;
    glib->tasks = tasks;
    glib->chunk = chunk < tasks ? chunk : tasks;
    uint64_t count = chunk ? (tasks - 1) / glib->chunk + 1 : divide(glib);
    if (count == 0)
        return task_fail(ENOMEM, "glib: out of memory for a region's chunks");
    /* relaxed: the push publishes it */
    atomic_store_explicit(&glib->unfinished, count, memory_order_relaxed);
    for (uint64_t i = 1; i <= count; i++)
        g_thread_pool_push(glib->threads, (gpointer)(uintptr_t)i, NULL);
    pthread_mutex_lock(&glib->mutex);
    /* pairs with finish_one */
    while (atomic_load_explicit(&glib->unfinished, memory_order_acquire) > 0)
        pthread_cond_wait(&glib->finished, &glib->mutex);
    pthread_mutex_unlock(&glib->mutex);
    return 0;
}

/* Gives each thread one entry or leaving job. */
static void push_to_all(struct glib *glib)
{
    for (unsigned i = 0; i < glib->pool.config.workers; i++)
        g_thread_pool_push(glib->threads, glib, NULL);
}

static void glib_stop(struct pool *pool)
{
    struct glib *glib = (struct glib *)pool;
    push_to_all(glib);
    pthread_barrier_wait(&glib->barrier);
    g_thread_pool_free(glib->threads, FALSE, TRUE);
    pthread_barrier_destroy(&glib->barrier);
    free(glib->ranges);
}

static int glib_start(struct pool *pool, char *why, size_t size)
{
    struct glib *glib = (struct glib *)pool;
    GError *refused = NULL;
    pthread_mutex_init(&glib->mutex, NULL);
    pthread_cond_init(&glib->finished, NULL);
    pthread_barrier_init(&glib->barrier, NULL, pool->config.workers + 1);
    g_thread_pool_set_max_unused_threads(0); /* or the pool's threads would wait for another pool */
    glib->threads = g_thread_pool_new(work, glib, (gint)pool->config.workers, TRUE, &refused);
    if (refused) {
        unsigned started = g_thread_pool_get_num_threads(glib->threads);
        g_error_free(refused);
        g_thread_pool_free(glib->threads, TRUE, TRUE);
        return pool_start_error(why, size, pool, started, EAGAIN, NULL);
    }
    push_to_all(glib);
    pthread_barrier_wait(&glib->barrier);
    const char *error = worker_error(pool, glib->workers);
    int code = error ? pool_start_error(why, size, pool, 0, 0, error) : 0;
    if (code)
        glib_stop(pool);
    return code;
}

static uint64_t glib_worker_tasks(const struct pool *pool, unsigned worker)
{
    return ((const struct glib *)pool)->workers[worker].done;
}

const struct pool_ops pool_glib = {
    .name = "glib",
    .summary = "GLib's GThreadPool, exclusive",
    .supported = pool_unless_tsan,
    .pool_size = sizeof(struct glib),
    .worker_size = sizeof(struct worker),
    .start = glib_start,
    .map = glib_map,
    .stop = glib_stop,
    .worker_tasks = glib_worker_tasks,
};
