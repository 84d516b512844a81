/* The tasks of a simulated region: how long each computes and blocks, in ns. */
#ifndef SIM_TASKS_H
#define SIM_TASKS_H

#include <stdbool.h>
#include <stdint.h>

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
