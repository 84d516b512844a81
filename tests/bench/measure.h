/* Measures one row: in each block every arm once, in random order, each in a process of its own. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "rows.h"

#include "harness/analyze/stat.h"
#include "harness/store/result.h"

#define ARMS_MAX (1 + PEERS_MAX)

enum outcome_level {
    OUTCOME_FIGURE,    /* nothing was promised */
    OUTCOME_MET,       /* the interval lies at or below the target */
    OUTCOME_PERHAPS,   /* the estimate does, its interval does not, or a peer is missing */
    OUTCOME_NOT_MET,   /* the estimate lies above */
    OUTCOME_MISSING,   /* nothing to compare with, or the arm itself is not there */
    OUTCOME_FORBIDDEN, /* a limit of this system forbids it */
    OUTCOME_FAILED     /* a sample failed */
};

/* One sample as it was taken. */
struct taken {
    unsigned block, arm, order;
    double seconds; /* of a region */
};

struct outcome {
    const struct row *row;
    const struct arm *arms[ARMS_MAX]; /* ours first, then the peers that are there */
    unsigned arms_count;
    unsigned reference; /* the quickest peer; 0: none */
    struct taken *samples;
    size_t samples_count;
    double medians[ARMS_MAX]; /* seconds; NAN: none */
    struct interval estimate; /* the ratio, or the figure in the row's unit */
    enum outcome_level level;
    char missing[256]; /* peers that are not there, with commas */
    char failure[512];
};

/* Measures; *result (seed given) gets a canary a block. Returns 0, or -1 when a signal interrupted
 * it; what is in *outcome is to be freed in any case. */
int measure_row(
    const struct row *row, unsigned blocks, struct result *result, struct outcome *outcome);

void outcome_free(struct outcome *outcome);

/* "met", "met?", "NOT met", ... */
const char *outcome_word(const struct outcome *outcome);

#endif
