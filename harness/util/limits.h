/* How many processes and threads the system's limits leave room for: kernel.pid_max and
 * kernel.threads-max, the user's RLIMIT_NPROC, and pids.max of this process's cgroups, from its own
 * up to the highest. To each of them a process counts as its threads do, one by one.
 *
 * It is a look ahead, for what would else fail late: others may start and end some meanwhile, and
 * memory may be short before. */
#ifndef UTIL_LIMITS_H
#define UTIL_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct limit {
    uint64_t room;         /* for so many more threads */
    uint64_t value, taken; /* taken: as far as is known */
    char name[256];        /* "kernel.pid_max", "pids.max of /sys/fs/cgroup/a" */
    const char *raise;     /* how it is raised */
};

/* Finds the limit that leaves the least room. Returns false where none is known. Thread-safe as
 * host.h is. */
bool limits_tightest(struct limit *tightest);

#endif
