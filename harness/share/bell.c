/* Bells. Everything but the sleep itself happens under the lock, which orders it. */
#include "bell.h"

#include "deadline.h"

#include "harness/util/futex.h"

int bell_wait(struct bell *bell, struct lock *lock, uint64_t deadline)
{
    uint64_t left = deadline_left(deadline, DEADLINE_RECHECK_NS);
    if (left == 0)
        return deadline_status(deadline);
    struct timespec timeout = deadline_timespec(left);
    uint32_t rings = bell->rings;
    bell->sleepers++;
    lock_release(lock);
    futex_wait(&bell->rings, rings, &timeout, true);
    bell->sleepers--;
    return lock_acquire(lock, -1);
}

void bell_ring(struct bell *bell, int count)
{
    bell->rings++;
    if (bell->sleepers > 0)
        futex_wake(&bell->rings, count, true);
}
