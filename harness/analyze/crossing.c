/* Rows of the break-even table, each gathered from the searches on one pool. */
#include "crossing.h"

#include <math.h>
#include <stdlib.h>

static const struct interval none = {NAN, NAN, NAN};

double crossing_target(const struct result *result, unsigned workers, double efficiency)
{
    return efficiency * (workers < result->usable_cpus ? workers : result->usable_cpus);
}

static bool belongs(const struct result_search *search, const struct crossing *row)
{
    return search->axis != RESULT_OF_MAP && (search->axis == RESULT_BY_CALLS) == row->calls &&
           search->payload == row->payload && search->result == row->result &&
           result_same_config(&search->config, row->config);
}

const struct crossing *crossing_find(
    const struct crossing *crossings, size_t n, const struct result_search *search)
{
    for (size_t i = 0; i < n; i++)
        if (belongs(search, &crossings[i]))
            return &crossings[i];
    return NULL;
}

static struct bracket find(const struct result *result, const struct crossing *row,
    enum result_axis axis, bool cold, double target)
{
    struct bracket bracket = {BRACKET_UNDECIDED, none};
    for (unsigned i = 0; i < result->searches_count; i++) {
        const struct result_search *search = &result->searches[i];
        if (!belongs(search, row) || search->axis != axis || search->cold != cold ||
            fabs(search->target - target) > 1e-9)
            continue;
        struct bracket_point *points;
        size_t n = bracket_points(result, i, &points);
        bracket = bracket_of(search, points, n);
        free(points);
    }
    return bracket;
}

/* What the pool adds to an ideal share of serial's time at the smallest size of its searches on
 * this axis: a task, or a region. */
static struct interval added(
    const struct result *result, const struct crossing *row, enum result_axis axis)
{
    double *ns = calloc(result->pairs_count + 1, sizeof *ns);
    double ideal = crossing_target(result, row->config->workers, 1);
    size_t n = 0;
    for (size_t i = 0; ns && i < result->pairs_count; i++) {
        const struct result_pair *pair = &result->pairs[i];
        const struct result_search *search = &result->searches[pair->search];
        if (!belongs(search, row) || search->axis != axis || pair->nominal > search->from)
            continue;
        double parts = axis == RESULT_OF_REGION ? 1 : (double)pair->tasks;
        ns[n++] = (pair->pool_s - pair->serial_s / ideal) * 1e9 / parts;
    }
    struct interval interval = n ? stat_sign_interval(ns, n, STAT_ALPHA) : none;
    free(ns);
    return interval;
}

static void fill(const struct result *result, struct crossing *row)
{
    enum result_axis grain = row->calls ? RESULT_BY_CALLS : RESULT_BY_GRAIN;
    unsigned workers = row->config->workers;
    row->overhead_ns = added(result, row, grain);
    row->region_ns = added(result, row, RESULT_OF_REGION);
    row->breakeven_ns = find(result, row, grain, false, 1);
    row->metg50_ns = find(result, row, grain, false, crossing_target(result, workers, 0.5));
    row->metg90_ns = find(result, row, grain, false, crossing_target(result, workers, 0.9));
    row->tasks_warm = find(result, row, RESULT_BY_TASKS, false, 1);
    row->tasks_cold = find(result, row, RESULT_BY_TASKS, true, 1);
}

size_t crossing_all(const struct result *result, struct crossing **crossings)
{
    size_t count = 0;
    *crossings = calloc(result->searches_count + 1, sizeof **crossings);
    for (size_t i = 0; *crossings && i < result->searches_count; i++) {
        const struct result_search *search = &result->searches[i];
        if (search->axis == RESULT_OF_MAP || crossing_find(*crossings, count, search))
            continue;
        struct crossing *row = &(*crossings)[count++];
        *row = (struct crossing){.config = &search->config,
            .calls = search->axis == RESULT_BY_CALLS,
            .payload = search->payload,
            .result = search->result};
        fill(result, row);
    }
    return count;
}
