/* A small process with one thread, forked while the owner had one too, that forks worker processes
 * when the owner has more (Python's "forkserver"). Internal to processes.c; pool.h has how it is
 * started. One for all pools of a process; thread-safe. Nobody waits for one that is stopped
 * (SIGSTOP) or silent: it is killed and so is gone. */
#ifndef POOL_ZYGOTE_H
#define POOL_ZYGOTE_H

#include "handover.h"

/* Whether the calling process has one. It may have died unseen. */
bool zygote_is_on(void);

/* What became of one that is gone, for a message that begins with "the zygote". */
const char *zygote_fate(void);

/* Has it fork the workers from `first` on. Returns 0 with their process's pid, or errno: ECHILD
 * when the zygote is gone. */
int zygote_fork(const int parts[HANDOVER_PARTS], unsigned first, pid_t *pid);

/* Whether that process has ended: 1 with its wait status, after which the pid may be another's; 0;
 * or -1: the zygote is gone, and all that it has forked with it. */
int zygote_status(pid_t pid, int *status);

/* In a forked worker: closes what it has of it. */
void zygote_forget(void);

#endif
