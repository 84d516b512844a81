/* Numbers as people write them. strtod and strtoull do the digits; this file owns the suffixes. */
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 4096

struct unit {
    const char *suffix;
    double scale;
};

static const struct unit si_units[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}};
static const struct unit time_units[] = {
    {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}};

static double scale_of(const struct unit *units, size_t n, const char *suffix)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(units[i].suffix, suffix) == 0)
            return units[i].scale;
    return 0;
}

/* strtod alone would take "nan", "0x10", " 5" and "-1". */
static int parse_digits(const char *text, double *value, const char **rest)
{
    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return -1;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return -1;
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    *rest = end;
    return end == text || errno || !isfinite(*value) ? -1 : 0;
}

int units_parse_count(const char *text, uint64_t *value)
{
    if (isdigit((unsigned char)text[0])) { /* exact for every 64-bit number */
        char *end;
        errno = 0;
        unsigned long long whole = strtoull(text, &end, 10);
        if (errno)
            return -1;
        if (*end == '\0') {
            *value = whole;
            return 0;
        }
    }
    double number;
    const char *rest;
    if (parse_digits(text, &number, &rest))
        return -1;
    double scale = scale_of(si_units, sizeof si_units / sizeof *si_units, rest);
    double scaled = number * scale;
    if (scale == 0 || scaled >= 18446744073709551616.0 || fabs(scaled - round(scaled)) > 1e-6)
        return -1;
    *value = (uint64_t)round(scaled);
    return 0;
}

int units_parse_real(const char *text, double *value)
{
    double number;
    const char *rest;
    bool negative = text[0] == '-';
    if (parse_digits(text + negative, &number, &rest) || *rest != '\0')
        return -1;
    *value = negative ? -number : number;
    return 0;
}

int units_parse_percent(const char *text, double *part)
{
    double number;
    const char *rest;
    if (parse_digits(text, &number, &rest) || strcmp(rest, "%") != 0)
        return -1;
    *part = number / 100;
    return 0;
}

int units_parse_duration(const char *text, uint64_t *ns)
{
    double number;
    const char *rest;
    if (parse_digits(text, &number, &rest))
        return -1;
    double scale = number == 0 && *rest == '\0'
                       ? 1
                       : scale_of(time_units, sizeof time_units / sizeof *time_units, rest);
    double scaled = number * scale;
    if (scale == 0 || scaled >= 9.2e18)
        return -1;
    *ns = (uint64_t)llround(scaled);
    return 0;
}

/* One number of a list, as strtoll reads it but without blanks or '+'. */
static int parse_list_number(const char **text, int64_t *value)
{
    const char *start = *text + (**text == '-');
    if (!isdigit((unsigned char)*start))
        return -1;
    char *end;
    errno = 0;
    *value = strtoll(*text, &end, 10);
    *text = end;
    return errno ? -1 : 0;
}

int units_parse_list(const char *text, int64_t **values)
{
    int64_t *list = malloc(LIST_MAX * sizeof *list);
    int n = 0;
    if (!list)
        return -1;
    for (;;) {
        int64_t first, last;
        if (parse_list_number(&text, &first))
            goto bad;
        last = first;
        if (*text == '-') {
            text++;
            if (parse_list_number(&text, &last) || last < first)
                goto bad;
        }
        if ((uint64_t)last - (uint64_t)first >= (uint64_t)(LIST_MAX - n)) /* exact in any case */
            goto bad;
        for (int64_t i = 0; i <= last - first; i++)
            list[n++] = first + i;
        if (*text == '\0')
            break;
        if (*text++ != ',')
            goto bad;
    }
    *values = list;
    return n;
bad:
    free(list);
    return -1;
}

const char *units_seconds(char *buffer, size_t size, double seconds)
{
    static const struct unit scales[] = {{"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}, {"ns", 1e-9}};
    if (!isfinite(seconds)) {
        snprintf(buffer, size, "-");
        return buffer;
    }
    size_t last = sizeof scales / sizeof *scales - 1, i = 0;
    while (i < last && fabs(seconds) < scales[i].scale * 0.9995)
        i++;
    snprintf(buffer, size, "%.3g %s", seconds / scales[i].scale, scales[i].suffix);
    return buffer;
}

const char *units_si(char *buffer, size_t size, double value)
{
    if (!isfinite(value)) {
        snprintf(buffer, size, "-");
        return buffer;
    }
    size_t i = sizeof si_units / sizeof *si_units - 1;
    while (i > 0 && fabs(value) < si_units[i].scale * 0.9995)
        i--;
    snprintf(buffer, size, "%.3g%s", value / si_units[i].scale, si_units[i].suffix);
    return buffer;
}
