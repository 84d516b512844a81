/* Semaphores between threads and between processes: Python's Semaphore and BoundedSemaphore.
 *
 * A semaphore is a number of permits. It does not know who has one: the permits of a process that
 * dies are gone, as in Python; where that matters, use a lock. A process killed while it takes or
 * gives one back has either done so or not. Statuses: 0 or one of enum semaphore_status; `seconds`
 * is as in deadline.h: negative for ever, 0 try. One process makes a semaphore and then forks;
 * semaphore_free unmaps it in the calling process only. */
#ifndef SHARE_SEMAPHORE_H
#define SHARE_SEMAPHORE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

enum semaphore_status {
    SEMAPHORE_BUSY = EAGAIN,         /* a try found no permit */
    SEMAPHORE_TIMED_OUT = ETIMEDOUT, /* there was none all the time */
    SEMAPHORE_TOO_MANY = EOVERFLOW   /* a release above the limit; nothing was changed */
};

struct semaphore;

/* A semaphore with `permits` in shared memory. bounded: its limit is `permits`, so that a release
 * too many is an error; else the limit is UINT32_MAX. Returns NULL with errno (ENOMEM). */
struct semaphore *semaphore_make(uint32_t permits, bool bounded);
void semaphore_free(struct semaphore *semaphore);

/* Takes a permit. Returns 0, SEMAPHORE_BUSY or SEMAPHORE_TIMED_OUT. */
int semaphore_acquire(struct semaphore *semaphore, double seconds);

/* Gives `count` permits back, at least 1, all or none. Returns 0 or SEMAPHORE_TOO_MANY. */
int semaphore_release(struct semaphore *semaphore, uint32_t count);

/* Permits left, as of a moment ago. */
uint32_t semaphore_value(const struct semaphore *semaphore);

#endif
