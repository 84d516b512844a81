/* What `threads` and `gil` share: threads.c is both, gil.c adds the lock. */
#ifndef POOL_THREADS_H
#define POOL_THREADS_H

#include "engine.h"

struct thread {
    struct engine *engine;
    pthread_t handle;
    unsigned worker;
    _Atomic uint32_t over; /* 1: it has left the pool */
};

struct threads {
    struct pool pool;
    unsigned started;
    struct thread threads[];
};

/* Hooks of struct pool_ops. Workers pass pool->gate where there is one. */
int threads_start(struct pool *pool, char *why, size_t size);
int threads_map(struct pool *pool, uint64_t tasks, uint64_t chunk);
void threads_stop(struct pool *pool);
uint64_t threads_worker_tasks(const struct pool *pool, unsigned worker);

#define THREADS_HOOKS                                                                              \
    .shrinks = true, .pool_size = sizeof(struct threads), .worker_size = sizeof(struct thread),    \
    .map = threads_map, .worker_tasks = threads_worker_tasks

#endif
