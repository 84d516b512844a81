/* What all backends share: the public calls, a worker's entry and exit, chunk sizes. */
#include "backend.h"

#include "../measure/clock.h"
#include "call.h"
#include "engine.h"
#include "future.h"
#include "gate.h"
#include "timed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STUCK_ADVICE "a region can begin when it has ended, or on another pool"

/* How many pools this thread is a worker of, one within the other. */
static _Thread_local unsigned depth;

unsigned pool_depth(void)
{
    return depth;
}

/* Whether a worker may come to what waits. */
static bool has_workers(const struct pool *pool)
{
    return timed_stuck(pool->engine) + pool->futures->stuck < pool->config.workers;
}

/* Names one of the threads that are stuck in a call. Returns false where none is any more. */
static bool tell_stuck_call(const struct pool *pool)
{
    struct engine *engine = pool->engine;
    for (unsigned i = 0; i < engine->workers; i++) { /* relaxed: it stays so while it is stuck */
        uint64_t current = atomic_load_explicit(&engine->lanes[i].current, memory_order_relaxed);
        uint64_t slot = current & ~LANE_CALL;
        if (!lane_is_call(current) ||
            atomic_load(&engine->calls->slots[slot].state) != CALL_STATE(CALL_TIMEOUT, i))
            continue;
        task_fail(ETIME,
            "worker %u is stuck in call number %llu of this pool's, which has timed "
            "out; " STUCK_ADVICE,
            i, (unsigned long long)pool->futures->all[slot].serial);
        return true;
    }
    return false;
}

/* Calls go first: a region has the workers to itself. */
static int wait_for_calls(struct pool *pool)
{
    struct futures *futures = pool->futures;
    while (
        futures && futures->in_flight > futures->stuck && !futures->terminated && has_workers(pool))
        if (futures_step(pool, 0, UINT64_MAX))
            return -1;
    while (futures && futures->stuck > 0) {
        if (tell_stuck_call(pool))
            return ETIME;
        if (futures_step(pool, CALLS_ANY, futures_deadline(0.001))) /* it is coming back */
            return -1;
    }
    return 0;
}

/* Calls go on where a thread is stuck in a task; regions do not. */
static int refuses_while_stuck(const struct pool *pool)
{
    uint64_t task;
    unsigned worker;
    if (!timed_regions(pool) || !timed_find_stuck(pool->engine, &worker, &task))
        return 0;
    return task_fail(ETIME, "worker %u is stuck in task %llu, which has timed out; " STUCK_ADVICE,
        worker, (unsigned long long)task);
}

int pool_refuse(int code, const char *message)
{
    task_fail(code, "%s", message);
    errno = code;
    return code;
}

int pool_refuses_caller(const struct pool *pool)
{
    return pool_is_mine(pool)
               ? 0
               : pool_refuse(EPERM,
                     "only the thread that started a pool may use it; a task may not use the pool "
                     "that runs it");
}

int pool_refuses_region(const struct pool *pool, uint64_t tasks)
{
    const struct futures *futures = pool->futures;
    if (pool_refuses_caller(pool))
        return EPERM;
    if (*pool->broken)
        return pool_refuse(ECHILD, pool->broken);
    if (futures && (futures->closed || futures->terminated))
        return pool_refuse(EPIPE, "the pool is closed");
    if (!pool->config.arena || tasks > pool->config.arena->tasks)
        return pool_refuse(EINVAL, pool->config.arena ? "the arena has no room for so many tasks"
                                                      : "this pool was started without an arena");
    if (futures && futures->region)
        return pool_refuse(EBUSY, "a region is under way on the arena: wait for its future first");
    return 0;
}

int pool_takes_arena(const struct pool *pool)
{
    return arena_take(pool->config.arena, pool->user)
               ? 0
               : pool_refuse(EBUSY,
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
    if (pool->gate)
        gate_enter(pool->gate);
    int code = pool_enter(pool, local);
    if (pool->gate && code)
        gate_leave(pool->gate);
    return code;
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
    if (pool->gate)
        gate_leave(pool->gate);
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

int pool_start_error(
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
    return code ? code : ECANCELED;
}

int pool_death(char *reason, size_t size, unsigned worker, pid_t pid, int status)
{
    if (status < 0) {
        snprintf(
            reason, size, "worker %u (pid %d) has ended; who took its status?", worker, (int)pid);
        return 0;
    }
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
