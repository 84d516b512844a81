/* Persistent pthreads on the shared engine. The caller is worker 0, so a pool of n workers starts
 * n - 1 threads. */
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
    engine_worker(thread->engine, thread->worker);
    return NULL;
}

static void join_all(struct threads *threads)
{
    engine_stop(threads->engine);
    for (unsigned i = 0; i < threads->started; i++)
        pthread_join(threads->threads[i].handle, NULL);
    engine_free(threads->engine);
}

static void threads_stop(struct pool *pool)
{
    struct threads *threads = (struct threads *)pool;
    pool_worker_leave(pool, threads->engine->local);
    join_all(threads);
}

/* Worker 0 is the caller. Returns 0 when all others have started and entered, or errno. */
static int start_others(struct threads *threads)
{
    int code = 0;
    while (threads->started + 1 < threads->pool.config.workers && !code) {
        struct thread *thread = &threads->threads[threads->started];
        *thread = (struct thread){.engine = threads->engine, .worker = threads->started + 1};
        code = pthread_create(&thread->handle, NULL, thread_main, thread);
        threads->started += !code;
    }
    if (!code)
        engine_wait_entered(threads->engine, false);
    return code;
}

/* Leaves the pool as if it had never been. */
static int give_up(struct threads *threads, char *why, size_t size, int code, const char *error)
{
    pool_start_error(why, size, &threads->pool, threads->started + 1, code, error);
    join_all(threads);
    return -1;
}

static int threads_start(struct pool *pool, char *why, size_t size)
{
    struct threads *threads = (struct threads *)pool;
    threads->engine = engine_make(pool, false, true);
    if (!threads->engine) {
        pool_start_error(why, size, pool, 0, errno, NULL);
        return -1;
    }
    int code = pool_enter(pool, &threads->engine->local);
    if (code)
        return give_up(threads, why, size, 0, task_message(code));
    code = start_others(threads);
    const char *error = code ? NULL : engine_entry_error(threads->engine);
    if (!code && !error)
        return 0;
    pool_worker_leave(pool, threads->engine->local);
    return give_up(threads, why, size, code, error);
}

static int threads_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    struct engine *engine = ((struct threads *)pool)->engine;
    for (uint64_t begin = 0, end; begin < tasks; begin = end) {
        end = engine_window(begin, tasks);
        engine_begin(engine, begin, end, chunk, false);
        engine_wait(engine, false);
    }
    return 0;
}

static uint64_t threads_worker_tasks(const struct pool *pool, unsigned worker)
{
    return engine_ran(((const struct threads *)pool)->engine, worker);
}

const struct pool_ops pool_threads = {
    .name = "threads",
    .summary = "persistent pthreads that steal from each other; the caller works too",
    .pool_size = sizeof(struct threads),
    .worker_size = sizeof(struct thread),
    .start = threads_start,
    .map = threads_map,
    .stop = threads_stop,
    .worker_tasks = threads_worker_tasks,
};
