/* Locks that wait by looking, between threads and between processes: a test-and-test-and-set lock,
 * where whoever looks first gets it, and a ticket lock, which serves in the order of asking
 * (Mellor-Crummey and Scott 1991).
 *
 * Who waits gives the CPU away now and then, so that more workers than CPUs get on too: the holder
 * may be one that has none. The kernel knows nothing of these locks. So who waits for long looks
 * whether the holder lives, and the case's seats clear the dead by the functions below. */
#ifndef SUPPORT_SPINNING_H
#define SUPPORT_SPINNING_H

#include "seats.h"

/* Zeroed: free. */
struct spin_lock {
    _Atomic uint64_t holder; /* seat number + 1; 0: free */
};

struct ticket_lock {
    _Alignas(128) _Atomic uint64_t next;    /* ticket to draw; the first is 0 */
    _Alignas(128) _Atomic uint64_t serving; /* whose turn it is */
};

void spin_lock_acquire(struct spin_lock *lock, const struct seats *seats, const struct seat *own);
void spin_lock_release(struct spin_lock *lock);

/* Releases it if the worker of this seat, which has died, holds it. */
void spin_lock_clear(struct spin_lock *lock, const struct seats *seats, const struct seat *seat);

void ticket_lock_acquire(struct ticket_lock *lock, const struct seats *seats, struct seat *own);
void ticket_lock_release(struct ticket_lock *lock, struct seat *own);

/* Forgets the ticket of the worker of this seat, which has died; its turn is skipped by who waits
 * behind it. */
void ticket_lock_clear(struct seat *seat);

#endif
