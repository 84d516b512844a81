/* How many CPUs a run can use, and how many workers that makes. */
#ifndef MEASURE_CPUS_H
#define MEASURE_CPUS_H

#include <stdint.h>

/* min(CPUs in the affinity mask, the cgroup quota rounded up), at least 1. The quota is the
 * smallest one on the way from the process's cgroup to the root, version 1 and 2. The environment
 * variable POOLBENCH_CPUS, a whole number from 1 on, wins outright. */
unsigned cpus_usable(void);

/* Reads POOLBENCH_CPUS. Returns 1 with the number, 0 if it is not set, -1 if it is no whole number
 * from 1 to 65536; cpus_usable goes on without it then. */
int cpus_override(unsigned *cpus);

/* The terms of cpus_usable: CPUs in the affinity mask, and the quota in CPUs (0: none). */
unsigned cpus_affinity(void);
double cpus_quota(void);

/* Periods in which the cgroups of this process were throttled so far, of all levels. */
uint64_t cpus_throttled(void);

/* The number of workers that `asked` means, as joblib counts: k > 0 is k; -k is
 * max(1, usable + 1 - k), so -1 is all CPUs. 0 is an error: the result is then 0. */
unsigned cpus_workers(int64_t asked);

#endif
