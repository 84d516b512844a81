/* How many CPUs a run can use, and how many workers that makes. */
#ifndef MEASURE_CPUS_H
#define MEASURE_CPUS_H

#include "../util/cgroup.h"
#include "cpulist.h"

#include <stdint.h>

/* min(CPUs in the affinity mask, the cgroup quota rounded up), at least 1. The quota is the
 * smallest one on the way from the process's cgroup to the root, version 1 and 2. The environment
 * variable POOLBENCH_CPUS, a whole number from 1 on, wins outright. cpus_terms.h tells where the
 * number comes from. */
unsigned cpus_usable(void);

/* Reads POOLBENCH_CPUS. Returns 1 with the number, 0 if it is not set, -1 if it is no whole number
 * from 1 to 65536; cpus_usable goes on without it then. */
int cpus_override(unsigned *cpus);

/* The terms of cpus_usable: CPUs in the affinity mask, and the quota in CPUs (0: none). */
unsigned cpus_affinity(void);
double cpus_quota(void);

/* The CPUs of the affinity mask that are online. In a test's folder (host.h) they are those that
 * /proc/self/status allows; without it, all that are online; without that, CPU 0. */
void cpus_list(struct cpulist *list);

/* The quota of one cgroup in CPUs, 0 for none, and what its files say of it ("150000 of 100000
 * us"; "" where there are none). */
double cpus_level_quota(const struct cgroup_level *level, char *says, size_t size);

/* A fingerprint of the mask, the cgroups and their quotas: another one means that the CPUs that a
 * run can use have changed in between, even if their number has not. */
uint64_t cpus_fingerprint(void);

/* Periods in which the cgroups of this process were throttled so far, of all levels. */
uint64_t cpus_throttled(void);

/* The number of workers that `asked` means, as joblib counts: k > 0 is k; -k is
 * max(1, usable + 1 - k), so -1 is all CPUs. 0 is an error: the result is then 0. */
unsigned cpus_workers(int64_t asked);

#endif
