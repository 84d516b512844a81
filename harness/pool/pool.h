/* Pools: one way to run tasks for every backend.
 *
 * A pool runs one task function over the indices 0 .. tasks-1 (a region). Results, one status a
 * task and the failures' messages go to an arena: memory that is shared with worker processes, so
 * it is made before the pool and outlives it. Results are in task order by construction, since
 * task i writes slot i.
 *
 * Beside regions a pool runs calls: a function with a payload of bytes, submitted one by one, each
 * with a future. `threads`, `gil`, `processes`, `hybrid` and `spawn` do both, alike; another
 * backend that has no calls says so (ENOTSUP).
 *
 * Threads: a pool belongs to the thread that started it, its owner; only the owner calls these
 * functions. Whoever else does (a task that uses its own pool, in particular) gets EPERM at once,
 * never a hang. Callbacks, retries, timeouts and the replacement of dead workers happen inside the
 * owner's calls, whenever one waits.
 *
 * For those who know Python (docs/crosswalk.md has every name, its test and its cost):
 *   Pool(n), Executor(n), Parallel(n_jobs)  pool_start; as joblib counts: measure/cpus.h
 *   get_context("fork"), ("spawn")          pool_processes, pool_spawn (with pool_worker_main)
 *   get_context("forkserver")               pool_processes, after pool_zygote_start
 *   initializer, initargs, local            worker_enter, ctx, the worker's local
 *   map, starmap, Parallel()(...)           pool_map (chunksize: chunk), pool_run
 *   map_async, starmap_async                pool_map_async
 *   imap, Executor.map, pre_dispatch        pool_imap ordered, pool_imap_next, pool_imap_end
 *   imap_unordered, generator_unordered     pool_imap not ordered
 *   apply; apply_async, submit              pool_apply; pool_submit
 *   callback, add_done_callback             pool_options.on_done, on_error
 *   timeout of a task (joblib)              pool_options.timeout_s, pool_config.task_timeout_s
 *   get, result, exception                  future_get, future_message
 *   wait (AsyncResult); wait(return_when)   future_wait; pool_wait
 *   ready, successful, done, cancelled      future_status
 *   cancel                                  future_cancel
 *   as_completed                            pool_as_completed, pool_completed_next
 *   close, join, terminate                  pool_close, pool_join, pool_terminate
 *   shutdown(cancel_futures), with Pool()   pool_stop
 *   BrokenProcessPool                       none: TASK_LOST, FUTURE_LOST cost one task each
 *   Queue, Lock, Event, Value, Manager ...  harness/share/
 *
 * A pool of processes whose dead cannot be replaced any more (no process is to be had, or many in a
 * row have died before they could begin) is broken: its other workers are killed, what was running
 * is LOST, what had not begun CANCELLED, both with the reason. From then on pool_map and whatever
 * submits return that reason (ECHILD) at once, outcomes can still be read, and the pool is to be
 * stopped.
 *
 * What a backend fills in is in backend.h. */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "task.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus /* leaves the arena to worker_run (worker.h): C17's atomics are not C++17's */
extern "C" {
#define _Atomic
#else
#include <stdatomic.h>
#endif

#define CACHE_LINE 64

/* ---- the arena: where a region's outcome stands ---- */

enum task_status {
    TASK_PENDING,
    TASK_OK,
    TASK_ERROR,
    TASK_LOST,   /* its worker died while it ran */
    TASK_TIMEOUT /* it ran for longer than pool_config.task_timeout_s */
};

struct task_failure {
    uint64_t index;
    int code; /* errno-like for TASK_ERROR; signal (> 0) or -exit status for TASK_LOST (0: it was
                 not begun, since all threads are stuck); ETIME for TASK_TIMEOUT */
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
    int fd;                   /* of all this memory; -1: none, and forked workers alone share it */
    /* The pool that has a region under way on it (its process, its number there); 0: none. In the
     * calling process's memory: a forked copy of the arena knows nothing of what others do. */
    _Atomic uint64_t user;
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

/* ---- the public API ---- */

struct pool;
struct pool_ops;
struct event_form;

#define POOL_CALLS_MAX (1u << 20)

struct pool_config {
    unsigned workers; /* at least 1 */
    /* Where the system refuses some of them (EAGAIN, ENOMEM), the pool starts with as many as it
     * gives, at least so many; `hybrid` with whole processes. 0: all or nothing. Backends that
     * have calls only. */
    unsigned workers_min;
    unsigned
        threads_each; /* of a process (hybrid), a divisor of workers; 0: the backend's choice */
    double switch_interval_s; /* of `gil` (gate.h); 0: 5 ms */
    task_fn *task;            /* of regions; NULL where arena is */
    const void *ctx;
    int (*worker_enter)(const void *ctx, void **local); /* or NULL */
    void (*worker_leave)(const void *ctx, void *local); /* or NULL */
    struct arena *arena;                                /* NULL: this pool runs no regions */
    /* What `events` runs instead of task, worker_enter and worker_leave (events.h); others do
     * without. */
    const struct event_form *events;
    /* A worker is replaced after so many tasks and calls (maxtasksperchild): a process ends, a
     * thread leaves and enters again, but goes on as it is where it cannot enter. The owner, where
     * it works, is no worker in this. 0: never. Backends that have calls only. */
    uint64_t tasks_per_worker;
    /* A region's tasks; backends that have calls only. A task that runs for longer than
     * task_timeout_s, from its start in a worker, is TIMEOUT within half a second. A process is
     * killed for that (SIGTERM, SIGKILL after 200 ms) and replaced: what other threads of it run is
     * LOST. A thread cannot be stopped: the task is given up, its result dropped; pool_map returns
     * when all others have ended (LOST, where no thread is left to begin them) and fails until the
     * thread has come back. Then the owner does no tasks itself, chunk means nothing, and what ctx
     * points to must stay for as long as a thread is stuck, also after pool_stop. 0: no limit. */
    double task_timeout_s;
    unsigned task_retries;     /* how often a task is run again after ERROR, LOST or TIMEOUT; where
                                  workers are threads, a TIMEOUT is final */
    double task_retry_delay_s; /* how long after, at least: all that are left are run again when
                                  each has ended once */
    uint32_t calls_max; /* futures that may exist at once, up to POOL_CALLS_MAX; 0: no calls */
    size_t call_size;   /* the most bytes of a payload, and of a result */
    /* Called in the owner at the end of each pool_map and, by `threads` and `processes`, every
     * 20 ms until then: how many of the region's tasks have ended, in whatever way, without those
     * that are run again. The owner does no tasks itself then. It must not use the pool. NULL:
     * nobody is told. */
    void (*progress)(void *argument, uint64_t ended, uint64_t tasks);
    void *progress_argument;
    /* `processes` only, without calls, progress, tasks_per_worker and task_timeout_s: the owner is
     * worker 0 and runs tasks while it waits, as on `threads`, so that n workers are n - 1
     * processes. A short region then needs no other process. There is no isolation for what the
     * owner runs: a task that crashes or exits there ends the program, and what it changes stays
     * changed, for successors of workers that die too. A death among the others costs no more than
     * else, and is noticed when the owner has done its share. */
    bool owner_works;
    /* A worker process that is not forked by the owner (`spawn`, or the zygote's) has none of its
     * memory. This, a function of the program's own, runs there before the worker enters, on a copy
     * of the bytes that stays (on a cache line), and fills in the task, ctx, worker_enter and
     * worker_leave that are to be used there: functions are those above where they are the
     * program's own, else NULL (a plug-in's have to be found again), ctx is NULL. Returns 0, or a
     * code with a message: the worker cannot enter. remake_fd is a descriptor that it has too,
     * under the number in its `config`, closed on exec there; 0: none. The bytes may change after
     * pool_start. NULL: nothing is to be made. */
    int (*remake)(const void *bytes, size_t size, struct pool_config *config);
    const void *remake_bytes;
    size_t remake_size;
    int remake_fd;
};

/* `processes` and `hybrid` fork, which a process can do only while it has one thread, since a fork
 * takes only that one along, with whatever locks the others hold. A pool that is started beside
 * other threads is refused, and one whose worker is to be replaced beside threads is broken, unless
 * there is a zygote: a small process that was forked before, and now forks in the owner's stead.
 * Such a worker has the memory of that time, so that it needs remake as those of `spawn` do, or no
 * ctx; its functions have to be the program's own. A pool of one thread's that was started without
 * a zygote, or with a ctx and no remake, does without to its end.
 *
 * Starts the zygote, if there is none. To be called while the process has one thread. Returns 0, or
 * -1 with one line in why. Its death breaks the pools whose workers it has forked, with a message;
 * it ends with the owner. pool_zygote_stop ends it, after the pools. */
int pool_zygote_start(char *why, size_t size);
void pool_zygote_stop(void);

/* To be called first in the main of a program that uses `spawn`, before there are threads. Returns
 * at once, except in a worker process, which is the program started anew: there it never does. So
 * there all of the program's variables are as they are before main, whatever it has set since in
 * the owner; what a task needs comes by remake, worker_enter or a call's payload. */
void pool_worker_main(int argc, char **argv);

/* A task may start a pool of its own, whose tasks may not. */
#define POOL_DEPTH_MAX 2

/* Starts a pool: all workers exist and, where there is a worker_enter, have entered (where each
 * chunk has one of its own, one has entered and left as a trial). Returns it, or NULL with one line
 * in why (what the system refused, and with how many workers) and errno: EINVAL (what config asks
 * for), ENOTSUP (what this backend does not have, or that it is not here), EPERM (POOL_DEPTH_MAX),
 * EBUSY (threads beside which it cannot fork), ECANCELED (a worker could not enter), ECHILD (one
 * died before it could, or the zygote), or the system's (EAGAIN, ENOMEM, EOVERFLOW, EMFILE).
 * Nothing is left behind then. why is empty where the pool has all its workers, and says how many
 * and why not more where it has started with fewer (workers_min). */
struct pool *pool_start(
    const struct pool_ops *ops, const struct pool_config *config, char *why, size_t size);

/* Runs tasks 0 .. tasks-1 and waits for all of them. chunk is how many tasks a worker claims at
 * once; 0: guided, large chunks first and single tasks at the end. tasks may be 0 and at most the
 * arena's. Calls that are under way end first. Each task ends as OK, ERROR, LOST or TIMEOUT in the
 * arena; returns 0, or -1 with a message (task_message): misuse (EPERM, EPIPE, EINVAL, EBUSY in
 * errno; EBUSY where another pool of this process has a region under way on the arena), or a thread
 * is stuck in a call or task that has timed out (it works again when that has ended), or the pool
 * itself is broken and must be stopped. */
int pool_map(struct pool *pool, uint64_t tasks, uint64_t chunk);

/* All of the above for one region: a pool of `workers`, `tasks` tasks and, if values is not NULL,
 * their values in it, in task order (0 for one that failed). Returns 0, or a code with a message
 * (task_message): EAGAIN if the pool could not start, else that of the first failure in the list.
 */
int pool_run(const struct pool_ops *ops, unsigned workers, task_fn *task, const void *ctx,
    uint64_t tasks, uint64_t *values);

/* The backends that have the whole API; harness/measure/registry.h finds any by its name. */
extern const struct pool_ops pool_threads, pool_processes, pool_hybrid, pool_spawn;

/* Ends all workers, waits for them and frees the pool with all its futures. Waits for what is
 * running, but 0.1 s at most where a thread is stuck in a task or call that has timed out: it keeps
 * what it uses of the pool. Calls that have not begun are dropped. NULL is allowed. */
void pool_stop(struct pool *pool);

/* ---- calls ---- */

/* What a called function is given. It runs in a worker, so in another process where workers are
 * processes: what it changes is lost there but for the result. */
struct pool_call {
    const void *ctx; /* the pool's */
    void *local;     /* the worker's own */
    const void *payload;
    size_t payload_size;
    void *result;       /* room for call_size bytes */
    size_t result_size; /* how many of them the function has written; 0 when it begins */
};

/* Returns 0, or a code as a task_fn does. A result_size above call_size is E2BIG. */
typedef int pool_function(struct pool_call *call);

enum future_status {
    FUTURE_PENDING, /* not ended; it may be running */
    FUTURE_OK,
    FUTURE_ERROR,
    FUTURE_LOST,    /* its worker died while it ran */
    FUTURE_TIMEOUT, /* it ran for too long; where workers are threads, it may still run */
    FUTURE_CANCELLED
};

struct future;

/* How a call is to be treated; all zero is the default. */
struct pool_options {
    double timeout_s; /* from its start in a worker; 0: none. What ctx points to must stay for as
                         long as a thread is stuck in one, also after pool_stop */
    unsigned retries; /* how often it is run again after ERROR, LOST or TIMEOUT; where workers
                         are threads, a TIMEOUT is final */
    double retry_delay_s; /* how long after */
    /* Called in the owner, inside its next waiting call, after the call has ended for good;
     * on_error only if it did not end OK, and before on_done. They may submit, wait, cancel, free
     * (then on_done is not called after on_error) and terminate the pool, not stop it. A number
     * other than 0 is counted (pool_callback_failures) and changes nothing else. */
    int (*on_done)(struct future *future, void *argument);
    int (*on_error)(struct future *future, void *argument);
    void *argument;
};

/* Submits a call; the payload is copied. options may be NULL. Returns its future, which future_free
 * must be given back, or NULL with errno and a message (task_message): E2BIG (the payload is above
 * call_size), EAGAIN (calls_max futures exist), EPIPE (the pool is closed), ENOTSUP, EPERM, EINVAL
 * (a worker may not be a fork of the owner's, and the function is not the program's own). */
struct future *pool_submit(struct pool *pool, pool_function *function, const void *payload,
    size_t payload_size, const struct pool_options *options);

/* What has become of a call, without waiting. */
enum future_status future_status(const struct future *future);

/* Waits until the call has ended, at most `seconds` (negative: without end; 0: only collects what
 * has ended). Returns 0, or a code with a message: ETIMEDOUT, or that the pool is broken. */
int future_wait(struct future *future, double seconds);

/* future_wait, then the call's outcome: 0 with its result (valid until future_free), or the
 * function's code, ECHILD (LOST), ETIME (TIMEOUT), ECANCELED; future_message says why. result and
 * size may be NULL. May be called again, with the same outcome. */
int future_get(struct future *future, const void **result, size_t *size, double seconds);

/* Why it did not end OK. Valid until future_free. */
const char *future_message(const struct future *future);

/* Cancels a call that no worker has begun: true, and it has ended as CANCELLED. False when it is
 * too late. */
bool future_cancel(struct future *future);

/* Gives the future back, at any time; the call goes on if it has begun, and is cancelled if not.
 * NULL is allowed. */
void future_free(struct future *future);

/* Submits and waits: future_get's result is copied to `result`, at most *size bytes; *size is set
 * to its length. Returns as future_get. */
int pool_apply(struct pool *pool, pool_function *function, const void *payload, size_t payload_size,
    void *result, size_t *size);

enum pool_wait { POOL_WAIT_ALL, POOL_WAIT_FIRST, POOL_WAIT_FIRST_ERROR };

/* Waits until all of these futures have ended, or one, or one other than OK (or all). Returns 0,
 * or a code with a message: ETIMEDOUT, or that the pool is broken. */
int pool_wait(struct pool *pool, struct future *const *futures, size_t count, enum pool_wait mode,
    double seconds);

/* The futures of a set in the order in which they end: pool_completed_next returns each once, then
 * NULL; or NULL with errno ETIMEDOUT, when none has ended in `seconds`. A future may be in one set
 * at a time (NULL with errno EBUSY; twice in the list counts once), and must not be freed before
 * the set has returned it or has ended. */
struct pool_completed *pool_as_completed(
    struct pool *pool, struct future *const *futures, size_t count);
struct future *pool_completed_next(struct pool_completed *set, double seconds);
void pool_completed_end(struct pool_completed *set);

/* Writes item `number` (0, 1, ...) of an iterable: at most call_size bytes. Returns false at the
 * iterable's end. Runs in the owner. */
typedef bool pool_generator(void *state, uint64_t number, void *payload, size_t *size);

/* Calls function on all items that a generator yields; at most `window` calls (0: 16 a worker) are
 * under way or unread at once, so that memory does not grow with their number. Ordered: results
 * come in the items' order (imap), else as they end (imap_unordered). Where others hold the futures
 * the window is what is left of them. Returns NULL with errno as pool_submit. */
struct imap *pool_imap(struct pool *pool, pool_function *function, pool_generator *generator,
    void *state, uint32_t window, bool ordered);

/* The next ended call, or NULL: errno is 0 at the end, ETIMEDOUT when none has ended in `seconds`
 * (call again), another code with a message otherwise. It is valid until the next call; *number,
 * if not NULL, is its item's. */
const struct future *pool_imap_next(struct imap *imap, uint64_t *number, double seconds);

/* Ends it, at any time. Calls that have not begun are cancelled. */
void pool_imap_end(struct imap *imap);

/* As pool_map, without waiting: the future ends when all tasks have; as CANCELLED where the pool
 * was stopped or terminated before, as ERROR where other calls leave no future for the rest (it
 * takes one and one a chunk under way). It cannot be cancelled, and may be freed at once. Only one
 * region may be under way on an arena: NULL with EBUSY, here and (as the message) in pool_map;
 * other errors are pool_submit's, and EINVAL (more tasks than the arena has, or no arena). A pool
 * with task_timeout_s or task_retries has none: ENOTSUP. */
struct future *pool_map_async(struct pool *pool, uint64_t tasks, uint64_t chunk);

/* No more submissions (EPIPE). */
void pool_close(struct pool *pool);

/* Waits until all calls have ended, at most `seconds`, then ends the workers. Returns 0; EINVAL if
 * the pool was neither closed nor terminated; ETIMEDOUT with a message that names who is stuck. */
int pool_join(struct pool *pool, double seconds);

/* Ends the pool now: calls that have not begun are CANCELLED. Processes are killed, and what they
 * ran is CANCELLED; threads end after what they run, which is CANCELLED too. */
void pool_terminate(struct pool *pool);

/* Calls ended so far, in whatever way, and callbacks that returned other than 0. */
uint64_t pool_calls_ended(const struct pool *pool);
uint64_t pool_callback_failures(const struct pool *pool);

/* ---- workers ---- */

/* How many there are: config.workers, or fewer where workers_min let the pool start with less. */
unsigned pool_workers(const struct pool *pool);

/* Tasks that worker 0 .. workers-1 has run since the start. */
uint64_t pool_worker_tasks(const struct pool *pool, unsigned worker);

/* A worker's process id, which is other workers' too in `hybrid`: the calling process's where
 * workers are threads, 0 where the worker lives only as long as a chunk and none is running. */
pid_t pool_worker_pid(const struct pool *pool, unsigned worker);

#ifdef __cplusplus
#undef _Atomic
}
#endif

#endif
