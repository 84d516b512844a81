/* Each property is there or not by a toss of its own, so that every mixture comes up. */
#include "landscape.h"

#include "../util/hash.h"
#include "length.h"

#include <math.h>

#define SIZES_MIN 8
#define SIZES_MAX 512

struct dice {
    uint64_t seed, thrown;
};

static double throw_unit(struct dice *dice)
{
    return hash_unit(hash_mix(dice->seed, dice->thrown++));
}

/* Evenly on a logarithmic scale. */
static double throw_between(struct dice *dice, double low, double high)
{
    return low * pow(high / low, throw_unit(dice));
}

/* The same with this probability, else 0. Always two throws, so that what follows stays. */
static double throw_maybe(struct dice *dice, double probability, double low, double high)
{
    bool there = throw_unit(dice) < probability;
    double value = throw_between(dice, low, high);
    return there ? value : 0;
}

static unsigned clamp(double size)
{
    return (unsigned)fmin(SIZES_MAX, fmax(SIZES_MIN, size));
}

struct landscape landscape_make(uint64_t seed)
{
    struct dice dice = {.seed = hash_mix(seed, 0)};
    struct landscape landscape = {.model = {.as = "queue", .share = SIM_QUEUE}, .seed = seed};
    struct sim_model *model = &landscape.model;
    model->chunk_of_one = true;
    model->cores = 2u << (unsigned)(throw_unit(&dice) * 7); /* 2 to 128 */
    model->quantum = 1e6;
    landscape.cpu = throw_between(&dice, 1e4, 1e7);
    landscape.blocking = landscape.cpu * throw_maybe(&dice, 0.5, 0.1, 30);
    model->critical = throw_maybe(&dice, 0.5, 0.002, 0.2);
    model->coherence = throw_maybe(&dice, 0.5, 1e-5, 3e-3);
    model->memory = throw_maybe(&dice, 0.4, 0.2, 1);
    model->bandwidth = throw_between(&dice, 1, model->cores); /* one task is never slowed */
    landscape.noise = throw_between(&dice, 0.005, 0.05);
    double wait = landscape.blocking / landscape.cpu;
    landscape.sizes_max = clamp(2 * model->cores * (1 + wait));
    return landscape;
}

double landscape_truth(const struct landscape *landscape, unsigned n)
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

double landscape_sample(const struct landscape *landscape, unsigned n, uint64_t draw)
{
    uint64_t seed = hash_mix(hash_mix(landscape->seed, 1), n);
    return landscape_truth(landscape, n) * exp(landscape->noise * hash_normal(seed, draw));
}
