/* One lock that a worker must hold to compute, handed over as CPython's interpreter lock is
 * (Python/ceval_gil.c, since 3.2):
 *
 *   - Whoever wants it waits for the switch interval. If nobody else got it in that time, it asks
 *     the holder to drop it, and waits on.
 *   - The holder drops it at its next check point after that, and where it blocks.
 *   - A holder that was asked waits until another has taken it, so that it cannot take it again
 *     itself while those it has woken are on their way (forced switching).
 *
 * A worker holds it from its entry to its end but for its blocking stretches (task.h), its waits
 * for work among them. Its check points are those of its tasks, and each end of a task. */
#ifndef POOL_GATE_H
#define POOL_GATE_H

#include <stdint.h>

#define GATE_INTERVAL_S 0.005 /* sys.getswitchinterval() */

struct gate;

/* interval: in s, greater than 0. NULL with errno. */
struct gate *gate_make(double interval);
void gate_free(struct gate *gate);

/* The calling thread waits for its first turn; from here on task_gate is the gate. */
void gate_enter(struct gate *gate);

/* It takes no more turns. */
void gate_leave(struct gate *gate);

/* How often the lock has gone from one thread to another. Any thread. */
uint64_t gate_switches(struct gate *gate);

#endif
