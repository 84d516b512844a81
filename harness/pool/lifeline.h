/* What ends worker processes with their owner, whatever has become of PR_SET_PDEATHSIG, which ends
 * with the forking thread and is cleared when a process changes its credentials: a pipe, one for
 * all pools of a process, whose only write end the owner holds. When the kernel closes that, it
 * kills who is joined. Where there are no descriptors left, or no /proc, there is none.
 *
 * A process that the owner forks for itself holds the write end too, until it ends or executes
 * another program. Thread-safe. */
#ifndef POOL_LIFELINE_H
#define POOL_LIFELINE_H

/* The owner: a pool begins and ends. */
void lifeline_hold(void);
void lifeline_release(void);

/* The descriptor that a worker process which is not forked by the owner is given, or -1. */
int lifeline_end(void);

/* A forked worker: is killed when the owner ends. */
void lifeline_join(void);

/* The same by the descriptor that it was given, which is closed. */
void lifeline_join_by(int fd);

#endif
