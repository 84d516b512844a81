/* Memory that all workers of a case share, whatever they are: threads, forked processes, and
 * processes that are started anew and repeat the case's setup.
 *
 * It is no file in a folder, so nothing is left behind, whoever is killed. */
#ifndef SUPPORT_SEGMENT_H
#define SUPPORT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>

struct case_run;

struct segment {
    void *memory; /* page-aligned */
    size_t size;
    int fd; /* -1: another process has made it */
};

/* For setup: makes `size` zeroed bytes and notes in run->handed how others find them or, where that
 * is noted already, maps what another process has made. Pages take memory when they are touched.
 * Returns 0, or a code with a message; nothing is to be freed then. */
int segment_open(struct segment *segment, struct case_run *run, size_t size);

/* The same for a case whose run->handed is a temporary folder: others find it by a link in that
 * folder, which the process with `makes` sets and which goes with the folder. */
int segment_open_in(struct segment *segment, const char *folder, bool makes, size_t size);

/* For setup: whether this process has made it, and so has to fill it. */
bool segment_is_mine(const struct segment *segment);

/* For teardown: unmaps it, where it has been opened; the memory goes with the last process that has
 * it mapped. */
void segment_close(struct segment *segment);

#endif
