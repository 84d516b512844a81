/* The futures of a set in the order in which they end. */
#include "../measure/clock.h"
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

struct pool_completed *pool_as_completed(
    struct pool *pool, struct future *const *futures, size_t count)
{
    struct pool_completed *set = malloc(sizeof *set + count * sizeof(struct future *));
    if (!set)
        return NULL;
    *set = (struct pool_completed){.pool = pool, .left = count, .count = count};
    set->last = &set->first;
    for (size_t i = 0; i < count; i++) {
        set->members[i] = futures[i];
        futures[i]->set = set;
        if (futures[i]->status != FUTURE_PENDING)
            completed_add(set, futures[i]);
    }
    return set;
}

struct future *pool_completed_next(struct pool_completed *set, double seconds)
{
    errno = 0;
    if (set->left == 0)
        return NULL;
    for (uint64_t deadline = futures_deadline(seconds); !set->first;) {
        if (futures_step(set->pool, deadline))
            errno = ECHILD;
        else if (!set->first && clock_now() >= deadline)
            errno = ETIMEDOUT;
        if (errno && !set->first)
            return NULL;
    }
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
