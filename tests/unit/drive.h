/* Drives a case from a test: opens it with parameters, runs regions on a backend, reads what came
 * of them. Everything that is not meant to fail fails the test here. To be included after cmocka.h
 * by one test program each. */
#ifndef UNIT_DRIVE_H
#define UNIT_DRIVE_H

#include "harness/measure/registry.h"
#include "harness/measure/workload.h"

#include <stdio.h>
#include <string.h>

static char drive_why[512]; /* what the last open said */

/* name=value texts, as of --param: DRIVE_PARAMS("size=1k", "fsync=no"). */
#define DRIVE_PARAMS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* Opens a case; tasks is -N, 0: not given. Skips the test where the case was not built. */
static inline enum status drive_try(
    struct workload *workload, const char *name, uint64_t tasks, const char *const *params)
{
    static const struct param table[] = {{.name = "param", .type = PARAM_MANY}, {.name = NULL}};
    struct param_values *options = param_new(table);
    for (; *params; params++)
        assert_int_equal(param_set(options, "param", *params, drive_why, sizeof drive_why), 0);
    struct workload_request request = {
        .name = name, .options = options, .tasks = tasks, .seed = WORKLOAD_SEED};
    drive_why[0] = '\0';
    enum status status = workload_open(workload, &request, drive_why, sizeof drive_why);
    param_free(options);
    if (status == STATUS_UNAVAILABLE) {
        print_message("%s\n", drive_why);
        skip();
    }
    return status;
}

static inline void drive_open(
    struct workload *workload, const char *name, uint64_t tasks, const char *const *params)
{
    if (drive_try(workload, name, tasks, params) != STATUS_DONE)
        fail_msg("%s", drive_why);
}

/* A region over all tasks, claimed one by one, on a pool of its own. */
static inline struct workload_outcome drive_run(
    struct workload *workload, const char *backend, unsigned workers)
{
    struct pool_config config = {
        .workers = workers,
        .task = workload->bench->task,
        .ctx = workload->run.ctx,
        .worker_enter = workload->bench->worker_enter,
        .worker_leave = workload->bench->worker_leave,
        .events = workload->bench->events,
        .arena = &workload->arena,
    };
    uint64_t tasks = workload->run.tasks;
    arena_reset(&workload->arena, tasks);
    struct pool *pool = pool_start(registry_backend(backend), &config, drive_why, sizeof drive_why);
    if (!pool)
        fail_msg("%s", drive_why);
    assert_int_equal(pool_map(pool, tasks, 1), 0);
    pool_stop(pool);
    struct workload_outcome outcome = workload_outcome(workload, tasks, NULL);
    assert_int_equal(outcome.lost, 0);
    return outcome;
}

/* The failure of one task in the last region, or NULL where it did not fail. */
static inline const struct task_failure *drive_failure(
    const struct workload *workload, uint64_t index)
{
    uint64_t failed = *workload->arena.failed;
    for (uint64_t i = 0; i < failed && i < workload->arena.failures_max; i++)
        if (workload->arena.failures[i].index == index)
            return &workload->arena.failures[i];
    return NULL;
}

/* Fails unless the task failed in the last region, with both parts in its message. */
static inline void drive_assert_failed(
    const struct workload *workload, uint64_t index, const char *what, const char *cause)
{
    const struct task_failure *failure = drive_failure(workload, index);
    if (!failure)
        fail_msg("task %llu did not fail", (unsigned long long)index);
    else if (!strstr(failure->message, what) || !strstr(failure->message, cause))
        fail_msg("\"%s\" does not name \"%s\" and \"%s\"", failure->message, what, cause);
}

#endif
