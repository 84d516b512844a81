/* Persistent pthreads on the shared engine. In a pool for regions alone the caller is worker 0, so
 * that n workers are n - 1 threads; in one that also runs calls, which go on while the caller is
 * elsewhere, or tells of progress, or watches its tasks' time, or whose workers take turns, each
 * worker is a thread and the caller only waits. */
#include "threads.h"

#include "../measure/clock.h"
#include "../util/futex.h"
#include "future.h"
#include "retry.h"
#include "timed.h"

#include <errno.h>
#include <pthread.h>

/* How long a terminated pool, or one with a stuck thread, waits for its threads in all. */
#define STUCK_AFTER_S 0.1

static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    engine_worker(thread->engine, thread->worker);
    atomic_store_explicit(&thread->over, 1, memory_order_release); /* pairs with is_over_by */
    futex_wake(&thread->over, 1, false);
    return NULL;
}

/* Waits for it, not by pthread_clockjoin_np, which the thread sanitizer does not know. */
static bool is_over_by(struct thread *thread, uint64_t deadline)
{
    while (!atomic_load_explicit(&thread->over, memory_order_acquire)) {
        uint64_t now = clock_now(), left = deadline > now ? deadline - now : 0;
        const struct timespec step = {
            .tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000)};
        if (left == 0)
            return false;
        futex_wait(&thread->over, 0, &step, false);
    }
    return true;
}

/* `deadline` is a clock_now; 0: none. Returns whether the thread has ended. One that is stuck is
 * left alone with all that it may use.
 */
static bool join(struct thread *thread, uint64_t deadline)
{
    if (deadline == 0 || is_over_by(thread, deadline))
        return pthread_join(thread->handle, NULL) == 0;
    pthread_detach(thread->handle);
    return false;
}

/* In a task or a call that has timed out. */
static bool is_any_stuck(const struct pool *pool)
{
    return timed_stuck(pool->engine) > 0 || (pool->futures && pool->futures->stuck > 0);
}

static void join_all(struct threads *threads)
{
    struct pool *pool = &threads->pool;
    bool patient = !pool_is_terminated(pool) && !is_any_stuck(pool);
    uint64_t end = patient ? 0 : clock_now() + (uint64_t)(STUCK_AFTER_S * 1e9);
    engine_stop(pool->engine);
    for (unsigned i = 0; i < threads->started; i++)
        if (!join(&threads->threads[i], end))
            pool->abandoned = true;
    if (!pool->abandoned)
        engine_free(pool->engine);
}

void threads_stop(struct pool *pool)
{
    if (pool->engine->owner_works)
        pool_worker_leave(pool, pool->engine->local);
    join_all((struct threads *)pool);
}

/* Returns 0 when all have started and entered, or errno. */
static int start_all(struct threads *threads)
{
    struct engine *engine = threads->pool.engine;
    unsigned first = engine->owner_works ? 1 : 0;
    int code = 0;
    while (first + threads->started < engine->workers && !code) {
        struct thread *thread = &threads->threads[threads->started];
        *thread = (struct thread){.engine = engine, .worker = first + threads->started};
        code = pthread_create(&thread->handle, NULL, thread_main, thread);
        threads->started += !code;
    }
    if (!code && threads->pool.config.worker_enter) /* without one nothing can fail */
        engine_wait_entered(engine, false);
    return code;
}

/* Leaves the pool as if it had never been. Returns what the start fails with. */
static int give_up(struct threads *threads, char *why, size_t size, int code, const char *error)
{
    unsigned started = threads->started + threads->pool.engine->owner_works;
    code = pool_start_error(why, size, &threads->pool, started, code, error);
    join_all(threads);
    return code;
}

static bool owner_works(const struct pool *pool)
{
    const struct pool_config *config = &pool->config;
    return !pool->gate && config->calls_max == 0 && !config->progress &&
           config->task_timeout_s == 0;
}

int threads_start(struct pool *pool, char *why, size_t size)
{
    struct threads *threads = (struct threads *)pool;
    struct engine *engine = engine_make(pool, false, owner_works(pool));
    if (!engine)
        return pool_start_error(why, size, pool, 0, errno, NULL);
    pool->engine = engine;
    int code = engine->owner_works ? pool_enter(pool, &engine->local) : 0;
    if (code)
        return give_up(threads, why, size, 0, task_message(code));
    code = start_all(threads);
    const char *error = code ? NULL : engine_entry_error(engine);
    if (!code && !error)
        return 0;
    if (engine->owner_works)
        pool_worker_leave(pool, engine->local);
    return give_up(threads, why, size, code, error);
}

/* Waits until all tasks have ended, but for those that stuck threads run. */
static void wait_for_tasks(struct pool *pool)
{
    while (!engine_wait(pool->engine, true)) {
        timed_check(pool);
        if (timed_is_over(pool->engine))
            return;
        pool_report(pool);
    }
}

int threads_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    for (uint64_t begin = 0, end; begin < tasks; begin = end) {
        unsigned round = 0;
        end = engine_window(begin, tasks);
        do {
            engine_begin(pool->engine, begin, end, chunk, round > 0);
            wait_for_tasks(pool);
        } while (retry_follows(pool, begin, end, round++) > 0); /* threads do not break */
    }
    return 0;
}

uint64_t threads_worker_tasks(const struct pool *pool, unsigned worker)
{
    return engine_ran(pool->engine, worker);
}

const struct pool_ops pool_threads = {
    .name = "threads",
    .summary = "persistent pthreads that steal from each other; the caller works too",
    THREADS_HOOKS,
    .start = threads_start,
    .stop = threads_stop,
};
