/* Where the number of usable CPUs comes from: every term of cpus_usable, and what stands around
 * them without limiting anything. */
#ifndef MEASURE_CPUS_TERMS_H
#define MEASURE_CPUS_TERMS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct cpus_term {
    /* The first three can decide: "environment" (POOLBENCH_CPUS), "affinity", "quota" (one for each
     * level of the cgroup tree that has one to set). "cpuset" (each level) is in the affinity mask
     * already. "online", "offline", "isolated" and "cores" describe the machine; cores are the
     * physical ones that the affinity mask's CPUs belong to. */
    const char *name;
    unsigned version;     /* of the cgroup, 1 or 2; else 0 */
    char where[PATH_MAX]; /* the file system's folder, or "" */
    double cpus;          /* how many it allows or counts; < 0: no limit, or not known */
    char says[256];       /* what the kernel says: "0-3", "150000 of 100000 us" */
    bool decides;         /* of all, this one makes the number what it is */
};

struct cpus_terms {
    unsigned usable; /* cpus_usable */
    size_t count;
    struct cpus_term *terms; /* in the order above */
};

/* Reads all terms. Free with cpus_terms_free. Without memory, terms are left out. */
struct cpus_terms cpus_terms_read(void);
void cpus_terms_free(struct cpus_terms *terms);

/* The term that decides; NULL only without memory. */
const struct cpus_term *cpus_terms_decisive(const struct cpus_terms *terms);

/* The first term of that name, or NULL. */
const struct cpus_term *cpus_terms_find(const struct cpus_terms *terms, const char *name);

/* The number of the term "cores", read now; 0: not known. */
unsigned cpus_terms_cores(void);

#endif
