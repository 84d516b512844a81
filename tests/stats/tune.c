/* The search for the best pool size against known truths (tests/unit/tune_search.h and
 * tests/unit/landscape.h). What is measured is simulated, with noise and drift; the search is that
 * of poolbench tune. */
#include "stats.h"

#include "tests/unit/landscape.h"
#include "tests/unit/tune_search.h"

#include <stdio.h>

#define SEARCHES 1000
#define GOOD_PART 0.95 /* of the answers are within SEARCH_WITHIN of the best */
#define COST_PART 0.25 /* of the exhaustive time, on average */
#define LOST_PART 0.05 /* at most so often is the best size measured ruled out */

struct tally {
    unsigned searches, good, lost;
    double regret, worst, cost, blocks, sizes;
};

static void add(struct tally *tally, const struct search_outcome *outcome)
{
    tally->searches++;
    tally->good += outcome->regret <= SEARCH_WITHIN;
    tally->lost += outcome->lost_best;
    tally->regret += outcome->regret;
    tally->worst = fmax(tally->worst, outcome->regret);
    tally->cost += outcome->cost;
    tally->blocks += outcome->blocks;
    tally->sizes += (double)outcome->sizes;
}

static bool put(const char *name, const struct tally *tally)
{
    double n = tally->searches;
    bool met = tally->good >= GOOD_PART * n && tally->cost <= COST_PART * n &&
               tally->lost <= LOST_PART * n;
    printf("  %-22s %5.1f %%  %6.2f %%  %5.1f %%  %8.3f  %5.1f %%  %5.1f  %6.1f\n", name,
        100 * tally->good / n, 100 * tally->regret / n, 100 * tally->worst, tally->cost / n,
        100 * tally->lost / n, tally->sizes / n, tally->blocks / n);
    return met;
}

static double machine_throughput(const void *truth, unsigned workers)
{
    return landscape_truth(truth, workers);
}

static struct search_outcome search_machine(uint64_t seed)
{
    struct landscape landscape = landscape_make(seed);
    const struct truth truth = {.throughput = machine_throughput,
        .truth = &landscape,
        .cpus = landscape.model.cores,
        .max = landscape.sizes_max,
        .noise = landscape.noise,
        .seed = seed};
    return search_run(&truth, NOISE_NORMAL);
}

bool stats_tune(void)
{
    static const char *const kinds[TRUTH_KINDS] = {
        "Amdahl", "USL with a peak", "plateau at the CPUs", "knee beyond the CPUs", "step down"};
    struct tally all = {0}, machines = {0}, of_kind[TRUTH_KINDS] = {{0}};
    for (uint64_t seed = 0; seed < SEARCHES; seed++) {
        struct made_truth made;
        struct truth truth = made_draw(&made, seed);
        struct search_outcome outcome = search_run(&truth, NOISE_NORMAL);
        add(&all, &outcome);
        add(&of_kind[made.kind], &outcome);
        outcome = search_machine(seed);
        add(&machines, &outcome);
    }
    printf("tune: regret at most 2 %%, and time as a part of measuring every size %d times\n"
           "  %-22s %7s  %8s  %7s  %8s  %7s  %5s  %6s\n",
        EXHAUSTIVE_BLOCKS, "", "within", "regret", "worst", "time", "lost", "sizes", "blocks");
    for (size_t i = 0; i < TRUTH_KINDS; i++)
        put(kinds[i], &of_kind[i]);
    bool met = put("all of these", &all);
    met = put("random machines", &machines) && met;
    printf("  within 2 %% in 95 %%, a quarter of the time, the best lost in at most 5 %%:%s\n\n",
        stats_verdict(met));
    return met;
}
