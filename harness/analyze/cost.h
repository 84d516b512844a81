/* COST, the Configuration that Outperforms a Single Thread (McSherry, Isard and Murray, HotOS
 * 2015): the smallest pool that beats the serial loop at all. A system that scales well and has a
 * high COST wastes machines. Pure functions of a result. */
#ifndef ANALYZE_COST_H
#define ANALYZE_COST_H

#include "../store/result.h"
#include "family.h"

/* One backend with one chunk, over the pool sizes that the result has. */
struct cost {
    const struct result_config *config; /* the smallest pool that is faster; NULL: none is */
    const char *backend;
    uint64_t chunk;
    unsigned largest; /* the largest pool tried */
    double from_ns;   /* by grain: it is faster from this grain on (the bracket's upper end); a
                         sweep's: NAN */
};

/* Of a sweep: a pool is faster where the family says so, that is, all pools judged together (Holm
 * 1979). *costs is malloc'd, the caller's. Returns how many there are. */
size_t cost_of_sweep(const struct result *result, const struct family *family, struct cost **costs);

/* Of break-even searches by grain: a pool is faster where, of the pairs at its bracket's upper end
 * and at all longer grains, significantly many are; all pools of the result judged together. */
size_t cost_of_searches(const struct result *result, struct cost **costs);

/* "threads 2, queue none up to 4" to text. Returns text. */
const char *cost_text(char *text, size_t size, const struct cost *costs, size_t n);

#endif
