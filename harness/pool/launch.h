/* How a pool's worker processes come into the world, and how their parent learns of their end: by a
 * fork of the owner's while it has one thread; by the zygote's (zygote.h) where it has more; or by
 * the backend's own `launch` (spawn.c). */
#ifndef POOL_LAUNCH_H
#define POOL_LAUNCH_H

#include "processes.h"

/* Whether processes could be started now: 0, or EBUSY or EINVAL with one line in why. */
int launch_check(const struct processes *processes, char *why, size_t size);

/* Makes what is needed to start processes otherwise than by a fork, as far as that may come to
 * pass; once, when the engine is made. */
void launch_prepare(struct processes *processes);

/* Starts the process of the workers from `first` on. Returns 0 with it in *process, not watched, or
 * errno with a message. */
int launch_process(struct processes *processes, unsigned first, struct process *process);

/* For a status: what became of it is not known. */
#define LAUNCH_UNKNOWN (-1)
#define LAUNCH_ZYGOTE_GONE (-2)

/* Whether there is a process and it has ended, with waitpid's status or one of these: somebody else
 * has waited for it, as a program that ignores SIGCHLD does; or its zygote has died. */
bool launch_has_ended(const struct process *process, int *status);

/* Waits for its end. */
void launch_wait(const struct process *process);

#endif
