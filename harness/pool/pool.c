/* What all backends share: the public calls, a worker's entry and exit, chunk sizes. */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Zeroed, so that a backend's struct may align its workers to cache lines. */
static struct pool *allocate(const struct pool_ops *ops, unsigned workers)
{
    size_t size = ops->pool_size + workers * ops->worker_size;
    size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    struct pool *pool = aligned_alloc(CACHE_LINE, size);
    return pool ? memset(pool, 0, size) : NULL;
}

struct pool *pool_start(
    const struct pool_ops *ops, const struct pool_config *config, char *why, size_t size)
{
    const char *reason = ops->supported ? ops->supported() : NULL;
    if (reason) {
        snprintf(why, size, "backend %s: %s", ops->name, reason);
        return NULL;
    }
    struct pool *pool = allocate(ops, config->workers);
    if (!pool) {
        snprintf(why, size, "%s: out of memory for %u workers", ops->name, config->workers);
        return NULL;
    }
    pool->ops = ops;
    pool->config = *config;
    if (ops->start(pool, why, size)) {
        free(pool);
        return NULL;
    }
    return pool;
}

int pool_map(struct pool *pool, uint64_t tasks, uint64_t chunk)
{
    arena_reset(pool->config.arena, tasks);
    return tasks > 0 && pool->ops->map(pool, tasks, chunk) ? -1 : 0;
}

void pool_stop(struct pool *pool)
{
    pool->ops->stop(pool);
    free(pool);
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
    prctl(PR_SET_NAME, name); /* best effort: a name is for the reader of `top` */
    *local = NULL;
    return pool->config.worker_enter ? pool->config.worker_enter(pool->config.ctx, local) : 0;
}

void pool_worker_leave(const struct pool *pool, void *local)
{
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

void pool_start_error(char *why, size_t size, const struct pool *pool, unsigned started, int code,
    const char *message)
{
    if (code)
        snprintf(why, size,
            "%s: the system refuses worker %u of %u: %s (memory, RLIMIT_NPROC, threads-max or "
            "pids.max); ask for fewer workers",
            pool->ops->name, started + 1, pool->config.workers, strerror(code));
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
