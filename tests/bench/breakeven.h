/* The rows on break-even: a search, where the others compare at one size. */
#ifndef BENCH_BREAKEVEN_H
#define BENCH_BREAKEVEN_H

#include "rows.h"

#include "harness/analyze/stat.h"
#include "harness/util/status.h"

#define BREAKEVEN_WHY 256

/* Searches as `poolbench breakeven --by grain` does. Where the pool is faster or slower in the
 * whole range, the bound that is known is the value; where its time did not do to decide, the value
 * is NAN, what is known stands in lo or hi, and why says so. Returns STATUS_DONE, or another status
 * with one line in why. */
enum status breakeven_row(
    const struct row *row, uint64_t seed, struct interval *ns, char why[BREAKEVEN_WHY]);

#endif
