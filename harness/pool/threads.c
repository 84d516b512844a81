/* Persistent pthreads on the shared engine. */
#include "engine.h"

#include <errno.h>
#include <pthread.h>

struct thread {
    struct engine *engine;
    pthread_t handle;
    unsigned worker;
};

struct threads {
    struct pool pool;
    struct engine *engine;
    unsigned started;
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
    for (unsigned i = 0; i < threads->started; i++)
        pthread_join(threads->threads[i].handle, NULL);
    engine_free(threads->engine);
}

/* Returns 0 when all threads have started and entered, or errno. */
static int start_all(struct threads *threads)
{
    int code = 0;
    while (threads->started < threads->pool.config.workers && !code) {
        struct thread *thread = &threads->threads[threads->started];
        *thread = (struct thread){.engine = threads->engine, .worker = threads->started};
        code = pthread_create(&thread->handle, NULL, thread_main, thread);
        threads->started += !code;
    }
    if (!code)
        engine_wait(threads->engine, false);
    return code;
}

static int threads_start(struct pool *pool, char *why, size_t size)
{
    struct threads *threads = (struct threads *)pool;
    threads->engine = engine_make(pool, false);
    if (!threads->engine) {
        pool_start_error(why, size, pool, 0, errno, NULL);
        return -1;
    }
    int code = start_all(threads);
    const char *error = code ? NULL : engine_entry_error(threads->engine);
    if (!code && !error)
        return 0;
    pool_start_error(why, size, pool, threads->started, code, error);
    threads_stop(pool);
    return -1;
}

static int threads_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct threads *threads = (struct threads *)pool;
    engine_begin(threads->engine, tasks, chunk, false);
    engine_wait(threads->engine, false);
    return 0;
}

static uint64_t threads_worker_tasks(const struct pool *pool, unsigned worker)
{
    const struct engine *engine = ((const struct threads *)pool)->engine;
    return atomic_load_explicit(&engine->workers[worker].done, memory_order_relaxed);
}

const struct pool_ops pool_threads = {
    .name = "threads",
    .summary = "persistent pthreads that claim chunks from one counter",
    .pool_size = sizeof(struct threads),
    .worker_size = sizeof(struct thread),
    .start = threads_start,
    .map = threads_map,
    .stop = threads_stop,
    .worker_tasks = threads_worker_tasks,
};
