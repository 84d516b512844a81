/* A case as a source of the search for its pool size: whole regions through runner_sample. */
#ifndef MEASURE_TUNE_CASE_H
#define MEASURE_TUNE_CASE_H

#include "tune.h"

struct tune_case {
    struct workload *workload;
    struct result *result;             /* gets configs, blocks and samples, all that is measured */
    const struct result_config *pools; /* backend and chunk of each group */
    bool task_times, memory;           /* what the goal and the limits need */
    uint64_t start;                    /* clock_now, set by tune_case_begin */
    double virtual_s;                  /* that samples took so far, where they are simulated */
};

/* Measures some of the tasks serially for `search->alone_*`, as block 0's first sample. groups: how
 * many pools there are. Returns STATUS_DONE with the source, or another status with one line in
 * why. */
enum status tune_case_begin(struct tune_case *tune, unsigned groups, struct tune_search *search,
    struct tune_source *source, char *why, size_t size);

#endif
