/* How long the tasks of a simulation are: by a distribution and a seed, or from a list. Pure.
 * Times are in nanoseconds. */
#ifndef SIM_LENGTH_H
#define SIM_LENGTH_H

#include <stdbool.h>
#include <stdint.h>

enum length_spread {
    LENGTH_CONSTANT,
    LENGTH_UNIFORM, /* 0 to twice the mean */
    LENGTH_EXPONENTIAL,
    LENGTH_LOGNORMAL, /* shape: standard deviation of the logarithm */
    LENGTH_PARETO,    /* shape: the exponent, above 1 */
};

/* A length of that mean, drawn by seed and index alone. */
double length_draw(
    enum length_spread spread, double shape, double mean, uint64_t seed, uint64_t index);

/* A standard normal number by seed and index alone (Box and Muller 1958). */
double length_normal(uint64_t seed, uint64_t index);

/* The tasks of a region. */
struct sim_tasks {
    uint64_t count;
    double cpu, blocking; /* of each task, where the lists are NULL */
    double *cpu_before;   /* count + 1: CPU time of all tasks before this one */
    double *blocking_of;  /* count */
};

/* Tasks that are all alike; nothing to free. */
struct sim_tasks tasks_alike(uint64_t count, double cpu, double blocking);

/* Makes room for lists; tasks_set fills them in order, index 0 first. Returns 0, or -1 without
 * memory. tasks_free takes any. */
int tasks_make(struct sim_tasks *tasks, uint64_t count);
void tasks_set(struct sim_tasks *tasks, uint64_t index, double cpu, double blocking);
void tasks_free(struct sim_tasks *tasks);

/* CPU time of tasks begin .. end-1. */
static inline double tasks_cpu(const struct sim_tasks *tasks, uint64_t begin, uint64_t end)
{
    return tasks->cpu_before ? tasks->cpu_before[end] - tasks->cpu_before[begin]
                             : (double)(end - begin) * tasks->cpu;
}

static inline double tasks_blocking(const struct sim_tasks *tasks, uint64_t index)
{
    return tasks->blocking_of ? tasks->blocking_of[index] : tasks->blocking;
}

/* Whether any task blocks. */
bool tasks_block(const struct sim_tasks *tasks);

#endif
