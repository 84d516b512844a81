/* Taking a lock in a task, with the wait marked as blocking where there is one: a worker that waits
 * for another's lock must not keep that one from computing (task.h). The look before costs nothing
 * beside the lock, and where it is free no turn is given away. */
#ifndef SUPPORT_MARKED_LOCK_H
#define SUPPORT_MARKED_LOCK_H

#include "../../harness/pool/task.h"
#include "../../harness/share/lock.h"

/* Takes it, however long that takes. Returns 0, or LOCK_OWNER_DEAD (held as well): what the lock
 * protects may be half changed. */
static inline int marked_lock_acquire(struct lock *lock)
{
    int code = lock_acquire(lock, 0);
    if (code != LOCK_BUSY)
        return code;
    blocking_begin();
    code = lock_acquire(lock, -1);
    blocking_end();
    return code;
}

#endif
