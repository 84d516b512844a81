/* Thumbnails from and to a slow store: reading waits, scaling computes, writing waits. Here one task
 * takes a photograph through all three, so that one pool does everything; the same stages in pools
 * of their own, joined by bounded queues, are what `poolbench survey pipeline` holds against it.
 *
 * The store is emulated: a wait before each read and each write, as a network's round trip is, on
 * files that are in the page cache. A real one would be another on every machine.
 *
 * pkg-config: libjpeg */
#include "case.h"

#include "support/album.h"
#include "support/wait.h"

#include <errno.h>
#include <stdlib.h>

#define DEFAULT_TASKS 100 /* where the photographs are made */

struct pipeline_worker {
    void *album; /* the album's own */
    unsigned long slack; /* as the worker's thread had it before */
};

static int pipeline_setup(struct case_run *run)
{
    struct album *album;
    int code = album_open(
        &album, run, "pipeline", DEFAULT_TASKS, param_duration(run->params, "latency"));
    if (code != 0)
        return code;
    run->even = false;
    run->ctx = album;
    return 0;
}

static int pipeline_worker_enter(const void *ctx, void **local)
{
    struct pipeline_worker *worker = malloc(sizeof *worker);
    if (worker == NULL)
        return task_fail(ENOMEM, "no memory for a worker");
    int code = album_worker_enter(ctx, &worker->album);
    if (code != 0) {
        free(worker);
        return code;
    }
    worker->slack = wait_sharply();
    *local = worker;
    return 0;
}

static void pipeline_worker_leave(const void *ctx, void *local)
{
    struct pipeline_worker *worker = local;
    album_worker_leave(ctx, worker->album);
    wait_as_before(worker->slack);
    free(worker);
}

static int pipeline_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    return album_task(ctx, ((struct pipeline_worker *)local)->album, index, result);
}

static const struct param pipeline_params[] = {
    {.name = "latency",
        .type = PARAM_DURATION,
        .value = "1ms",
        .max = 10e9,
        .help = "how long the store waits before each read and each write, 0 to 10s"},
    ALBUM_PARAMS,
    {.name = NULL},
};

const struct bench_case case_pipeline = {
    .name = "pipeline",
    .summary = "thumbnails from and to a slow store: a wait, a computation, a wait",
    .description =
        "Each task takes one photograph through three stages: it reads it (after the store's "
        "latency), scales it down and writes the thumbnail (after the latency again). Reading and "
        "writing only wait, scaling only computes, so the speedup goes past the CPUs as in `mixed` "
        "and ends where they are busy: expect it at CPUs x (1 + wait / compute) workers. Tutorials "
        "end with a split of such work into a pool for each stage, joined by bounded queues, sized "
        "apart; `poolbench survey pipeline` measures that against this one pool. Results are the "
        "thumbnails' bytes, the same in both forms.",
    .kind = CASE_MIXED,
    .params = pipeline_params,
    .task = pipeline_task,
    .setup = pipeline_setup,
    .teardown = album_teardown,
    .worker_enter = pipeline_worker_enter,
    .worker_leave = pipeline_worker_leave,
    .task_name = album_task_name,
    .answer = album_answer,
};
