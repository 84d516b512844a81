/* Break-even by bisection: from paired blocks at chosen sizes x to a bracket of the crossing
 * speedup = target, and to the next size worth measuring. Pure; the search in measure/ alternates
 * between measuring and bracket_next, and the report reads the same bracket from the stored pairs.
 *
 * No model is assumed: a size is slower or faster when a sign test says so at 5 %, else tied. */
#ifndef ANALYZE_BRACKET_H
#define ANALYZE_BRACKET_H

#include "../store/result.h"
#include "stat.h"

#include <stdbool.h>

struct bracket_point {
    double nominal; /* x that was asked for */
    double x;       /* median serial ns a task measured in the same blocks; where
                       bracket_counts_tasks, the number of tasks */
    uint64_t tasks;
    size_t n; /* paired blocks */
    struct interval speedup;
    double p; /* sign test of speedup = target, two-sided */
    int side; /* -1 significantly below target, 1 above, 0 tied or n too small */
};

enum bracket_outcome {
    BRACKET_FOUND,
    BRACKET_ALWAYS_SLOWER, /* in the whole range searched */
    BRACKET_ALWAYS_FASTER,
    BRACKET_UNDECIDED /* an end is missing */
};

struct bracket {
    enum bracket_outcome outcome;
    /* FOUND: from the last size significantly slower to the first significantly faster; the value
     * is where the least-squares line of ln speedup over ln x through the points within crosses the
     * target. ALWAYS_SLOWER: lo is the largest x tried; ALWAYS_FASTER: hi the smallest; UNDECIDED:
     * the end that is known, if one is. All else NAN. */
    struct interval x;
};

/* Whether a search's x is a number of tasks; else it is ns a task. */
bool bracket_counts_tasks(const struct result_search *search);

/* Whether two searches measure the same thing: pool, chunk, axis, and what tasks carry. Their
 * targets may differ. */
bool bracket_same_curve(const struct result_search *a, const struct result_search *b);

/* The points of one search, sorted by nominal and tasks. Pairs of other searches of the
 * same curve count too. *points is malloc'd, the caller's. Returns how many there are (0: *points
 * is NULL). */
size_t bracket_points(const struct result *result, unsigned search, struct bracket_point **points);

/* The point of this grain and number of tasks among them, or NULL: for the map. */
const struct bracket_point *bracket_cell(
    const struct bracket_point *points, size_t n, double nominal, uint64_t tasks);

/* The bracket that points (sorted) give for the search. Speedup need not be monotonic, nor is a
 * test always right: lo is the last slower size below all faster ones, hi the first faster size
 * above all slower ones, so that every doubtful size lies within. */
struct bracket bracket_of(
    const struct result_search *search, const struct bracket_point *points, size_t n);

/* The next nominal x to take one pair at, or NAN when the search is over. Call it after each pair,
 * with all points so far; it keeps no state. It starts in the middle of the range (logarithmic) and
 * reaches an end of the range only where the crossing is not inside. A size gets 6 pairs and, where
 * that leaves it tied, 10, 16, 26, ... up to pairs_max (at least STAT_PAIRS_MIN) where more may
 * decide it. Over when the bracket's hi / lo is at most `resolution` (> 1) or its ends are whole
 * numbers side by side (by tasks), when all that is left within it is tied, or when an end of the
 * range is on the near side of the crossing.
 *
 * Looking several times at a tied size makes errors likelier than a single test at 5 % would, but
 * only the few sizes near the crossing can be mistaken at all: in the simulations of test_bracket
 * 98 % of the brackets or more hold the truth, at 1 to 12 % noise a pair, and a search takes about
 * 40 pairs at 3 % noise and 60 at 6 % (resolution 1.25). */
double bracket_next(const struct result_search *search, const struct bracket_point *points,
    size_t n, double resolution, size_t pairs_max);

#endif
