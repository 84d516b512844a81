/* What `make bench` hands over: a table for people and a file for everything else. */
#ifndef BENCH_SHEET_H
#define BENCH_SHEET_H

#include "measure.h"

#include "harness/analyze/verdict.h"

/* The table on stdout, a line a row, and below it what is missing or failed. */
void sheet_print(const struct outcome *outcomes, size_t count);

/* Writes path as one JSON object, a line a row; folders on the way are made. result gives the
 * provenance. Returns 0, or -1 with one line in why. */
int sheet_save(const struct outcome *outcomes, size_t count, const struct result *result,
    const struct verdict *verdict, const char *path, char *why, size_t size);

#endif
