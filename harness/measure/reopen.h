/* A case opened again in a worker process that has none of its pool's owner's memory: from its
 * name, its parameters, the number of tasks, the seed and what setup hands on (case.h). */
#ifndef MEASURE_REOPEN_H
#define MEASURE_REOPEN_H

#include "workload.h"

/* Notes in workload->again how it was opened. Returns 0, or -1 with errno. */
int reopen_note(struct workload *workload, const struct workload_request *request);

/* In the worker process, once: opens the case by what was noted. Returns it, or NULL with a message
 * (task_fail). */
const struct workload *reopen_case(const void *given, size_t size);

/* The case's hooks there; ctx is the case's. It is closed when its worker leaves, or cannot enter.
 */
int reopen_enter(const void *ctx, void **local);
void reopen_leave(const void *ctx, void *local);

/* All of it as a pool_config.remake for the case's own task, with `again` as bytes. */
int reopen_remake(const void *again, size_t size, struct pool_config *config);

#endif
