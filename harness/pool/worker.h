/* A worker whose thread is not the pool's to keep: a runtime's (OpenMP, GLib, ...) or one that
 * lives for a chunk. Its counts and its case's `local` stand in a slot of the pool, on cache lines
 * of its own, which the backend finds by whatever identity the runtime gives.
 *
 * A slot belongs to one thread at a time; what publishes it to the next is the backend's matter. */
#ifndef POOL_WORKER_H
#define POOL_WORKER_H

#include "backend.h"

#ifdef __cplusplus
extern "C" {
#endif

struct worker {
    void *local;
    uint64_t done; /* tasks run since the start */
    bool entered;
    char error[TASK_MESSAGE_MAX]; /* why it could not enter; empty: no reason */
} __attribute__((aligned(CACHE_LINE)));

/* Enters worker number `index` in the calling thread: its name, then the hook. Returns whether it
 * has entered; if not, the reason stands in the slot. */
bool worker_enter(const struct pool *pool, struct worker *worker, unsigned index);

/* The hook of a worker that has entered; nothing for another. */
void worker_leave(const struct pool *pool, struct worker *worker);

/* Runs tasks begin .. end-1 in the calling thread. */
void worker_run(
    const struct pool *pool, struct worker *worker, unsigned index, uint64_t begin, uint64_t end);

/* The reason of the first of the pool's workers that could not enter, or NULL. */
const char *worker_error(const struct pool *pool, const struct worker *workers);

#ifdef __cplusplus
}
#endif

#endif
