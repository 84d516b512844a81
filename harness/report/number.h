/* Numbers as the report prints them: three significant digits, intervals as "1.93 [1.91, 1.95]".
 * A dash stands for a number that is not there (NAN). Pure. */
#ifndef REPORT_NUMBER_H
#define REPORT_NUMBER_H

#include "../analyze/stat.h"

#include <stdint.h>

/* A text by value, so that it can stand in the argument list of a fprintf. */
struct number {
    char text[96];
};

struct number number_plain(double value);                /* "1.93", "48.7", "512" */
struct number number_interval(struct interval interval); /* "1.93 [1.91, 1.95]" */
struct number number_percent(double part);               /* 0.031 -> "3.1 %" */

/* Durations in the unit that fits: "12.3 ms"; "310 [280, 350] ns". */
struct number number_seconds(double seconds);
struct number number_seconds_interval(struct interval seconds);

struct number number_rate(double rate);     /* "55.2", "1430", then "12.3k", "1.23M" */
struct number number_whole(uint64_t count); /* exact: "1,000,000" */
struct number number_count_interval(struct interval count); /* "131 [113, 136]", "1.6 [1, 2]" */

struct number number_bytes(double size); /* "7.8 GiB" */

/* A survey's figure in its unit (result_figure.unit), with the interval; the value alone where all
 * three are the same, and where a count has no interval. */
struct number number_in(struct interval interval, const char *unit);

#endif
