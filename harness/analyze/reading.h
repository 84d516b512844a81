/* What a survey's readings say of one figure. Pure functions of a result. */
#ifndef ANALYZE_READING_H
#define ANALYZE_READING_H

#include "../store/result.h"
#include "stat.h"

#include <stdbool.h>

struct reading_summary {
    size_t taken;          /* readings */
    size_t failed;         /* of them, without a value */
    struct interval value; /* median of the others with its exact sign interval (stat.h) */
    const char *note;      /* the note that most readings have; empty: none */
    size_t noted;          /* how many have it */
    const char *failure;   /* why most of the failed ones have no value; empty: none failed */
};

/* Summarises figure `figure` of the result. Texts are the result's. */
struct reading_summary reading_summary(const struct result *result, unsigned figure);

/* The ratio of one figure to another from the rounds in which both have a value above 0, as
 * stat_speedup: over / under. */
struct interval reading_ratio(const struct result *result, unsigned over, unsigned under);

/* Whether no figure before `at` is like it in all of these parts. */
enum reading_part { READING_SUBJECT = 1, READING_FIGURE = 2, READING_X = 4 };
bool reading_is_first(const struct result *result, size_t at, unsigned parts);

/* The figure of that subject, x (within rounding) and name, or -1. */
int reading_find(const struct result *result, const char *subject, double x, const char *figure);

#endif
