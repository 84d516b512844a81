/* Usable CPUs from the affinity mask and the cgroup tree. */
#include "cpus.h"

#include "../util/hash.h"
#include "../util/host.h"
#include "../util/units.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- affinity ---- */

/* As the kernel would answer sched_getaffinity on the host of a test's folder. */
static void list_told(struct cpulist *list)
{
    struct cpulist online;
    char text[CPULIST_TEXT];
    bool allowed = host_field("/proc/self/status", "Cpus_allowed_list", text, sizeof text) == 0 &&
                   cpulist_parse(list, text) == 0;
    bool known = host_line("/sys/devices/system/cpu/online", text, sizeof text) == 0 &&
                 cpulist_parse(&online, text) == 0;
    if (!allowed && known)
        *list = online;
    else if (known)
        cpulist_keep(list, &online);
}

void cpus_list(struct cpulist *list)
{
    cpulist_clear(list);
    if (*host_root())
        list_told(list);
    else if (sched_getaffinity(0, sizeof list->words, (cpu_set_t *)list->words))
        cpulist_clear(list);
    if (cpulist_count(list) == 0)
        cpulist_add(list, 0);
}

unsigned cpus_affinity(void)
{
    struct cpulist list;
    cpus_list(&list);
    return cpulist_count(&list);
}

/* ---- quota ---- */

static int read_level(const struct cgroup_level *level, const char *name, char *line, size_t size)
{
    char path[PATH_MAX];
    return cgroup_path(level, name, path, sizeof path) ? -1 : host_line(path, line, size);
}

double cpus_level_quota(const struct cgroup_level *level, char *says, size_t size)
{
    char line[64], period_line[64];
    const char *quota_at = line, *period_at = period_line;
    uint64_t quota, period;
    *says = '\0';
    if (level->version == 2) {
        if (read_level(level, "cpu.max", line, sizeof line)) /* "max 100000", "50000 100000" */
            return 0;
        snprintf(period_line, sizeof period_line, "%s", line + strcspn(line, " "));
    } else if (read_level(level, "cpu.cfs_quota_us", line, sizeof line) ||
               read_level(level, "cpu.cfs_period_us", period_line, sizeof period_line)) {
        return 0;
    }
    bool none = strncmp(line, level->version == 2 ? "max" : "-1", level->version == 2 ? 3 : 2) == 0;
    bool known = !none && host_number(&quota_at, &quota) == 0 &&
                 host_number(&period_at, &period) == 0 && quota > 0 && period > 0;
    if (known)
        snprintf(
            says, size, "%llu of %llu us", (unsigned long long)quota, (unsigned long long)period);
    else
        snprintf(says, size, none ? "no quota" : "not understood: \"%s\"", line);
    return known ? (double)quota / (double)period : 0;
}

static void smallest_quota(const struct cgroup_level *level, void *context)
{
    char says[128];
    double *smallest = context, quota = cpus_level_quota(level, says, sizeof says);
    if (quota > 0 && (*smallest == 0 || quota < *smallest))
        *smallest = quota;
}

double cpus_quota(void)
{
    double smallest = 0;
    cgroup_climb("cpu", smallest_quota, &smallest);
    return smallest;
}

static void hash_quota(const struct cgroup_level *level, void *context)
{
    uint64_t *hash = context;
    char says[128];
    cpus_level_quota(level, says, sizeof says);
    *hash = hash_bytes(*hash, level->folder, strlen(level->folder) + 1);
    *hash = hash_bytes(*hash, says, strlen(says) + 1);
}

uint64_t cpus_fingerprint(void)
{
    struct cpulist list;
    cpus_list(&list);
    uint64_t hash = hash_bytes(HASH_START, list.words, sizeof list.words);
    cgroup_climb("cpu", hash_quota, &hash);
    return hash;
}

static void add_throttled(const struct cgroup_level *level, void *context)
{
    uint64_t *total = context;
    char path[PATH_MAX];
    if (cgroup_path(level, "cpu.stat", path, sizeof path) == 0)
        *total += host_counter(path, "nr_throttled");
}

uint64_t cpus_throttled(void)
{
    uint64_t total = 0;
    cgroup_climb("cpu", add_throttled, &total);
    return total;
}

/* ---- the count ---- */

int cpus_override(unsigned *cpus)
{
    const char *text = getenv("POOLBENCH_CPUS");
    uint64_t asked;
    if (!text)
        return 0;
    if (units_parse_count(text, &asked) || asked < 1 || asked > CPULIST_MAX)
        return -1;
    *cpus = (unsigned)asked;
    return 1;
}

unsigned cpus_usable(void)
{
    unsigned asked;
    if (cpus_override(&asked) > 0)
        return asked;
    unsigned cpus = cpus_affinity();
    double quota = cpus_quota();
    if (quota > 0 && ceil(quota) < cpus)
        cpus = (unsigned)ceil(quota);
    return cpus;
}

unsigned cpus_workers(int64_t asked)
{
    if (asked > 0)
        return asked <= UINT_MAX ? (unsigned)asked : UINT_MAX;
    if (asked == 0)
        return 0;
    int64_t workers = (int64_t)cpus_usable() + 1 + asked;
    return workers > 1 ? (unsigned)workers : 1;
}
