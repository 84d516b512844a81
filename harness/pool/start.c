/* Starting a pool: what its configuration must be, and, where it may, with fewer workers than it
 * asks for. */
#include "backend.h"

#include "../util/limits.h"
#include "../util/own_threads.h"
#include "engine.h"
#include "future.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLS_ONLY "for threads, gil, processes, hybrid and spawn"

/* From so many workers on the system's limits are read beforehand: its refusal may come after
 * minutes. That of fewer comes sooner than the limits are read. */
#define MANY_WORKERS 256

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

/* Whether the system's limits forbid so many workers; one line in why says which one does. The
 * owner may be one of them, and where each chunk has a worker of its own, fewer will do. */
static bool exceeds_limits(const struct pool_ops *ops, const struct pool_config *config,
    struct given *given, char *why, size_t size)
{
    struct limit limit;
    char taken[64] = "";
    if (config->workers < MANY_WORKERS || ops->per_task || ops->simulated || ops->events ||
        !limits_tightest(&limit) || config->workers - 1 <= limit.room)
        return false;
    if (limit.taken > 0)
        snprintf(taken, sizeof taken, ", of which %" PRIu64 " are taken", limit.taken);
    snprintf(why, size,
        "%s: %u workers are more than the system allows: %s is %" PRIu64 "%s; ask for at most "
        "%" PRIu64 ", or raise it (%s)",
        ops->name, config->workers, limit.name, limit.value, taken, limit.room, limit.raise);
    unsigned whole = config->threads_each > 0 ? config->threads_each : 1;
    if (given)
        *given = (struct given){(unsigned)limit.room / whole * whole, EAGAIN};
    return true;
}

/* Starts a pool with a configuration that is in order. Returns it, or NULL with one line in why;
 * given, if not NULL, is set then. */
static struct pool *start_as(const struct pool_ops *ops, const struct pool_config *config,
    struct given *given, char *why, size_t size)
{
    if (exceeds_limits(ops, config, given, why, size)) {
        errno = EAGAIN;
        return NULL;
    }
    struct pool *pool = allocate(ops, config->workers);
    if (!pool) {
        snprintf(why, size, "%s: out of memory for %u workers", ops->name, config->workers);
        errno = ENOMEM;
        return NULL;
    }
    pool->ops = ops;
    pool->config = *config;
    if (config->threads_each == 0)
        pool->config.threads_each = ops->threads_each ? ops->threads_each(config->workers) : 1;
    pool->owner = pthread_self();
    pool->owner_process = getpid();
    pool->user = (uint64_t)pool->owner_process << 32 | next_number();
    pool->depth = pool_depth();
    int code = ops->start(pool, why, size);
    if (code) {
        if (given)
            *given = (struct given){pool->given, pool->refusal};
        free(pool);
        errno = code;
        return NULL;
    }
    const char *special = config->tasks_per_worker     ? "tasks_per_worker is"
                          : config->task_timeout_s > 0 ? "a task's timeout is"
                          : config->task_retries > 0   ? "task_retries is"
                                                       : NULL;
    if (special && !pool->engine) {
        snprintf(why, size, "%s: %s " CALLS_ONLY, ops->name, special);
        pool_stop(pool);
        errno = ENOTSUP;
        return NULL;
    }
    if (pool->engine && config->calls_max > 0 && !(pool->futures = futures_make(pool))) {
        snprintf(why, size, "%s: out of memory for %u calls", ops->name, config->calls_max);
        pool_stop(pool);
        errno = ENOMEM;
        return NULL;
    }
    return pool;
}

/* Says that a pool has started with fewer workers. */
static void tell_fewer(const struct pool_config *config, const struct pool_config *smaller,
    const struct pool_ops *ops, int refusal, char *why, size_t size)
{
    char whole[64] = "";
    if (smaller->threads_each > 1)
        snprintf(whole, sizeof whole, " in whole processes of %u threads", smaller->threads_each);
    snprintf(why, size, "%s: %u of %u workers%s: the system refuses more: %s (" POOL_LIMITS ")",
        ops->name, smaller->workers, config->workers, whole, strerror(refusal));
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
        tell_fewer(config, &smaller, ops, refusal, why, size);
    return pool;
}

static bool may_work(const struct pool_ops *ops, const struct pool_config *config)
{
    return ops->owner_may_work && config->calls_max == 0 && !config->progress &&
           config->tasks_per_worker == 0 && config->task_timeout_s <= 0;
}

/* Says why; the errno too, which it returns. */
static int refuse(char *why, size_t size, const struct pool_ops *ops, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int refuse(char *why, size_t size, const struct pool_ops *ops, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(why, size, "%s: ", ops->name);
    va_start(arguments, format);
    if ((size_t)length < size)
        vsnprintf(why + length, size - (size_t)length, format, arguments);
    va_end(arguments);
    errno = EINVAL;
    return -1;
}

/* Returns 0, or -1 where the numbers do not fit together. */
static int check_workers(
    const struct pool_ops *ops, const struct pool_config *config, char *why, size_t size)
{
    if (config->workers == 0)
        return refuse(why, size, ops, "a pool of 0 workers can do nothing; give 1 or more");
    if (config->threads_each > 1 && (!ops->threads_each || config->workers % config->threads_each))
        return refuse(why, size, ops, "%u workers cannot be split into processes of %u threads",
            config->workers, config->threads_each);
    if (config->workers_min > 0 && !ops->shrinks)
        return refuse(why, size, ops, "workers_min is " CALLS_ONLY);
    if (config->workers_min > config->workers)
        return refuse(why, size, ops, "workers_min is more than workers");
    if (config->owner_works && !may_work(ops, config))
        return refuse(why, size, ops,
            "owner_works is for processes, and without calls, progress, tasks_per_worker and "
            "task_timeout_s");
    return 0;
}

/* The same of what they are to run. */
static int check_work(
    const struct pool_ops *ops, const struct pool_config *config, char *why, size_t size)
{
    if (config->arena && !config->task)
        return refuse(
            why, size, ops, "an arena is for regions, and they need a task; give both, or neither");
    if (config->calls_max > POOL_CALLS_MAX || config->call_size > SIZE_MAX / 4)
        return refuse(why, size, ops,
            "calls_max is %u and call_size %zu; at most %u calls exist at once", config->calls_max,
            config->call_size, POOL_CALLS_MAX);
    if (!(config->task_timeout_s >= 0) || !(config->task_retry_delay_s >= 0))
        return refuse(why, size, ops,
            "task_timeout_s is %g and task_retry_delay_s %g; give 0 s or more",
            config->task_timeout_s, config->task_retry_delay_s);
    return 0;
}

struct pool *pool_start(
    const struct pool_ops *ops, const struct pool_config *config, char *why, size_t size)
{
    const char *reason = ops->supported ? ops->supported() : NULL;
    *why = '\0';
    if (reason) {
        snprintf(why, size, "backend %s: %s", ops->name, reason);
        errno = ENOTSUP;
        return NULL;
    }
    if (pool_depth() >= POOL_DEPTH_MAX) {
        snprintf(why, size, "%s: pools in a pool's tasks go %d deep, no deeper", ops->name,
            POOL_DEPTH_MAX);
        errno = EPERM;
        return NULL;
    }
    if (check_workers(ops, config, why, size) || check_work(ops, config, why, size))
        return NULL;
    return config->workers_min ? start_shrinking(ops, config, why, size)
                               : start_as(ops, config, NULL, why, size);
}
