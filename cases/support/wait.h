/* A wait that needs no CPU, as for a server or a disk, without either. Safe from any thread. */
#ifndef SUPPORT_WAIT_H
#define SUPPORT_WAIT_H

#include <stdint.h>

/* Waits for so many ns, marked as blocking. The deadline is absolute, so that a signal only
 * interrupts the wait and does not lengthen it. Returns 0, or a code with a message. */
int wait_for(uint64_t ns);

/* For worker_enter and worker_leave of a case with more of its own to do there. A thread's default
 * timer slack lets the kernel wake it up to 50 us late to save power, which would be part of every
 * short wait: asks for the smallest, and returns what the thread had (0: the default) for
 * wait_as_before. Best effort: where the kernel refuses, waits are right but up to 50 us longer. */
unsigned long wait_sharply(void);
void wait_as_before(unsigned long slack);

/* Both as hooks, of a case whose workers need nothing else. */
int wait_worker_enter(const void *ctx, void **local);
void wait_worker_leave(const void *ctx, void *local);

#endif
