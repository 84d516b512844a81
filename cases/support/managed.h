/* The hooks of the cases that send messages through a manager (harness/share/manager.h), which is
 * one process for all workers: a worker sets the value of a key of its own, and gets it back. */
#ifndef SUPPORT_MANAGED_H
#define SUPPORT_MANAGED_H

#include "echo.h"

/* What every description of such a case goes on with. */
#define MANAGED_DESCRIPTION                                                                        \
    " A task is `messages` messages that go to the manager and come back (mode=roundtrip: a set "  \
    "and a get), or go there and only the last comes back (mode=oneway: sets, and one get). Each " \
    "call is a request and a reply. There is one manager for all workers, a process with one "     \
    "thread: once it is busy all the time, more workers add nothing, so expect a speedup of less " \
    "than 2, and flat behind."

/* A case's setup: starts the manager where none is handed over. */
int managed_setup(struct case_run *run, bool tcp);

void managed_teardown(void *ctx);
int managed_worker_enter(const void *ctx, void **local);
void managed_worker_leave(const void *ctx, void *local);
int managed_task(const void *ctx, void *local, uint64_t index, struct task_result *result);
int managed_verify(const void *ctx, const struct case_results *results);
void managed_answer(const void *ctx, const struct case_results *results, char *text, size_t size);

/* What the cases have in common beside their setup. */
#define MANAGED_HOOKS                                                                              \
    .kind = CASE_IO, .params = echo_params + 1, .task = managed_task,                              \
    .teardown = managed_teardown, .worker_enter = managed_worker_enter,                            \
    .worker_leave = managed_worker_leave, .verify = managed_verify, .answer = managed_answer

#endif
