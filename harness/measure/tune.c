/* The loop of the search, its budget, and what rules of thumb say of the same workload. */
#include "tune.h"

#include "../analyze/fit.h"
#include "../analyze/rule.h"
#include "clock.h"
#include "cpus.h"
#include "cpus_terms.h"
#include "plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rules' sizes that the search did not come by get so many blocks, with the best beside them,
 * and this part of the budget. */
#define RULE_BLOCKS 3
#define RULE_BUDGET 0.15

struct run {
    struct tune_search *search;
    const struct tune_options *options;
    const struct tune_source *source;
    struct tune_problem problem;
    struct tune_size coarse[TUNE_BLOCK_MAX];
    double *took; /* seconds of each point, everything included */
    uint64_t start;
    double budget_s; /* of what is under way; INFINITY: none */
    bool cut;        /* something was left out for the budget */
    char *why;
    size_t size;
};

/* ---- judging ---- */

static bool too_large(const struct tune_options *options, const struct tune_point *point)
{
    return options->memory_max > 0 && point->memory > options->memory_max;
}

static double cost_of(const struct tune_options *options, const struct tune_point *point)
{
    if (*point->failure || too_large(options, point))
        return INFINITY;
    return options->goal == TUNE_P99 ? point->p99_s : point->seconds;
}

/* Judges all points anew: by their seconds, and `answer` by the goal. The rules' sizes, which come
 * last, change no answer. Returns 0, or -1 without memory. */
static int judge(struct run *run, bool answer)
{
    struct tune_search *search = run->search;
    struct tune_problem plain = run->problem;
    struct tune_sample *samples = calloc(search->count + 1, 2 * sizeof *samples);
    struct tune_sample *seconds = samples + search->count;
    for (size_t i = 0; samples && i < search->count; i++) {
        const struct tune_point *point = &search->points[i];
        samples[i] = (struct tune_sample){point->block, point->size, cost_of(run->options, point)};
        seconds[i] = samples[i];
        seconds[i].cost = *point->failure ? INFINITY : point->seconds;
    }
    plain.efficiency_min = 0;
    tune_free(&search->throughput);
    int failed = samples ? tune_judge(&search->throughput, &plain, seconds, search->count) : -1;
    if (answer && !failed) {
        tune_free(&search->goal);
        failed = tune_judge(&search->goal, &run->problem, samples, search->count);
    }
    free(samples);
    return failed;
}

const struct tune_point *tune_trouble(
    const struct tune_search *search, const struct tune_options *options, struct tune_size size)
{
    for (size_t i = search->count; i-- > 0;) {
        const struct tune_point *point = &search->points[i];
        if (tune_compare_sizes(&point->size, &size) == 0 &&
            (*point->failure || too_large(options, point)))
            return point;
    }
    return NULL;
}

/* ---- the budget ---- */

/* About how long one measurement of this size takes: as it did before, else as the next smaller
 * size that is known, else in proportion to the next larger one. 0: nothing is known. */
static double expected(const struct run *run, struct tune_size size)
{
    const struct tune_search *search = run->search;
    size_t nearest = TUNE_NONE;
    for (size_t i = 0; i < search->count; i++) {
        const struct tune_size *other = &search->points[i].size;
        if (other->group != size.group)
            continue;
        unsigned best = nearest == TUNE_NONE ? 0 : search->points[nearest].size.workers;
        bool below = other->workers <= size.workers, best_below = best && best <= size.workers;
        if (nearest == TUNE_NONE || (below && (!best_below || other->workers >= best)) ||
            (!below && !best_below && other->workers <= best))
            nearest = i;
    }
    if (nearest == TUNE_NONE)
        return 0;
    return run->took[nearest] *
           fmax(1, (double)search->points[nearest].size.workers / size.workers);
}

/* Seconds since the search began. */
static double elapsed(const struct run *run)
{
    return run->source->virtual_s ? *run->source->virtual_s : clock_since(run->start);
}

static bool fits(struct run *run, const struct tune_size *sizes, size_t count)
{
    double sum = elapsed(run);
    for (size_t i = 0; i < count; i++)
        sum += expected(run, sizes[i]);
    bool fit = sum <= run->budget_s;
    run->cut |= !fit;
    return fit;
}

static void show_progress(const struct run *run)
{
    const struct sweep_progress *progress = &run->options->progress;
    double blocks = (double)run->search->goal.blocks / run->options->blocks_max;
    double budget = run->options->budget_s > 0 ? elapsed(run) / run->options->budget_s : 0;
    if (progress->report)
        progress->report(progress->context, fmin(1, fmax(blocks, budget)));
}

/* ---- blocks ---- */

static int make_room(struct run *run, size_t count)
{
    struct tune_search *search = run->search;
    size_t total = search->count + count;
    void *points = realloc(search->points, total * sizeof *search->points);
    if (points)
        search->points = points;
    void *took = realloc(run->took, total * sizeof *run->took);
    if (took)
        run->took = took;
    return points && took ? 0 : -1;
}

static enum status no_memory(struct run *run)
{
    snprintf(run->why, run->size, "no memory for the samples");
    return STATUS_FAILED;
}

static enum status take(
    struct run *run, unsigned block, const struct tune_size *sizes, size_t count)
{
    struct tune_search *search = run->search;
    if (make_room(run, count))
        return no_memory(run);
    struct tune_point *points = search->points + search->count;
    memset(points, 0, count * sizeof *points);
    double before = elapsed(run);
    enum status status =
        run->source->take(run->source->context, block, sizes, count, points, run->why, run->size);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++) {
        points[i].block = block;
        points[i].size = sizes[i];
        run->took[search->count + i] = (elapsed(run) - before) / (double)count;
    }
    search->count += count;
    show_progress(run);
    return STATUS_DONE;
}

/* In random order; the first block from the largest size down, because nobody knows yet how long a
 * small one takes, and what does not fit the budget is left out. */
static void put_in_order(
    const struct run *run, unsigned block, struct tune_size *sizes, size_t count)
{
    struct tune_size before[TUNE_BLOCK_MAX];
    unsigned order[TUNE_BLOCK_MAX];
    memcpy(before, sizes, count * sizeof *sizes);
    plan_order(run->options->seed, block, order, (unsigned)count);
    for (size_t i = 0; i < count; i++)
        sizes[i] = before[order[i]];
    for (size_t i = 1; block == 0 && i < count; i++) /* insertion, stable */
        for (size_t j = i; j > 0 && sizes[j - 1].workers < sizes[j].workers; j--) {
            struct tune_size larger = sizes[j];
            sizes[j] = sizes[j - 1];
            sizes[j - 1] = larger;
        }
}

static bool tried(const struct tune_search *search, struct tune_size size)
{
    for (size_t i = 0; i < search->count; i++)
        if (tune_compare_sizes(&search->points[i].size, &size) == 0)
            return true;
    return false;
}

/* Takes new sizes out that are too slow for what is left of the budget: they would keep the others
 * of their block from being measured. Returns how many sizes are left. */
static size_t leave_out(struct run *run, struct tune_size *sizes, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (tried(run->search, sizes[i]) || fits(run, &sizes[i], 1))
            sizes[kept++] = sizes[i];
    return kept;
}

static enum status take_block(struct run *run, struct tune_size *sizes, size_t count, bool answer)
{
    unsigned block = run->search->throughput.blocks;
    if (block > 0)
        count = leave_out(run, sizes, count);
    size_t step = run->source->whole_blocks && block > 0 ? count : 1;
    enum status status = STATUS_DONE;
    put_in_order(run, block, sizes, count);
    for (size_t i = 0; i < count && status == STATUS_DONE; i += step)
        if (fits(run, sizes + i, step))
            status = take(run, block, sizes + i, step);
    if (judge(run, answer) && status == STATUS_DONE)
        return no_memory(run);
    return status;
}

static enum status search_sizes(struct run *run)
{
    struct tune_size sizes[TUNE_BLOCK_MAX];
    enum status status = STATUS_DONE;
    size_t count;
    bool taken = true; /* a block for which there is no time at all is the last */
    run->budget_s =
        run->options->budget_s > 0 ? run->options->budget_s * (1 - RULE_BUDGET) : INFINITY;
    while (status == STATUS_DONE && taken &&
           (count = tune_next(&run->search->goal, &run->problem, sizes)) > 0) {
        size_t before = run->search->count;
        status = take_block(run, sizes, count, true);
        taken = run->search->count > before;
    }
    run->search->complete = status == STATUS_DONE && !run->cut && run->search->goal.settled;
    return status;
}

/* ---- rules of thumb ---- */

static void find_alone(struct tune_search *search)
{
    for (size_t i = 0; i < search->count && isnan(search->alone_wall_s); i++)
        if (search->points[i].size.workers == 1 && !*search->points[i].failure) {
            search->alone_wall_s = search->points[i].seconds;
            search->alone_cpu_s = search->points[i].cpu_s;
        }
}

size_t tune_measured(const struct tune_search *search, struct tune_size size)
{
    const struct tune *tune = &search->throughput;
    for (size_t i = 0; i < tune->count; i++)
        if (tune_compare_sizes(&tune->candidates[i].size, &size) == 0 && tune->candidates[i].n > 0)
            return i;
    return TUNE_NONE;
}

/* The USL's peak by all times of the group; NAN where none is significant (fit.h). */
static double usl_peak(const struct tune_search *search, unsigned group)
{
    const struct fit_options options = {.replicates = 0};
    struct fit_model model = {.has_peak = false};
    struct squares_row *rows = calloc(search->count + 1, sizeof *rows);
    size_t n = 0;
    for (size_t i = 0; rows && i < search->count; i++) {
        const struct tune_point *point = &search->points[i];
        if (point->size.group == group && !*point->failure)
            rows[n++] = (struct squares_row){point->size.workers, 1 / point->seconds};
    }
    if (n == 0 || fit_law(&model, CURVE_USL, rows, n, &options))
        model.has_peak = false;
    free(rows);
    return model.has_peak ? model.peak_n.value : NAN;
}

static void ask_rules(struct run *run)
{
    struct tune_search *search = run->search;
    const struct tune *tune = &search->throughput;
    double best = tune->best == TUNE_NONE ? NAN : 1 / tune->candidates[tune->best].cost.value;
    unsigned cpus = run->options->cpus;
    if (tune->best != TUNE_NONE)
        search->fastest = tune->candidates[tune->best].size;
    unsigned group = search->fastest.group;
    const struct tune_rule rules[TUNE_RULES] = {
        {"cpus", "as many as usable CPUs", cpus, {0}},
        {"2n+1", "twice the CPUs and one", rule_twice(cpus), {0}},
        {"goetz", "N U (1 + W/C)", rule_goetz(cpus, search->alone_wall_s, search->alone_cpu_s),
            {0}},
        {"little", "throughput x time of a task", rule_little(best, search->alone_wall_s), {0}},
        {"usl", "peak of the USL's curve", usl_peak(search, group), {0}},
    };
    for (size_t i = 0; i < TUNE_RULES; i++) {
        search->rules[i] = rules[i];
        search->rules[i].size = (struct tune_size){group, rule_workers(rules[i].answer)};
    }
}

/* The rules' sizes that were not tried, behind the best. */
static size_t missing_sizes(
    const struct tune_search *search, struct tune_size sizes[TUNE_RULES + 1])
{
    size_t count = 0;
    if (search->fastest.workers == 0)
        return 0;
    sizes[count++] = search->fastest;
    for (size_t i = 0; i < TUNE_RULES; i++) {
        struct tune_size size = search->rules[i].size;
        bool there = tried(search, size) || size.workers == 0 || size.workers > TUNE_RULE_MEASURED;
        for (size_t j = 0; j < count; j++)
            there |= sizes[j].workers == size.workers;
        if (!there)
            sizes[count++] = size;
    }
    return count > 1 ? count : 0;
}

static enum status measure_rules(struct run *run)
{
    struct tune_size sizes[TUNE_RULES + 1];
    size_t count = missing_sizes(run->search, sizes); /* once: a block makes them tried */
    enum status status = STATUS_DONE;
    run->budget_s = run->options->budget_s > 0 ? run->options->budget_s : INFINITY;
    for (int i = 0; i < RULE_BLOCKS && count > 0 && status == STATUS_DONE; i++)
        status = take_block(run, sizes, count, false);
    return status;
}

/* ---- all of it ---- */

static void plan_first_block(struct run *run)
{
    const struct tune_options *options = run->options;
    unsigned others[6] = {options->cpus, rule_workers(rule_twice(options->cpus)),
        rule_workers(
            rule_goetz(options->cpus, run->search->alone_wall_s, run->search->alone_cpu_s))};
    if (!run->source->virtual_s) {
        others[3] = cpus_terms_cores();
        others[4] = cpus_affinity();
        others[5] = (unsigned)ceil(cpus_quota());
    }
    for (unsigned group = 0; group < run->source->groups; group++)
        run->problem.sizes_count = tune_coarse(run->coarse, run->problem.sizes_count, group,
            options->max, others, sizeof others / sizeof *others);
    run->problem.sizes = run->coarse;
}

enum status tune_measure(struct tune_search *search, const struct tune_options *options,
    const struct tune_source *source, char *why, size_t size)
{
    struct run run = {.search = search,
        .options = options,
        .source = source,
        .problem = {.within = options->within,
            .blocks_max = options->blocks_max,
            .efficiency_min = options->efficiency_min,
            .cpus = options->ideal_cpus},
        .start = clock_now(),
        .why = why,
        .size = size};
    plan_first_block(&run);
    enum status status = judge(&run, true) ? no_memory(&run) : search_sizes(&run);
    find_alone(search);
    ask_rules(&run);
    if (status == STATUS_DONE)
        status = measure_rules(&run);
    search->seconds = elapsed(&run);
    free(run.took);
    return status;
}

void tune_search_free(struct tune_search *search)
{
    tune_free(&search->goal);
    tune_free(&search->throughput);
    free(search->points);
    *search = (struct tune_search){0};
}
