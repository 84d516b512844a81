/* What all backends share: the public calls, a worker's entry and exit, chunk sizes. */
#include "backend.h"

#include "../measure/clock.h"
#include "../util/own_threads.h"
#include "engine.h"
#include "future.h"
#include "timed.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What sets how many workers the system gives. */
#define POOL_LIMITS "memory, RLIMIT_NPROC, threads-max or pids.max"

/* How many pools this thread is a worker of, one within the other. */
static _Thread_local unsigned depth;

/* Zeroed, so that a backend's struct may align its workers to cache lines. */
static struct pool *allocate(const struct pool_ops *ops, unsigned workers)
{
    size_t size = ops->pool_size + workers * ops->worker_size;
    size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    struct pool *pool = aligned_alloc(CACHE_LINE, size);
    return pool ? memset(pool, 0, size) : NULL;
}

/* Which pool of this process it is. */
static uint32_t next_number(void)
{
    static _Atomic uint32_t made; /* relaxed: only to be different */
    return atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
}

/* What the system gave a pool that could not start. */
struct given {
    unsigned workers;
    int refusal; /* errno; 0: it refused nothing */
};

/* Starts a pool with a configuration that is in order. Returns it, or NULL with one line in why;
 * given, if not NULL, is set then. */
static struct pool *start_as(const struct pool_ops *ops, const struct pool_config *config,
    struct given *given, char *why, size_t size)
{
    struct pool *pool = allocate(ops, config->workers);
    if (!pool) {
        snprintf(why, size, "%s: out of memory for %u workers", ops->name, config->workers);
        return NULL;
    }
    pool->ops = ops;
    pool->config = *config;
    if (config->threads_each == 0)
        pool->config.threads_each = ops->threads_each ? ops->threads_each(config->workers) : 1;
    pool->owner = pthread_self();
    pool->owner_process = getpid();
    pool->user = (uint64_t)pool->owner_process << 32 | next_number();
    pool->depth = depth;
    if (ops->start(pool, why, size)) {
        if (given)
            *given = (struct given){pool->given, pool->refusal};
        free(pool);
        return NULL;
    }
    const char *special = config->tasks_per_worker     ? "tasks_per_worker is"
                          : config->task_timeout_s > 0 ? "a task's timeout is"
                          : config->task_retries > 0   ? "task_retries is"
                                                       : NULL;
    if (special && !pool->engine) {
        snprintf(why, size, "%s: %s for threads, processes, hybrid and spawn", ops->name, special);
        pool_stop(pool);
        return NULL;
    }
    if (pool->engine && config->calls_max > 0 && !(pool->futures = futures_make(pool))) {
        snprintf(why, size, "%s: out of memory for %u calls", ops->name, config->calls_max);
        pool_stop(pool);
        return NULL;
    }
    return pool;
}

/* Starts with what the system gives. Those that it gave a larger pool have ended by then, and are
 * started anew: nobody has to know of a pool whose size changes. */
static struct pool *start_shrinking(
    const struct pool_ops *ops, const struct pool_config *config, char *why, size_t size)
{
    struct pool_config smaller = *config;
    struct given given = {.workers = 0};
    unsigned threads = own_threads(UINT_MAX);
    if (smaller.threads_each == 0 && ops->threads_each)
        smaller.threads_each = ops->threads_each(config->workers);
    struct pool *pool = start_as(ops, &smaller, &given, why, size);
    int refusal = given.refusal;
    while (!pool && given.refusal && given.workers > 0 && given.workers >= config->workers_min) {
        own_threads(threads);
        smaller.workers = given.workers;
        given = (struct given){.workers = 0};
        pool = start_as(ops, &smaller, &given, why, size);
    }
    if (pool && refusal)
        snprintf(why, size, "%s: %u of %u workers: the system refuses more: %s (" POOL_LIMITS ")",
            ops->name, smaller.workers, config->workers, strerror(refusal));
    return pool;
}

static bool may_work(const struct pool_ops *ops, const struct pool_config *config)
{
    return ops->owner_may_work && config->calls_max == 0 && !config->progress &&
           config->tasks_per_worker == 0 && config->task_timeout_s <= 0;
}

struct pool *pool_start(
    const struct pool_ops *ops, const struct pool_config *config, char *why, size_t size)
{
    const char *reason = ops->supported ? ops->supported() : NULL;
    if (reason) {
        snprintf(why, size, "backend %s: %s", ops->name, reason);
        return NULL;
    }
    if (depth >= POOL_DEPTH_MAX) {
        snprintf(why, size, "%s: pools in a pool's tasks go %d deep, no deeper", ops->name,
            POOL_DEPTH_MAX);
        return NULL;
    }
    if (config->workers == 0 || (config->arena && !config->task)) {
        snprintf(why, size, "%s: %s", ops->name,
            config->workers ? "an arena is for regions, and they need a task; give both, or neither"
                            : "a pool of 0 workers can do nothing; give 1 or more");
        errno = EINVAL;
        return NULL;
    }
    if (config->threads_each > 1 &&
        (!ops->threads_each || config->workers % config->threads_each)) {
        snprintf(why, size, "%s: %u workers cannot be split into processes of %u threads",
            ops->name, config->workers, config->threads_each);
        errno = EINVAL;
        return NULL;
    }
    if (config->workers_min > config->workers || (config->workers_min > 0 && !ops->shrinks)) {
        snprintf(why, size, "%s: workers_min is %s", ops->name,
            ops->shrinks ? "more than workers" : "for threads, processes, hybrid and spawn");
        errno = EINVAL;
        return NULL;
    }
    if (config->owner_works && !may_work(ops, config)) {
        snprintf(why, size,
            "%s: owner_works is for processes, and without calls, progress, tasks_per_worker and "
            "task_timeout_s",
            ops->name);
        errno = EINVAL;
        return NULL;
    }
    if (config->calls_max > POOL_CALLS_MAX || config->call_size > SIZE_MAX / 4) {
        snprintf(why, size, "%s: calls_max is %u and call_size %zu; at most %u calls exist at once",
            ops->name, config->calls_max, config->call_size, POOL_CALLS_MAX);
        errno = EINVAL;
        return NULL;
    }
    if (!(config->task_timeout_s >= 0) || !(config->task_retry_delay_s >= 0)) {
        snprintf(why, size, "%s: task_timeout_s is %g and task_retry_delay_s %g; give 0 s or more",
            ops->name, config->task_timeout_s, config->task_retry_delay_s);
        errno = EINVAL;
        return NULL;
    }
    *why = '\0';
    return config->workers_min ? start_shrinking(ops, config, why, size)
                               : start_as(ops, config, NULL, why, size);
}

/* Whether a worker may come to what waits. */
static bool has_workers(const struct pool *pool)
{
    return timed_stuck(pool->engine) + pool->futures->stuck < pool->config.workers;
}

/* Calls go first: a region has the workers to itself. */
static int wait_for_calls(struct pool *pool)
{
    struct futures *futures = pool->futures;
    while (
        futures && futures->in_flight > futures->stuck && !futures->terminated && has_workers(pool))
        if (futures_step(pool, 0, UINT64_MAX))
            return -1;
    if (futures && futures->stuck > 0)
        return task_fail(ETIME, "a thread is stuck in a call that has timed out");
    return 0;
}

/* Calls go on where a thread is stuck in a task; regions do not. */
static int refuses_while_stuck(const struct pool *pool)
{
    return timed_regions(pool) && timed_stuck(pool->engine) > 0
               ? task_fail(ETIME, "a thread is stuck in a task that has timed out")
               : 0;
}

static int refuse(int code, const char *message)
{
    task_fail(code, "%s", message);
    errno = code;
    return code;
}

int pool_refuses_region(const struct pool *pool, uint64_t tasks)
{
    const struct futures *futures = pool->futures;
    if (!pool_is_mine(pool))
        return refuse(EPERM, "only the thread that started a pool may use it; a task may not use "
                             "the pool that runs it");
    if (*pool->broken)
        return refuse(ECHILD, pool->broken);
    if (futures && (futures->closed || futures->terminated))
        return refuse(EPIPE, "the pool is closed");
    if (!pool->config.arena || tasks > pool->config.arena->tasks)
        return refuse(EINVAL, pool->config.arena ? "the arena has no room for so many tasks"
                                                 : "this pool was started without an arena");
    if (futures && futures->region)
        return refuse(EBUSY, "a region is under way on the arena: wait for its future first");
    return 0;
}

int pool_takes_arena(const struct pool *pool)
{
    return arena_take(pool->config.arena, pool->user)
               ? 0
               : refuse(EBUSY,
                     "another pool has a region under way on the arena: wait for that, or "
                     "give each pool an arena of its own");
}

static uint64_t ran(const struct pool *pool)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < pool->config.workers; i++)
        sum += pool_worker_tasks(pool, i);
    return sum;
}

static void tell(const struct pool *pool, uint64_t ended)
{
    if (pool->config.progress)
        pool->config.progress(pool->config.progress_argument, ended, pool->mapping);
}

/* A task whose worker has died counts as soon as the whole region has ended. */
void pool_report(const struct pool *pool)
{
    uint64_t ended = pool->config.progress ? ran(pool) - pool->ran_before : 0;
    tell(pool, ended < pool->mapping ? ended : pool->mapping);
}

void pool_report_from(struct pool *pool, uint64_t ended)
{
    if (pool->config.progress) /* less than 0, maybe: only the difference counts */
        pool->ran_before = ran(pool) - ended;
}

int pool_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    if (pool_refuses_region(pool, tasks) || refuses_while_stuck(pool) || wait_for_calls(pool) ||
        pool_refuses_region(pool, tasks) || /* a callback may have changed that */
        pool_takes_arena(pool))
        return -1;
    arena_reset(pool->config.arena, tasks);
    pool->mapping = tasks;
    pool->ran_before = pool->config.progress ? ran(pool) : 0;
    depth++; /* where the caller works, what it runs is a task */
    int failed = tasks > 0 && pool->ops->map(pool, tasks, chunk);
    if (!failed)
        tell(pool, tasks);
    depth--;
    if (!failed || *pool->broken) /* else its workers may be at it until it is stopped */
        arena_give(pool->config.arena, pool->user);
    if (*pool->broken && pool->futures)
        futures_break(pool);
    return failed ? -1 : 0;
}

void pool_stop(struct pool *pool)
{
    if (!pool)
        return;
    struct futures *futures = pool->futures;
    if (futures && !futures->terminated) {
        futures->closed = futures->stopping = true;
        for (uint32_t i = 0; i < futures->used; i++)
            future_cancel(&futures->all[i]);
        wait_for_calls(pool); /* best effort: a broken pool stops as well */
    }
    pool->ops->stop(pool);
    if (pool->config.arena)
        arena_give(pool->config.arena, pool->user);
    futures_free(futures);
    if (!pool->abandoned)
        free(pool);
}

static int run_on(const struct pool_ops *ops, const struct pool_config *config, uint64_t *values)
{
    char why[TASK_MESSAGE_MAX];
    const struct arena *arena = config->arena;
    struct pool *pool = pool_start(ops, config, why, sizeof why);
    if (!pool)
        return task_fail(EAGAIN, "%s", why);
    int failed = pool_map(pool, arena->tasks, 0);
    pool_stop(pool);
    if (failed)
        return EIO; /* with pool_map's message */
    for (uint64_t i = 0; values && i < arena->tasks; i++)
        values[i] = arena->status[i] == TASK_OK ? arena_slot(arena, i)->value : 0;
    if (*arena->failed == 0)
        return 0;
    const struct task_failure *first = &arena->failures[0];
    return task_fail(first->code, "%s", first->message);
}

int pool_run(const struct pool_ops *ops, unsigned workers, task_fn *task, const void *ctx,
    uint64_t tasks, uint64_t *values)
{
    struct arena arena;
    const struct pool_config config = {
        .workers = workers, .task = task, .ctx = ctx, .arena = &arena};
    if (arena_make(&arena, tasks, 0))
        return task_fail(errno, "no memory for %llu tasks", (unsigned long long)tasks);
    int code = run_on(ops, &config, values);
    arena_free(&arena);
    return code;
}

void pool_close(struct pool *pool)
{
    if (pool->futures && pool_is_mine(pool))
        pool->futures->closed = true;
}

/* Which workers are still at something, as far as there is room. */
static void name_stuck(const struct pool *pool, char *text, size_t size)
{
    size_t length = 0;
    *text = '\0';
    for (unsigned i = 0; i < pool->config.workers && length + 1 < size; i++)
        if (atomic_load_explicit(&pool->engine->lanes[i].current, memory_order_relaxed) !=
            LANE_NONE)
            length += (size_t)snprintf(text + length, size - length, "%s%u", length ? ", " : "", i);
}

int pool_join(struct pool *pool, double seconds)
{
    struct futures *futures = pool->futures;
    if (!pool_is_mine(pool))
        return task_fail(EPERM, "only the thread that started a pool may join it");
    if (!futures || !(futures->closed || futures->terminated))
        return task_fail(EINVAL, "join before close: close or terminate the pool first");
    uint64_t deadline = futures_deadline(seconds);
    while (futures->pending + futures->in_flight > 0) {
        if (futures_step(pool, 0, deadline))
            return ECHILD;
        if (futures->pending + futures->in_flight > 0 && clock_now() >= deadline) {
            char stuck[TASK_MESSAGE_MAX / 2];
            name_stuck(pool, stuck, sizeof stuck);
            return task_fail(ETIMEDOUT, "still running after %g s: worker %s", seconds,
                *stuck ? stuck : "none; calls wait to be retried");
        }
    }
    if (*pool->broken)
        return task_fail(ECHILD, "%s", pool->broken);
    engine_stop(pool->engine);
    return 0;
}

bool pool_is_terminated(const struct pool *pool)
{
    return pool->futures && pool->futures->terminated;
}

/* A forked worker has its owner's thread, but not its process. */
static bool is_owner(const struct pool *pool)
{
    return pthread_equal(pool->owner, pthread_self()) && pool->owner_process == getpid();
}

bool pool_is_mine(const struct pool *pool)
{
    return pool->depth == depth && pthread_equal(pool->owner, pthread_self());
}

uint64_t pool_calls_ended(const struct pool *pool)
{
    return pool->futures ? pool->futures->ended : 0;
}

uint64_t pool_callback_failures(const struct pool *pool)
{
    return pool->futures ? pool->futures->callback_failures : 0;
}

unsigned pool_workers(const struct pool *pool)
{
    return pool->config.workers;
}

uint64_t pool_worker_tasks(const struct pool *pool, unsigned worker)
{
    return pool->ops->worker_tasks(pool, worker);
}

pid_t pool_worker_pid(const struct pool *pool, unsigned worker)
{
    return pool->ops->worker_pid ? pool->ops->worker_pid(pool, worker) : getpid();
}

int pool_worker_enter(const struct pool *pool, unsigned worker, void **local)
{
    char name[16]; /* the kernel's limit */
    snprintf(name, sizeof name, "pb-%.7s-%u", pool->ops->name, worker);
    if (!is_owner(pool))
        depth = pool->depth + 1;
    prctl(PR_SET_NAME, name); /* best effort: a name is for the reader of `top` */
    return pool_enter(pool, local);
}

int pool_enter(const struct pool *pool, void **local)
{
    *local = NULL;
    return pool->config.worker_enter ? pool->config.worker_enter(pool->config.ctx, local) : 0;
}

void pool_worker_leave(const struct pool *pool, void *local)
{
    if (!is_owner(pool))
        depth = pool->depth;
    if (pool->config.worker_leave)
        pool->config.worker_leave(pool->config.ctx, local);
}

const char *pool_unless_tsan(void)
{
#if defined __SANITIZE_THREAD__
#define THREAD_SANITIZER
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER
#endif
#endif
#ifdef THREAD_SANITIZER
    return "the thread sanitizer cannot follow it";
#else
    return NULL;
#endif
}

void pool_task_failed(const struct pool *pool, unsigned worker, uint64_t index, int code)
{
    arena_fail(pool->config.arena, index, TASK_ERROR, code, worker, task_message(code));
}

void pool_refusal(char *text, size_t size, const struct pool *pool, unsigned worker, int code)
{
    snprintf(text, size,
        "the system refuses worker %u of %u: %s (" POOL_LIMITS "); "
        "ask for fewer workers",
        worker + 1, pool->config.workers, strerror(code));
}

void pool_start_error(
    char *why, size_t size, struct pool *pool, unsigned started, int code, const char *message)
{
    char refusal[TASK_MESSAGE_MAX];
    pool->refusal = code;
    pool->given = started;
    pool_refusal(refusal, sizeof refusal, pool, started, code);
    if (code)
        snprintf(why, size, "%s: %s", pool->ops->name, refusal);
    else
        snprintf(why, size, "%s: a worker could not begin: %s", pool->ops->name, message);
}

int pool_death(char *reason, size_t size, unsigned worker, pid_t pid, int status)
{
    if (WIFSIGNALED(status)) {
        snprintf(reason, size, "worker %u (pid %d) was killed by signal %d (%s)", worker, (int)pid,
            WTERMSIG(status), strsignal(WTERMSIG(status)));
        return WTERMSIG(status);
    }
    snprintf(reason, size, "worker %u (pid %d) exited with status %d", worker, (int)pid,
        WEXITSTATUS(status));
    return -WEXITSTATUS(status);
}

uint64_t pool_chunk(uint64_t left, uint64_t chunk, unsigned workers)
{
    if (chunk == 0)
        chunk = left / (4 * (uint64_t)workers);
    if (chunk == 0)
        return 1;
    return chunk < left ? chunk : left;
}
