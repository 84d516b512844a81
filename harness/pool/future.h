/* The owner's side of calls: futures, their fates, callbacks, retries and timeouts. The public
 * calls are in pool.h; this is what future*.c, completed.c, imap.c, batch.c, recovery.c and pool.c
 * share. All of it belongs to the owner's thread. */
#ifndef POOL_FUTURE_H
#define POOL_FUTURE_H

#include "call.h"
#include "engine.h"

struct future {
    struct pool *pool;
    uint32_t slot; /* of the call: its own, as long as the future exists */
    enum future_status status;
    bool in_flight; /* the slot is with the workers, and comes back through calls->ended */
    bool listed;    /* the slot has come back and stands in the owner's list */
    bool freed;     /* given back; released when the slot has come back */
    bool orphaned;  /* CANCELLED because the pool is broken */
    unsigned attempts;
    uint64_t serial;   /* of the submission: who has it still has this one */
    uint64_t retry_at; /* a clock_now; 0: no retry is due */
    struct pool_options options;
    struct pool_completed *set;
    struct future *next; /* in the set's list of ended ones */
};

struct futures {
    uint32_t max, used; /* futures all[0 .. used-1] exist or have existed */
    uint32_t free_count;
    uint32_t in_flight, pending; /* slots with the workers; futures that have not ended */
    uint32_t orphans;            /* futures that were freed and whose slots are not free yet */
    uint32_t timed, retrying;    /* pending futures with a timeout; those that wait for a retry */
    uint64_t retry_soonest;      /* a clock_now: no retry is due before */
    uint64_t looked_at;          /* a clock_now: timeouts and deaths were looked at then */
    uint32_t stuck;              /* futures that have timed out and whose threads are still at it */
    uint32_t stuck_orphans;      /* ... and that were freed */
    uint32_t first, last;        /* list of slots that have come back: slot + 1 */
    bool closed, terminated;
    bool stopping;        /* nothing is retried */
    struct batch *region; /* a pool_map_async that is under way on the arena, or NULL */
    uint64_t made, ended, callback_failures;
    uint32_t *free_slots;
    struct future all[];
};

/* NULL without memory. */
struct futures *futures_make(struct pool *pool);
void futures_free(struct futures *futures);

/* What every waiting call repeats: takes in what has ended (running callbacks), starts retries that
 * are due, tends to workers and timeouts; waits for news if there was none, until `deadline` at
 * most. Workers tell of the end of slot `awaited` - 1 at once, of any with CALLS_ANY, with 0 when
 * all have ended; it hears of others later. Returns 0, or -1 with a message when the pool is
 * broken. Callbacks run in here and nowhere below. */
int futures_step(struct pool *pool, uint32_t awaited, uint64_t deadline);

/* The pool is broken and has no workers: ends what has not ended, running callbacks. Repeating it
 * does nothing. Leaves the reason as the thread's message. */
void futures_break(struct pool *pool);

/* A clock_now that lies so many seconds ahead; negative: never. */
uint64_t futures_deadline(double seconds);

/* Worker has died while it was at this slot. */
void futures_bury(struct pool *pool, unsigned worker, uint32_t slot, int code, const char *reason);

/* After a death, when nobody holds a call but those that the last look found running: puts in again
 * what the dead had claimed and not begun. */
void futures_requeue(struct pool *pool);

/* pool_submit, where the payload may be larger than call_size: up to CACHE_LINE. */
struct future *future_submit(struct pool *pool, pool_function *function, const void *payload,
    size_t payload_size, const struct pool_options *options);

/* A future whose call is not queued: its end is told by future_end. NULL with errno. */
struct future *future_make(struct pool *pool, const struct pool_options *options);

/* Forgets one that was never queued, and of which nobody has heard. */
void future_abandon(struct future *future);

/* It has ended: for those who wait, for its set, for its callbacks (which may free it). */
void future_end(struct future *future, enum future_status status);

/* ---- between the parts: future.c, future_slots.c, future_late.c ---- */

static inline struct call *future_call(const struct future *future)
{
    return &future->pool->engine->calls->slots[future->slot];
}

/* Whether the caller may use the pool's calls: 0, or a code, in errno too, with a message. */
int futures_check(struct pool *pool);

/* Gives the slot back of a future that was freed. */
void future_release(struct future *future);

/* Queues the call: waits where the queue is full. Returns 0, or -1 when the pool is broken. */
int future_send(struct future *future);

/* Sends again those whose delay has passed. Returns 0, or -1 when the pool is broken: the retry is
 * then still due. */
int futures_start_retries(struct pool *pool, uint64_t now);

/* Ends, or has ended, those that have run for too long. */
void futures_check_timeouts(struct pool *pool, uint64_t now);

/* As completed.c has it: a future of the set has ended. */
void completed_add(struct pool_completed *set, struct future *future);

#endif
