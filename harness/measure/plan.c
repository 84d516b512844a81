/* Random order and subsets, repeatable from the seed. */
#include "plan.h"

#include "../util/hash.h"

void plan_order(uint64_t seed, uint64_t block, unsigned *order, unsigned n)
{
    uint64_t stream = hash_mix(seed, block);
    for (unsigned i = 0; i < n; i++)
        order[i] = i;
    for (unsigned i = n; i > 1; i--) {
        unsigned j = (unsigned)(hash_mix(stream, i) % i);
        unsigned last = order[i - 1];
        order[i - 1] = order[j];
        order[j] = last;
    }
}

void plan_subset(uint64_t seed, uint64_t block, uint64_t *indices, uint64_t count, uint64_t tasks)
{
    uint64_t stream = hash_mix(~seed, block), taken = 0;
    for (uint64_t i = 0; i < tasks && taken < count; i++)
        if (hash_mix(stream, i) % (tasks - i) < count - taken)
            indices[taken++] = i;
}
