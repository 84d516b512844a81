/* Distributions by inversion where there is a closed form, so that one hash is one length. */
#include "length.h"

#include "../util/hash.h"

#include <math.h>
#include <stdlib.h>

#define TWO_PI 6.283185307179586476925

/* In (0, 1): neither end, whose logarithm there is none of. */
static double unit(uint64_t seed, uint64_t index)
{
    return hash_unit(hash_mix(seed, index)) + 0x1p-54;
}

double length_normal(uint64_t seed, uint64_t index)
{
    double radius = sqrt(-2 * log(unit(seed, 2 * index)));
    return radius * cos(TWO_PI * unit(seed, 2 * index + 1));
}

double length_draw(
    enum length_spread spread, double shape, double mean, uint64_t seed, uint64_t index)
{
    switch (spread) {
    case LENGTH_CONSTANT:
        return mean;
    case LENGTH_UNIFORM:
        return 2 * mean * unit(seed, index);
    case LENGTH_EXPONENTIAL:
        return -mean * log(unit(seed, index));
    case LENGTH_LOGNORMAL:
        return mean * exp(shape * length_normal(seed, index) - shape * shape / 2);
    case LENGTH_PARETO:
        return mean * (shape - 1) / shape * pow(unit(seed, index), -1 / shape);
    }
    return mean;
}

struct sim_tasks tasks_alike(uint64_t count, double cpu, double blocking)
{
    return (struct sim_tasks){.count = count, .cpu = cpu, .blocking = blocking};
}

int tasks_make(struct sim_tasks *tasks, uint64_t count)
{
    *tasks = (struct sim_tasks){
        .count = count,
        .cpu_before = calloc(count + 1, sizeof *tasks->cpu_before),
        .blocking_of = calloc(count + 1, sizeof *tasks->blocking_of),
    };
    if (tasks->cpu_before && tasks->blocking_of)
        return 0;
    tasks_free(tasks);
    return -1;
}

void tasks_set(struct sim_tasks *tasks, uint64_t index, double cpu, double blocking)
{
    tasks->cpu_before[index + 1] = tasks->cpu_before[index] + cpu;
    tasks->blocking_of[index] = blocking;
}

void tasks_free(struct sim_tasks *tasks)
{
    free(tasks->cpu_before);
    free(tasks->blocking_of);
    *tasks = (struct sim_tasks){0};
}

bool tasks_block(const struct sim_tasks *tasks)
{
    for (uint64_t i = 0; tasks->blocking_of && i < tasks->count; i++)
        if (tasks->blocking_of[i] > 0)
            return true;
    return !tasks->blocking_of && tasks->blocking > 0;
}
