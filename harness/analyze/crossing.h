/* The break-even table: what each pool of a result costs, and from where on it is worth it. Pure
 * functions of a result. */
#ifndef ANALYZE_CROSSING_H
#define ANALYZE_CROSSING_H

#include "bracket.h"

/* A pool with one chunk, and what its tasks carry. What was not measured is NAN. */
struct crossing {
    const struct result_config *config;
    bool calls;               /* each task is a call that carries ... */
    uint64_t payload, result; /* ... so many bytes there and back */

    /* Pool's time beyond an ideal share of serial's, which is serial's / min(workers, usable CPUs);
     * median with its 95 % sign interval, in ns: a task, where tasks are empty (but for the bytes
     * that they carry), and a region of one empty task a worker, on a warm pool. Where a task of
     * grain g takes g / workers + overhead, break-even is at overhead workers / (workers - 1) and
     * METG(e) at overhead workers e / (1 - e). */
    struct interval overhead_ns, region_ns;

    /* By grain, x in ns: speedup 1, and efficiency 0.5 and 0.9 (minimum effective task granularity:
     * Slaughter et al., SC 2020), efficiency being speedup / min(workers, usable CPUs). By tasks, x
     * in tasks: speedup 1. */
    struct bracket breakeven_ns, metg50_ns, metg90_ns, tasks_warm, tasks_cold;
};

/* One for each pool, chunk and bytes that the result's searches are about, in their order; the map
 * has none. *crossings is malloc'd, the caller's. Returns how many there are. */
size_t crossing_all(const struct result *result, struct crossing **crossings);

/* The one that a search belongs to, which is among them unless it is a map. */
const struct crossing *crossing_find(
    const struct crossing *crossings, size_t n, const struct result_search *search);

/* The speedup at which efficiency is `efficiency`: METG's target. */
double crossing_target(const struct result *result, unsigned workers, double efficiency);

#endif
