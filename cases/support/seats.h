/* Seats: where each worker of a case stands in shared memory, and how others see that it has died.
 *
 * A worker takes the lowest free seat when it enters and gives it back when it leaves. As long as
 * it sits it holds the seat's lock, so its death, by whatever signal, is known to the
 * kernel at once, and a process id that is used again cannot deceive. A dead worker's seat is
 * cleared before anybody sits there again.
 *
 * The seat also keeps the account of the worker's tasks, by which verify knows what a sum over all
 * regions must be: a region's results tell nothing of those before. */
#ifndef SUPPORT_SEATS_H
#define SUPPORT_SEATS_H

#include "../../harness/share/lock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SEATS 1024

struct seat {
    /* two lines: the neighbour is prefetched along */
    _Alignas(128) struct lock taken; /* for as long as the worker sits */
    _Atomic uint64_t begun, ended;   /* tasks; written by who sits here */
    _Atomic uint64_t
        mark; /* what it holds or asks for, as the lock that it uses writes it; 0: none */
};

/* A process's own view of the seats, which are in shared memory. */
struct seats {
    struct seat *seat; /* SEATS of them */
    /* Gives back what the dead worker of this seat held; called once for each, by one worker at a
     * time. It may call anything here but for this seat. NULL: it held nothing. */
    void (*clear)(const void *owner, struct seat *seat);
    const void *owner;
};

/* Makes the locks, once, in zeroed memory. Returns 0, or a code with a message. */
int seats_init(struct seat *seat);

/* For worker_enter and worker_leave: *local is the worker's seat. Returns 0, or a code with a
 * message: EAGAIN where all are taken. */
int seats_enter(const struct seats *seats, void **local);
void seats_leave(void *local);

static inline unsigned seats_number(const struct seats *seats, const struct seat *seat)
{
    return (unsigned)(seat - seats->seat);
}

/* Whether nobody sits there who lives; the dead is cleared then. May say no where another worker
 * is just looking, so it is asked again. Not for one's own seat. */
bool seats_vacant(const struct seats *seats, struct seat *seat);

/* Around each task. Relaxed: only the worker itself writes, and the pool's join publishes. */
static inline void seats_begin(struct seat *seat)
{
    uint64_t begun = atomic_load_explicit(&seat->begun, memory_order_relaxed);
    atomic_store_explicit(&seat->begun, begun + 1, memory_order_relaxed);
}

static inline void seats_end(struct seat *seat)
{
    uint64_t ended = atomic_load_explicit(&seat->ended, memory_order_relaxed);
    atomic_store_explicit(&seat->ended, ended + 1, memory_order_relaxed);
}

/* For verify: how many tasks have begun and ended in all regions so far. They differ where workers
 * have died, or are stuck in a task that was given up. */
struct seats_tasks {
    uint64_t begun, ended;
};
struct seats_tasks seats_count(const struct seats *seats);

#endif
