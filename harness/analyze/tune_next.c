/* Which sizes to measure next. Everything here guesses; a wrong guess costs samples, not the
 * answer.
 */
#include "tune.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

struct choice {
    struct tune_size *sizes;
    size_t count;
};

static void choose(struct choice *choice, struct tune_size size)
{
    for (size_t i = 0; i < choice->count; i++)
        if (tune_compare_sizes(&choice->sizes[i], &size) == 0)
            return;
    if (choice->count < TUNE_BLOCK_MAX)
        choice->sizes[choice->count++] = size;
}

/* Only a size that was not tried yet: what is known of the others is enough. */
static void try_new(const struct tune *tune, struct choice *choice, unsigned group, double workers)
{
    const struct tune_size size = {group, (unsigned)workers};
    for (size_t i = 0; i < tune->count; i++)
        if (tune_compare_sizes(&tune->candidates[i].size, &size) == 0)
            return;
    choose(choice, size);
}

/* Sizes are near enough at 10 %, or as neighbours. */
static bool room_between(double small, double large)
{
    return large - small > fmax(1, 0.1 * large);
}

/* Below the smallest tied size: where cost would be the best's if it fell as 1 / workers from the
 * next smaller size on, which it does while workers are too few; else half way. */
static void look_below(const struct tune *tune, double within, struct choice *choice)
{
    const struct tune_candidate *chosen = &tune->candidates[tune->recommended];
    const struct tune_candidate *smaller = tune->recommended > 0 ? chosen - 1 : chosen;
    if (smaller == chosen || smaller->size.group != chosen->size.group || smaller->in_question ||
        !room_between(smaller->size.workers, chosen->size.workers))
        return;
    double from = smaller->size.workers, to = chosen->size.workers;
    double knee = ceil(from * exp(smaller->excess) / (1 + within)); /* NAN: it cannot be had */
    double next =
        knee > from && knee < to - fmax(1, (to - from) / 8) ? knee : floor((from + to) / 2);
    try_new(tune, choice, chosen->size.group, next);
}

/* ---- around the best ---- */

/* A place in the plane of x = ln workers and y = excess; NAN: none is predicted. */
struct place {
    double x, y;
};

static struct place place_of(const struct tune_candidate *candidate)
{
    return (struct place){log(candidate->size.workers), candidate->excess};
}

static double slope(struct place a, struct place b)
{
    return (b.y - a.y) / (b.x - a.x);
}

static const struct place nowhere = {NAN, NAN};

/* The lowest point of the parabola through three neighbours. */
static struct place parabola(const struct tune_candidate *first,
    const struct tune_candidate *second, const struct tune_candidate *third)
{
    if (!first || !second || !third)
        return nowhere;
    struct place a = place_of(first), b = place_of(second), c = place_of(third);
    double bend = (slope(b, c) - slope(a, b)) / (c.x - a.x);
    double slope_at_b = slope(a, b) + bend * (b.x - a.x);
    if (!(bend > 0))
        return nowhere;
    return (struct place){
        b.x - slope_at_b / (2 * bend), b.y - slope_at_b * slope_at_b / (4 * bend)};
}

/* Where a line falling from the left meets one rising to the right. */
static struct place meeting(
    const struct tune_candidate *const left[2], const struct tune_candidate *const right[2])
{
    if (!left[0] || !left[1] || !right[0] || !right[1])
        return nowhere;
    struct place a = place_of(left[1]), b = place_of(right[0]);
    double falling = slope(place_of(left[0]), a), rising = slope(b, place_of(right[1]));
    if (!(falling < 0 && falling < rising))
        return nowhere;
    double x = (b.y - a.y + falling * a.x - rising * b.x) / (falling - rising);
    return (struct place){x, a.y + falling * (x - a.x)};
}

/* The next candidate from this one on that is measured and not too near, in steps of 1 or -1 and in
 * the same group; NULL: none, or from is NULL. Sizes side by side differ by little but noise. */
static const struct tune_candidate *beyond(
    const struct tune *tune, const struct tune_candidate *from, int step)
{
    if (!from)
        return NULL;
    for (size_t i = (size_t)(from - tune->candidates) + (size_t)step; i < tune->count;
         i += (size_t)step) { /* wraps to above count below 0 */
        const struct tune_candidate *other = &tune->candidates[i];
        double small = fmin(from->size.workers, other->size.workers);
        double large = fmax(from->size.workers, other->size.workers);
        if (other->size.group != from->size.group)
            return NULL;
        if (isfinite(other->excess) && room_between(small, large))
            return other;
    }
    return NULL;
}

/* A new size between the middle two of four (any may be NULL), one of which is the best, where a
 * cost below the best's by half of `within` is predicted. A plateau's edge bends a parabola as a
 * peak would, so both parabolas must agree, where there are two. */
static void look_between(const struct tune *tune, const struct tune_candidate *const c[4],
    double within, struct choice *choice)
{
    if (!c[1] || !c[2])
        return;
    struct place left = parabola(c[0], c[1], c[2]), right = parabola(c[1], c[2], c[3]);
    struct place found = !c[0] || (c[3] && right.y > left.y) ? right : left;
    struct place met = meeting(c, c + 2);
    if (met.y < -within / 2)
        found = met;
    else if ((c[0] && !(left.y < -within / 2)) || (c[3] && !(right.y < -within / 2)))
        return;
    double low = c[1]->size.workers + 1, high = c[2]->size.workers - 1;
    double size = round(exp(found.x));
    if (found.y < -within / 2 && size >= low - 1 && size <= high + 1)
        try_new(tune, choice, c[1]->size.group, fmin(high, fmax(low, size)));
}

static void look_around(const struct tune *tune, double within, struct choice *choice)
{
    const struct tune_candidate *best = &tune->candidates[tune->best];
    const struct tune_candidate *left = beyond(tune, best, -1), *right = beyond(tune, best, 1);
    const struct tune_candidate *const below[4] = {beyond(tune, left, -1), left, best, right};
    const struct tune_candidate *const above[4] = {left, best, right, beyond(tune, right, 1)};
    look_between(tune, below, within, choice);
    look_between(tune, above, within, choice);
}

/* Half way to a larger size that may not be taken: what may be lies between. */
static void look_above(const struct tune *tune, struct choice *choice)
{
    const struct tune_candidate *best = &tune->candidates[tune->best], *above = best + 1;
    if (tune->best + 1 >= tune->count || above->size.group != best->size.group ||
        above->standing < TUNE_INEFFICIENT ||
        !room_between(best->size.workers, above->size.workers))
        return;
    unsigned middle = (best->size.workers + above->size.workers) / 2;
    try_new(tune, choice, best->size.group, middle);
}

/* ---- blocks ---- */

static size_t first_block(const struct tune_problem *problem, struct choice *choice)
{
    for (size_t i = 0; i < problem->sizes_count; i++)
        choose(choice, problem->sizes[i]);
    return choice->count;
}

size_t tune_next(const struct tune *tune, const struct tune_problem *problem,
    struct tune_size sizes[TUNE_BLOCK_MAX])
{
    struct choice choice = {.sizes = sizes};
    if (tune->blocks == 0)
        return first_block(problem, &choice);
    if (tune->blocks >= problem->blocks_max || tune->best == TUNE_NONE)
        return 0;
    if (tune->blocks > 1) {
        look_below(tune, problem->within, &choice);
        look_around(tune, problem->within, &choice);
        look_above(tune, &choice);
        if (tune->settled && choice.count == 0)
            return 0;
    }
    choose(&choice, tune->candidates[tune->best].size);
    choose(&choice, tune->candidates[tune->recommended].size);
    for (size_t i = 0; i < tune->count; i++)
        if (tune->blocks == 1 ? !tune->candidates[i].dropped : tune->candidates[i].in_question)
            choose(&choice, tune->candidates[i].size);
    return choice.count;
}

size_t tune_coarse(struct tune_size sizes[TUNE_BLOCK_MAX], size_t sizes_count, unsigned group,
    unsigned max, const unsigned *others, size_t count)
{
    struct choice choice = {.sizes = sizes, .count = sizes_count};
    for (unsigned workers = 1; workers && workers <= max; workers *= 2)
        choose(&choice, (struct tune_size){group, workers});
    for (size_t i = 0; i < count; i++)
        if (others[i] >= 1 && others[i] <= max)
            choose(&choice, (struct tune_size){group, others[i]});
    choose(&choice, (struct tune_size){group, max});
    qsort(sizes, choice.count, sizeof *sizes, tune_compare_sizes);
    return choice.count;
}
