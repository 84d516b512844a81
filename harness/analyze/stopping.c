/* When a sweep has enough blocks. No state: all follows from the rule and the result. */
#include "stopping.h"

#include "holm.h"
#include "summary.h"

#include <math.h>
#include <stdlib.h>

#define FIRST_LOOK 8
#define PILOT_MARGIN 1.2

double stopping_alpha(enum stopping_mode mode)
{
    return mode == STOPPING_QUICK ? STAT_ALPHA / STOPPING_LOOKS : STAT_ALPHA;
}

size_t stopping_least(enum stopping_mode mode)
{
    return mode == STOPPING_QUICK ? FIRST_LOOK : STAT_PAIRS_MIN;
}

double stopping_half_width(const struct interval *interval)
{
    double half = (interval->hi - interval->lo) / 2 / interval->value;
    return isfinite(half) ? half : INFINITY;
}

double stopping_reached(const struct result *result)
{
    double widest = -INFINITY;
    for (unsigned i = 0; i < result->configs_count; i++) {
        struct summary summary = summary_of(result, i);
        if ((int)i != summary_serial(result) && summary.pairs > 0)
            widest = fmax(widest, stopping_half_width(&summary.speedup));
    }
    return widest < 0 ? INFINITY : widest;
}

size_t stopping_look(size_t i)
{
    return (size_t)FIRST_LOOK << i;
}

/* The part of a distribution that the sign interval of n values holds, about; 0: there is none. */
static double middle_part(size_t n)
{
    size_t k = stat_sign_rank(n, STAT_ALPHA);
    return k > 0 ? (double)(n + 1 - 2 * k) / (double)(n + 1) : 0;
}

size_t stopping_fresh(const double *d, size_t n, double half_width, size_t least)
{
    double spread =
        n >= STAT_PAIRS_MIN ? stat_quantile(d, n, 0.75) - stat_quantile(d, n, 0.25) : NAN;
    double held = 0.5 * (double)(n - 1) / (double)(n + 1);
    double asked = 2 * asinh(half_width); /* of ln speedup, from end to end */
    double part = asked * held / (PILOT_MARGIN * spread);
    size_t fresh = least > STAT_PAIRS_MIN ? least : STAT_PAIRS_MIN;
    if (isnan(part))
        return STOPPING_BLOCKS_MAX;
    while (fresh < STOPPING_BLOCKS_MAX && middle_part(fresh) > part)
        fresh += 1 + fresh / 20;
    return fresh < STOPPING_BLOCKS_MAX ? fresh : STOPPING_BLOCKS_MAX;
}

/* The fewest blocks with which a difference can be shown at all. */
static size_t least_blocks(const struct stopping *rule, const struct result *result)
{
    size_t compared = result->configs_count - (summary_serial(result) >= 0);
    return holm_blocks_min(compared, stopping_alpha(rule->mode));
}

/* The configuration that needs the most decides. */
static size_t fresh_blocks(const struct stopping *rule, const struct result *result)
{
    size_t most = least_blocks(rule, result);
    double *d = calloc(result->blocks_count + 1, sizeof *d);
    for (unsigned i = 0; d && i < result->configs_count; i++) {
        size_t n = summary_log_ratios(result, i, true, d);
        if (n > 0 && (int)i != summary_serial(result))
            most = stopping_fresh(d, n, rule->half_width, most);
    }
    free(d);
    return most > STAT_PAIRS_MIN ? most : STAT_PAIRS_MIN;
}

static size_t until_fresh(const struct stopping *rule, const struct result *result)
{
    size_t pilot = result->blocks_count - summary_blocks(result);
    if (pilot == result->blocks_count && pilot < STOPPING_PILOT_BLOCKS)
        return STOPPING_PILOT_BLOCKS;
    return pilot + fresh_blocks(rule, result);
}

static size_t until_look(const struct stopping *rule, const struct result *result)
{
    size_t n = result->blocks_count, look = 0;
    while (look < STOPPING_LOOKS && stopping_look(look) < n)
        look++;
    if (look == STOPPING_LOOKS || stopping_look(look) > n)
        return look == STOPPING_LOOKS ? n : stopping_look(look);
    bool enough = look == STOPPING_LOOKS - 1 ||
                  (n >= least_blocks(rule, result) && stopping_reached(result) <= rule->half_width);
    return enough ? n : stopping_look(look + 1);
}

size_t stopping_until(const struct stopping *rule, const struct result *result)
{
    if (rule->mode == STOPPING_PILOT)
        return until_fresh(rule, result);
    return rule->mode == STOPPING_QUICK ? until_look(rule, result) : rule->blocks;
}
