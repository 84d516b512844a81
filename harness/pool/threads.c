/* Persistent pthreads. The caller works as worker 0, so a pool of n starts n - 1 threads. */
#include "engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

struct thread {
    struct engine *engine;
    pthread_t handle;
    unsigned worker;
};

struct threads {
    struct pool pool;
    struct engine *engine;
    void *local; /* the caller's, as worker 0 */
    bool entered;
    unsigned started; /* workers 1 .. started-1 have a thread */
    struct thread threads[];
};

static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    engine_worker(thread->engine, thread->worker, 1);
    return NULL;
}

static void threads_stop(struct pool *pool)
{
    struct threads *threads = (struct threads *)pool;
    engine_stop(threads->engine);
    for (unsigned i = 1; i < threads->started; i++)
        pthread_join(threads->threads[i].handle, NULL);
    if (threads->entered)
        pool_worker_leave(pool, threads->local);
    engine_free(threads->engine);
}

/* The message of a worker that could not enter, or NULL. */
static const char *entry_error(const struct threads *threads)
{
    for (unsigned i = 0; i < threads->started; i++)
        if (threads->engine->workers[i].entered < 0)
            return threads->engine->workers[i].error;
    return NULL;
}

static int start_all(struct threads *threads)
{
    int code = 0;
    for (threads->started = 1; threads->started < threads->pool.config.workers && !code;) {
        struct thread *thread = &threads->threads[threads->started];
        *thread = (struct thread){.engine = threads->engine, .worker = threads->started};
        code = pthread_create(&thread->handle, NULL, thread_main, thread);
        threads->started += !code;
    }
    return code;
}

static int threads_start(struct pool *pool, char *why, size_t size)
{
    struct threads *threads = (struct threads *)pool;
    threads->engine = engine_make(pool, false, 1);
    if (!threads->engine) {
        pool_start_error(why, size, pool, 0, errno, NULL);
        return -1;
    }
    int code = start_all(threads);
    if (code == 0)
        engine_wait(threads->engine, 1, 0);
    const char *error = code ? NULL : entry_error(threads);
    char message[TASK_MESSAGE_MAX];
    if (error)
        snprintf(message, sizeof message, "%s", error);
    if (!code && !error) {
        int failed = pool_worker_enter(pool, 0, &threads->local);
        threads->entered = !failed;
        if (!failed)
            return 0;
        snprintf(message, sizeof message, "%s", task_message(failed));
    }
    pool_start_error(why, size, pool, threads->started, code, message);
    threads_stop(pool);
    return -1;
}

static int threads_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct threads *threads = (struct threads *)pool;
    engine_begin(threads->engine, 1, tasks, chunk, false);
    engine_work(threads->engine, 0, threads->local);
    engine_wait(threads->engine, 1, 0);
    return 0;
}

static uint64_t threads_worker_tasks(const struct pool *pool, unsigned worker)
{
    const struct engine *engine = ((const struct threads *)pool)->engine;
    return atomic_load_explicit(&engine->workers[worker].done, memory_order_relaxed);
}

const struct pool_ops pool_threads = {
    .name = "threads",
    .summary = "persistent pthreads that claim chunks from one counter; the caller works too",
    .pool_size = sizeof(struct threads),
    .worker_size = sizeof(struct thread),
    .start = threads_start,
    .map = threads_map,
    .stop = threads_stop,
    .worker_tasks = threads_worker_tasks,
};
