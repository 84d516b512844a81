/* Brackets of a crossing, and where to look next.
 *
 * The search walks from the middle of the range by large factors until it has a slower and a faster
 * size, then aims: a line through the points says about where the crossing is and how far from it a
 * few pairs are enough to tell the sides apart, and both ends are moved in to there, then on to the
 * resolution. The line only chooses sizes; what counts is the sign test at each. Sizes are chosen
 * and compared by their nominal x, so that noise in the measured one cannot keep the search from
 * ending. */
#include "bracket.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define WALK_CLEAR 8.0 /* factor from a size that is clearly on one side ... */
#define WALK_TIED 2.0  /* ... and from one near the crossing */

/* Each end aims at this part of ln(resolution) from the crossing, so that both fit in. */
#define AIM 0.45

/* All of 6 pairs agree with a probability of 0.8 this many half-widths of a 6-pair interval away.
 */
#define DECISIVE 1.4

/* A tied point with a p above this is left: more pairs would hardly decide it. */
#define FUTILE 0.3

/* ---- points ---- */

static int compare_sizes(const void *left, const void *right)
{
    const struct result_pair *a = *(const struct result_pair *const *)left,
                             *b = *(const struct result_pair *const *)right;
    if (a->nominal != b->nominal)
        return a->nominal < b->nominal ? -1 : 1;
    return (a->tasks > b->tasks) - (a->tasks < b->tasks);
}

/* A search's pairs sorted by size, malloc'd; *n of them. */
static const struct result_pair **pairs_of(const struct result *result, unsigned search, size_t *n)
{
    const struct result_pair **pairs = calloc(result->pairs_count + 1, sizeof *pairs);
    *n = 0;
    for (size_t i = 0; pairs && i < result->pairs_count; i++)
        if (bracket_same_curve(
                &result->searches[result->pairs[i].search], &result->searches[search]))
            pairs[(*n)++] = &result->pairs[i];
    if (pairs)
        qsort(pairs, *n, sizeof *pairs, compare_sizes);
    return pairs;
}

/* One point from n pairs at the same size; room holds 4 n numbers. */
static struct bracket_point point_of(const struct result_search *search,
    const struct result_pair *const *pairs, size_t n, double *room)
{
    double *serial = room, *pool = room + n, *grain = room + 2 * n, *d = room + 3 * n;
    for (size_t i = 0; i < n; i++) {
        serial[i] = pairs[i]->serial_s;
        pool[i] = pairs[i]->pool_s;
        grain[i] = serial[i] * 1e9 / (double)pairs[i]->tasks;
        d[i] = log(serial[i] / pool[i] / search->target);
    }
    struct bracket_point point = {
        .nominal = pairs[0]->nominal,
        .tasks = pairs[0]->tasks,
        .n = n,
        .speedup = stat_speedup(serial, pool, n),
        .p = stat_sign_test(d, n),
    };
    point.x = bracket_counts_tasks(search) ? (double)point.tasks : stat_median(grain, n);
    if (point.p <= STAT_ALPHA)
        point.side = point.speedup.value < search->target ? -1 : 1;
    return point;
}

bool bracket_same_curve(const struct result_search *a, const struct result_search *b)
{
    return a->axis == b->axis && a->cold == b->cold && a->payload == b->payload &&
           a->result == b->result && result_same_config(&a->config, &b->config);
}

bool bracket_counts_tasks(const struct result_search *search)
{
    return search->axis == RESULT_BY_TASKS || search->axis == RESULT_OF_REGION;
}

size_t bracket_points(const struct result *result, unsigned search, struct bracket_point **points)
{
    size_t n, count = 0;
    const struct result_pair **pairs = pairs_of(result, search, &n);
    double *room = calloc(n + 1, 4 * sizeof *room);
    *points = n ? calloc(n, sizeof **points) : NULL;
    for (size_t i = 0, end; *points && room && i < n; i = end) {
        for (end = i + 1; end < n && compare_sizes(&pairs[i], &pairs[end]) == 0;)
            end++;
        (*points)[count++] = point_of(&result->searches[search], pairs + i, end - i, room);
    }
    free(room);
    free(pairs);
    return count;
}

const struct bracket_point *bracket_cell(
    const struct bracket_point *points, size_t n, double nominal, uint64_t tasks)
{
    for (size_t i = 0; i < n; i++)
        if (points[i].nominal == nominal && points[i].tasks == tasks)
            return &points[i];
    return NULL;
}

/* ---- the bracket ---- */

#define NONE SIZE_MAX

/* Indices of its ends, or NONE. */
struct ends {
    size_t lo, hi;
};

static size_t first_faster(const struct bracket_point *points, size_t n)
{
    size_t i = 0;
    while (i < n && points[i].side <= 0)
        i++;
    return i < n ? i : NONE;
}

static size_t last_slower(const struct bracket_point *points, size_t n)
{
    while (n > 0 && points[n - 1].side >= 0)
        n--;
    return n > 0 ? n - 1 : NONE;
}

static struct ends ends_of(const struct bracket_point *points, size_t n)
{
    size_t faster = first_faster(points, n), slower = last_slower(points, n);
    struct ends ends = {last_slower(points, faster == NONE ? n : faster), faster};
    if (slower != NONE && faster != NONE && slower > faster) {
        size_t behind = first_faster(points + slower, n - slower);
        ends.hi = behind == NONE ? NONE : slower + behind;
    }
    return ends;
}

/* y = slope (ln x - crossing), y being ln(speedup / target) */
struct line {
    double crossing, slope;
};

/* Least squares over the n points, each weighted by its pairs. */
static struct line fit_line(
    const struct result_search *search, const struct bracket_point *points, size_t n, bool nominal)
{
    double origin = log(nominal ? points[0].nominal : points[0].x);
    double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
    for (size_t i = 0; i < n; i++) {
        double x = log(nominal ? points[i].nominal : points[i].x) - origin;
        double y = log(points[i].speedup.value / search->target), pairs = (double)points[i].n;
        w += pairs;
        wx += pairs * x;
        wy += pairs * y;
        wxx += pairs * x * x;
        wxy += pairs * x * y;
    }
    double slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
    return (struct line){origin + (wx - wy / slope) / w, slope};
}

static double clamp(double value, double lo, double hi)
{
    return value > lo ? fmin(value, hi) : lo; /* NAN gives lo */
}

/* Both ends are known. x measured at neighbouring sizes may be in another order than nominal. */
static struct interval found(
    const struct result_search *search, const struct bracket_point *points, struct ends ends)
{
    double lo = points[ends.lo].x, hi = points[ends.hi].x;
    struct line line = fit_line(search, points + ends.lo, ends.hi - ends.lo + 1, false);
    struct interval x = {.lo = fmin(lo, hi), .hi = fmax(lo, hi)};
    double crossing = line.slope > 0 ? line.crossing : (log(lo) + log(hi)) / 2;
    x.value = clamp(exp(crossing), x.lo, x.hi);
    return x;
}

struct bracket bracket_of(
    const struct result_search *search, const struct bracket_point *points, size_t n)
{
    struct bracket bracket = {BRACKET_UNDECIDED, {NAN, NAN, NAN}};
    struct ends ends = ends_of(points, n);
    if (ends.lo != NONE && ends.hi != NONE)
        return (struct bracket){BRACKET_FOUND, found(search, points, ends)};
    if (ends.lo != NONE)
        bracket.x.lo = points[ends.lo].x;
    if (ends.hi != NONE)
        bracket.x.hi = points[ends.hi].x;
    if (ends.hi == 0 && points[0].nominal <= search->from)
        bracket.outcome = BRACKET_ALWAYS_FASTER;
    if (n > 0 && ends.lo == n - 1 && points[n - 1].nominal >= search->to)
        bracket.outcome = BRACKET_ALWAYS_SLOWER;
    return bracket;
}

/* ---- the search ---- */

/* More pairs are taken at a size until it has one of 6, 10, 16, 26, ... of them. */
static bool at_look(size_t n, size_t pairs_max)
{
    size_t look = STAT_PAIRS_MIN;
    while (look < n)
        look = (8 * look + 4) / 5;
    return n == look || n >= pairs_max;
}

static double round_size(const struct result_search *search, double x)
{
    x = clamp(x, search->from, search->to);
    if (bracket_counts_tasks(search))
        return clamp(round(x), ceil(search->from), floor(search->to));
    double digit = pow(10, floor(log10(x)) - 3);
    return clamp(round(x / digit) * digit, search->from, search->to);
}

/* Beyond the outermost size while one end is not known; NAN at the end of the range. */
static double walk(
    const struct result_search *search, const struct bracket_point *outermost, bool down)
{
    double factor = outermost->side ? WALK_CLEAR : WALK_TIED;
    double x = outermost->nominal;
    double next = round_size(search, down ? x / factor : x * factor);
    return (down ? next < x : next > x) ? next : NAN;
}

/* A size on the wrong side of another that may still change its mind; n: none. */
static size_t find_contradiction(const struct bracket_point *points, size_t n, size_t pairs_max)
{
    size_t faster = first_faster(points, n), slower = last_slower(points, n), best = n;
    if (faster == NONE || slower == NONE || slower < faster)
        return n;
    for (size_t i = faster; i <= slower; i++)
        if (points[i].side && points[i].n < pairs_max &&
            (best == n || points[i].n < points[best].n))
            best = i;
    return best;
}

/* The tied size between the ends that is nearest to a decision; n: none is near. */
static size_t find_promising(
    const struct bracket_point *points, struct ends ends, size_t n, size_t pairs_max)
{
    size_t best = n;
    for (size_t i = ends.lo + 1; i < ends.hi; i++)
        if (points[i].side == 0 && points[i].n < pairs_max && points[i].p <= FUTILE &&
            (best == n || points[i].p < points[best].p))
            best = i;
    return best;
}

/* Mean half-width of the points' intervals of ln speedup. */
static double spread(const struct bracket_point *points, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += log(points[i].speedup.hi / points[i].speedup.lo) / 2;
    return sum / (double)n;
}

/* A stretch without sizes next to one end of the bracket, in ln x. */
struct gap {
    double from, to;
};

static bool fits(const struct result_search *search, struct gap gap, double x, double margin)
{
    double size = log(round_size(search, exp(x)));
    return size > gap.from + margin && size < gap.to - margin;
}

/* The stretches next to both ends of the bracket; the same one where nothing lies between. */
struct gaps {
    struct gap left, right;
};

static struct gaps gaps_of(const struct bracket_point *points, struct ends ends)
{
    return (struct gaps){
        .left = {log(points[ends.lo].nominal), log(points[ends.lo + 1].nominal)},
        .right = {log(points[ends.hi - 1].nominal), log(points[ends.hi].nominal)},
    };
}

/* A size at this distance from the crossing, where the farther end is first; NAN: none fits. */
static double aim(const struct result_search *search, struct gaps gaps, double crossing,
    double distance, double margin)
{
    bool left_first = crossing - gaps.left.from > gaps.right.to - crossing;
    for (int i = 0; i < 2; i++) {
        bool left = left_first == (i == 0);
        double x = crossing + (left ? -distance : distance);
        if (fits(search, left ? gaps.left : gaps.right, x, margin))
            return round_size(search, exp(x));
    }
    return NAN;
}

/* Both ends are known and not near enough: where few pairs will decide, else where the ends are to
 * be. */
static double narrow(const struct result_search *search, const struct bracket_point *points,
    struct ends ends, double resolution)
{
    size_t n = ends.hi - ends.lo + 1;
    struct gaps gaps = gaps_of(points, ends);
    struct line line = fit_line(search, points + ends.lo, n, true);
    double least = AIM * log(resolution), whole = gaps.right.to - gaps.left.from;
    double crossing = clamp(line.crossing, gaps.left.from, gaps.right.to);
    double decisive = clamp(DECISIVE * spread(points + ends.lo, n) / line.slope, least, whole);
    double next = aim(search, gaps, crossing, decisive, least / 2);
    return isnan(next) ? aim(search, gaps, crossing, least, least / 2) : next;
}

/* Halves the wider of the stretches next to the ends, unless it is short already. */
static double halve(const struct result_search *search, const struct bracket_point *points,
    struct ends ends, double resolution)
{
    struct gaps gaps = gaps_of(points, ends);
    double left = gaps.left.to - gaps.left.from, right = gaps.right.to - gaps.right.from;
    struct gap gap = left > right ? gaps.left : gaps.right;
    double middle = (gap.from + gap.to) / 2;
    return fits(search, gap, middle, AIM * log(resolution) / 2) ? round_size(search, exp(middle))
                                                                : NAN;
}

static double inside(const struct result_search *search, const struct bracket_point *points,
    size_t n, struct ends ends, double resolution, size_t pairs_max)
{
    double lo = points[ends.lo].nominal, hi = points[ends.hi].nominal;
    if (hi <= lo * resolution || (bracket_counts_tasks(search) && hi - lo < 1.5))
        return NAN;
    double next = narrow(search, points, ends, resolution);
    if (!isnan(next))
        return next;
    size_t promising = find_promising(points, ends, n, pairs_max);
    if (promising < n)
        return points[promising].nominal;
    return halve(search, points, ends, resolution);
}

/* The range is walked to its end, and an end of the bracket is missing: more pairs at that end, if
 * it is tied and they may help. */
static double at_range_end(
    const struct bracket_point *points, size_t n, struct ends ends, size_t pairs_max)
{
    const struct bracket_point *end = ends.lo == NONE ? &points[0] : &points[n - 1];
    return end->side == 0 && end->n < pairs_max && end->p <= FUTILE ? end->nominal : NAN;
}

double bracket_next(const struct result_search *search, const struct bracket_point *points,
    size_t n, double resolution, size_t pairs_max)
{
    if (n == 0)
        return round_size(search, sqrt(search->from * search->to));
    for (size_t i = 0; i < n; i++)
        if (!at_look(points[i].n, pairs_max))
            return points[i].nominal;
    size_t doubtful = find_contradiction(points, n, pairs_max);
    if (doubtful < n)
        return points[doubtful].nominal;
    struct ends ends = ends_of(points, n);
    if (ends.lo != NONE && ends.hi != NONE)
        return inside(search, points, n, ends, resolution, pairs_max);
    double next = ends.lo == NONE ? walk(search, &points[0], true) : NAN;
    if (isnan(next) && ends.hi == NONE)
        next = walk(search, &points[n - 1], false);
    return isnan(next) ? at_range_end(points, n, ends, pairs_max) : next;
}
