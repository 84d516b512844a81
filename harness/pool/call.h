/* Calls in the engine's workers: slots in memory that all share, a queue of those to be run, a list
 * of those that have ended. Internal to call.c, future.c, engine.c and recovery.c.
 *
 * A submitted call stands at a position of the queue; positions are the indices in the lanes'
 * ranges, so claiming and stealing calls is claiming and stealing tasks. A slot's state is one
 * word, changed by compare-and-swap, so that a call that is cancelled or timed out while a worker
 * takes it up or ends it has exactly one fate. Ended calls form a list that workers push to and
 * the owner takes whole; a slot is used again only after it has come back there, since until then
 * a worker may look at it. */
#ifndef POOL_CALL_H
#define POOL_CALL_H

#include "lane.h"

enum call_fate {
    CALL_PENDING = FUTURE_PENDING,
    CALL_OK = FUTURE_OK,
    CALL_ERROR = FUTURE_ERROR,
    CALL_LOST = FUTURE_LOST,
    CALL_TIMEOUT = FUTURE_TIMEOUT,
    CALL_CANCELLED = FUTURE_CANCELLED,
    CALL_RUNNING
};

/* state: its fate, and the worker that runs or ran it */
#define CALL_STATE(fate, worker) ((uint64_t)(worker) << 8 | (fate))
#define CALL_FATE(state) ((enum call_fate)((state)&0xff))
#define CALL_WORKER(state) ((unsigned)((state) >> 8))

/* Of `awaited`: any call's end wakes the owner. 0: only the end of all that was put in. */
#define CALLS_ANY UINT32_MAX

struct call {
    _Alignas(CACHE_LINE) _Atomic uint64_t state;
    pool_function *function; /* an address of the owner's */
    size_t payload_size, result_size;
    _Atomic uint64_t started; /* a clock_now, where it is timed; 0: not begun */
    int code;                 /* what the function returned, or how its worker died */
    uint64_t held; /* the owner's: the number of the look that found a worker running it */
    bool timed;
    bool wakes; /* its end wakes the owner, whatever that waits for */
};

_Static_assert(sizeof(struct call) == CACHE_LINE, "a call is a cache line");

struct calls {
    uint32_t max, mask;                          /* slots; positions in the queue less 1 */
    size_t call_size;                            /* the most bytes of a payload, and of a result */
    size_t stride;                               /* from one of them to the next */
    size_t size;                                 /* of the whole mapping */
    size_t links, queue, messages, data;         /* offsets of the parts behind slots[] */
    _Alignas(CACHE_LINE) _Atomic uint32_t ended; /* slot + 1 of the last one, 0: none */
    /* slot + 1 of the call whose end wakes the owner; 0, CALLS_ANY */
    _Alignas(CACHE_LINE) _Atomic uint32_t awaited;
    struct call slots[];
};

/* Maps the slots; pages are touched when they are used. *fd is as mapping_make's, for calls_free.
 * NULL with errno. */
struct calls *calls_make(uint32_t max, size_t call_size, int *fd);
void calls_free(struct calls *calls, int fd);

/* What follows a slot in a list of ended ones: its slot + 1; 0: nothing. Apart from the slots, so
 * that to walk a list is not to wait for each of its slots' lines. */
uint32_t *calls_link(struct calls *calls, uint32_t slot);

void *calls_payload(struct calls *calls, uint32_t slot);
void *calls_result(struct calls *calls, uint32_t slot);

/* What the function said, which may be saying it still when it has timed out, and what the owner
 * says of a call that did not end by itself. TASK_MESSAGE_MAX bytes each. */
char *calls_message(struct calls *calls, uint32_t slot);
char *calls_fate(struct calls *calls, uint32_t slot);

/* Owner: whether the queue has a place: not while an old call that a worker has claimed and not
 * begun stands there. */
bool calls_have_place(struct engine *engine);

/* Owner: puts a pending slot into the place; `first`: since a region. */
void calls_put(struct engine *engine, uint32_t slot, bool first);

/* Owner: takes the list of ended calls: slot + 1 of the latest, 0: none. */
uint32_t calls_take_ended(struct calls *calls);

/* Owner, while no worker holds a position: forgets those that the dead had claimed and not read. */
void calls_clear_queue(struct calls *calls);

/* Worker: runs the calls at these positions. */
void calls_run(const struct runner *me, struct range positions);

/* Worker: who runs the current call. */
const struct runner *calls_runner(void);

#endif
