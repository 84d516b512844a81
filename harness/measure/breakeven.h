/* Break-even searches: pairs of a serial and a pool region at sizes that analyze/bracket chooses.
 */
#ifndef MEASURE_BREAKEVEN_H
#define MEASURE_BREAKEVEN_H

#include "../store/result.h"
#include "sweep.h"

#define BREAKEVEN_TASK_NS 10000.0 /* grain of the search by number of tasks */

struct breakeven_options {
    double resolution;  /* a bracket's hi / lo is narrow enough at this, > 1 */
    unsigned pairs_max; /* pairs at one size */
    double budget_s;    /* for one search; 0: none */
    struct sweep_progress progress;
};

/* Measures result->searches, one after the other in the order given, and appends their pairs; fills
 * in noise and complete. The work is the case spin. Returns STATUS_DONE, STATUS_INTERRUPTED (what
 * was measured until then is in the result), or another status with one line in why. */
enum status breakeven_measure(
    const struct breakeven_options *options, struct result *result, char *why, size_t size);

#endif
