/* The empty task. Everything that a region of it costs is the harness's own: claiming an index,
 * calling the function, storing the slot, joining. The index as value makes a lost, doubled or
 * swapped task show in the checksum, at the price of the one store that every task pays anyway. */
#include "case.h"

#define DEFAULT_TASKS 1000000

static int null_setup(struct case_run *run)
{
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    return 0;
}

static int null_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    result->value = index;
    return 0;
}

static void null_model(const void *ctx, uint64_t index, double *cpu, double *blocking)
{
    (void)ctx;
    (void)index;
    *cpu = *blocking = 0;
}

const struct bench_case case_null = {
    .name = "null",
    .summary = "the empty task: what the harness itself costs",
    .description =
        "Stores its index and returns, about a nanosecond in the serial loop. There is nothing to "
        "share out, so every pool is limited by how fast it claims tasks and notes that they are "
        "done. Expect a speedup below 1 that falls further with more workers, as they contend for "
        "the same counter or lock; larger chunks lift it. The pool's time a task here, less the "
        "serial loop's, is the overhead that a real task has to outweigh.",
    .kind = CASE_OVERHEAD,
    .task = null_task,
    .setup = null_setup,
    .model = null_model,
};
