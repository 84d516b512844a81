/* Summaries of a sweep. Everything is per task first, because serial may have run a subset of the
 * tasks, and then of a region of all of them. */
#include "summary.h"

#include "moment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct interval none = {NAN, NAN, NAN};
static const struct interval one = {1, 1, 1};

int summary_serial(const struct result *result)
{
    for (size_t i = 0; i < result->configs_count; i++)
        if (strcmp(result->configs[i].backend, "serial") == 0)
            return (int)i;
    return -1;
}

double summary_ideal(const struct result *result, unsigned workers)
{
    bool waits = strcmp(result->case_kind, "io") == 0;
    return !waits && result->usable_cpus < workers && result->usable_cpus > 0 ? result->usable_cpus
                                                                              : workers;
}

bool summary_counts(const struct result_sample *sample)
{
    return !*sample->failure && !sample->checksum_wrong && sample->lost == 0 &&
           sample->timeout == 0 && sample->wall_s > 0 && sample->regions > 0;
}

bool summary_enters(const struct result *result, const struct result_sample *sample)
{
    bool pilot = sample->block < result->blocks_count && result->blocks[sample->block].pilot;
    return summary_counts(sample) && !pilot;
}

size_t summary_blocks(const struct result *result)
{
    size_t n = 0;
    for (size_t i = 0; i < result->blocks_count; i++)
        n += !result->blocks[i].pilot;
    return n;
}

double summary_alpha(const struct result *result)
{
    return result->alpha > 0 ? result->alpha : STAT_ALPHA;
}

double summary_task_seconds(const struct result_sample *sample)
{
    double tasks = sample->tasks > 0 ? (double)sample->tasks : 1;
    return sample->wall_s / (double)sample->regions / tasks;
}

/* Seconds of a region of all the case's tasks. */
static double region_seconds(const struct result *result, const struct result_sample *sample)
{
    return summary_task_seconds(sample) * (result->tasks > 0 ? (double)result->tasks : 1);
}

static double cpu_seconds(const struct result *result, const struct result_sample *sample)
{
    return region_seconds(result, sample) * sample->cpu_s / sample->wall_s;
}

/* Serial's sample that counts, of each block (NULL: it has none); the caller's. NULL without serial
 * or memory. */
static const struct result_sample **partners_of(const struct result *result)
{
    int serial = summary_serial(result);
    const struct result_sample **partners =
        serial < 0 ? NULL : calloc(result->blocks_count + 1, sizeof *partners);
    for (size_t i = 0; partners && i < result->samples_count; i++) {
        const struct result_sample *sample = &result->samples[i];
        if (sample->config == (unsigned)serial && sample->block < result->blocks_count &&
            !partners[sample->block] && summary_counts(sample))
            partners[sample->block] = sample;
    }
    return partners;
}

static double log_ratio(const struct result_sample *serial, const struct result_sample *pool)
{
    return log(summary_task_seconds(serial) / summary_task_seconds(pool));
}

size_t summary_log_ratios(const struct result *result, unsigned config, bool pilot, double *d)
{
    const struct result_sample **partners = partners_of(result);
    size_t n = 0;
    for (size_t i = 0; partners && i < result->samples_count; i++) {
        const struct result_sample *sample = &result->samples[i];
        if (sample->config == config && sample->block < result->blocks_count &&
            result->blocks[sample->block].pilot == pilot && partners[sample->block] &&
            summary_counts(sample))
            d[n++] = log_ratio(partners[sample->block], sample);
    }
    free(partners);
    return n;
}

/* Columns of numbers, one of each a sample or pair. */
enum { SERIAL, POOL, RATIO, SERIAL_REGION, POOL_COLD, TASK, RATE, START, STOP, CPU, COLUMNS };

struct columns {
    double *column[COLUMNS];
    size_t samples, pairs;
};

static void add_pair(struct columns *columns, const struct result *result,
    const struct result_sample *serial, const struct result_sample *pool)
{
    size_t i = columns->pairs++;
    columns->column[SERIAL][i] = summary_task_seconds(serial);
    columns->column[POOL][i] = summary_task_seconds(pool);
    columns->column[RATIO][i] = log_ratio(serial, pool);
    columns->column[SERIAL_REGION][i] = region_seconds(result, serial);
    columns->column[POOL_COLD][i] = region_seconds(result, pool) + pool->start_s + pool->stop_s;
}

static void add_sample(
    struct columns *columns, const struct result *result, const struct result_sample *sample)
{
    size_t i = columns->samples++;
    columns->column[TASK][i] = summary_task_seconds(sample);
    columns->column[RATE][i] = 1 / summary_task_seconds(sample);
    columns->column[START][i] = sample->start_s;
    columns->column[STOP][i] = sample->stop_s;
    columns->column[CPU][i] = cpu_seconds(result, sample);
}

static void count_outcome(struct summary *summary, const struct result_sample *sample)
{
    summary->errors += sample->errors;
    summary->lost += sample->lost;
    summary->wrong += sample->checksum_wrong;
    summary->failed += *sample->failure != '\0';
}

static void collect(
    struct columns *columns, struct summary *summary, const struct result *result, unsigned config)
{
    const struct result_sample **partners = partners_of(result);
    for (size_t i = 0; i < result->samples_count; i++) {
        const struct result_sample *sample = &result->samples[i];
        if (sample->config != config)
            continue;
        count_outcome(summary, sample);
        if (!summary_enters(result, sample))
            continue;
        add_sample(columns, result, sample);
        if (partners && sample->block < result->blocks_count && partners[sample->block])
            add_pair(columns, result, partners[sample->block], sample);
    }
    free(partners);
}

static struct interval divide(struct interval interval, double by)
{
    return (struct interval){interval.value / by, interval.lo / by, interval.hi / by};
}

static struct interval invert(struct interval interval)
{
    return (struct interval){1 / interval.value, 1 / interval.hi, 1 / interval.lo};
}

static void reduce_pairs(const struct columns *columns, struct summary *summary, double alpha)
{
    double *const *column = columns->column;
    size_t n = summary->pairs = columns->pairs;
    summary->speedup = stat_speedup_at(column[SERIAL], column[POOL], n, alpha);
    summary->cold = stat_speedup_at(column[SERIAL_REGION], column[POOL_COLD], n, alpha);
    summary->means = fieller_ratio(column[SERIAL], column[POOL], n, alpha);
    if (n > 0)
        summary->p = stat_sign_test(column[RATIO], n);
}

/* Compared with itself, serial has no spread. */
static void set_serial(struct summary *summary)
{
    summary->speedup = summary->cold = one;
    summary->means = (struct fieller){FIELLER_BOUNDED, one};
    summary->p = NAN;
}

static void reduce(const struct columns *columns, struct summary *summary,
    const struct result *result, unsigned config)
{
    bool serial = summary_serial(result) == (int)config;
    double *const *column = columns->column;
    size_t n = columns->samples;
    reduce_pairs(columns, summary, summary_alpha(result));
    if (serial && columns->pairs > 0)
        set_serial(summary);
    summary->efficiency =
        divide(summary->speedup, summary_ideal(result, result->configs[config].workers));
    summary->task_s = stat_sign_interval(column[TASK], n, summary_alpha(result));
    summary->tasks_per_s = invert(summary->task_s);
    summary->mean_tasks_per_s = moment_harmonic_mean(column[RATE], n);
    summary->far_out = stat_beyond(column[TASK], n, STAT_FAR_OUT);
    summary->region_s = summary->task_s.value * (result->tasks > 0 ? (double)result->tasks : 1);
    summary->start_s = stat_median(column[START], n);
    summary->stop_s = stat_median(column[STOP], n);
    summary->cpu_s = stat_median(column[CPU], n);
}

struct summary summary_of(const struct result *result, unsigned config)
{
    size_t n = result->samples_count;
    double *room = calloc(n + 1, COLUMNS * sizeof *room);
    struct columns columns = {0};
    struct summary summary = {.speedup = none,
        .cold = none,
        .p = NAN,
        .means = {FIELLER_NONE, none},
        .efficiency = none,
        .task_s = none,
        .tasks_per_s = none,
        .mean_tasks_per_s = NAN,
        .region_s = NAN,
        .start_s = NAN,
        .stop_s = NAN,
        .cpu_s = NAN};
    if (!room)
        return summary;
    for (size_t i = 0; i < COLUMNS; i++)
        columns.column[i] = room + i * n;
    collect(&columns, &summary, result, config);
    reduce(&columns, &summary, result, config);
    free(room);
    return summary;
}

/* ---- whole commands ---- */

static int serial_command(const struct result *result)
{
    int serial = summary_serial(result);
    for (size_t i = 0; serial >= 0 && i < result->commands_count; i++)
        if (result->commands[i].config == (unsigned)serial)
            return (int)i;
    return -1;
}

static const struct result_run *run_of(
    const struct result *result, unsigned block, unsigned command)
{
    for (size_t i = 0; i < result->runs_count; i++) {
        const struct result_run *run = &result->runs[i];
        if (run->block == block && run->command == command && run->exit_code == 0)
            return run;
    }
    return NULL;
}

struct interval summary_command(const struct result *result, unsigned command, size_t *failed)
{
    int serial = serial_command(result);
    double *room = calloc(result->runs_count + 1, 2 * sizeof *room);
    double *serial_s = room, *command_s = room ? room + result->runs_count : NULL;
    size_t n = 0, failures = 0;
    for (size_t i = 0; room && i < result->runs_count; i++) {
        const struct result_run *run = &result->runs[i];
        if (run->command != command)
            continue;
        failures += run->exit_code != 0;
        const struct result_run *partner =
            serial < 0 || run->exit_code ? NULL : run_of(result, run->block, (unsigned)serial);
        if (!partner)
            continue;
        serial_s[n] = partner->wall_s;
        command_s[n++] = run->wall_s;
    }
    struct interval ratio = stat_speedup(serial_s, command_s, n);
    free(room);
    if (failed)
        *failed = failures;
    return (int)command == serial && n > 0 ? one : ratio;
}
