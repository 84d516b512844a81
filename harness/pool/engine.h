/* The engine that `threads` and `processes` share: workers that sleep between regions and claim
 * chunks of the current region from one counter. The same code runs in private memory (threads)
 * and in a shared mapping (processes).
 *
 * A round is one pass of all workers over a region. The owner starts it and waits until every
 * worker has reported back, so nobody can claim with the description of an older region. What a
 * worker is doing stands in memory that survives it (`current`, `seen` and the arena's status
 * bytes), and no lock exists: a worker that dies at any instruction costs the task that it was
 * running, and engine_bury lets the others do the rest.
 *
 * The owner only waits. If it worked too, the scheduler could leave a worker that it wakes on its
 * own CPU behind it, for longer than a short region lasts.
 *
 * Owner's calls (engine_begin, _wait, _bury, _stop) belong to the one thread that owns the pool;
 * engine_worker is called once by each worker. */
#ifndef POOL_ENGINE_H
#define POOL_ENGINE_H

#include "pool.h"

struct engine_worker {
    _Alignas(CACHE_LINE) _Atomic uint64_t current; /* the index being run, or ENGINE_NONE */
    _Atomic uint64_t done;                         /* tasks run since the start */
    _Atomic uint32_t seen;                         /* the last round that it has finished */
    int entered;                                   /* 1 after worker_enter, -1 when it failed */
    char error[TASK_MESSAGE_MAX];                  /* why it failed */
};

struct engine {
    const struct pool *pool; /* valid in forked workers: made before the fork */
    bool shared;             /* futexes between processes */
    /* the region: written by the owner between rounds, published by `round` */
    uint64_t tasks, chunk;
    bool only_pending; /* a repeated pass: skip what is already decided */
    bool stopping;
    _Alignas(CACHE_LINE) _Atomic uint32_t round; /* workers sleep on it */
    _Alignas(CACHE_LINE) _Atomic uint64_t next;  /* the first index that nobody has claimed */
    _Alignas(
        CACHE_LINE) _Atomic uint32_t busy; /* a hint: workers still out; the owner sleeps here */
    struct engine_worker workers[];
};

#define ENGINE_NONE UINT64_MAX

/* Maps an engine for pool's workers; round 1, the workers' entry, has begun. Returns NULL with
 * errno. */
struct engine *engine_make(const struct pool *pool, bool shared);
void engine_free(struct engine *engine);

/* A worker's whole life: enter, take part in every round after `round` (1 at the pool's start; a
 * refilled worker joins the running one), leave when the engine stops. A failure to enter stands
 * in its slot. */
void engine_worker(struct engine *engine, unsigned worker, uint32_t round);

/* Starts a round over tasks 0 .. tasks-1. */
void engine_begin(struct engine *engine, uint64_t tasks, uint64_t chunk, bool only_pending);

/* How long the owner sleeps before it looks itself, whatever the workers told. */
#define ENGINE_RECHECK_MS 20

/* Sleeps until all workers have reported back, or, with `once`, for ENGINE_RECHECK_MS at most.
 * Returns whether all have. */
bool engine_wait(struct engine *engine, bool once);

/* The message of a worker that could not enter, or NULL. Valid as long as the engine is. */
const char *engine_entry_error(const struct engine *engine);

/* Worker is dead: its current task, if undecided, is lost for the reason given. */
void engine_bury(struct engine *engine, unsigned worker, int code, const char *reason);

/* Makes the workers leave. */
void engine_stop(struct engine *engine);

#endif
