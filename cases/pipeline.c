/* Thumbnails from and to a slow store: reading waits, scaling computes, writing waits. Here one
 * task takes a photograph through all three, so that one pool does everything; the same stages in
 * pools of their own, joined by bounded queues, are what `poolbench survey pipeline` holds against
 * it.
 *
 * The store is emulated: a wait before each read and each write, as a network's round trip is, on
 * files that are in the page cache. A real one would be another on every machine.
 *
 * pkg-config: libjpeg */
#include "case.h"

#include "support/album.h"

#define DEFAULT_TASKS 100 /* where the photographs are made */

static int pipeline_setup(struct case_run *run)
{
    struct album *album;
    int code =
        album_open(&album, run, "pipeline", DEFAULT_TASKS, param_duration(run->params, "latency"));
    if (code != 0)
        return code;
    run->even = false;
    run->ctx = album;
    return 0;
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
    .task = album_task,
    .setup = pipeline_setup,
    .teardown = album_teardown,
    .worker_enter = album_worker_enter,
    .worker_leave = album_worker_leave,
    .task_name = album_task_name,
    .answer = album_answer,
};
