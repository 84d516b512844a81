/* What a form cannot do without: returned, or the form ends with demo_cannot. */
#ifndef DEMO_MUST_H
#define DEMO_MUST_H

#include "../../pool/pool.h"
#include "../demo.h"

#include <stddef.h>

/* Memory that the form shares with processes that it forks later, all zero. It goes with the form's
 * process. */
void *must_memory(const struct demo_run *run, size_t size);

/* A pool with all its workers. */
struct pool *must_pool(
    const struct demo_run *run, const struct pool_ops *ops, const struct pool_config *config);

/* pool_run of as many tasks as workers, each of which a worker of its own gets where it waits for
 * the others (pace_meet). values as there, or NULL. */
void must_run(const struct demo_run *run, const struct pool_ops *ops, unsigned workers,
    task_fn *task, const void *ctx, uint64_t *values);

/* Submits a call; its future. */
struct future *must_submit(const struct demo_run *run, struct pool *pool, pool_function *function,
    const void *payload, size_t size, const struct pool_options *options);

/* A child in the form's process group that dies with the thread that forked it; 0 in the child.
 * Only from a process with one thread. */
pid_t must_fork(const struct demo_run *run);

#endif
