/* Judging sizes. Each candidate is tested at looks of its own, by the number of its own blocks: one
 * that is dropped has no more of them, so its test stays what it was and no state is needed. */
#include "tune.h"

#include "holm.h"
#include "student.h"
#include "twoway.h"
#include "valley.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* Samples on a quiet machine scatter by some per cent; it takes only a few to overrule this. */
static const struct twoway_prior prior = {.noise = 0.03, .df = 3};

/* A single sample may be a spike: a candidate with one is worse only from this factor on. */
#define CLEARLY_WORSE 2.0

/* However clear it looks: an answer rests on at least so many samples of each size in it. */
#define SETTLED_SAMPLES 4

/* ---- candidates ---- */

int tune_compare_sizes(const void *left, const void *right)
{
    const struct tune_size *a = left, *b = right;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return (a->workers > b->workers) - (a->workers < b->workers);
}

/* Sorts and drops doubles; returns how many are left. */
static size_t sort_sizes(struct tune_size *sizes, size_t n)
{
    size_t kept = 0;
    if (n > 0)
        qsort(sizes, n, sizeof *sizes, tune_compare_sizes);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || tune_compare_sizes(&sizes[kept - 1], &sizes[i]) != 0)
            sizes[kept++] = sizes[i];
    return kept;
}

static size_t find_candidate(const struct tune *tune, struct tune_size size)
{
    const struct tune_candidate *found = bsearch(&size, tune->candidates, tune->count,
        sizeof *tune->candidates, tune_compare_sizes); /* a candidate begins with its size */
    return (size_t)(found - tune->candidates);
}

static int list_candidates(struct tune *tune, const struct tune_problem *problem,
    const struct tune_sample *samples, size_t n)
{
    size_t count = problem->sizes_count + n;
    struct tune_size *sizes = calloc(count + 1, sizeof *sizes);
    for (size_t i = 0; sizes && i < count; i++)
        sizes[i] = i < n ? samples[i].size : problem->sizes[i - n];
    tune->count = sizes ? sort_sizes(sizes, count) : 0;
    tune->candidates = sizes ? calloc(tune->count + 1, sizeof *tune->candidates) : NULL;
    for (size_t i = 0; tune->candidates && i < tune->count; i++)
        tune->candidates[i] = (struct tune_candidate){
            .size = sizes[i], .cost = {NAN, NAN, NAN}, .excess = NAN, .shaped = NAN, .error = NAN};
    free(sizes);
    return tune->candidates ? 0 : -1;
}

/* Fits the levels of ln cost; a candidate with a sample that cannot be had is out. */
static int fit_levels(
    struct tune *tune, struct twoway *fit, const struct tune_sample *samples, size_t n)
{
    struct twoway_sample *rows = calloc(n + 1, sizeof *rows);
    size_t finite = 0;
    for (size_t i = 0; rows && i < n; i++) {
        size_t arm = find_candidate(tune, samples[i].size);
        if (isfinite(samples[i].cost))
            rows[finite++] =
                (struct twoway_sample){samples[i].block, (unsigned)arm, log(samples[i].cost)};
        else
            tune->candidates[arm].standing = TUNE_FAILED;
        if (samples[i].block >= tune->blocks)
            tune->blocks = samples[i].block + 1;
    }
    int failed = !rows || twoway_fit(fit, rows, finite, tune->count, prior) ? -1 : 0;
    free(rows);
    return failed;
}

static void fill_costs(struct tune *tune, const struct twoway *fit)
{
    tune->noise = fit->noise;
    tune->critical = student_quantile(1 - STAT_ALPHA / 2, fit->df);
    for (size_t i = 0; i < tune->count; i++) {
        struct tune_candidate *candidate = &tune->candidates[i];
        double level = fit->level[i];
        double half = tune->critical * fit->noise / sqrt((double)fit->n[i]);
        candidate->n = fit->n[i];
        candidate->dropped = candidate->standing == TUNE_FAILED;
        if (candidate->n > 0)
            candidate->cost = (struct interval){exp(level), exp(level - half), exp(level + half)};
    }
}

static bool measured(const struct tune_candidate *candidate)
{
    return candidate->n > 0 && candidate->standing != TUNE_FAILED;
}

/* In the race: measured, and neither worse nor inefficient. */
static bool alive(const struct tune_candidate *candidate)
{
    return candidate->n > 0 && candidate->standing <= TUNE_TIED;
}

/* ---- efficiency ---- */

static double ideal(const struct tune_problem *problem, unsigned workers)
{
    return problem->cpus && problem->cpus < workers ? problem->cpus : workers;
}

/* Efficiency is below its minimum when ln(cost x minimum x ideal / cost of one worker) > 0; a
 * candidate is dropped when that is so beyond its error. */
static void judge_efficiency(
    struct tune *tune, const struct tune_problem *problem, const struct twoway *fit)
{
    for (size_t i = 0; problem->efficiency_min > 0 && i < tune->count; i++) {
        struct tune_candidate *candidate = &tune->candidates[i];
        size_t one = i;
        while (one > 0 && tune->candidates[one - 1].size.group == candidate->size.group)
            one--;
        if (one == i || !measured(candidate) || !measured(&tune->candidates[one]))
            continue;
        double short_by = fit->level[i] - fit->level[one] +
                          log(problem->efficiency_min * ideal(problem, candidate->size.workers));
        if (short_by > 0) {
            candidate->standing = TUNE_INEFFICIENT;
            candidate->dropped = short_by > tune->critical * twoway_error(fit, i, one);
        }
    }
}

/* ---- worse ---- */

/* The lowest cost but for luck: a newcomer's single sample is not believed at once. */
static size_t find_best(const struct tune *tune, const struct twoway *fit)
{
    size_t best = TUNE_NONE;
    double lowest = INFINITY;
    for (size_t i = 0; i < tune->count; i++) {
        double level = fit->level[i] + fit->noise / sqrt((double)fit->n[i]);
        if (alive(&tune->candidates[i]) && level < lowest) {
            lowest = level;
            best = i;
        }
    }
    return best;
}

static double p_of_worse(const struct tune_candidate *candidate, double within, size_t df)
{
    double t = (candidate->excess - log1p(within)) / candidate->error;
    double tail = (1 - student_within(fabs(t), df)) / 2;
    return t > 0 ? tail : 1 - tail;
}

static int judge_worse(
    struct tune *tune, const struct tune_problem *problem, const struct twoway *fit)
{
    double *p = calloc(tune->count + 1, sizeof *p);
    for (size_t i = 0; p && i < tune->count; i++) {
        struct tune_candidate *candidate = &tune->candidates[i];
        p[i] = NAN;
        if (!measured(candidate))
            continue;
        candidate->excess = fit->level[i] - fit->level[tune->best];
        candidate->error = twoway_error(fit, i, tune->best);
        if (i != tune->best && alive(candidate))
            p[i] = p_of_worse(candidate, problem->within, fit->df);
    }
    if (!p || holm_adjust(p, tune->count, p)) {
        free(p);
        return -1;
    }
    for (size_t i = 0; i < tune->count; i++) {
        struct tune_candidate *candidate = &tune->candidates[i];
        double looks = (double)candidate->n;
        if (p[i] <= STAT_ALPHA / (looks * (looks + 1)) &&
            (candidate->n > 1 || candidate->excess > log(CLEARLY_WORSE))) {
            candidate->standing = TUNE_WORSE;
            candidate->dropped = true;
        }
    }
    free(p);
    return 0;
}

/* ---- tied ---- */

/* The valley-shaped curve of each group, through what is alive, above its lowest point. */
static int shape(struct tune *tune)
{
    size_t n = 0, *index = calloc(tune->count + 1, sizeof *index);
    double *room = calloc(tune->count + 1, 3 * sizeof *room), lowest = INFINITY;
    double *y = room, *weight = room + tune->count, *fitted = room + 2 * tune->count;
    int failed = index && room ? 0 : -1;
    for (size_t i = 0; !failed && i < tune->count; i++) {
        const struct tune_candidate *candidate = &tune->candidates[i];
        if (alive(candidate)) {
            index[n] = i;
            y[n] = candidate->excess;
            weight[n++] = (double)candidate->n;
        }
        bool last =
            i + 1 == tune->count || tune->candidates[i + 1].size.group != candidate->size.group;
        if (!last)
            continue;
        failed = valley_fit(y, weight, n, fitted);
        for (size_t j = 0; !failed && j < n; j++) {
            tune->candidates[index[j]].shaped = fitted[j];
            lowest = fmin(lowest, fitted[j]);
        }
        n = 0;
    }
    for (size_t i = 0; i < tune->count; i++)
        tune->candidates[i].shaped -= lowest;
    free(index);
    free(room);
    return failed;
}

static void judge_tied(struct tune *tune, double within)
{
    for (size_t i = 0; i < tune->count; i++) {
        struct tune_candidate *candidate = &tune->candidates[i];
        double allowed = fmax(0, log1p(within) - tune->critical * candidate->error);
        if (!alive(candidate) || candidate->shaped > allowed + 1e-12)
            continue;
        candidate->standing = TUNE_TIED;
        if (tune->recommended == TUNE_NONE)
            tune->recommended = i;
        const struct tune_candidate *chosen = &tune->candidates[tune->recommended];
        if (candidate->size.workers < chosen->size.workers ||
            (candidate->size.workers == chosen->size.workers && candidate->excess < chosen->excess))
            tune->recommended = i;
    }
}

/* Whether this candidate may still change the answer: smaller and not decided, or perhaps better
 * than what is recommended by more than `within`. */
static bool in_question(const struct tune *tune, const struct tune_problem *problem, size_t i)
{
    const struct tune_candidate *candidate = &tune->candidates[i];
    const struct tune_candidate *chosen = &tune->candidates[tune->recommended];
    if (!alive(candidate) || i == tune->recommended)
        return false;
    if (candidate->standing == TUNE_OPEN && candidate->size.workers < chosen->size.workers)
        return true;
    double error = hypot(candidate->error, i == tune->best ? chosen->error : 0);
    double gain = chosen->shaped - candidate->shaped;
    return gain + tune->critical * error > log1p(problem->within);
}

static void settle(struct tune *tune, const struct tune_problem *problem)
{
    const struct tune_candidate *candidates = tune->candidates;
    tune->settled = candidates[tune->best].n >= SETTLED_SAMPLES &&
                    candidates[tune->recommended].n >= SETTLED_SAMPLES;
    for (size_t i = 0; i < tune->count; i++) {
        tune->candidates[i].in_question = in_question(tune, problem, i);
        tune->settled &= !candidates[i].in_question;
    }
}

static int judge(struct tune *tune, const struct tune_problem *problem, const struct twoway *fit)
{
    fill_costs(tune, fit);
    judge_efficiency(tune, problem, fit);
    tune->best = find_best(tune, fit);
    if (tune->best == TUNE_NONE)
        return 0;
    if (judge_worse(tune, problem, fit) || shape(tune))
        return -1;
    judge_tied(tune, problem->within);
    settle(tune, problem);
    return 0;
}

int tune_judge(struct tune *tune, const struct tune_problem *problem,
    const struct tune_sample *samples, size_t n)
{
    struct twoway fit = {0};
    *tune = (struct tune){.best = TUNE_NONE, .recommended = TUNE_NONE};
    int failed = list_candidates(tune, problem, samples, n) || fit_levels(tune, &fit, samples, n) ||
                         judge(tune, problem, &fit)
                     ? -1
                     : 0;
    twoway_free(&fit);
    return failed;
}

void tune_free(struct tune *tune)
{
    free(tune->candidates);
    *tune = (struct tune){0};
}
