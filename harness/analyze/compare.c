/* Rows of a comparison: what is compared becomes columns of ln cost, and the designs of compare.h
 * make intervals of them. A's cost - B's is the ln of the ratio, in every design. */
#include "compare.h"

#include "holm.h"
#include "moment.h"
#include "ranksum.h"
#include "student.h"
#include "summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Student's t is the normal distribution from here on, as far as `detectable` goes. */
#define DF_MAX 1000

static double *numbers(size_t count)
{
    double *values = calloc(count + 1, sizeof *values);
    if (!values) {
        fputs("poolbench: out of memory for the comparison\n", stderr);
        abort();
    }
    return values;
}

/* ---- costs ---- */

/* ln seconds a task of one configuration in each block, NAN where no sample counts. */
static double *block_times(const struct result *result, unsigned config)
{
    double *times = numbers(result->blocks_count);
    for (size_t i = 0; i < result->blocks_count; i++)
        times[i] = NAN;
    for (size_t i = 0; i < result->samples_count; i++) {
        const struct result_sample *sample = &result->samples[i];
        if (sample->config == config && !result->blocks[sample->block].pilot &&
            summary_counts(sample))
            times[sample->block] = log(summary_task_seconds(sample));
    }
    return times;
}

/* Moves the numbers to the front; returns how many there are. */
static size_t keep_numbers(double *values, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    return kept;
}

/* ln of the ratio of two configurations in each block where both count; *count is how many. */
static double *block_ratios(const struct result *result, unsigned a, unsigned b, size_t *count)
{
    double *ratios = block_times(result, a), *other = block_times(result, b);
    for (size_t i = 0; i < result->blocks_count; i++)
        ratios[i] -= other[i];
    free(other);
    *count = keep_numbers(ratios, result->blocks_count);
    return ratios;
}

static int find_config(const struct result *result, const struct result_config *config)
{
    for (size_t i = 0; i < result->configs_count; i++)
        if (result_same_config(&result->configs[i], config))
            return (int)i;
    return -1;
}

/* ln cost of a configuration in one run, block by block: its time, or its time / serial's. Empty
 * where the run has no such thing. */
static double *run_costs(
    const struct result *run, const struct result_config *config, enum compare_of of, size_t *count)
{
    int at = find_config(run, config), serial = summary_serial(run);
    *count = 0;
    if (at < 0 || (of == COMPARE_SPEEDUP && serial < 0))
        return numbers(0);
    if (of == COMPARE_SPEEDUP)
        return block_ratios(run, (unsigned)at, (unsigned)serial, count);
    double *costs = block_times(run, (unsigned)at);
    *count = keep_numbers(costs, run->blocks_count);
    return costs;
}

/* Each run's median. */
static size_t run_medians(const struct result *const *runs, size_t count,
    const struct result_config *config, enum compare_of of, double *medians)
{
    for (size_t i = 0; i < count; i++) {
        size_t blocks;
        double *costs = run_costs(runs[i], config, of, &blocks);
        medians[i] = stat_median(costs, blocks);
        free(costs);
    }
    return keep_numbers(medians, count);
}

/* ---- rows ---- */

/* How many times smaller than 5 % the level of the run's own intervals is. */
static double looks_of(const struct result *run)
{
    return run->alpha > 0 && run->alpha < STAT_ALPHA ? STAT_ALPHA / run->alpha : 1;
}

static double most_looks(const struct result *const *runs, size_t count)
{
    double most = 1;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, looks_of(runs[i]));
    return most;
}

struct compare_row compare_within(const struct result *result, unsigned a, unsigned b)
{
    struct compare_row row = {.a = result->configs[a],
        .b = result->configs[b],
        .design = COMPARE_WITHIN_RUN,
        .looks = looks_of(result)};
    row.values = block_ratios(result, a, b, &row.a_count);
    row.b_count = row.a_count;
    return row;
}

static void take_blocks(
    struct compare_row *row, const struct result *a, const struct result *b, enum compare_of of)
{
    double *a_costs = run_costs(a, &row->a, of, &row->a_count);
    double *b_costs = run_costs(b, &row->b, of, &row->b_count);
    row->values = numbers(row->a_count + row->b_count);
    memcpy(row->values, a_costs, row->a_count * sizeof *a_costs);
    memcpy(row->values + row->a_count, b_costs, row->b_count * sizeof *b_costs);
    free(a_costs);
    free(b_costs);
}

struct compare_row compare_runs(const struct result *const *a, size_t a_count,
    const struct result *const *b, size_t b_count, const struct result_config *config,
    enum compare_of of)
{
    struct compare_row row = {.a = *config,
        .b = *config,
        .design = COMPARE_TWO_RUNS,
        .looks = fmax(most_looks(a, a_count), most_looks(b, b_count))};
    if (a_count == 1 && b_count == 1) {
        take_blocks(&row, a[0], b[0], of);
        return row;
    }
    row.design = COMPARE_FEW_RUNS; /* choose_design knows more */
    row.values = numbers(a_count + b_count);
    row.a_count = run_medians(a, a_count, config, of, row.values);
    row.b_count = run_medians(b, b_count, config, of, row.values + row.a_count);
    return row;
}

void compare_free(struct compare_row *row)
{
    free(row->values);
    row->values = NULL;
}

static const double *b_values(const struct compare_row *row)
{
    return row->values + row->a_count;
}

/* ---- Student's t on the runs' medians ---- */

struct means {
    double shift, error; /* of the means, and its standard error */
    size_t df;
};

/* Sum of (v - mean)^2, which a single run has too. */
static double squares_of(const double *values, size_t n)
{
    return n > 1 ? moment_covariance(values, values, n) * (double)(n - 1) : 0;
}

static struct means means_of(const struct compare_row *row)
{
    const double *a = row->values, *b = b_values(row);
    double m = (double)row->a_count, n = (double)row->b_count;
    double squares = squares_of(a, row->a_count) + squares_of(b, row->b_count);
    return (struct means){.shift = moment_mean(a, row->a_count) - moment_mean(b, row->b_count),
        .error = sqrt(squares / (m + n - 2) * (1 / m + 1 / n)),
        .df = row->a_count + row->b_count - 2};
}

static struct interval t_interval(const struct compare_row *row, double alpha)
{
    struct means means = means_of(row);
    double half = means.error * student_quantile(1 - alpha / 2, means.df);
    return (struct interval){means.shift, means.shift - half, means.shift + half};
}

static double t_test(const struct compare_row *row)
{
    struct means means = means_of(row);
    if (means.error <= 0)
        return means.shift == 0;
    return 1 - student_within(fabs(means.shift) / means.error, means.df);
}

/* ---- the designs ---- */

/* Of ln ratio. */
static struct interval interval_of(const struct compare_row *row, double alpha)
{
    switch (row->design) {
    case COMPARE_WITHIN_RUN:
        return stat_sign_interval(row->values, row->a_count, alpha);
    case COMPARE_TWO_RUNS:
    case COMPARE_RUNS:
        return ranksum_interval(row->values, row->a_count, b_values(row), row->b_count, alpha);
    case COMPARE_FEW_RUNS:
        break;
    }
    return t_interval(row, alpha);
}

static double p_of(const struct compare_row *row)
{
    switch (row->design) {
    case COMPARE_WITHIN_RUN:
        return stat_sign_test(row->values, row->a_count);
    case COMPARE_TWO_RUNS:
    case COMPARE_RUNS:
        return ranksum_test(row->values, row->a_count, b_values(row), row->b_count);
    case COMPARE_FEW_RUNS:
        break;
    }
    return t_test(row);
}

/* Whether the row's numbers suffice for an interval at that level. */
static bool suffices(const struct compare_row *row, double alpha)
{
    if (row->design == COMPARE_WITHIN_RUN)
        return stat_sign_rank(row->a_count, alpha) > 0;
    if (row->design == COMPARE_FEW_RUNS)
        return row->a_count > 0 && row->b_count > 0 && row->a_count + row->b_count > 2;
    return ranksum_rank(row->a_count, row->b_count, alpha) > 0;
}

/* The smallest equal number on each side that suffices. */
static size_t least(const struct compare_row *row, double alpha)
{
    struct compare_row more = *row;
    more.a_count = more.b_count = 1;
    while (!suffices(&more, alpha))
        more.b_count = ++more.a_count;
    return more.a_count;
}

static double detectable_of(const struct compare_row *row, double alpha)
{
    struct interval interval = interval_of(row, alpha);
    size_t df = row->a_count - 1 + (row->design == COMPARE_WITHIN_RUN ? 0 : row->b_count - 1);
    if (isnan(interval.lo))
        return INFINITY;
    df = df < DF_MAX ? df : DF_MAX;
    double more = student_quantile(COMPARE_POWER, df) / student_quantile(1 - alpha / 2, df);
    return exp((interval.hi - interval.lo) / 2 * (1 + more));
}

/* ---- conclusions ---- */

static double level_of(const struct compare_row *row)
{
    return STAT_ALPHA / row->looks;
}

static void refuse(struct compare_row *row)
{
    bool within = row->design == COMPARE_WITHIN_RUN;
    row->verdict = COMPARE_NOT_COMPARABLE;
    if (row->a_count == 0 || row->b_count == 0)
        snprintf(row->reason, sizeof row->reason, "%s",
            within             ? "no block has samples of both that count"
            : row->a_count > 0 ? "B has no sample that counts"
            : row->b_count > 0 ? "A has no sample that counts"
                               : "neither side has a sample that counts");
    else if (within)
        snprintf(row->reason, sizeof row->reason,
            "%zu blocks in which both count are too few; at least %zu are needed", row->a_count,
            least(row, level_of(row)));
    else
        snprintf(row->reason, sizeof row->reason,
            "%zu %s against %zu are too few; at least %zu on each side", row->a_count,
            compare_unit(row->design), row->b_count, least(row, level_of(row)));
}

/* Whether the row can be compared at all; else it says why. */
static bool admit(struct compare_row *row)
{
    row->ratio = (struct interval){NAN, NAN, NAN};
    row->p = row->p_adjusted = row->detectable = NAN;
    if (!suffices(row, level_of(row)))
        refuse(row);
    return *row->reason == '\0';
}

/* Runs that are enough for the rank sum need nothing to be normal. */
static void choose_design(struct compare_row *row, double alpha)
{
    struct compare_row ranked = *row;
    ranked.design = COMPARE_RUNS;
    if (row->design == COMPARE_FEW_RUNS && suffices(&ranked, alpha))
        row->design = COMPARE_RUNS;
}

static void estimate(struct compare_row *row)
{
    struct interval ln = interval_of(row, level_of(row));
    row->ratio = (struct interval){exp(ln.value), exp(ln.lo), exp(ln.hi)};
    row->p = p_of(row);
}

static void judge(struct compare_row *row, size_t comparisons)
{
    double alpha = level_of(row) / (double)comparisons;
    row->detectable = detectable_of(row, alpha);
    if (row->p_adjusted <= STAT_ALPHA) {
        row->verdict = row->ratio.value > 1 ? COMPARE_FASTER : COMPARE_SLOWER;
    } else if (isfinite(row->detectable)) {
        row->verdict = COMPARE_NO_DIFFERENCE;
    } else {
        row->verdict = COMPARE_NOT_COMPARABLE;
        snprintf(row->reason, sizeof row->reason,
            "too few %s for %zu comparisons at once; at least %zu on each side",
            compare_unit(row->design), comparisons, least(row, alpha));
    }
}

int compare_conclude(struct compare_row *rows, size_t n)
{
    size_t comparisons = 0;
    double *p = numbers(n);
    for (size_t i = 0; i < n; i++)
        comparisons += admit(&rows[i]);
    for (size_t i = 0; i < n; i++) {
        if (!*rows[i].reason) {
            choose_design(&rows[i], level_of(&rows[i]) / (double)comparisons);
            estimate(&rows[i]);
        }
        p[i] = isnan(rows[i].p) ? NAN : fmin(1, rows[i].p * rows[i].looks);
    }
    int failed = holm_adjust(p, n, p);
    for (size_t i = 0; i < n; i++) {
        rows[i].p_adjusted = p[i];
        if (!*rows[i].reason)
            judge(&rows[i], comparisons);
    }
    free(p);
    return failed;
}

bool compare_regressed(const struct compare_row *row, double threshold)
{
    return row->verdict == COMPARE_SLOWER && row->ratio.value < 1 / (1 + threshold);
}

const char *compare_verdict_name(enum compare_verdict verdict)
{
    static const char *const names[] = {
        "faster", "slower", "no detectable difference", "not comparable"};
    return names[verdict];
}

const char *compare_unit(enum compare_design design)
{
    return design == COMPARE_WITHIN_RUN || design == COMPARE_TWO_RUNS ? "blocks" : "runs";
}

const char *compare_method(enum compare_design design)
{
    static const char *const names[] = {"sign", "rank sum", "rank sum of runs", "t of runs"};
    return names[design];
}
