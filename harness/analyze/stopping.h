/* When a sweep has enough blocks. Pure functions of what is measured so far; the sweep in measure/
 * alternates between taking blocks and asking stopping_until.
 *
 * To stop as soon as an interval is narrow, or shows a difference, makes it wrong more often than
 * it says: of many looks the one that was wrong is the one to stop at. There are three rules here
 * that keep the 95 %, whatever the times are like:
 *
 *   fixed   a number of blocks chosen beforehand.
 *   pilot   some blocks tell how many more are needed; the interval comes from those more alone
 *           (two-stage sampling: Stein 1945; he keeps the pilot's mean, which needs normal times).
 *           Their number is a function of the pilot, and given the pilot it is fixed.
 *   looks   at most five looks, at numbers of blocks chosen beforehand, each with an interval at
 *           level 1 - 0.05/5: the chance that any of the five is wrong is at most the sum, 5 %
 *           (Bonferroni), and the reported one is one of them. Where a budget ends the sweep, the
 *           end takes the place of a look that is left.
 *
 * What a budget ends is as good: time, not the ratios, chose the number. `make stats` shows all
 * three under nine error models; docs/statistics.md has the table. */
#ifndef ANALYZE_STOPPING_H
#define ANALYZE_STOPPING_H

#include "../store/result.h"
#include "stat.h"

#define STOPPING_PILOT_BLOCKS 10
#define STOPPING_LOOKS 5
#define STOPPING_BLOCKS_MAX 100000

enum stopping_mode { STOPPING_FIXED, STOPPING_PILOT, STOPPING_QUICK };

struct stopping {
    enum stopping_mode mode;
    unsigned blocks;   /* fixed: how many */
    double half_width; /* pilot, quick: asked for, as stopping_half_width gives it; above 0 */
};

/* The level of the rule's intervals is 1 - this: what struct result's alpha is to be. */
double stopping_alpha(enum stopping_mode mode);

/* How many blocks an interval of the rule's level needs: a budget ends no sweep before. */
size_t stopping_least(enum stopping_mode mode);

/* (hi - lo) / 2 as a part of the value; INFINITY where there is no interval. */
double stopping_half_width(const struct interval *interval);

/* The widest half-width among the configurations' speedups, serial and those without a pair left
 * out; INFINITY where there is none, or one has no interval yet. */
double stopping_reached(const struct result *result);

/* Blocks at look i = 0 .. STOPPING_LOOKS - 1: 8, 16, 32, 64, 128. A sign interval at level
 * 1 - 0.05/5 needs 8. */
size_t stopping_look(size_t i);

/* How many fresh blocks give an interval of the asked half-width, from the log ratios d[0 .. n-1]
 * of a pilot; at least `least`, at most STOPPING_BLOCKS_MAX, which stands too for what a pilot of
 * fewer than STAT_PAIRS_MIN cannot tell. The interval of m blocks holds the middle (m + 1 - 2k) /
 * (m + 1) of the distribution (k: stat_sign_rank), the quartiles of n values the middle 0.5 (n - 1)
 * / (n + 1); so wide and one in five more is what the pilot's quartiles are taken to say, scaled
 * from part to part. Quartiles do not mind the odd spike in the pilot. The asked half-width is
 * reached in 8 or 9 of 10 cases; where it is not, the interval is wider but no less sound. */
size_t stopping_fresh(const double *d, size_t n, double half_width, size_t least);

/* How many blocks the result is to have when this is asked again; blocks_count itself: it has
 * enough. Blocks that the pilot rule takes as pilot are the first STOPPING_PILOT_BLOCKS, or fewer
 * where a budget ended the pilot. More than half_width asks for are taken where fewer could not
 * show a difference among so many configurations (holm_blocks_min). */
size_t stopping_until(const struct stopping *rule, const struct result *result);

#endif
