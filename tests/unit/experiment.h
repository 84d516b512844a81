/* Sweeps that are simulated down to the single time, so that the truth is known: blocks in the
 * order that the real ones have, times with an error model, and the real rules of when to stop. To
 * be included after cmocka.h, or without it, by one program each. */
#ifndef UNIT_EXPERIMENT_H
#define UNIT_EXPERIMENT_H

#include "harness/analyze/stopping.h"
#include "harness/analyze/summary.h"
#include "harness/measure/plan.h"
#include "made.h"
#include "noise.h"

#include <math.h>
#include <stdbool.h>

/* Errors of a time, as a part of it. "Runs" are samples in the order in which they are taken. */
enum experiment_model {
    EXPERIMENT_NORMAL,
    EXPERIMENT_LOG_NORMAL, /* deviation 5 % */
    EXPERIMENT_GAMMA,      /* only ever slower, shape 2 */
    EXPERIMENT_SPIKES,     /* 5 % of one arm's times are 1.5 times too long */
    EXPERIMENT_BIMODAL,    /* 30 % of the times are 5 % longer */
    EXPERIMENT_DRIFT_2,    /* steadily slower, by 2 % from the first run to the last */
    EXPERIMENT_DRIFT_5,
    EXPERIMENT_AR1, /* each run's error is half the one's before, and something new */
    EXPERIMENT_T3,  /* heavy tails: Student's t with 3 degrees of freedom */
    EXPERIMENT_MODELS
};

static const char *const experiment_names[] = {"normal", "log-normal", "gamma", "spikes, one arm",
    "bimodal", "drift 2 %", "drift 5 %", "AR(1) 0.5", "t3"};

#define EXPERIMENT_SPEEDUP 1.7 /* of the first pool, without errors */
#define EXPERIMENT_SIZE 0.02   /* of the errors, where nothing else is said */
#define EXPERIMENT_ARMS 3      /* serial and two pools */

/* A drift goes on beyond these, where nobody knows beforehand how many blocks there will be. */
#define EXPERIMENT_DRIFT_BLOCKS 30

struct experiment {
    enum experiment_model model;
    struct noise noise;
    double drift; /* per run */
    double last;  /* AR(1)'s last error */
    unsigned run;
};

/* What the interval is about: the median of the paired ratios. It is the speedup without errors
 * wherever they are the same for both arms. 5 % spikes in one arm are that arm's own, and move the
 * median by 0.066 deviations of ln ratio: 0.95 Phi(-0.066) = 0.5 - 0.05. */
static inline double experiment_truth(enum experiment_model model)
{
    double moved = model == EXPERIMENT_SPIKES ? -0.06602 * M_SQRT2 * EXPERIMENT_SIZE : 0;
    return EXPERIMENT_SPEEDUP * exp(moved);
}

/* What Fieller's interval is about: the ratio of the mean times. */
static inline double experiment_mean_ratio(enum experiment_model model)
{
    return EXPERIMENT_SPEEDUP / (model == EXPERIMENT_SPIKES ? 1 + 0.05 * 0.5 : 1);
}

static inline double experiment_t3(struct noise *noise)
{
    double square = 0;
    for (int i = 0; i < 3; i++) {
        double normal = noise_normal(noise);
        square += normal * normal;
    }
    return noise_normal(noise) / sqrt(square / 3);
}

/* The factor by which the next run of this arm is wrong. */
static inline double experiment_error(struct experiment *experiment, unsigned arm)
{
    struct noise *noise = &experiment->noise;
    double drift = 1 + experiment->drift * experiment->run++;
    switch (experiment->model) {
    case EXPERIMENT_LOG_NORMAL:
        return exp(0.05 * noise_normal(noise));
    case EXPERIMENT_GAMMA:
        return 1 - EXPERIMENT_SIZE * log(noise_unit(noise) * noise_unit(noise));
    case EXPERIMENT_BIMODAL:
        return 1 + 0.05 * (noise_unit(noise) < 0.3) + 0.005 * noise_normal(noise);
    case EXPERIMENT_AR1:
        experiment->last = 0.5 * experiment->last + EXPERIMENT_SIZE * noise_normal(noise);
        return 1 + experiment->last;
    case EXPERIMENT_T3:
        return exp(EXPERIMENT_SIZE * experiment_t3(noise)); /* above 0 however far the tail */
    case EXPERIMENT_SPIKES:
        drift = arm == 1 && noise_unit(noise) < 0.05 ? 1.5 : 1;
        break;
    default:
        break;
    }
    return drift * (1 + EXPERIMENT_SIZE * noise_normal(noise));
}

static inline void experiment_sample(
    struct experiment *experiment, struct result *result, unsigned block, unsigned arm)
{
    static const double seconds[EXPERIMENT_ARMS] = {EXPERIMENT_SPEEDUP, 1, 1.5};
    double error = experiment_error(experiment, arm);
    made_sample(result, block, arm, seconds[arm] * error);
}

/* As take_block in measure/sweep.c: serial is first in the first block, else all is random. */
static inline void experiment_block(
    struct experiment *experiment, const struct stopping *rule, struct result *result)
{
    unsigned order[EXPERIMENT_ARMS], block = (unsigned)result->blocks_count;
    plan_order(experiment->noise.seed, block, order, EXPERIMENT_ARMS);
    for (unsigned i = 1; block == 0 && i < EXPERIMENT_ARMS; i++)
        if (order[i] == 0) {
            order[i] = order[0];
            order[0] = 0;
        }
    made_blocks(result, block + 1);
    result->blocks[block].pilot = rule->mode == STOPPING_PILOT && block < STOPPING_PILOT_BLOCKS;
    for (unsigned i = 0; i < EXPERIMENT_ARMS; i++)
        experiment_sample(experiment, result, block, order[i]);
}

static inline struct experiment experiment_begin(
    enum experiment_model model, const struct stopping *rule, uint64_t seed)
{
    double drift = model == EXPERIMENT_DRIFT_2 ? 0.02 : model == EXPERIMENT_DRIFT_5 ? 0.05 : 0;
    unsigned blocks = rule->mode == STOPPING_FIXED ? rule->blocks : EXPERIMENT_DRIFT_BLOCKS;
    return (struct experiment){.model = model,
        .noise = {.seed = hash_mix(seed, model)},
        .drift = drift / (EXPERIMENT_ARMS * blocks)};
}

static inline struct result *experiment_result(const struct stopping *rule)
{
    struct result *result = made_result();
    result->alpha = rule->mode == STOPPING_QUICK ? stopping_alpha(rule->mode) : 0;
    made_config(result, "serial", 1);
    made_config(result, "threads", 2);
    made_config(result, "processes", 2);
    return result;
}

/* A whole sweep; the caller frees it. */
static inline struct result *experiment_run(
    enum experiment_model model, const struct stopping *rule, uint64_t seed)
{
    struct experiment experiment = experiment_begin(model, rule, seed);
    struct result *result = experiment_result(rule);
    for (size_t until = 0; (until = stopping_until(rule, result)) > result->blocks_count;)
        while (result->blocks_count < until)
            experiment_block(&experiment, rule, result);
    return result;
}

/* The same numbers of runs, but each arm's one after the other: what blocks are there against. */
static inline struct result *experiment_run_in_turn(
    enum experiment_model model, const struct stopping *rule, uint64_t seed)
{
    struct experiment experiment = experiment_begin(model, rule, seed);
    struct result *result = experiment_result(rule);
    for (unsigned arm = 0; arm < EXPERIMENT_ARMS; arm++)
        for (unsigned block = 0; block < rule->blocks; block++)
            experiment_sample(&experiment, result, block, arm);
    return result;
}

static inline bool experiment_holds(const struct interval *interval, double truth)
{
    return interval->lo <= truth && truth <= interval->hi;
}

/* What many experiments of a kind say together. */
struct experiment_tally {
    unsigned experiments;
    unsigned holds;         /* experiment_truth */
    unsigned holds_speedup; /* EXPERIMENT_SPEEDUP itself */
    unsigned fieller_holds; /* Fieller's interval experiment_mean_ratio */
    unsigned reached;       /* the asked half-width */
    double blocks;          /* on average, the pilot's included */
};

static inline void experiment_add(struct experiment_tally *tally, enum experiment_model model,
    const struct stopping *rule, struct result *result)
{
    struct summary summary = summary_of(result, 1);
    tally->blocks += ((double)result->blocks_count - tally->blocks) / ++tally->experiments;
    tally->holds += experiment_holds(&summary.speedup, experiment_truth(model));
    tally->holds_speedup += experiment_holds(&summary.speedup, EXPERIMENT_SPEEDUP);
    tally->fieller_holds += experiment_holds(&summary.means.ratio, experiment_mean_ratio(model));
    tally->reached += stopping_half_width(&summary.speedup) <= rule->half_width;
    result_free(result);
}

static inline struct experiment_tally experiment_repeat(
    enum experiment_model model, const struct stopping *rule, unsigned experiments, uint64_t seed)
{
    struct experiment_tally tally = {0};
    for (uint64_t i = 0; i < experiments; i++)
        experiment_add(&tally, model, rule, experiment_run(model, rule, hash_mix(seed, i)));
    return tally;
}

#endif
