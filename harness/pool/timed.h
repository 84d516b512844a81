/* Regions whose tasks have a time limit (pool_config.task_timeout_s). Their tasks are claimed one
 * by one, so that who is slow keeps nothing from the others.
 *
 * A task's fate is decided by one compare-and-swap on its lane's `current`: its worker's when it
 * ends, or the owner's when it has run for too long. A process that comes too late is killed, or
 * ends by itself. A thread that comes too late must leave the arena alone, which may be gone by
 * then: until it has decided its task, it writes to memory of the engine's, which stays. */
#ifndef POOL_TIMED_H
#define POOL_TIMED_H

#include "lane.h"

static inline bool timed_regions(const struct pool *pool)
{
    return pool->config.task_timeout_s > 0;
}

/* Room for the results of threads, where the pool's regions are timed. Returns 0, or -1 with errno.
 */
int timed_make(struct engine *engine);
void timed_free(struct engine *engine);

/* Worker: runs one task. Returns how many have ended in time: 1 or 0. */
uint64_t timed_run(const struct runner *me, uint64_t index);

/* Owner, while it waits: gives up tasks that have run for too long, and has their workers killed
 * where that can be done. */
void timed_check(struct pool *pool);

/* Whether worker is a thread that runs a task that was given up, and how many are. */
bool timed_is_stuck(const struct engine *engine, unsigned worker);
unsigned timed_stuck(const struct engine *engine);

/* Finds one of them, and what it runs. Returns false where there is none. */
bool timed_find_stuck(const struct engine *engine, unsigned *worker, uint64_t *task);

/* Owner: whether threads are stuck and all other tasks have ended; they end as LOST where no thread
 * is left. */
bool timed_is_over(struct engine *engine);

#endif
