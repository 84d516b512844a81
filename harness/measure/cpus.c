/* Usable CPUs from the affinity mask and the cgroup tree. */
#include "cpus.h"

#include "../util/units.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CPUS_MAX 65536

unsigned cpus_affinity(void)
{
    cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
    size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
    int count = 1;
    if (set && sched_getaffinity(0, size, set) == 0)
        count = CPU_COUNT_S(size, set);
    CPU_FREE(set);
    return count > 0 ? (unsigned)count : 1;
}

/* The first line of FOLDER/NAME; 0, or -1 if there is none. */
static int read_line(const char *folder, const char *name, char *line, size_t size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    char *got = fgets(line, (int)size, file);
    fclose(file);
    return got ? 0 : -1;
}

/* The quota of one cgroup folder in CPUs; 0: none. */
static double folder_quota(const char *folder)
{
    char line[64];
    double quota = 0, period = 0;
    if (read_line(folder, "cpu.max", line, sizeof line) == 0) /* version 2: "max 100000" */
        return sscanf(line, "%lf %lf", &quota, &period) == 2 && period > 0 ? quota / period : 0;
    if (read_line(folder, "cpu.cfs_quota_us", line, sizeof line) ||
        sscanf(line, "%lf", &quota) != 1)
        return 0;
    if (read_line(folder, "cpu.cfs_period_us", line, sizeof line) ||
        sscanf(line, "%lf", &period) != 1)
        return 0;
    return quota > 0 && period > 0 ? quota / period : 0;
}

/* The throttled periods of one cgroup folder. */
static double folder_throttled(const char *folder)
{
    char path[PATH_MAX], key[64];
    snprintf(path, sizeof path, "%s/cpu.stat", folder);
    FILE *file = fopen(path, "re");
    double value, throttled = 0;
    while (file && fscanf(file, "%63s %lf", key, &value) == 2)
        if (strcmp(key, "nr_throttled") == 0)
            throttled = value;
    if (file)
        fclose(file);
    return throttled;
}

/* Calls visit for every folder from a cgroup up to its hierarchy's root. */
static void climb(char *folder, size_t root_length,
    void (*visit)(const char *folder, double *total), double *total)
{
    for (;;) {
        visit(folder, total);
        char *slash = strrchr(folder, '/');
        if (!slash || strlen(folder) <= root_length)
            return;
        *slash = '\0';
    }
}

/* Whether a list of controllers, "cpu,cpuacct", has cpu. */
static int has_cpu(const char *controllers)
{
    for (const char *at = controllers; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == 3 && strncmp(at, "cpu", 3) == 0)
            return 1;
    return 0;
}

/* Visits all cgroup folders of this process that can limit its CPU time. */
static void visit_cgroups(void (*visit)(const char *folder, double *total), double *total)
{
    static const char *const unified_roots[] = {CGROUP_ROOT, CGROUP_ROOT "/unified"};
    char line[PATH_MAX], folder[2 * PATH_MAX];
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        controllers++;
        if (strcmp(path, "/") == 0)
            path = "";
        if (!*controllers) {
            for (size_t i = 0; i < sizeof unified_roots / sizeof *unified_roots; i++) {
                snprintf(folder, sizeof folder, "%s%s", unified_roots[i], path);
                climb(folder, strlen(unified_roots[i]), visit, total);
            }
        } else if (has_cpu(controllers)) {
            snprintf(folder, sizeof folder, CGROUP_ROOT "/%s%s", controllers, path);
            climb(folder, strlen(CGROUP_ROOT) + 1 + strlen(controllers), visit, total);
        }
    }
    if (file)
        fclose(file);
}

static void smallest_quota(const char *folder, double *smallest)
{
    double quota = folder_quota(folder);
    if (quota > 0 && (*smallest == 0 || quota < *smallest))
        *smallest = quota;
}

static void add_throttled(const char *folder, double *total)
{
    *total += folder_throttled(folder);
}

double cpus_quota(void)
{
    double smallest = 0;
    visit_cgroups(smallest_quota, &smallest);
    return smallest;
}

uint64_t cpus_throttled(void)
{
    double total = 0;
    visit_cgroups(add_throttled, &total);
    return (uint64_t)total;
}

int cpus_override(unsigned *cpus)
{
    const char *text = getenv("POOLBENCH_CPUS");
    uint64_t asked;
    if (!text)
        return 0;
    if (units_parse_count(text, &asked) || asked < 1 || asked > CPUS_MAX)
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
