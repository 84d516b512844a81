/* The futures of a set in the order in which they end. */
#include "../measure/clock.h"
#include "call.h"
#include "future.h"

#include <errno.h>
#include <stdlib.h>

struct pool_completed {
    struct pool *pool;
    size_t left; /* not returned yet */
    struct future *first, **last;
    size_t count;
    struct future *members[];
};

void completed_add(struct pool_completed *set, struct future *future)
{
    future->next = NULL;
    *set->last = future;
    set->last = &future->next;
}

/* Whether this future can be added; one that stands in the list twice is added once. */
static bool may_join(const struct future *future, const struct pool_completed *set)
{
    return !future->set || future->set == set;
}

struct pool_completed *pool_as_completed(
    struct pool *pool, struct future *const *futures, size_t count)
{
    struct pool_completed *set = malloc(sizeof *set + count * sizeof(struct future *));
    if (!set)
        return NULL;
    *set = (struct pool_completed){.pool = pool};
    set->last = &set->first;
    for (size_t i = 0; i < count; i++) {
        if (!may_join(futures[i], set)) {
            pool_completed_end(set);
            task_fail(EBUSY, "future number %zu is in another set", i);
            errno = EBUSY;
            return NULL;
        }
        if (futures[i]->set == set)
            continue;
        set->members[set->count++] = futures[i];
        set->left++;
        futures[i]->set = set;
        if (futures[i]->status != FUTURE_PENDING)
            completed_add(set, futures[i]);
    }
    return set;
}

/* Waits until one has ended. Returns 0, or a code. */
static int wait_for_one(struct pool_completed *set, double seconds)
{
    for (uint64_t deadline = futures_deadline(seconds); !set->first;) {
        if (futures_step(set->pool, CALLS_ANY, deadline) && !set->first)
            return ECHILD;
        if (!set->first && clock_now() >= deadline)
            return ETIMEDOUT;
    }
    return 0;
}

struct future *pool_completed_next(struct pool_completed *set, double seconds)
{
    int code = set->left > 0 ? wait_for_one(set, seconds) : 0;
    errno = code;
    if (code || set->left == 0)
        return NULL;
    struct future *future = set->first;
    if (!(set->first = future->next))
        set->last = &set->first;
    set->left--;
    future->set = NULL;
    return future;
}

void pool_completed_end(struct pool_completed *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->members[i]->set == set)
            set->members[i]->set = NULL;
    free(set);
}
