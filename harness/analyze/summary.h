/* What a sweep's samples say of one configuration, against serial of the same blocks. Pure
 * functions of a result; nothing is measured or printed. */
#ifndef ANALYZE_SUMMARY_H
#define ANALYZE_SUMMARY_H

#include "../store/result.h"
#include "fieller.h"
#include "stat.h"

/* Whether a sample's time is a time of the whole work: it has one, no wrong checksum and no task
 * that is lost or has run out of time. Only such samples enter any estimate. */
bool summary_counts(const struct result_sample *sample);

/* Whether it enters estimates: it counts, and its block is not the pilot's. */
bool summary_enters(const struct result *result, const struct result_sample *sample);

/* How many blocks enter estimates: all but the pilot's. */
size_t summary_blocks(const struct result *result);

/* What intervals are made with: 1 - their level. */
double summary_alpha(const struct result *result);

/* ln(serial time a task / the configuration's) of each block in which both count, into d, which
 * has room for all blocks; of the pilot's blocks, or of all others. Returns how many, 0 without
 * serial or memory. */
size_t summary_log_ratios(const struct result *result, unsigned config, bool pilot, double *d);

/* Seconds a task of a sample that counts (of a region, where the case has no tasks). */
double summary_task_seconds(const struct result_sample *sample);

struct summary {
    size_t pairs;            /* blocks in which serial and this configuration both count */
    struct interval speedup; /* serial time a task / pool time a task; start and stop left out */
    struct interval cold;    /* the same of a region of all tasks, pool's start and stop counted */
    double p; /* two-sided sign test of speedup = 1; NAN for serial itself, and without a pair */
    struct fieller means;        /* mean serial time a task / mean pool time a task */
    struct interval efficiency;  /* speedup / summary_ideal */
    struct interval task_s;      /* median seconds a task, all samples that count */
    struct interval tasks_per_s; /* 1 / task_s */
    double mean_tasks_per_s;     /* harmonic mean: all samples' tasks over all their time */
    size_t far_out;  /* samples beyond 3 interquartile ranges from the quartiles; none is dropped */
    double region_s; /* median seconds of a region of all the case's tasks */
    double start_s, stop_s; /* medians */
    double cpu_s;           /* median CPU seconds of a region of all the case's tasks */
    uint64_t errors, lost;  /* tasks of the last regions, of all samples */
    size_t wrong, failed;   /* samples with a wrong checksum; without a time */
};

/* The configuration of serial in the result's configs, or -1. */
int summary_serial(const struct result *result);

/* Summarises configuration `config`. Outcomes are counted of all samples, estimates are made from
 * those that enter them, at level 1 - summary_alpha. Intervals without enough pairs have lo and hi
 * NAN; without any, value too, as have the medians. For serial itself, speedup and cold are
 * exactly 1. */
struct summary summary_of(const struct result *result, unsigned config);

/* What efficiency divides by: min(workers, usable CPUs); workers for io cases. */
double summary_ideal(const struct result *result, unsigned workers);

/* Whole commands: ratio of serial's wall time to this command's from the same blocks; runs with a
 * nonzero exit status are left out, and their number is written to *failed (may be NULL). */
struct interval summary_command(const struct result *result, unsigned command, size_t *failed);

#endif
