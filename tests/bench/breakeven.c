/* Break-even by grain, by the library that the subcommand stands on. */
#include "breakeven.h"

#include "harness/analyze/bracket.h"
#include "harness/measure/breakeven.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define GRAIN_FROM 2.0
#define GRAIN_TO 1e6
#define RESOLUTION 1.25
#define PAIRS_MAX 26
#define BUDGET_SECONDS 15.0

static struct interval crossing(const struct result *result)
{
    struct bracket_point *points;
    size_t n = bracket_points(result, 0, &points);
    struct bracket bracket = bracket_of(&result->searches[0], points, n);
    free(points);
    if (bracket.outcome == BRACKET_ALWAYS_FASTER)
        return (struct interval){bracket.x.hi, 0, bracket.x.hi};
    if (bracket.outcome == BRACKET_ALWAYS_SLOWER)
        return (struct interval){bracket.x.lo, bracket.x.lo, INFINITY};
    return bracket.x;
}

enum status breakeven_row(
    const struct row *row, uint64_t seed, struct interval *ns, char why[BREAKEVEN_WHY])
{
    const struct breakeven_options options = {
        .resolution = RESOLUTION, .pairs_max = PAIRS_MAX, .budget_s = BUDGET_SECONDS};
    struct result_search search = {
        .config = {.workers = row->ours.workers ? row->ours.workers : BENCH_WORKERS,
            .chunk = row->ours.chunk},
        .axis = RESULT_BY_GRAIN,
        .target = 1,
        .from = GRAIN_FROM,
        .to = GRAIN_TO,
    };
    snprintf(search.config.backend, sizeof search.config.backend, "%s", row->ours.backend);
    struct result *result = result_new("bench");
    result->seed = seed;
    result_add_search(result, &search);
    enum status status = breakeven_measure(&options, result, why, BREAKEVEN_WHY);
    if (status == STATUS_DONE)
        *ns = crossing(result);
    if (status == STATUS_DONE && isnan(ns->value))
        snprintf(why, BREAKEVEN_WHY, "not decided within %g s", BUDGET_SECONDS);
    result_free(result);
    return status;
}
