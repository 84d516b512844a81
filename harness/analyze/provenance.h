/* Whether two results may be compared: what differs between them beyond what was measured. Pure;
 * safe from any thread. */
#ifndef ANALYZE_PROVENANCE_H
#define ANALYZE_PROVENANCE_H

#include "../store/result.h"

/* What a difference is of. Work that differs makes times incomparable, whatever anybody says; any
 * other difference may be the very question, and is to be confirmed. */
enum provenance_group {
    PROVENANCE_WORK,   /* case, kind, tasks, parameters, seed */
    PROVENANCE_ANSWER, /* the case's answer, the checksum of a whole region */
    PROVENANCE_MODEL,  /* measured, or simulated by which model */
    PROVENANCE_HOST,   /* CPU model, CPUs online, topology, caches, virtualization, clock source */
    PROVENANCE_SYSTEM, /* kernel, distribution, governor, turbo, huge pages, ASLR */
    PROVENANCE_CPUS,   /* usable CPUs, cgroup quota */
    PROVENANCE_COMPILER, /* compiler, flags, library versions */
    PROVENANCE_COMMIT,
    PROVENANCE_GROUPS
};

/* "work", "answer", "model", "host", "system", "cpus", "compiler", "commit". */
const char *provenance_group_name(enum provenance_group group);

struct provenance_difference {
    enum provenance_group group;
    const char *what;  /* "kernel" */
    char a[96], b[96]; /* as the results have it, "..." for what is left out before the
                          difference, cut to fit, control characters as '?'; "none": not recorded */
};

#define PROVENANCE_MAX 32 /* more than there are facts */

/* Writes what differs, in the order of the groups, to found[PROVENANCE_MAX]; returns how much. */
size_t provenance_compare(
    const struct result *a, const struct result *b, struct provenance_difference *found);

#endif
