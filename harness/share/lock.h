/* Locks between threads and between processes: Python's Lock and RLock, of `threading` and of
 * `multiprocessing` alike.
 *
 * A lock is robust: where its holder dies, thread or process, the next one that asks gets it with
 * LOCK_OWNER_DEAD, and what the lock protects may be half changed. Unlike Python's Lock, only the
 * holder can release it.
 *
 * Statuses: 0 or one of enum lock_status. `seconds` is as in deadline.h: negative for ever, 0 try.
 * One process makes a lock and then forks; lock_free unmaps it in the calling process only. */
#ifndef SHARE_LOCK_H
#define SHARE_LOCK_H

#include <errno.h>
#include <pthread.h>

enum lock_status {
    LOCK_BUSY = EAGAIN,           /* a try found it held */
    LOCK_TIMED_OUT = ETIMEDOUT,   /* held all the time */
    LOCK_OWNER_DEAD = EOWNERDEAD, /* you hold it; the holder before you died with it */
    LOCK_YOURS = EDEADLK,         /* you hold it already and would wait for yourself */
    LOCK_NOT_YOURS = EPERM,       /* released by another than its holder, or not held */
    LOCK_TOO_DEEP = EOVERFLOW     /* a recursive lock, 2^32 times */
};

enum lock_kind { LOCK_PLAIN, LOCK_RECURSIVE };

/* Nobody but lock.c looks inside; the size is here so that a lock can be part of shared memory. */
struct lock {
    pthread_mutex_t mutex;
};

/* A lock of its own in shared memory, released. Returns NULL with errno (ENOMEM). */
struct lock *lock_make(enum lock_kind kind);
void lock_free(struct lock *lock);

/* The same inside memory of the caller's, shared or not. Once, before others use it; nothing is to
 * be undone. Returns 0 or errno. */
int lock_init(struct lock *lock, enum lock_kind kind);

/* Takes the lock. The holder's own: a recursive one is held once more; a plain one gives
 * LOCK_YOURS. Returns 0, LOCK_OWNER_DEAD (held as well), LOCK_BUSY,
 * LOCK_TIMED_OUT, LOCK_YOURS or LOCK_TOO_DEEP. */
int lock_acquire(struct lock *lock, double seconds);

/* Gives it back, once for each time it was taken. Returns 0 or LOCK_NOT_YOURS. */
int lock_release(struct lock *lock);

#endif
