/* Tasks that count themselves in a global variable of the program. */
#include "../share/value.h"
#include "demo.h"
#include "support/must.h"

#include <errno.h>
#include <inttypes.h>

#define WORKERS 2
#define TASKS 1000

/* A process's own; relaxed, since the count alone matters. */
static _Atomic int64_t global;

static int count_global(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)ctx;
    (void)local;
    (void)index;
    atomic_fetch_add_explicit(&global, 1, memory_order_relaxed);
    result->value = (uint64_t)atomic_load_explicit(&global, memory_order_relaxed);
    return 0;
}

/* ctx points to the value, which lies in memory that forked workers share. */
static int count_shared(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    (void)index;
    struct value *value = *(struct value *const *)ctx;
    if (value_add_integer(value, 1))
        return task_fail(EIO, "a worker died with the value's lock");
    result->value = (uint64_t)value_get_integer(value);
    return 0;
}

/* What a task saw at most: how far the count of the worker that has run most has come. */
static uint64_t highest(const uint64_t *values)
{
    uint64_t most = 0;
    for (unsigned i = 0; i < TASKS; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

static void map(const struct demo_run *run, const struct pool_ops *ops, task_fn *task,
    const void *ctx, uint64_t *values)
{
    int code = pool_run(ops, WORKERS, task, ctx, TASKS, values);
    if (code)
        demo_cannot(run, "%s", task_message(code));
}

static void tell(const struct demo_run *run, const char *where, int64_t count, const uint64_t *seen)
{
    demo_figure(run, (double)count, "", "count of %d in the parent, %s", TASKS, where);
    demo_figure(run, (double)highest(seen), "", "highest count that a task saw, %s", where);
    if (count != TASKS)
        demo_showed(run, "%d tasks on %s have counted, and the parent's count is %" PRId64, TASKS,
            where, count);
}

static void unmended(const struct demo_run *run)
{
    uint64_t seen[TASKS];
    map(run, &pool_processes, count_global, NULL, seen);
    tell(run, "processes", atomic_load(&global), seen);
    atomic_store(&global, 0);
    map(run, &pool_threads, count_global, NULL, seen);
    tell(run, "threads", atomic_load(&global), seen);
}

static void mended(const struct demo_run *run)
{
    uint64_t seen[TASKS];
    struct value *value = value_make();
    if (!value)
        demo_cannot(run, "no memory for a value");
    map(run, &pool_processes, count_shared, &value, seen);
    tell(run, "processes", value_get_integer(value), seen);
    value_set_integer(value, 0);
    map(run, &pool_threads, count_shared, &value, seen);
    tell(run, "threads", value_get_integer(value), seen);
    value_free(value);
}

const struct demo demo_shared_state = {
    .name = "shared-state",
    .summary = "a global variable that a worker process changes stays as it was in the parent",
    .description =
        "A forked process has a copy of all of the parent's memory. What it writes to a variable, "
        "it writes to its copy: each worker counts its own tasks, and the parent's count never "
        "changes. The same program on threads counts right, so that the mistake shows only with "
        "the move from threads to processes. A cache, a configuration or a list of results that "
        "tasks fill goes the same way. Mended by memory that is shared (a value with its lock; "
        "an array, a queue, a manager), or better by returning what was found as the task's "
        "result.",
    .kind = DEMO_SAFETY,
    .unmended = {"each task adds 1 to a global variable", unmended},
    .mended = {"each task adds 1 to a value in shared memory, under its lock", mended},
};
