/* Sums of CPU times are kept, so that a claim of any size costs one subtraction. */
#include "tasks.h"

#include <stdlib.h>

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
