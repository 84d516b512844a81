/* One backend's throughput by pool size in a sweep: what curves are fitted to. Pure functions of a
 * result; nothing is measured or printed. */
#ifndef ANALYZE_SERIES_H
#define ANALYZE_SERIES_H

#include "../store/result.h"
#include "squares.h"

/* The i-th backend of a sweep's samples, in the order of its configurations, but serial, which is
 * no pool of size 1. NULL behind the last, and for a file without a sweep. */
const char *series_backend(const struct result *result, size_t i);

/* A row a sample that enters estimates (summary.h): workers, and tasks (regions, where the case has
 * no tasks) a second. *rows is malloc'd, the caller's. Returns how many there are; 0 with *rows
 * NULL and one line in why where there are none, or where a size was measured in several ways
 * (chunks, splits), which is not one curve. */
size_t series_rows(const struct result *result, const char *backend, struct squares_row **rows,
    char *why, size_t size);

#endif
