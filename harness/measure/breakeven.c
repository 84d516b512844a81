/* Break-even searches and the map, in pairs of regions of the case spin (spin_pair.h). */
#include "breakeven.h"

#include "../analyze/bracket.h"
#include "clock.h"
#include "noise.h"
#include "plan.h"
#include "simulated.h"
#include "spin_pair.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* By grain: 10^6 tasks, fewer where they take longer than this in all. Twice as long is no less
 * noisy and takes twice the time; half as long, a region's own cost begins to show in METG(90). */
#define GRAIN_TASKS 1000000.0
#define GRAIN_SECONDS 0.01

/* A pool needs some tasks a worker to be a pool at all. */
#define TASKS_PER_WORKER 4

/* By tasks: no region is to take longer on the pool. */
#define TASKS_SECONDS 0.25

/* The map: its grid has this many sizes a decade; its corner of long regions is left out. */
#define MAP_PER_DECADE 2
#define MAP_TASKS_MAX 100000.0
#define MAP_SECONDS 0.02

/* Canary spins stand between pairs, 1 ms each time: often enough that a short search has some. */
#define CANARY_SECONDS 0.05

struct search {
    struct result_search *search;
    unsigned index;
    struct result *result;
    const struct breakeven_options *options;
    struct spin_pair *spin;
    uint64_t begun; /* the first search */
    uint64_t start; /* this one */
    double task_ns; /* what the pool takes for an empty task, about */
};

static bool is_late(const struct search *search)
{
    return search->options->budget_s > 0 && clock_since(search->start) > search->options->budget_s;
}

/* Appends a block that holds no samples, only how fast the machine is now, where the last such is a
 * while ago. */
static void watch_speed(const struct search *search)
{
    struct result *result = search->result;
    const struct result_block *last =
        result->blocks_count ? &result->blocks[result->blocks_count - 1] : NULL;
    double at_s = clock_since(search->begun);
    if (simulated_is_on() || (last && at_s < last->at_s + CANARY_SECONDS))
        return;
    const struct result_block block = {.at_s = at_s, .canary_s = noise_canary()};
    result_add_block(result, &block);
}

/* One paired block of so many tasks at a size. */
static enum status take_pair(
    const struct search *search, double nominal, double grain_ns, double tasks)
{
    struct result *result = search->result;
    struct result_pair pair = {
        .search = search->index, .nominal = nominal, .tasks = (uint64_t)llround(tasks)};
    watch_speed(search);
    enum status status =
        spin_pair_take(search->spin, search->search, grain_ns, result->pairs_count, &pair);
    if (status == STATUS_DONE)
        result_add_pair(result, &pair);
    return status;
}

/* ---- searches ---- */

static enum status take_size(const struct search *search, double nominal)
{
    const struct result_search *of = search->search;
    if (of->axis == RESULT_BY_TASKS)
        return take_pair(search, nominal, BREAKEVEN_TASK_NS, nominal);
    if (of->axis == RESULT_OF_REGION)
        return take_pair(search, nominal, BREAKEVEN_EMPTY_NS, nominal);
    double fitting = fmin(GRAIN_TASKS, GRAIN_SECONDS * 1e9 / fmax(nominal, search->task_ns));
    return take_pair(
        search, nominal, nominal, fmax(floor(fitting), TASKS_PER_WORKER * of->config.workers));
}

static double next_size(const struct search *search)
{
    struct bracket_point *points;
    size_t n = bracket_points(search->result, search->index, &points);
    double next = bracket_next(
        search->search, points, n, search->options->resolution, search->options->pairs_max);
    free(points);
    return next;
}

/* How many pairs the smallest size of the search has. */
static size_t pairs_at_start(const struct search *search)
{
    struct bracket_point *points;
    size_t n = bracket_points(search->result, search->index, &points);
    size_t pairs = n > 0 && points[0].nominal <= search->search->from ? points[0].n : 0;
    free(points);
    return pairs;
}

/* Whether the smallest size tells what a task or a region costs. */
static bool tells_cost(const struct result_search *search)
{
    return search->axis == RESULT_OF_REGION ||
           (!bracket_counts_tasks(search) && search->from <= BREAKEVEN_EMPTY_NS);
}

/* The search may have ended without a look at it. */
static enum status measure_cost(const struct search *search)
{
    enum status status = STATUS_DONE;
    while (!status && pairs_at_start(search) < STAT_PAIRS_MIN)
        status = take_size(search, search->search->from);
    return status;
}

static enum status run_search(const struct search *search)
{
    double nominal;
    while (!isnan(nominal = next_size(search))) {
        if (is_late(search)) {
            search->result->complete = false;
            break;
        }
        enum status status = take_size(search, nominal);
        if (status)
            return status;
    }
    return tells_cost(search->search) ? measure_cost(search) : STATUS_DONE;
}

/* ---- the map ---- */

struct cell {
    double grain_ns, tasks;
};

/* The grid's cells, malloc'd; NULL: no memory. */
static struct cell *map_cells(const struct search *search, unsigned *count)
{
    const struct result_search *of = search->search;
    unsigned grains = 1 + (unsigned)floor(log10(of->to / of->from) * MAP_PER_DECADE + 0.01);
    unsigned numbers = 1 + (unsigned)floor(log10(MAP_TASKS_MAX) * MAP_PER_DECADE + 0.01);
    struct cell *cells = calloc((size_t)grains * numbers, sizeof *cells);
    *count = 0;
    for (unsigned i = 0; cells && i < grains; i++)
        for (unsigned j = 0; j < numbers; j++) {
            struct cell cell = {of->from * pow(10, (double)i / MAP_PER_DECADE),
                round(pow(10, (double)j / MAP_PER_DECADE))};
            if (fmax(cell.grain_ns, search->task_ns) * cell.tasks <= MAP_SECONDS * 1e9)
                cells[(*count)++] = cell;
        }
    return cells;
}

static enum status map_block(
    const struct search *search, const struct cell *cells, unsigned *order, unsigned count)
{
    enum status status = STATUS_DONE;
    plan_order(search->result->seed, search->result->pairs_count, order, count);
    for (unsigned i = 0; i < count && status == STATUS_DONE; i++) {
        const struct cell *cell = &cells[order[i]];
        status = take_pair(search, cell->grain_ns, cell->grain_ns, cell->tasks);
    }
    return status;
}

static enum status run_map(const struct search *search)
{
    unsigned count;
    enum status status = STATUS_DONE;
    struct cell *cells = map_cells(search, &count);
    unsigned *order = cells ? calloc(count + 1, sizeof *order) : NULL;
    if (!order) {
        snprintf(search->spin->why, search->spin->size, "no memory for a map of %u cells", count);
        status = STATUS_FAILED;
    }
    for (unsigned block = 0; !status && block < search->options->pairs_max; block++) {
        if (block >= STAT_PAIRS_MIN && is_late(search)) {
            search->result->complete = false;
            break;
        }
        status = map_block(search, cells, order, count);
    }
    free(order);
    free(cells);
    return status;
}

/* ---- all of them ---- */

/* A search by tasks ends where a region takes too long, so that a size that it chooses never
 * does. */
static enum status prepare(struct search *search)
{
    enum status status = spin_pair_probe(search->spin, search->search, &search->task_ns);
    struct result_search *of = search->search;
    if (status == STATUS_DONE && of->axis == RESULT_BY_TASKS)
        of->to = fmax(of->from, fmin(of->to, floor(TASKS_SECONDS * 1e9 / search->task_ns)));
    return status;
}

static enum status run(struct search *search)
{
    search->start = clock_now();
    enum status status = prepare(search);
    if (status)
        return status;
    return search->search->axis == RESULT_OF_MAP ? run_map(search) : run_search(search);
}

enum status breakeven_measure(
    const struct breakeven_options *options, struct result *result, char *why, size_t size)
{
    struct noise_mark before = noise_mark();
    struct spin_pair spin;
    enum status status = spin_pair_open(&spin, result->seed, why, size);
    uint64_t begun = clock_now();
    result->complete = true;
    for (unsigned i = 0; i < result->searches_count && status == STATUS_DONE; i++) {
        struct search search = {.search = &result->searches[i],
            .index = i,
            .result = result,
            .options = options,
            .spin = &spin,
            .begun = begun};
        status = run(&search);
        if (options->progress.report)
            options->progress.report(
                options->progress.context, (i + 1.0) / (double)result->searches_count);
    }
    if (status)
        result->complete = false;
    spin_pair_close(&spin);
    result->noise = noise_since(&before);
    return status;
}
