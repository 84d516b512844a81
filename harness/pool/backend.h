/* The contract that a backend fills, and what pool.c does for all of them.
 *
 * Adding a backend is one file in this folder that ends with `const struct pool_ops pool_NAME`;
 * the Makefile finds it. */
#ifndef POOL_BACKEND_H
#define POOL_BACKEND_H

#include "point.h"
#include "pool.h"

#include <pthread.h>

#ifdef __cplusplus
extern "C" {
#define _Atomic
#endif

/* ---- outcomes: arena.c ---- */

/* Notes a failure of one task. Called by whoever ran the task, or found it lost. Thread-safe. */
void arena_fail(const struct arena *arena, uint64_t index, enum task_status status, int code,
    unsigned worker, const char *message);

/* Notes the loss of a task whose worker is dead, maybe while it noted that task's failure. */
void arena_lose(
    const struct arena *arena, uint64_t index, int code, unsigned worker, const char *message);

/* Maps another process's arena, of which it is a copy, by its descriptor, which is closed. Returns
 * 0, or -1 with errno. */
int arena_attach(struct arena *arena, int fd);

/* Drops the places of failures that the dead had reserved and not filled. Called while nobody
 * notes any. */
void arena_tidy(const struct arena *arena);

/* Makes those of tasks begin .. end-1 pending again that have ended as ERROR or LOST and, with
 * `timeouts`, as TIMEOUT, and drops their failures. Called while nobody runs or notes any. Returns
 * how many. */
uint64_t arena_retry(const struct arena *arena, uint64_t begin, uint64_t end, bool timeouts);

/* Takes the arena for a region of the pool `user`. Returns false when another pool of this process
 * has one under way on it. Thread-safe; what a process did not live to give back, or has only in
 * its copy of another's memory, is free. */
bool arena_take(struct arena *arena, uint64_t user);

/* Gives it back; nothing where another pool has it. */
void arena_give(struct arena *arena, uint64_t user);

/* ---- what a backend is ---- */

/* What every backend's pool begins with; a backend embeds it as its first member. */
struct pool {
    const struct pool_ops *ops;
    struct pool_config config;
    struct futures *futures; /* future.c's; NULL: no calls */
    struct engine *engine;   /* of a backend that runs calls: set by its start */
    struct gate *gate; /* that workers take turns at (gate.h); NULL: all may compute at once */
    pthread_t owner;
    pid_t owner_process;
    uint64_t user;                /* what stands in an arena while this pool has a region there */
    uint64_t ran_before, mapping; /* tasks run before the current region, and in it */
    unsigned depth;               /* 0; 1: the owner is a worker of another pool, ... */
    int refusal; /* errno where the system refused the start some of the workers; 0: it did not */
    unsigned given; /* ... and how many it gave */
    char
        broken[TASK_MESSAGE_MAX]; /* why it can go on no more, with no worker left; empty: it can */
    bool abandoned;               /* a worker that is stuck may still use it: it is never freed */
};

struct pool_ops {
    const char *name;
    const char *summary; /* one line */
    bool processes;      /* workers are processes of their own */
    bool shrinks;        /* knows config.workers_min: pool_start_error tells how many were given */
    bool owner_may_work; /* knows config.owner_works */
    bool per_task; /* each chunk has a worker of its own, which enters before and leaves after it */
    bool keeps_threads; /* a runtime's threads are the process's and outlive the pool */
    bool aborts;        /* a runtime ends the process where the system refuses it a thread */
    bool simulated;     /* its times are virtual: measure/simulated.h */
    bool events; /* runs a task's non-blocking form alone (pool_config.events), in the owner */
    /* How many threads of a process are workers, where not told: a divisor of workers. NULL: each
     * worker stands alone. */
    unsigned (*threads_each)(unsigned workers);
    const char *(*supported)(void); /* NULL, or why not here; a NULL hook: always */
    size_t pool_size; /* of the backend's struct, on a cache line, zeroed and freed by pool.c ... */
    size_t worker_size; /* ... plus this for each worker, behind it */
    /* Starts the workers; `pool` is zeroed but for ops and config. Returns 0, or an errno-like code
     * (pool_start has a list) with one line in why, everything undone. */
    int (*start)(struct pool *pool, char *why, size_t size);
    /* tasks > 0; the arena is reset. Returns 0, or another number with a message. */
    int (*map)(struct pool *pool, uint64_t tasks, uint64_t chunk);
    void (*stop)(struct pool *pool);
    uint64_t (*worker_tasks)(const struct pool *pool, unsigned worker);
    pid_t (*worker_pid)(const struct pool *pool, unsigned worker); /* NULL: the caller's own */
    /* Buries and replaces workers that have died; the owner calls it while it waits. Returns 0, or
     * -1 with a message. NULL: workers do not die alone. */
    int (*tend)(struct pool *pool);
    /* Stops a worker whose call or task has run out of time, or at once (`now`). NULL: cannot be
     * done. */
    void (*kill)(struct pool *pool, unsigned worker, bool now);
};

#ifndef __cplusplus
/* Notes that a task has failed with `code` and the calling thread's message. */
void pool_task_failed(const struct pool *pool, unsigned worker, uint64_t index, int code)
    __attribute__((cold));

/* Runs tasks begin .. end-1 into their slots and statuses: what every backend does with indices.
 * *current, if not NULL, is the task being run, for whoever finds the worker dead. One loop for all
 * backends, with what it needs in registers, so that pools are compared and not loops. */
static inline __attribute__((always_inline)) void pool_run_range(const struct pool *pool,
    void *local, unsigned worker, uint64_t begin, uint64_t end, _Atomic uint64_t *current)
{
    const struct arena *arena = pool->config.arena;
    task_fn *const task = pool->config.task;
    const void *const ctx = pool->config.ctx;
    const size_t stride = arena->stride;
    _Atomic unsigned char *const status = arena->status;
    unsigned char *slot = arena->slots + begin * stride;
    for (uint64_t index = begin; index < end; index++, slot += stride) {
        if (current) /* release: the last task's status comes first; a burial reads both */
            atomic_store_explicit(current, index, memory_order_release);
        POOL_POINT(RUN_CURRENT_SET);
        int code = task(ctx, local, index, (struct task_result *)(void *)slot);
        POOL_POINT(TASK_RETURNED);
        if (__builtin_expect(
                code == 0, 1)) /* relaxed: the backend's join publishes it, with the slot */
            atomic_store_explicit(&status[index], TASK_OK, memory_order_relaxed);
        else
            pool_task_failed(pool, worker, index, code);
        POOL_POINT(RUN_TASK_DONE);
    }
}
#endif

/* Tells config.progress how far the current region is; a backend calls it while it waits. */
void pool_report(const struct pool *pool);

/* Of the current region's tasks, so many have ended for good: what follows is told from there. */
void pool_report_from(struct pool *pool, uint64_t ended);

/* Returns the code, in errno too, with this message. */
int pool_refuse(int code, const char *message);

/* Whether the caller may not use the pool (pool_is_mine): 0, or EPERM, in errno too, with a
 * message. */
int pool_refuses_caller(const struct pool *pool);

/* Whether a region of so many tasks cannot be put in now: 0, or a code, in errno too, with a
 * message. */
int pool_refuses_region(const struct pool *pool, uint64_t tasks);

/* Takes the arena for a region that is not refused: arena_take. Returns as that. */
int pool_takes_arena(const struct pool *pool);

bool pool_is_terminated(const struct pool *pool);

/* Whether the caller may use the pool: it is the thread that started it, and not in its task. */
bool pool_is_mine(const struct pool *pool);

/* What sets how many workers the system gives. */
#define POOL_LIMITS "memory, RLIMIT_NPROC, threads-max or pids.max"

/* How many pools the calling thread is a worker of, one within the other. */
unsigned pool_depth(void);

/* A worker's entry and exit: name in `top` (pb-BACKEND-INDEX), then the hooks. pool_enter is the
 * hook alone, for a worker that is the caller and keeps its name. */
int pool_worker_enter(const struct pool *pool, unsigned worker, void **local);
int pool_enter(const struct pool *pool, void **local);
void pool_worker_leave(const struct pool *pool, void *local);

/* supported() of a runtime that synchronises out of the thread sanitizer's sight, which would
 * report races that are none: NULL but in such a build. */
const char *pool_unless_tsan(void);

/* The system's words where it refuses worker number `worker` of the pool's. */
void pool_refusal(char *text, size_t size, const struct pool *pool, unsigned worker, int code);

/* Says why only `started` workers could be started: the system's reason `code` (errno) or, where
 * that is 0, the message of a worker_enter hook. Notes what the system gave. Returns the code that
 * the start fails with: ECANCELED for a hook. */
int pool_start_error(
    char *why, size_t size, struct pool *pool, unsigned started, int code, const char *message);

/* Says how worker process `pid` ended, by waitpid's status, or -1 where that is not known. Returns
 * the code of the task that it cost: the signal, or minus the exit status, or 0. */
int pool_death(char *reason, size_t size, unsigned worker, pid_t pid, int status);

/* The next chunk when `left` tasks are unclaimed: `chunk`, or guided for 0: an equal share of a
 * quarter of what is left, at least 1 (guided self-scheduling, Polychronopoulos and Kuck 1987,
 * with a divisor of 4 as safeguard against uneven tasks). */
uint64_t pool_chunk(uint64_t left, uint64_t chunk, unsigned workers);

#ifdef __cplusplus
#undef _Atomic
}
#endif

#endif
