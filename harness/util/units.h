/* Numbers as people write them: SI counts (10k, 1M), durations (20ms), lists (1,2,4-16).
 *
 * Parsing takes the whole text or nothing; an empty text, a sign where none belongs, a trailing
 * letter or an overflow is an error (-1), and *value is then untouched. All functions are pure and
 * safe to call from any thread. */
#ifndef UTIL_UNITS_H
#define UTIL_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* A whole number with an optional SI suffix k, M, G, T (powers of 1000): "1000", "10k", "1.5M".
 * The value must be whole after scaling. Returns 0, or -1. */
int units_parse_count(const char *text, uint64_t *value);

/* A finite decimal number, optionally with an exponent. Returns 0, or -1. */
int units_parse_real(const char *text, double *value);

/* A percentage, with its sign: "5%" is 0.05. Returns 0, or -1. */
int units_parse_percent(const char *text, double *part);

/* A duration with its unit, ns, us, ms, s or min ("20ms", "1.5s"); "0" needs no unit.
 * Result in nanoseconds, rounded to the nearest. Returns 0, or -1. */
int units_parse_duration(const char *text, uint64_t *ns);

/* A list of whole numbers and ranges, "1,2,4-16", in the order given, duplicates kept. A leading
 * '-' belongs to the number (-1 counts back from the CPUs, see cpus_workers). At most 4096 values.
 * *values is malloc'd and owned by the caller. Returns the number of values, or -1. */
int units_parse_list(const char *text, int64_t **values);

/* Writes seconds with three significant digits and a fitting unit ("12.3 ms") into buffer,
 * or a dash for what is not finite, thus not known. Returns buffer. */
const char *units_seconds(char *buffer, size_t size, double seconds);

/* Writes a count with three significant digits and an SI suffix ("1.2k") into buffer, or a
 * dash. Returns buffer. */
const char *units_si(char *buffer, size_t size, double value);

#endif
