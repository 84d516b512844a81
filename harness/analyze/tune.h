/* The smallest pool size that is tied with the best, found by measuring few sizes: from what was
 * sampled so far to the present answer, and to the sizes of the next block. Pure functions without
 * state; the search in measure/ alternates between measuring and tune_next.
 *
 * A size's cost is what is to be small: seconds a task, seconds of a command, a latency. Costs are
 * compared by their logarithms within blocks (twoway.h), so that drift between blocks does not
 * count. Two sizes whose costs differ by at most `within` are as good as each other. */
#ifndef ANALYZE_TUNE_H
#define ANALYZE_TUNE_H

#include "stat.h"

#include <stdbool.h>
#include <stddef.h>

#define TUNE_NONE SIZE_MAX
#define TUNE_BLOCK_MAX 128 /* sizes in one block, at most */

/* A pool size of one group: a backend, where several are compared. */
struct tune_size {
    unsigned group, workers;
};

struct tune_sample {
    unsigned block;
    struct tune_size size;
    double cost; /* > 0; INFINITY: this size cannot be had (it failed, or needs too much memory) */
};

struct tune_problem {
    const struct tune_size *sizes; /* of the first block */
    size_t sizes_count;
    double within;         /* 0.02: two per cent; > 0 */
    unsigned blocks_max;   /* the search ends after so many blocks */
    double efficiency_min; /* 0: any will do */
    unsigned cpus;         /* efficiency is speedup / min(workers, cpus); 0: speedup / workers */
};

enum tune_standing {
    TUNE_OPEN,        /* neither tied nor worse, as far as is known */
    TUNE_TIED,        /* costs at most `within` more than the best */
    TUNE_WORSE,       /* significantly more than that */
    TUNE_INEFFICIENT, /* below efficiency_min */
    TUNE_FAILED       /* cannot be had */
};

struct tune_candidate {
    struct tune_size size;
    size_t n;             /* samples */
    struct interval cost; /* 95 %, by the noise of all sizes together */
    double excess;        /* ln(cost / the best's) */
    double shaped;        /* the same of the valley-shaped curve through the sizes not worse */
    double error;         /* standard error of excess */
    enum tune_standing standing;
    bool dropped;     /* measured no more */
    bool in_question; /* may still change what is recommended */
};

struct tune {
    struct tune_candidate *candidates; /* sorted by group, then workers */
    size_t count;
    size_t best;        /* index: the lowest cost of those that may be taken; or TUNE_NONE */
    size_t recommended; /* index: the smallest size that is tied; or TUNE_NONE */
    double noise;       /* standard deviation of ln cost within a block */
    double critical;    /* Student's t of a two-sided 95 % interval */
    unsigned blocks;    /* so far */
    bool settled;       /* whether more blocks of these sizes would hardly change the answer */
};

/* Judges n samples, sorted by block. Candidates are the problem's sizes and all that were sampled.
 *
 * WORSE: a one-sided t test of "costs at most `within` more than the best" fails at level
 * 0.05 / (b (b + 1)), b being the candidate's number of blocks, after Holm's adjustment for all
 * candidates. Over all looks these levels add up to 0.05 (alpha spending: Lan and DeMets 1983), so
 * that the best size is lost with at most that probability (comparison with the best: Hsu 1984).
 *
 * TIED: what is left and costs, by the valley-shaped curve, no more than the best, or so little
 * more that the excess and its error stay below `within`. The curve (valley.h) takes sizes side by
 * side that noise alone tells apart for a plateau, and gives its smallest the same cost as its
 * best.
 *
 * Returns 0, or -1 without memory. Freed by tune_free, also then. */
int tune_judge(struct tune *tune, const struct tune_problem *problem,
    const struct tune_sample *samples, size_t n);
void tune_free(struct tune *tune);

/* Chooses the sizes of the next block: writes at most TUNE_BLOCK_MAX and returns how many; 0: the
 * search is over. The first block has all of the problem's sizes, the second what the first has not
 * ruled out, and later ones what may still change the answer. New sizes join where there is room
 * (more than 10 %, and a whole number): below the smallest tied size, if the next smaller one is
 * worse, and on both sides of the best, if the sizes around predict a lower cost there, by
 * parabolas or by lines from both sides, and towards a larger size that cannot be had. Curves only
 * choose sizes; what counts is measured. */
size_t tune_next(const struct tune *tune, const struct tune_problem *problem,
    struct tune_size sizes[TUNE_BLOCK_MAX]);

/* By group, then workers, as qsort and bsearch compare struct tune_size. */
int tune_compare_sizes(const void *left, const void *right);

/* Appends the sizes that a search begins with: powers of two up to max, max itself, and those of
 * `others` (count of them: physical, logical and quota CPUs, rules of thumb) from 1 to max; each
 * once, ascending. sizes has room for TUNE_BLOCK_MAX. Returns how many. */
size_t tune_coarse(struct tune_size sizes[TUNE_BLOCK_MAX], size_t sizes_count, unsigned group,
    unsigned max, const unsigned *others, size_t count);

#endif
