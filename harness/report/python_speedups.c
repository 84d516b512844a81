/* Ratios of regions of the same round: what an interpreter takes to start is left out. A subject is
 * "JOB POOL", with " (C)" behind it where it is ours; a job's baseline is its "serial". */
#include "python_speedups.h"

#include "../analyze/reading.h"
#include "markdown.h"
#include "number.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define REGION "region"
#define SERIAL " serial"

static bool is_region(const struct result_figure *figure)
{
    return strcmp(figure->figure, REGION) == 0;
}

/* How long the job's name is within a subject whose job has a serial loop in Python; 0: none. */
static size_t job_length(const struct result *result, const char *subject)
{
    char serial[RESULT_NAME_MAX + sizeof SERIAL];
    size_t longest = 0;
    for (size_t end = 1; subject[end]; end++) {
        if (subject[end] != ' ')
            continue;
        snprintf(serial, sizeof serial, "%.*s" SERIAL, (int)end, subject);
        if (reading_find(result, serial, 1, REGION) >= 0)
            longest = end;
    }
    return longest;
}

/* Python's serial loop of the job that the subject is of, or -1. */
static int baseline_of(const struct result *result, const char *subject)
{
    char serial[RESULT_NAME_MAX + 16];
    size_t length = job_length(result, subject);
    snprintf(serial, sizeof serial, "%.*s" SERIAL, (int)length, subject);
    return length > 0 ? reading_find(result, serial, 1, REGION) : -1;
}

static void put_ratio(FILE *out, const struct result *result, int serial, int pool)
{
    if (serial < 0 || pool < 0)
        fputs(" |", out);
    else
        fprintf(out, " %s |",
            number_interval(reading_ratio(result, (unsigned)serial, (unsigned)pool)).text);
}

static void put_heading(FILE *out, const struct result *result)
{
    size_t columns = 0;
    fputs("| workers |", out);
    for (size_t i = 0; i < result->figures_count; i++) {
        if (!is_region(&result->figures[i]) ||
            !reading_is_first(result, i, READING_FIGURE | READING_X))
            continue;
        fprintf(out, " %s |", number_whole((uint64_t)result->figures[i].x).text);
        columns++;
    }
    fputs("\n| --- |", out);
    while (columns-- > 0)
        fputs(" --- |", out);
    fputc('\n', out);
}

/* A subject's row: against the baseline, at every number of workers. */
static void put_row(FILE *out, const struct result *result, const char *subject, int serial)
{
    fputs("| ", out);
    markdown_text(out, subject);
    fputs(" |", out);
    for (size_t i = 0; i < result->figures_count; i++)
        if (is_region(&result->figures[i]) &&
            reading_is_first(result, i, READING_FIGURE | READING_X))
            put_ratio(
                out, result, serial, reading_find(result, subject, result->figures[i].x, REGION));
    fputc('\n', out);
}

void python_put_speedups(FILE *out, const struct result *result)
{
    fputs("**Speedup of the region over Python's serial loop**, from the same rounds; of ours (C) "
          "too, which says how many times as fast the same work is there:\n\n",
        out);
    put_heading(out, result);
    for (size_t i = 0; i < result->figures_count; i++) {
        const struct result_figure *figure = &result->figures[i];
        int serial =
            is_region(figure) && reading_is_first(result, i, READING_FIGURE | READING_SUBJECT)
                ? baseline_of(result, figure->subject)
                : -1;
        if (serial >= 0)
            put_row(out, result, figure->subject, serial);
    }
    fputc('\n', out);
}

/* ---- the interpreter's lock ---- */

#define PYTHON_THREADS "powersum ThreadPool"
#define PYTHON_SERIAL "powersum serial"
#define OUR_LOCK "long powersum gil (C)"
#define OUR_SERIAL "long powersum serial (C)"

/* Ours over Python's: no wider than the two intervals allow. */
static struct interval over(struct interval ours, struct interval python)
{
    return (struct interval){ours.value / python.value, ours.lo / python.hi, ours.hi / python.lo};
}

void python_put_lock(FILE *out, const struct result *result)
{
    int python = reading_find(result, PYTHON_SERIAL, 1, REGION);
    int ours = reading_find(result, OUR_SERIAL, 1, REGION);
    if (python < 0 || ours < 0)
        return;
    fputs("**The interpreter's lock beside our gil backend**: speedup of computing over the serial "
          "loop of the same language, of Python's ThreadPool (powersum n=1M) and of gil (powersum "
          "n=100M, since C is so much faster). In both one lock lets one thread compute at a time "
          "and is handed on every 5 ms, so that both should stay at one worker's speed, whatever "
          "their number; the last column says how far apart they are, its interval being as wide "
          "as both allow:\n\n"
          "| workers | ThreadPool | gil (C) | gil / ThreadPool |\n"
          "| ---: | --- | --- | --- |\n",
        out);
    for (unsigned workers = 1; workers <= 16; workers++) {
        int pool = reading_find(result, PYTHON_THREADS, workers, REGION);
        int lock = reading_find(result, OUR_LOCK, workers, REGION);
        if (pool < 0 || lock < 0)
            continue;
        struct interval there = reading_ratio(result, (unsigned)python, (unsigned)pool);
        struct interval here = reading_ratio(result, (unsigned)ours, (unsigned)lock);
        fprintf(out, "| %u | %s |", workers, number_interval(there).text);
        fprintf(out, " %s |", number_interval(here).text);
        fprintf(out, " %s |\n", number_interval(over(here, there)).text);
    }
    fputc('\n', out);
}
