/* The verdict. Each gate gives at most one reason, however many configurations it concerns, so that
 * there is room for all. Gates look at the times of one configuration, not at the ratios: what
 * disturbs serial and the pool alike leaves the ratio standing, but not the times beside it. */
#include "verdict.h"

#include "moment.h"
#include "stat.h"
#include "summary.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MIN 20
#define VARIATION 0.10
#define HALVES_APART 0.05
#define OUTLIERS 0.10
#define AUTOCORRELATION 0.3
#define SWITCHES 10.0
#define SWITCHES_USUAL 3.0 /* a median below this is taken for it: few are few */

static void add(struct verdict *verdict, enum verdict_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(struct verdict *verdict, enum verdict_level level, const char *format, ...)
{
    if (level > verdict->level)
        verdict->level = level;
    bool refused = level == VERDICT_REFUSED;
    size_t i = refused ? verdict->refused++ : verdict->count;
    char *reason = verdict->reasons[i];
    memmove(reason + sizeof verdict->reasons[0], reason,
        (verdict->count++ - i) * sizeof verdict->reasons[0]);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof verdict->reasons[0], format, arguments);
    va_end(arguments);
}

const char *verdict_name(enum verdict_level level)
{
    static const char *const names[] = {"TRUSTED", "SUSPECT", "REFUSED"};
    return names[level];
}

/* "threads, 4 workers" */
struct name {
    char text[sizeof(struct result_name) + 32];
};

static struct name name_of(const struct result *result, unsigned config)
{
    struct name name = {"an unknown configuration"};
    if (config < result->configs_count) {
        const struct result_config *known = &result->configs[config];
        snprintf(name.text, sizeof name.text, "%s, %u worker%s", result_name(known).text,
            known->workers, known->workers == 1 ? "" : "s");
    }
    return name;
}

/* ---- gates on outcomes ---- */

static bool has_failed(const struct result_sample *sample)
{
    return *sample->failure != '\0';
}

static bool is_wrong(const struct result_sample *sample)
{
    return !*sample->failure && sample->checksum_wrong;
}

static bool has_lost(const struct result_sample *sample)
{
    return sample->lost > 0;
}

static bool is_late(const struct result_sample *sample)
{
    return sample->timeout > 0;
}

static bool has_deaths(const struct result_sample *sample)
{
    return sample->died > 0;
}

/* What a sample must not be, and what is said before "N of M samples". */
static const struct outcome {
    bool (*is)(const struct result_sample *sample);
    const char *what;
} outcomes[] = {
    {is_wrong, "wrong checksum in"},
    {has_lost, "tasks lost in"},
    {is_late, "tasks ran out of time in"},
    {has_deaths, "workers died in"},
    {has_failed, "no time in"},
};

static void judge_outcome(
    struct verdict *verdict, const struct result *result, const struct outcome *outcome)
{
    const struct result_sample *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < result->samples_count; i++)
        if (outcome->is(&result->samples[i])) {
            first = first ? first : &result->samples[i];
            count++;
        }
    if (first)
        add(verdict, VERDICT_REFUSED, "%s %zu of %zu samples, the first in block %u (%s)%s%.90s",
            outcome->what, count, result->samples_count, first->block,
            name_of(result, first->config).text, *first->failure ? ": " : "", first->failure);
}

static void judge_outcomes(struct verdict *verdict, const struct result *result)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        judge_outcome(verdict, result, &outcomes[i]);
}

/* ---- gates on the machine ---- */

/* Paired blocks cannot see this: a process that holds one of two CPUs all the time leaves serial as
 * it was and takes from the pool alone. */
static void judge_others(struct verdict *verdict, const struct result *result)
{
    double capacity = result->noise.window_s * result->usable_cpus;
    double part = capacity > 0 ? result->noise.others_s / capacity : 0;
    bool refused = part > VERDICT_OTHERS_REFUSED;
    double limit = refused ? VERDICT_OTHERS_REFUSED : VERDICT_OTHERS_SUSPECT;
    if (part > limit && result->noise.others_s >= VERDICT_OTHERS_SECONDS)
        add(verdict, refused ? VERDICT_REFUSED : VERDICT_SUSPECT,
            "other processes used %.0f %% of the usable CPUs (limit %g %%); stop them and repeat",
            100 * part, 100 * limit);
}

static void judge_noise(struct verdict *verdict, const struct result_noise *noise)
{
    double steal = noise->cpu_ticks ? (double)noise->steal_ticks / (double)noise->cpu_ticks : 0;
    if (noise->throttled)
        add(verdict, VERDICT_REFUSED, "the cgroup was throttled in %llu periods of its CPU quota",
            (unsigned long long)noise->throttled);
    if (steal > VERDICT_STEAL_PART && noise->steal_ticks >= VERDICT_STEAL_TICKS)
        add(verdict, VERDICT_REFUSED, "the hypervisor stole %.1f %% of the CPU time (limit %g %%)",
            100 * steal, 100 * VERDICT_STEAL_PART);
    if (noise->cpus_changed)
        add(verdict, VERDICT_REFUSED, "the usable CPUs (affinity or quota) changed during the run");
    if (noise->swapped_in)
        add(verdict, VERDICT_REFUSED, "%llu pages were swapped in during the run",
            (unsigned long long)noise->swapped_in);
    double stalled = noise->window_s > 0 ? (double)noise->stalled_us * 1e-6 / noise->window_s : 0;
    if (stalled > VERDICT_STALLED)
        add(verdict, VERDICT_SUSPECT,
            "tasks waited for memory in %.1f %% of the time (limit %g %%); free some and repeat",
            100 * stalled, 100 * VERDICT_STALLED);
}

/* Speed of the first third of the blocks to that of the last, by fixed work; 0: not known. */
static double canary_ratio(const struct result *result)
{
    size_t third = result->blocks_count / 3;
    double *canary = calloc(2 * third + 1, sizeof *canary);
    for (size_t i = 0; canary && i < third; i++) {
        canary[i] = result->blocks[i].canary_s;
        canary[third + i] = result->blocks[result->blocks_count - third + i].canary_s;
    }
    double first = canary ? stat_median(canary, third) : NAN;
    double last = canary ? stat_median(canary + third, third) : NAN;
    free(canary);
    return first > 0 && last > 0 ? last / first : 0;
}

static void judge_canary(struct verdict *verdict, const struct result *result)
{
    double ratio = canary_ratio(result);
    if (ratio <= 0)
        return;
    double drift = fmax(ratio, 1 / ratio) - 1;
    bool refused = drift > VERDICT_CANARY_REFUSED;
    double limit = refused ? VERDICT_CANARY_REFUSED : VERDICT_CANARY_SUSPECT;
    if (drift > limit)
        add(verdict, refused ? VERDICT_REFUSED : VERDICT_SUSPECT,
            "the machine became %.1f %% %s from the first to the last third of the blocks, by "
            "fixed work (limit %g %%)",
            100 * drift, ratio > 1 ? "slower" : "faster", 100 * limit);
}

/* ---- gates on the times of one configuration ---- */

struct series {
    double *seconds, *switches; /* of one sample each, in order */
    size_t n;
    size_t compared; /* how many configurations are looked at in all */
};

/* A gate gives the figure that is too large, or 0. */
struct gate {
    double (*figure)(const struct series *series);
    const char *what;
    double limit, scale; /* scale: of the figure and the limit, for the unit */
    const char *unit;
};

static double variation(const struct series *series)
{
    double square = moment_covariance(series->seconds, series->seconds, series->n);
    double figure = sqrt(square) / moment_mean(series->seconds, series->n);
    return figure > VARIATION ? figure : 0;
}

static double halves(const struct series *series)
{
    size_t half = series->n / 2;
    const double *second = series->seconds + series->n - half;
    struct interval a = stat_sign_interval(series->seconds, half, STAT_ALPHA);
    struct interval b = stat_sign_interval(second, half, STAT_ALPHA);
    double apart = fmax(a.value, b.value) / fmin(a.value, b.value) - 1;
    return apart > HALVES_APART && (a.hi < b.lo || b.hi < a.lo) ? apart : 0;
}

/* More than the limit's part of the samples, and one more: among many configurations some have one
 * too many by chance. */
static double too_many(size_t count, size_t n)
{
    return (double)count > OUTLIERS * (double)n + 1 ? (double)count / (double)n : 0;
}

static double outliers(const struct series *series)
{
    size_t count = stat_beyond(series->seconds, series->n, STAT_FAR_OUT);
    return too_many(count, series->n);
}

/* 2 / sqrt(n) has a probability of 2.3 % under independence; that is shared among all that are
 * compared. */
static double autocorrelation(const struct series *series)
{
    double r = moment_autocorrelation(series->seconds, series->n);
    double p = erfc(r * sqrt((double)series->n / 2)), limit = erfc(sqrt(2));
    return r > AUTOCORRELATION && p < limit / (double)series->compared ? r : 0;
}

/* One sample that was pushed aside does not move a median; a tenth of them may. */
static double switches(const struct series *series)
{
    double usual = fmax(SWITCHES_USUAL, stat_median(series->switches, series->n));
    size_t count = 0;
    for (size_t i = 0; i < series->n; i++)
        count += series->switches[i] > SWITCHES * usual;
    return too_many(count, series->n);
}

static const struct gate gates[] = {
    {variation, "the times' coefficient of variation is", VARIATION, 100, " %"},
    {halves, "the medians of the first and the second half differ by", HALVES_APART, 100, " %"},
    {outliers, "beyond 3 interquartile ranges lie", OUTLIERS, 100, " % of the times"},
    {autocorrelation, "neighbouring times are correlated by", AUTOCORRELATION, 1, ""},
    {switches, "10 times the usual involuntary switches are in", OUTLIERS, 100,
        " % of the samples"},
};

static void fill_series(struct series *series, const struct result *result, unsigned config)
{
    series->n = 0;
    for (size_t i = 0; i < result->samples_count; i++) {
        const struct result_sample *sample = &result->samples[i];
        if (sample->config != config || !summary_enters(result, sample))
            continue;
        series->seconds[series->n] = summary_task_seconds(sample);
        series->switches[series->n++] = (double)sample->involuntary;
    }
}

static void judge_gate(struct verdict *verdict, const struct result *result,
    const struct gate *gate, struct series *series)
{
    double worst = 0;
    unsigned worst_config = 0;
    size_t count = 0;
    for (unsigned i = 0; i < result->configs_count; i++) {
        fill_series(series, result, i);
        double figure = series->n >= SAMPLES_MIN ? gate->figure(series) : 0;
        count += figure > 0;
        if (figure > worst) {
            worst = figure;
            worst_config = i;
        }
    }
    if (count)
        add(verdict, VERDICT_SUSPECT, "%s %.3g%s with %s (limit %g%s; so in %zu of %zu)",
            gate->what, worst * gate->scale, gate->unit, name_of(result, worst_config).text,
            gate->limit * gate->scale, gate->unit, count, series->compared);
}

static void judge_times(struct verdict *verdict, const struct result *result)
{
    double *room = calloc(result->samples_count + 1, 2 * sizeof *room);
    if (!room)
        return;
    struct series series = {.seconds = room, .switches = room + result->samples_count};
    for (unsigned i = 0; i < result->configs_count; i++) {
        fill_series(&series, result, i);
        series.compared += series.n >= SAMPLES_MIN;
    }
    for (size_t i = 0; i < sizeof gates / sizeof *gates; i++)
        judge_gate(verdict, result, &gates[i], &series);
    free(room);
}

struct verdict verdict_of(const struct result *result)
{
    struct verdict verdict = {0};
    judge_outcomes(&verdict, result);
    judge_noise(&verdict, &result->noise);
    judge_others(&verdict, result);
    judge_canary(&verdict, result);
    judge_times(&verdict, result);
    return verdict;
}
