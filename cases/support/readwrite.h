/* A read-write lock between threads and between processes that does not hang where its holder dies:
 * POSIX's, which knows nothing of deaths, with the case's seats beside it.
 *
 * Each worker notes at its seat that it is inside, or asks to be. Who waits for long looks for the
 * dead. Once one is found, nobody comes in any more; when all who live are out, the lock is made
 * anew. */
#ifndef SUPPORT_READWRITE_H
#define SUPPORT_READWRITE_H

#include "seats.h"

#include <pthread.h>

struct read_write {
    pthread_rwlock_t lock;
    struct lock repair;
    _Atomic bool broken; /* one who was inside, or asked to be, is dead */
};

/* A process's own view of a lock. */
struct read_write_view {
    struct read_write *shared;
    const struct seats *seats;
    /* Mends what the lock protects after a death, while nobody else is inside. */
    void (*mend)(const void *owner);
    const void *owner;
};

/* Makes it, once. Returns 0, or a code with a message. */
int read_write_init(struct read_write *shared);

/* Returns 0, or a code with a message: the lock could not be made anew. */
int read_write_acquire(const struct read_write_view *view, struct seat *own, bool write);
void read_write_release(const struct read_write_view *view, struct seat *own);

/* For the seats' clear: the worker of this seat is dead. */
void read_write_clear(struct read_write *shared, struct seat *seat);

#endif
