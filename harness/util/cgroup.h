/* The cgroups of this process, from its own up to the highest that is mounted here, version 1 and
 * 2. /proc/self/cgroup says which they are, /proc/self/mountinfo where their folders stand: inside
 * a container the two are told from different roots, and a cgroup may not be visible at all. */
#ifndef UTIL_CGROUP_H
#define UTIL_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgroup_level {
    unsigned version;   /* 1 or 2 */
    const char *folder; /* "/sys/fs/cgroup/cpu/a/b"; hidden: the cgroup as the kernel names it */
    bool hidden;        /* not below any mount: what limits it cannot be told from here */
};

/* Calls visit for each cgroup in which a controller ("cpu", "cpuset", "pids") may limit this
 * process: from its own upwards in the hierarchy of version 1 that has the controller, or else in
 * version 2's. Whether the controller is enabled at a level, its files tell. Without
 * /proc/self/cgroup there is none; without mountinfo the usual folders are taken. */
void cgroup_climb(const char *controller,
    void (*visit)(const struct cgroup_level *level, void *context), void *context);

/* Writes the path of a level's file ("cpu.max"). Returns 0, or -1 where the level is hidden or the
 * path does not fit. */
int cgroup_path(const struct cgroup_level *level, const char *name, char *path, size_t size);

/* Bytes of memory that these cgroups leave to their processes (memory.max, or
 * memory.limit_in_bytes): the tightest one's. UINT64_MAX: no limit is known. */
uint64_t cgroup_memory(void);

#endif
