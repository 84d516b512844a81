/* Medians of readings. A survey has few of them, so that plain loops do. */
#include "reading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *note_of(const struct result_reading *reading)
{
    return reading->note;
}

static const char *failure_of(const struct result_reading *reading)
{
    return reading->failure;
}

/* The text, not empty, that most readings of the figure have; the first of those that tie. */
static const char *commonest(const struct result *result, unsigned figure,
    const char *(*text_of)(const struct result_reading *reading), size_t *most)
{
    const char *found = "";
    *most = 0;
    for (size_t i = 0; i < result->readings_count; i++) {
        const char *text = text_of(&result->readings[i]);
        size_t count = 0;
        if (result->readings[i].figure != figure || !*text)
            continue;
        for (size_t j = i; j < result->readings_count; j++)
            count += result->readings[j].figure == figure &&
                     strcmp(text_of(&result->readings[j]), text) == 0;
        if (count > *most) {
            *most = count;
            found = text;
        }
    }
    return found;
}

struct reading_summary reading_summary(const struct result *result, unsigned figure)
{
    struct reading_summary summary = {.value = {NAN, NAN, NAN}};
    double *values = calloc(result->readings_count + 1, sizeof *values);
    size_t n = 0, same;
    for (size_t i = 0; i < result->readings_count; i++) {
        const struct result_reading *reading = &result->readings[i];
        if (reading->figure != figure)
            continue;
        summary.taken++;
        if (*reading->failure)
            summary.failed++;
        else if (values)
            values[n++] = reading->value;
    }
    if (n > 0)
        summary.value = stat_sign_interval(values, n, STAT_ALPHA);
    summary.note = commonest(result, figure, note_of, &summary.noted);
    summary.failure = commonest(result, figure, failure_of, &same);
    free(values);
    return summary;
}

/* The value of a figure in a round; NAN: it has none. */
static double value_in(const struct result *result, unsigned block, unsigned figure)
{
    for (size_t i = 0; i < result->readings_count; i++) {
        const struct result_reading *reading = &result->readings[i];
        if (reading->block == block && reading->figure == figure && !*reading->failure)
            return reading->value;
    }
    return NAN;
}

struct interval reading_ratio(const struct result *result, unsigned over, unsigned under)
{
    double *upper = calloc(result->blocks_count + 1, sizeof *upper);
    double *lower = calloc(result->blocks_count + 1, sizeof *lower);
    struct interval ratio = {NAN, NAN, NAN};
    size_t n = 0;
    for (unsigned block = 0; upper && lower && block < result->blocks_count; block++) {
        upper[n] = value_in(result, block, over);
        lower[n] = value_in(result, block, under);
        n += upper[n] > 0 && lower[n] > 0;
    }
    if (n > 0)
        ratio = stat_speedup(upper, lower, n);
    free(upper);
    free(lower);
    return ratio;
}

static bool is_like(const struct result_figure *a, const struct result_figure *b, unsigned parts)
{
    return !((parts & READING_SUBJECT && strcmp(a->subject, b->subject) != 0) ||
             (parts & READING_FIGURE && strcmp(a->figure, b->figure) != 0) ||
             (parts & READING_X && a->x != b->x));
}

bool reading_is_first(const struct result *result, size_t at, unsigned parts)
{
    size_t i = 0;
    while (i < at && !is_like(&result->figures[i], &result->figures[at], parts))
        i++;
    return i == at;
}

int reading_find(const struct result *result, const char *subject, double x, const char *figure)
{
    for (size_t i = 0; i < result->figures_count; i++) {
        const struct result_figure *row = &result->figures[i];
        if (strcmp(row->subject, subject) == 0 && strcmp(row->figure, figure) == 0 &&
            fabs(row->x - x) <= 1e-9 * fabs(x))
            return (int)i;
    }
    return -1;
}
