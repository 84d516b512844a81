/* What a sweep's samples say of one configuration, against serial of the same blocks. Pure
 * functions of a result; nothing is measured or printed. */
#ifndef ANALYZE_SUMMARY_H
#define ANALYZE_SUMMARY_H

#include "../store/result.h"
#include "stat.h"

/* Whether a sample's time is a time of the whole work: it has one, no wrong checksum and no task
 * that is lost or has run out of time. Only such samples enter any estimate. */
bool summary_counts(const struct result_sample *sample);

/* Seconds a task of a sample that counts (of a region, where the case has no tasks). */
double summary_task_seconds(const struct result_sample *sample);

struct summary {
    size_t pairs;            /* blocks in which serial and this configuration both count */
    struct interval speedup; /* serial time a task / pool time a task; start and stop left out */
    struct interval cold;    /* the same of a region of all tasks, pool's start and stop counted */
    struct interval efficiency; /* speedup / summary_ideal */
    struct interval task_s;     /* median seconds a task, all samples that count */
    struct interval tasks_per_s;
    double region_s;        /* median seconds of a region of all the case's tasks */
    double start_s, stop_s; /* medians */
    double cpu_s;           /* median CPU seconds of a region of all the case's tasks */
    uint64_t errors, lost;  /* tasks of the last regions, of all samples */
    size_t wrong, failed;   /* samples with a wrong checksum; without a time */
};

/* The configuration of serial in the result's configs, or -1. */
int summary_serial(const struct result *result);

/* Summarises configuration `config`. Intervals without enough pairs have lo and hi NAN; without
 * any, value too, as have the medians. For serial itself, speedup and cold are exactly 1. */
struct summary summary_of(const struct result *result, unsigned config);

/* What efficiency divides by: min(workers, usable CPUs); workers for io cases. */
double summary_ideal(const struct result *result, unsigned workers);

/* Whole commands: ratio of serial's wall time to this command's from the same blocks; runs with a
 * nonzero exit status are left out, and their number is written to *failed (may be NULL). */
struct interval summary_command(const struct result *result, unsigned command, size_t *failed);

#endif
