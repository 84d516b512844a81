/* The rows of `make bench`: what is compared with what, and how good it is to be. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "arm.h"

#define PEERS_MAX 3

enum row_kind {
    ROW_FIGURE,   /* reported, no target */
    ROW_RATIO,    /* ours / peer at most the target; of several peers the quickest counts */
    ROW_ABSOLUTE, /* ours at most the target, in the row's unit */
    ROW_SEARCH,   /* break-even by grain, at most the target in ns */
    ROW_WORKS     /* done at all */
};

enum row_unit { UNIT_NS_TASK, UNIT_US_REGION, UNIT_MS_REGION, UNIT_NS, UNIT_KILOBYTES };

struct row {
    const char *name;
    const char *what; /* in words */
    enum row_kind kind;
    enum row_unit unit;
    const char *bench; /* the case whose tasks are run; NULL: null */
    const char *param; /* "grain=5us", or NULL */
    uint64_t tasks;    /* in a region */
    struct arm ours;
    struct arm peers[PEERS_MAX]; /* the first without a time ends them */
    double target;
    unsigned blocks_max; /* fewer than asked for where one is long; 0: no limit */
};

/* Ends with a NULL name. */
extern const struct row rows[];

/* "ns/task" and the like, and seconds of a region, or of one use (ns), in it (kilobytes are
 * kilobytes already). */
const char *row_unit(const struct row *row);
double row_scaled(const struct row *row, double seconds);

#endif
