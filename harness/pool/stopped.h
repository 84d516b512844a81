/* Processes that were stopped (SIGSTOP): what they hold, others wait for in vain. */
#ifndef POOL_STOPPED_H
#define POOL_STOPPED_H

#include "processes.h"

/* Whoever keeps others from going on is killed when it has been stopped for so long. */
#define STOPPED_NS 100000000

/* No range has a task left: a process that is stopped while a worker of it has some in its hands,
 * or the news that they are done, is killed when it has been so for too long. So is one that has
 * run all it may and is stopped before its end, which its successor waits for. */
void stopped_check(struct processes *processes);

/* Whether a process is stopped now. */
bool stopped_is(pid_t pid);

#endif
