/* Sleeping until somebody changes what a lock protects: a condition variable that outlives those
 * who use it. A POSIX condition variable hangs all when a process is killed inside of it; a bell
 * keeps no list of its sleepers, and each of them looks itself every DEADLINE_RECHECK_NS, in case
 * the one that was to wake it, or the one woken in its place, is dead. */
#ifndef SHARE_BELL_H
#define SHARE_BELL_H

#include "lock.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>

/* Lies in shared memory; all zero is a bell. */
struct bell {
    _Atomic uint32_t rings;    /* changes with every ring; slept on */
    _Atomic uint32_t sleepers; /* those that were killed stay in it: a needless wake-up a ring */
};

#define BELL_ALL INT_MAX

/* Leaves the lock, sleeps until a ring or for a while, and takes the lock again. Called with the
 * lock held once, which it is afterwards too. Returns 0: look again; LOCK_OWNER_DEAD: repair, then
 * look again; EAGAIN or ETIMEDOUT: the deadline has passed. */
int bell_wait(struct bell *bell, struct lock *lock, uint64_t deadline);

/* Wakes at most `count` sleepers, after the change and with the lock held. */
void bell_ring(struct bell *bell, int count);

#endif
