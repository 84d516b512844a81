/* The engine that `threads`, `processes` and `hybrid` share. The same code runs in private memory
 * (threads) and in a shared mapping (processes).
 *
 * Each worker has a lane: a range of task indices of its own (range.h), from which it takes at the
 * front without touching anything that others write. The owner puts a region into a lane of its
 * own; a worker whose lane is empty steals half of another's. So there is no shared counter, no
 * lock, and no system call or allocation a task; only an idle worker costs its peers anything.
 *
 * A region ends when as many tasks have finished as were put in: a worker that slept through it has
 * no part in it. Where the owner works (threads), it is one more worker with the owner's lane.
 * Where it only waits (processes), it sleeps until the last task has ended.
 *
 * What a worker is doing stands in memory that survives it: its range, the task that
 * it is running, and each task's status byte. A worker that dies at any
 * instruction costs the task that it was running. What it had claimed and not begun is found by
 * the status bytes when nobody has anything left to do (engine_settle), and put in again.
 *
 * Owner's calls belong to the one thread that owns the pool; engine_worker is called once by each
 * worker. */
#ifndef POOL_ENGINE_H
#define POOL_ENGINE_H

#include "lane.h"

/* Makes an engine for pool's workers. Returns NULL with errno. */
struct engine *engine_make(const struct pool *pool, bool shared, bool owner_works);
void engine_free(struct engine *engine);

/* Makes a copy of the owner's view the calling process's own, by the descriptors of what it shares,
 * which are closed (calls: -1 where there are none). Returns 0, or -1 with errno. */
int engine_attach(
    struct engine *engine, const struct pool *pool, int common, int calls, size_t calls_size);

/* A worker's whole life: enter, run tasks, leave when the engine stops. False when it could not
 * enter; why stands in its lane. */
bool engine_worker(struct engine *engine, unsigned worker);

/* In the worker's stead: it cannot enter; refusal is the errno of the system where that is why, or
 * 0. */
void engine_refuse(struct engine *engine, unsigned worker, const char *why, int refusal);

/* How long the owner sleeps before it looks itself, whatever the workers told. */
#define ENGINE_RECHECK_MS 20

/* Waits until all workers have entered or failed to (but worker 0, where that is the owner), or,
 * with `once`, for ENGINE_RECHECK_MS at most. Returns whether they have. */
bool engine_wait_entered(struct engine *engine, bool once);

/* The message of a worker that could not enter, or NULL. Valid as long as the engine is. */
const char *engine_entry_error(const struct engine *engine);

/* The errno with which the system has refused one of these workers, or 0. */
int engine_refusal(const struct engine *engine, unsigned first, unsigned count);

/* Where a region that begins at `begin` has to end to be put in: at `tasks`, or after 2^30. */
static inline uint64_t engine_window(uint64_t begin, uint64_t tasks)
{
    return tasks - begin > 1u << 30 ? begin + (1u << 30) : tasks;
}

/* Puts in tasks begin .. end-1, as far as engine_window. The owner, where it works, does its share.
 */
void engine_begin(
    struct engine *engine, uint64_t begin, uint64_t end, uint64_t chunk, bool only_pending);

/* Puts in one call, whose slot is pending; nobody may hold tasks of a region. False when there is
 * no place for it now: wait, and try again. */
bool engine_call(struct engine *engine, uint32_t slot);

/* Waits until all that was put in has finished, or, with `once`, for ENGINE_RECHECK_MS at most.
 * Returns whether they have. */
bool engine_wait(struct engine *engine, bool once);

/* ---- after a worker's death ---- */

/* Worker is dead: the task or call that it was running, if any, is lost for the reason given. Its
 * range stays where it is, for others to steal from and for its successor to begin with. Returns
 * whether it was running one. */
bool engine_bury(struct engine *engine, unsigned worker, int code, const char *reason);

/* Wakes all who sleep if a range has tasks left: whoever was to do that, or was woken for it, may
 * be dead or stopped. Returns whether one has. */
bool engine_rouse(struct engine *engine);

/* Whether worker may hold tasks, or the news that they are done, without running one: for a moment
 * at a time, unless it is stopped. */
bool engine_is_between(const struct engine *engine, unsigned worker);

/* Whether no worker holds a task and no range has one left: what has not ended then is what dead
 * workers had claimed, or what stuck threads run (timed.h). */
bool engine_is_quiet(struct engine *engine);

/* After burials, as soon as nobody holds a task and no range has one left: takes it that all tasks
 * put in so far have ended. What is still pending then is what the dead had claimed and not begun:
 * calls are put in again here, tasks by who put in the region (`settled` tells). To be called now
 * and then while waiting. */
void engine_settle(struct engine *engine);

/* Tasks that a worker has run since the start. */
uint64_t engine_ran(const struct engine *engine, unsigned worker);

/* Makes the workers leave. */
void engine_stop(struct engine *engine);

#endif
