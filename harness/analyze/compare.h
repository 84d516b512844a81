/* Comparisons of two configurations A and B, each the same work: how many times as fast B is, and
 * whether that is more than noise. Pure functions of results; nothing is measured or printed.
 *
 * The ratio is always A's time / B's time of one task: above 1 B is faster, as a speedup above 1 is
 * faster than serial. Of speedups it is B's speedup / A's, which is the same with every time
 * divided by serial's time in the same block. These are two questions. The ratio of times asks
 * which of two runs was faster, whatever the reason: another machine, a busier hour. In the ratio
 * of speedups cancels what made serial and pool faster alike; it asks which pool gains more over
 * its own serial loop, and is silent about a change that speeds up both.
 *
 * Four designs, by what there is:
 *
 * - one run: the configurations stand in the same blocks, so there are pairs, and the exact sign
 *   interval (stat.h). Drift hits both alike.
 *
 * - one run a side: blocks of one run against blocks of another, not paired; Hodges and Lehmann's
 *   shift of ln time with the exact rank-sum interval (ranksum.h). It knows how much blocks differ
 *   within a run; how much runs of the same thing differ cannot be seen in two runs, and is often
 *   more.
 *
 * - several runs: each counts once, with its median over the blocks, so that what differs from run
 *   to run enters; the rank-sum interval again.
 *
 * - few runs, too few for any rank sum to reach the level needed: Student's t (1908) on ln of the
 *   runs' medians with pooled variance. The one design that takes something for normal.
 *
 * The choice between the last two follows from the numbers of runs and comparisons alone. */
#ifndef ANALYZE_COMPARE_H
#define ANALYZE_COMPARE_H

#include "../store/result.h"
#include "stat.h"

enum compare_of { COMPARE_TIME, COMPARE_SPEEDUP };

enum compare_design { COMPARE_WITHIN_RUN, COMPARE_TWO_RUNS, COMPARE_RUNS, COMPARE_FEW_RUNS };

enum compare_verdict {
    COMPARE_FASTER, /* B than A */
    COMPARE_SLOWER,
    COMPARE_NO_DIFFERENCE, /* none that these samples show */
    COMPARE_NOT_COMPARABLE /* `reason` says why; the numbers are NAN but perhaps the ratio's value
                            */
};

/* The power that `detectable` is given for. */
#define COMPARE_POWER 0.8

struct compare_row {
    struct result_config a, b;
    double *values;          /* ln ratio of each pair; else ln cost of A's, then of B's */
    size_t a_count, b_count; /* of what the design counts: pairs (in both), blocks or runs */
    double looks;            /* how often the runs' intervals were looked at, at most (0.05 / alpha
                                of the result); p_adjusted is as many times as large */

    /* filled in by compare_conclude */
    struct interval ratio; /* 95 %, of this row alone, after all looks */
    double p;              /* two-sided, of this row alone */
    double p_adjusted;     /* for all looks, and after Holm over all rows that can be compared */
    /* The smallest true ratio above 1 (or 1 / ratio below) that such samples would show, after
     * adjustment, in 80 % of the cases: exp(w (1 + t_0.8 / t_(1-a/2))), w being half the width of
     * the interval of ln ratio at level a = 0.05 / rows and t Student's quantiles (power of a
     * normal mean, Cohen 1988, at the width observed, as Bland 2009 asks for). An approximation,
     * since the width is one experiment's: the next finds it in 65 to 80 % (test_compare).
     * INFINITY: none would. */
    double detectable;
    enum compare_verdict verdict;
    enum compare_design design; /* given; of several runs, also which of the two it is to be */
    char reason[160];
};

/* Pairs of configurations a and b (indices) of one result, by block. Only samples that count
 * (summary_counts), and no pilot's, enter any row. Out of memory aborts with a message here and
 * below. */
struct compare_row compare_within(const struct result *result, unsigned a, unsigned b);

/* Runs of configuration `config` on side A against runs on side B; the chunk and split must be the
 * same too. Runs without that configuration are left out. For speedups a block counts only where
 * serial of the same block does. */
struct compare_row compare_runs(const struct result *const *a, size_t a_count,
    const struct result *const *b, size_t b_count, const struct result_config *config,
    enum compare_of of);

/* Fills in the rest of all n rows, which are judged together: significant is what is so at 5 %
 * after Holm's adjustment (holm.h). Returns 0, or -1 without memory. */
int compare_conclude(struct compare_row *rows, size_t n);

/* Frees what is in the row. */
void compare_free(struct compare_row *row);

/* Whether B is significantly slower by more than `threshold`: its time more than 1 + threshold
 * times A's, by the estimate. */
bool compare_regressed(const struct compare_row *row, double threshold);

/* "faster", "slower", "no detectable difference", "not comparable". */
const char *compare_verdict_name(enum compare_verdict verdict);

/* What is counted: "blocks", "blocks", "runs", "runs". */
const char *compare_unit(enum compare_design design);

/* "sign", "rank sum", "rank sum of runs", "t of runs". */
const char *compare_method(enum compare_design design);

#endif
