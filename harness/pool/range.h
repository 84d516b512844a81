/* A range of indices that one owner takes from at the front and thieves steal from at the back,
 * packed into one word so that every claim is a single compare-and-swap.
 *
 * Only the owner of a range may put into it, and only while it is empty. A thief never tries its
 * luck on an empty range, so a put needs no compare-and-swap. A thief that slept since it read the
 * word may still succeed later, when the same indices lie there again, in another region: that is
 * then a claim like any other, because a claimed index keeps its region from ending. So whoever
 * claims must read what the indices mean (the region's description) after the claim, never before.
 *
 * Indices wrap at 2^32; a range holds fewer than 2^31 of them. */
#ifndef POOL_RANGE_H
#define POOL_RANGE_H

#include "point.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct range {
    uint32_t begin, end; /* begin .. end-1 */
};

typedef _Atomic uint64_t range_word;

static inline uint32_t range_count(struct range range)
{
    return range.end - range.begin;
}

static inline uint64_t range_pack(struct range range)
{
    return (uint64_t)range.end << 32 | range.begin;
}

static inline struct range range_unpack(uint64_t word)
{
    return (struct range){.begin = (uint32_t)word, .end = (uint32_t)(word >> 32)};
}

/* A look that claims nothing. Sequentially consistent, because idlers look once more after they
 * have said that they sleep (see engine.c). */
static inline bool range_is_empty(range_word *word)
{
    return range_count(range_unpack(atomic_load(word))) == 0;
}

/* Owner: fills its empty range. Sequentially consistent, so that a look at the sleepers' flags that
 * follows cannot come first; it also publishes the region's description to whoever claims. */
static inline void range_put(range_word *word, struct range range)
{
    POOL_POINT(PUT_BEFORE);
    atomic_store(word, range_pack(range));
    POOL_POINT(PUT_DONE);
}

/* Owner: adds the index at the end, which is that of the last range put or index added, in a range
 * that thieves take from at the front only (range_take). One operation that needs no look before
 * it: the line is fetched once. Sequentially consistent, as range_put. */
static inline void range_extend(range_word *word)
{
    atomic_fetch_add(word, 1ull << 32);
}

/* Owner, and thieves where the owner adds at the end: claims `count` indices, or what is left of
 * them, at the front. False when there is none. */
static inline bool range_take(range_word *word, uint32_t count, struct range *claimed)
{
    uint64_t seen = atomic_load_explicit(word, memory_order_relaxed);
    struct range range;
    do {
        range = range_unpack(seen);
        uint32_t left = range_count(range);
        if (left == 0)
            return false;
        *claimed = (struct range){range.begin, range.begin + (count < left ? count : left)};
        range.begin = claimed->end;
        POOL_POINT(TAKE_SEEN);
        /* as in range_steal */
    } while (!atomic_compare_exchange_weak_explicit(
        word, &seen, range_pack(range), memory_order_acq_rel, memory_order_relaxed));
    POOL_POINT(TAKE_CLAIMED);
    return true;
}

/* Thief: claims the larger half at the back; from 256 on its edge is a multiple of 64, so that
 * neighbours' results and status bytes do not share a cache line. False when there was nothing, or
 * when another was quicker. */
static inline bool range_steal(range_word *word, struct range *claimed)
{
    uint64_t seen = atomic_load_explicit(word, memory_order_relaxed);
    struct range range = range_unpack(seen);
    uint32_t left = range_count(range), keep = left / 2;
    if (left == 0)
        return false;
    if (keep >= 256)
        keep -= (range.begin + keep) % 64;
    *claimed = (struct range){range.begin + keep, range.end};
    range.end = claimed->begin;
    POOL_POINT(STEAL_SEEN);
    /* acquire: pairs with range_put, through the other claims since; release: whoever sees the
     * range emptied also sees what the thief wrote before (engine.c: its activity) */
    return atomic_compare_exchange_strong_explicit(
        word, &seen, range_pack(range), memory_order_acq_rel, memory_order_relaxed);
}

/* Claims all that is left. False when there is nothing, or when another was quicker. */
static inline bool range_empty_out(range_word *word, struct range *claimed)
{
    uint64_t seen = atomic_load_explicit(word, memory_order_relaxed);
    *claimed = range_unpack(seen);
    struct range none = {claimed->end, claimed->end};
    return range_count(*claimed) > 0 &&
           atomic_compare_exchange_strong_explicit(word, &seen, range_pack(none),
               memory_order_acq_rel, memory_order_relaxed); /* as range_steal */
}

#endif
