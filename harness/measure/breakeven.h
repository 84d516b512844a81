/* Break-even: pairs of a serial and a pool region at sizes that analyze/bracket chooses, and on a
 * grid for the map. */
#ifndef MEASURE_BREAKEVEN_H
#define MEASURE_BREAKEVEN_H

#include "../store/result.h"
#include "sweep.h"

#define BREAKEVEN_TASK_NS 10000.0 /* grain of the search by number of tasks */
#define BREAKEVEN_EMPTY_NS 1.0    /* nominal grain of an empty task: no iterations */

struct breakeven_options {
    double resolution;  /* a bracket's hi / lo is narrow enough at this, > 1 */
    unsigned pairs_max; /* pairs at one size; blocks of the map */
    double budget_s;    /* for one search or map; 0: none. STAT_PAIRS_MIN pairs are taken at each of
                           the map's sizes and at the smallest of a search, however long that takes */
    struct sweep_progress progress;
};

/* Measures result->searches, one after the other in the order given, and appends their pairs, and
 * blocks with canary spins between them; fills in noise and complete. The work is the case spin. A
 * search that begins with an empty task is also measured there, for what a task costs; one by tasks
 * ends (`to` is lowered) where a region would take a quarter of a second, which happens where each
 * task costs a process. By grain, 10^6 tasks are run, fewer where they take longer than 10 ms in
 * all. Returns STATUS_DONE, STATUS_INTERRUPTED (what was measured until then is in the result), or
 * another status with one line in why. */
enum status breakeven_measure(
    const struct breakeven_options *options, struct result *result, char *why, size_t size);

#endif
