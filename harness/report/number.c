/* Formatting of numbers. The value decides digits and unit of its whole interval, so that the three
 * numbers can be compared at a glance. */
#include "number.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DASH "\u2013"
#define INFINITE "\u221e"

struct unit {
    const char *suffix;
    double scale;
};

static const struct unit times[] = {{" s", 1}, {" ms", 1e-3}, {" \u00b5s", 1e-6}, {" ns", 1e-9}};
static const struct unit counts[] = {{"G", 1e9}, {"M", 1e6}, {"k", 1e3}};
static const struct unit bytes[] = {{" GiB", 0x1p30}, {" MiB", 0x1p20}, {" KiB", 0x1p10}};
static const struct unit one = {"", 1};

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* The largest unit that value reaches after rounding to three digits; the last one, or `small`
 * where that is not NULL, if it reaches none. */
static struct unit unit_of(
    double value, const struct unit *units, size_t n, const struct unit *small)
{
    for (size_t i = 0; i < n; i++)
        if (fabs(value) >= units[i].scale * 0.9995)
            return units[i];
    return small ? *small : units[n - 1];
}

/* How many decimals show three significant digits. printf knows how it will round. */
static int decimals_of(double value)
{
    char text[32];
    if (!isfinite(value) || value == 0)
        return 0;
    snprintf(text, sizeof text, "%.2e", value);
    long exponent = strtol(strchr(text, 'e') + 1, NULL, 10);
    return exponent >= 2 ? 0 : exponent < -9 ? 9 : (int)(2 - exponent);
}

static void append(struct number *number, double value, int decimals)
{
    size_t length = strlen(number->text);
    char *end = number->text + length;
    size_t room = sizeof number->text - length;
    if (isnan(value))
        snprintf(end, room, DASH);
    else if (isinf(value))
        snprintf(end, room, "%s" INFINITE, value < 0 ? "-" : "");
    else
        snprintf(end, room, "%.*f", decimals, value);
}

static void append_text(struct number *number, const char *text)
{
    size_t length = strlen(number->text);
    snprintf(number->text + length, sizeof number->text - length, "%s", text);
}

static struct number in_unit(double value, struct unit unit)
{
    struct number number = {""};
    double scaled = value / unit.scale;
    append(&number, scaled, decimals_of(scaled));
    if (isfinite(value))
        append_text(&number, unit.suffix);
    return number;
}

/* An interval without bounds has too few pairs; its brackets stay, so that it shows. */
static struct number interval_in(struct interval interval, struct unit unit)
{
    struct number number = {""};
    double value = interval.value / unit.scale;
    int decimals = decimals_of(value);
    append(&number, value, decimals);
    if (isnan(interval.value))
        return number;
    append_text(&number, " [");
    append(&number, interval.lo / unit.scale, decimals);
    append_text(&number, ", ");
    append(&number, interval.hi / unit.scale, decimals);
    append_text(&number, "]");
    append_text(&number, unit.suffix);
    return number;
}

struct number number_plain(double value)
{
    return in_unit(value, one);
}

struct number number_interval(struct interval interval)
{
    return interval_in(interval, one);
}

struct number number_percent(double part)
{
    struct number number = {""};
    append(&number, 100 * part, 1);
    append_text(&number, " %");
    return number;
}

struct number number_seconds(double seconds)
{
    if (seconds == 0)
        return (struct number){"0"};
    return in_unit(seconds, unit_of(seconds, times, LENGTH(times), NULL));
}

struct number number_seconds_interval(struct interval seconds)
{
    return interval_in(seconds, unit_of(seconds.value, times, LENGTH(times), NULL));
}

static struct unit rate_unit(double rate)
{
    return fabs(rate) < 9999.5 ? one : unit_of(rate, counts, LENGTH(counts), &one);
}

struct number number_rate(double rate)
{
    return in_unit(rate, rate_unit(rate));
}

struct number number_whole(uint64_t count)
{
    struct number number = {""};
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *end = number.text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *end++ = ',';
        *end++ = digits[i];
    }
    return number;
}

/* The ends are sizes that were tried, whole; a small estimate between them is not. */
struct number number_count_interval(struct interval count)
{
    struct number number = {""};
    append(&number, count.value, count.value < 9.95 ? 1 : 0);
    append_text(&number, " [");
    append(&number, count.lo, 0);
    append_text(&number, ", ");
    append(&number, count.hi, 0);
    append_text(&number, "]");
    return number;
}

struct number number_bytes(double size)
{
    return in_unit(size, unit_of(size, bytes, LENGTH(bytes), &one));
}

static struct unit unit_named(const char *name, double value)
{
    if (strcmp(name, "s") == 0)
        return unit_of(value, times, LENGTH(times), NULL);
    if (strcmp(name, "bytes") == 0)
        return unit_of(value, bytes, LENGTH(bytes), &one);
    return rate_unit(value);
}

struct number number_in(struct interval interval, const char *unit)
{
    struct unit fitting = unit_named(unit, interval.value);
    bool whole = !*unit && interval.value >= 0 && interval.value == trunc(interval.value);
    bool exact = interval.lo == interval.value && interval.hi == interval.value;
    struct number number;
    if (whole && (exact || isnan(interval.lo)))
        number = number_whole((uint64_t)interval.value);
    else
        number = exact ? in_unit(interval.value, fitting) : interval_in(interval, fitting);
    if (strcmp(unit, "/s") == 0 && isfinite(interval.value))
        append_text(&number, unit);
    return number;
}
