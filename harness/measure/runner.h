/* One sample: a pool is started, warmed up, timed over one or more regions and stopped, all in a
 * process forked for it, so that nothing of one sample reaches the next. The calling process stays
 * single-threaded. */
#ifndef MEASURE_RUNNER_H
#define MEASURE_RUNNER_H

#include "../store/result.h"
#include "tap.h"

/* A region shorter than this is repeated inside its sample. */
#define RUNNER_SAMPLE_SECONDS 1e-3

struct runner_spec {
    const struct pool_ops *ops;
    unsigned workers;
    unsigned threads_each;    /* 0: the backend's choice */
    double switch_interval_s; /* as in struct pool_config */
    uint64_t chunk;           /* 0: guided */
    uint64_t tasks;           /* at most the case's */
    const uint64_t *indices;  /* which tasks of the case; NULL: the first `tasks` */
    double least_seconds;     /* repeat the region until this long is timed; 0: one region */
    bool cold;                /* time start, region and stop together */
    bool warm_up;             /* regions of 5 ms or more in all first, discarded */
    bool calls;               /* each task is a call (carry.h); else one of a region's */
    size_t payload, result;   /* bytes that a call carries to its worker and back */
    bool memory;              /* read peak_memory */
    bool task_times;          /* time single tasks: two clock readings a timed task */
    double task_timeout_s;    /* as in struct pool_config */
    unsigned task_retries;
    /* Called once a second in the calling process, until the sample is taken: how long it has
     * taken so far. NULL: nobody is told. */
    void (*waiting)(const struct runner_spec *spec, double seconds);
};

/* What `run` tells of a sample beyond its record. */
struct runner_detail {
    double task_times[TAP_TIMES]; /* seconds, of tasks evenly spread */
    size_t task_times_count;
    pid_t *pids; /* of each worker, malloc'd, the caller's; NULL where they are threads */
};

/* Takes one sample: in virtual time where the process simulates (simulated.h), else by
 * runner_measure, and as that. */
int runner_sample(struct workload *workload, const struct runner_spec *spec,
    struct result_sample *sample, struct runner_detail *detail);

/* Takes one sample in real time into *sample (all but block, config, order, at_s; those stay) and
 * leaves its results in the workload's arena. A sample without a time says why in sample->failure.
 * detail may be NULL. Serial's results become reference. Returns 0, or -1 when a signal interrupted
 * it. */
int runner_measure(struct workload *workload, const struct runner_spec *spec,
    struct result_sample *sample, struct runner_detail *detail);

#endif
