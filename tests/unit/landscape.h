/* Random machines and workloads, by seed, whose throughput at every pool size is known exactly: the
 * ground on which a search for the best size can be judged. Each property is there or not by a toss
 * of its own, so that every mixture comes up. To be included by one test program each. */
#ifndef UNIT_LANDSCAPE_H
#define UNIT_LANDSCAPE_H

#include "harness/sim/model.h"
#include "noise.h"

#define LANDSCAPE_SIZES_MIN 8
#define LANDSCAPE_SIZES_MAX 512

struct landscape {
    struct sim_model model; /* what simulate_region takes, with the two lengths beside it */
    double cpu, blocking;   /* ns of each task */
    unsigned sizes_max;     /* pool sizes from 1 to this are worth a look: 8 to 512 */
    double noise;           /* standard deviation of ln(sample / truth): 0.005 to 0.05 */
};

/* Evenly on a logarithmic scale. */
static inline double throw_between(struct noise *dice, double low, double high)
{
    return low * pow(high / low, noise_unit(dice));
}

/* The same with this probability, else 0. Always two throws, so that what follows stays. */
static inline double throw_maybe(struct noise *dice, double probability, double low, double high)
{
    bool there = noise_unit(dice) < probability;
    double value = throw_between(dice, low, high);
    return there ? value : 0;
}

/* Every seed is another landscape: 2 to 128 cores; tasks that compute, block or both; a common
 * lock; a memory of limited bandwidth; coherence that makes large pools slower again. */
static inline struct landscape landscape_make(uint64_t seed)
{
    struct noise dice = {.seed = hash_mix(seed, 0)};
    struct landscape landscape = {.model = {.as = "queue", .share = SIM_QUEUE}};
    struct sim_model *model = &landscape.model;
    model->chunk_of_one = true;
    model->cores = 2u << (unsigned)(noise_unit(&dice) * 7); /* 2 to 128 */
    model->quantum = 1e6;
    landscape.cpu = throw_between(&dice, 1e4, 1e7);
    landscape.blocking = landscape.cpu * throw_maybe(&dice, 0.5, 0.1, 30);
    model->critical = throw_maybe(&dice, 0.5, 0.002, 0.2);
    model->coherence = throw_maybe(&dice, 0.5, 1e-5, 3e-3);
    model->memory = throw_maybe(&dice, 0.4, 0.2, 1);
    model->bandwidth = throw_between(&dice, 1, model->cores); /* one task is never slowed */
    landscape.noise = throw_between(&dice, 0.005, 0.05);
    double useful = model->cores * (1 + landscape.blocking / landscape.cpu);
    landscape.sizes_max =
        (unsigned)fmin(LANDSCAPE_SIZES_MAX, fmax(LANDSCAPE_SIZES_MIN, 2 * useful));
    return landscape;
}

/* Tasks a second of a long region on a warm pool of n workers, n >= 1: the least of what the
 * workers, the cores, memory and the lock allow. With tasks all alike, which queue in a fixed
 * order, these asymptotic bounds (Denning and Buzen 1978) are reached. */
static inline double landscape_truth(const struct landscape *landscape, unsigned n)
{
    const struct sim_model *model = &landscape->model;
    double others = model->coherence * (n - 1);
    double cpu = landscape->cpu * (1 + others);
    double locked = landscape->cpu * (model->critical + others);
    double at_once = model->cores; /* tasks' worth of computing */
    if (model->memory > 0)
        at_once = fmin(at_once, model->bandwidth / model->memory);
    double by_workers = n / (cpu + landscape->blocking), by_cores = at_once / cpu;
    double by_lock = locked > 0 ? 1 / locked : INFINITY;
    return 1e9 * fmin(by_workers, fmin(by_cores, by_lock));
}

#endif
