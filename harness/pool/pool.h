/* Pools: one way to run tasks for every backend, and the contract that a backend fills.
 *
 * A pool runs one task function over the indices 0 .. tasks-1 (a region). Results, one status a
 * task and the failures' messages go to an arena: memory that is shared with worker processes, so
 * it is made before the pool and outlives it. Results are in task order by construction, since
 * task i writes slot i.
 *
 * Threads: a pool belongs to the thread that started it; only that thread calls these functions.
 * Adding a backend is one file in this folder that ends with `const struct pool_ops pool_NAME`;
 * the Makefile finds it. */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "point.h"
#include "task.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CACHE_LINE 64

/* ---- the arena: where a region's outcome stands ---- */

enum task_status { TASK_PENDING, TASK_OK, TASK_ERROR, TASK_LOST };

struct task_failure {
    uint64_t index;
    int code; /* errno-like for TASK_ERROR; signal (> 0) or -exit status for TASK_LOST */
    unsigned worker;
    _Atomic bool complete; /* false where a worker has died while it wrote this */
    char message[TASK_MESSAGE_MAX];
};

struct arena {
    uint64_t tasks; /* how many it has room for */
    size_t stride;  /* bytes from slot to slot: 8 + result size, rounded up to 8 */
    unsigned char *slots;
    _Atomic unsigned char *status; /* enum task_status; a task's own byte */
    struct task_failure *failures; /* the first failures_max failures of a region, unordered */
    uint64_t failures_max;
    _Atomic uint64_t *failed; /* how many failures there were, also beyond failures_max */
};

/* Makes an arena for up to `tasks` tasks with result_size bytes each, in shared memory with its
 * pages touched. Returns 0, or -1 with errno (ENOMEM, EOVERFLOW). */
int arena_make(struct arena *arena, uint64_t tasks, size_t result_size);
void arena_free(struct arena *arena);

/* Maps the arena's pages into the calling process. A forked process has none of them mapped, and
 * a page's first touch must not be part of a sample. */
void arena_populate(const struct arena *arena);

/* Makes the first `tasks` tasks pending and forgets all failures. */
void arena_reset(struct arena *arena, uint64_t tasks);

static inline struct task_result *arena_slot(const struct arena *arena, uint64_t index)
{
    return (struct task_result *)(void *)(arena->slots + index * arena->stride);
}

/* Notes a failure of one task. Called by whoever ran the task, or found it lost. Thread-safe. */
void arena_fail(const struct arena *arena, uint64_t index, enum task_status status, int code,
    unsigned worker, const char *message);

/* Notes the loss of a task whose worker is dead, maybe while it noted that task's failure. */
void arena_lose(
    const struct arena *arena, uint64_t index, int code, unsigned worker, const char *message);

/* Drops the places of failures that the dead had reserved and not filled. Called while nobody
 * notes any. */
void arena_tidy(const struct arena *arena);

/* ---- the public API ---- */

struct pool;
struct pool_ops;

struct pool_config {
    unsigned workers; /* at least 1 */
    task_fn *task;
    const void *ctx;
    int (*worker_enter)(const void *ctx, void **local); /* or NULL */
    void (*worker_leave)(const void *ctx, void *local); /* or NULL */
    struct arena *arena;
};

/* Starts a pool: all workers exist and have entered. Returns it, or NULL with one line in why
 * (what the system refused, and with how many workers); nothing is left behind then. */
struct pool *pool_start(
    const struct pool_ops *ops, const struct pool_config *config, char *why, size_t size);

/* Runs tasks 0 .. tasks-1 and waits for all of them. chunk is how many tasks a worker claims at
 * once; 0: guided, large chunks first and single tasks at the end. tasks may be 0 and at most the
 * arena's. Each task ends as OK, ERROR or LOST in the arena; returns 0, or -1 with a message
 * (task_message) when the pool itself is broken, and must then be stopped. */
int pool_map(struct pool *pool, uint64_t tasks, uint64_t chunk);

/* Ends all workers, waits for them and frees the pool. */
void pool_stop(struct pool *pool);

/* Tasks that worker 0 .. workers-1 has run since the start. */
uint64_t pool_worker_tasks(const struct pool *pool, unsigned worker);

/* A worker's process id: the calling process's where workers are threads. */
pid_t pool_worker_pid(const struct pool *pool, unsigned worker);

/* ---- the backend contract ---- */

/* What every backend's pool begins with; a backend embeds it as its first member. */
struct pool {
    const struct pool_ops *ops;
    struct pool_config config;
};

struct pool_ops {
    const char *name;
    const char *summary;            /* one line */
    bool processes;                 /* workers are processes of their own */
    const char *(*supported)(void); /* NULL, or why not here; a NULL hook: always */
    size_t pool_size;               /* of the backend's struct, zeroed and freed by pool.c ... */
    size_t worker_size;             /* ... plus this for each worker, behind it */
    /* Starts the workers; `pool` is zeroed but for ops and config. Returns 0, or -1 with one line
     * in why, everything undone. */
    int (*start)(struct pool *pool, char *why, size_t size);
    /* tasks > 0; the arena is reset. Returns 0, or another number with a message. */
    int (*map)(struct pool *pool, uint64_t tasks, uint64_t chunk);
    void (*stop)(struct pool *pool);
    uint64_t (*worker_tasks)(const struct pool *pool, unsigned worker);
    pid_t (*worker_pid)(const struct pool *pool, unsigned worker); /* NULL: the caller's own */
};

/* Runs one task into its slot and status: what every backend does with an index. */
static inline void pool_run_task(
    const struct pool *pool, void *local, unsigned worker, uint64_t index)
{
    const struct arena *arena = pool->config.arena;
    int code = pool->config.task(pool->config.ctx, local, index, arena_slot(arena, index));
    POOL_POINT(TASK_RETURNED);
    if (code == 0) /* relaxed: the backend's join publishes it, together with the slot */
        atomic_store_explicit(&arena->status[index], TASK_OK, memory_order_relaxed);
    else
        arena_fail(arena, index, TASK_ERROR, code, worker, task_message(code));
}

/* A worker's entry and exit: name in `top` (pb-BACKEND-INDEX), then the hooks. pool_enter is the
 * hook alone, for a worker that is the caller and keeps its name. */
int pool_worker_enter(const struct pool *pool, unsigned worker, void **local);
int pool_enter(const struct pool *pool, void **local);
void pool_worker_leave(const struct pool *pool, void *local);

/* Says why only `started` workers could be started: the system's reason `code` (errno) or, where
 * that is 0, the message of a worker_enter hook. */
void pool_start_error(char *why, size_t size, const struct pool *pool, unsigned started, int code,
    const char *message);

/* The next chunk when `left` tasks are unclaimed: `chunk`, or guided for 0: an equal share of a
 * quarter of what is left, at least 1 (guided self-scheduling, Polychronopoulos and Kuck 1987,
 * with a divisor of 4 as safeguard against uneven tasks). */
uint64_t pool_chunk(uint64_t left, uint64_t chunk, unsigned workers);

#endif
