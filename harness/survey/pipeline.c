/* pipeline: one pool that does all of a job, against a pool for each of its stages.
 *
 * The job is the case `pipeline`: thumbnails from and to a slow store. The split form runs the very
 * same stage functions: readers, scalers and writers are workers of three pools, each busy with one
 * call that takes photographs from the queue before it and puts them into the one behind it. The
 * queues are bounded, or quick readers would fill the memory. All are threads of one process, so
 * queues carry the addresses of buffers, not their bytes: a split could not be cheaper.
 *
 * A reading starts the pools, then times from the first photograph's beginning to the last one's
 * end, and compares every file that is there afterwards with the thumbnail that was made serially.
 */
#include "../../cases/support/album.h"
#include "../measure/clock.h"
#include "../measure/registry.h"
#include "../measure/workload.h"
#include "../share/queue.h"
#include "survey.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Not there where the case was not built, and then the survey says so. */
#pragma weak album_read
#pragma weak album_scale
#pragma weak album_write
#pragma weak album_name
#pragma weak album_output

#define PHOTOGRAPHS 80
#define POOL_MAX 8 /* workers of the one pool: 1 to so many */
#define ROOM 8     /* photographs that a queue holds at most */
#define STAGES 3

/* Workers that read, scale and write. */
static const unsigned splits[][STAGES] = {
    {1, 1, 1}, {1, 2, 1}, {2, 1, 2}, {2, 2, 2}, {4, 2, 2}, {3, 2, 3}, {6, 1, 1}};
#define SPLITS (sizeof splits / sizeof *splits)

struct pipeline {
    struct workload workload;
    uint64_t expected[PHOTOGRAPHS]; /* hashes of the thumbnails, made serially */
};

/* ---- the split form ---- */

struct line {
    const struct album *album;
    _Atomic uint64_t next;       /* photograph to read; relaxed: the number alone matters */
    struct queue *read, *scaled; /* what has been */
};

/* What goes through a queue; whoever takes it frees the bytes. */
struct item {
    uint64_t index;
    unsigned char *bytes;
    size_t size;
};

static int put(struct queue *queue, const struct item *item)
{
    int code = queue_put(queue, item, sizeof *item, -1);
    if (code)
        free(item->bytes);
    return code ? task_fail(code, "the next stage has ended") : 0;
}

/* 0; or ECANCELED where there is no more to come. */
static int get(struct queue *queue, struct item *item)
{
    return queue_get(queue, item, sizeof *item, NULL, -1) ? ECANCELED : 0;
}

static int read_one(struct line *line, uint64_t index)
{
    struct album_file file = {0};
    int code = album_read(line->album, index, &file);
    if (code) {
        free(file.bytes);
        return code;
    }
    return put(line->read, &(struct item){index, file.bytes, file.size});
}

static int read_all(struct line *line, struct album_worker *worker)
{
    (void)worker;
    uint64_t index;
    int code = 0;
    while (!code &&
           (index = atomic_fetch_add_explicit(&line->next, 1, memory_order_relaxed)) < PHOTOGRAPHS)
        code = read_one(line, index);
    return code;
}

static int scale_one(struct line *line, struct album_worker *worker, const struct item *item)
{
    const struct album_file file = {item->bytes, item->size, item->size};
    struct thumbnail thumbnail;
    int code = album_scale(line->album, worker, item->index, &file, &thumbnail);
    free(item->bytes);
    if (code)
        return code;
    struct item scaled = {item->index, malloc(thumbnail.size), thumbnail.size};
    if (!scaled.bytes)
        return task_fail(ENOMEM, "no memory for a thumbnail");
    memcpy(scaled.bytes, thumbnail.bytes, thumbnail.size);
    return put(line->scaled, &scaled);
}

static int scale_all(struct line *line, struct album_worker *worker)
{
    struct item item;
    int code = 0;
    while (!code && !get(line->read, &item))
        code = scale_one(line, worker, &item);
    return code;
}

static int write_all(struct line *line, struct album_worker *worker)
{
    struct item item;
    int code = 0;
    while (!code && !get(line->scaled, &item)) {
        const struct thumbnail thumbnail = {item.bytes, item.size};
        code = album_write(line->album, worker, item.index, &thumbnail);
        free(item.bytes);
    }
    return code;
}

static int (*const stages[STAGES])(struct line *line, struct album_worker *worker) = {
    read_all, scale_all, write_all};

/* What a worker of a stage is called with. */
struct duty {
    struct line *line;
    unsigned stage;
};

/* Who fails closes the line, so that nobody waits for him. */
static int serve(struct pool_call *call)
{
    struct duty duty;
    memcpy(&duty, call->payload, sizeof duty);
    int code = stages[duty.stage](duty.line, call->local);
    if (code) {
        const char *why = task_message(code);
        queue_close(duty.line->read);
        queue_close(duty.line->scaled);
        return task_fail(code, "%s", why);
    }
    return 0;
}

struct stage {
    struct pool *pool;
    struct future *futures[POOL_MAX];
    unsigned workers;
};

static int start_stage(struct stage *stage, const struct pipeline *pipeline, unsigned workers)
{
    const struct bench_case *bench = pipeline->workload.bench;
    const struct pool_config config = {.workers = workers,
        .ctx = pipeline->workload.run.ctx,
        .worker_enter = bench->worker_enter,
        .worker_leave = bench->worker_leave,
        .calls_max = workers,
        .call_size = sizeof(struct duty)};
    char why[256];
    stage->workers = workers;
    stage->pool = pool_start(&pool_threads, &config, why, sizeof why);
    return stage->pool ? 0 : task_fail(errno, "%s", why);
}

static int submit_stage(struct stage *stage, const struct duty *duty)
{
    for (unsigned i = 0; i < stage->workers; i++) {
        stage->futures[i] = pool_submit(stage->pool, serve, duty, sizeof *duty, NULL);
        if (!stage->futures[i])
            return task_fail(errno, "%s", task_message(errno));
    }
    return 0;
}

/* The first failure of the stage's workers; that a neighbour has ended is not the cause. */
static int await_stage(struct stage *stage, int code)
{
    for (unsigned i = 0; i < stage->workers && stage->futures[i]; i++) {
        int ended = future_get(stage->futures[i], NULL, NULL, -1);
        if (ended && (!code || code == QUEUE_CLOSED))
            code = task_fail(ended, "%s", future_message(stage->futures[i]));
    }
    return code;
}

static int run_line(struct line *line, struct stage stage[STAGES])
{
    struct queue *const behind[STAGES] = {line->read, line->scaled, NULL};
    int code = 0;
    for (unsigned i = STAGES; i-- > 0 && !code;)
        code = submit_stage(&stage[i], &(struct duty){line, i});
    for (unsigned i = 0; i < STAGES; i++) {
        code = await_stage(&stage[i], code);
        if (behind[i])
            queue_close(behind[i]);
    }
    return code;
}

static int time_split(struct pipeline *pipeline, const unsigned *workers, double *seconds)
{
    struct line line = {.album = pipeline->workload.run.ctx,
        .read = queue_make(QUEUE_FIFO, ROOM, sizeof(struct item)),
        .scaled = queue_make(QUEUE_FIFO, ROOM, sizeof(struct item))};
    struct stage stage[STAGES] = {0};
    int code = line.read && line.scaled ? 0 : task_fail(errno, "a queue: %s", strerror(errno));
    for (unsigned i = 0; i < STAGES && !code; i++)
        code = start_stage(&stage[i], pipeline, workers[i]);
    if (!code) {
        uint64_t start = clock_now();
        code = run_line(&line, stage);
        *seconds = clock_since(start);
    }
    for (unsigned i = 0; i < STAGES; i++)
        pool_stop(stage[i].pool);
    queue_free(line.read);
    queue_free(line.scaled);
    return code;
}

/* ---- the one pool ---- */

static int time_pool(
    struct pipeline *pipeline, const struct pool_ops *ops, unsigned workers, double *seconds)
{
    struct workload *workload = &pipeline->workload;
    const struct pool_config config = {.workers = workers,
        .task = workload->bench->task,
        .ctx = workload->run.ctx,
        .worker_enter = workload->bench->worker_enter,
        .worker_leave = workload->bench->worker_leave,
        .arena = &workload->arena};
    char why[256];
    arena_reset(&workload->arena, PHOTOGRAPHS);
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    if (!pool)
        return task_fail(errno, "%s", why);
    uint64_t start = clock_now();
    int code = pool_map(pool, PHOTOGRAPHS, 1) ? task_fail(EIO, "%s", task_message(EIO)) : 0;
    *seconds = clock_since(start);
    pool_stop(pool);
    const struct task_failure *first = workload->arena.failures;
    if (!code && *workload->arena.failed > 0)
        code = task_fail(first->code, "%s", first->message);
    return code;
}

/* ---- the thumbnails ---- */

static void output_path(const struct pipeline *pipeline, uint64_t index, char path[PATH_MAX])
{
    const struct album *album = pipeline->workload.run.ctx;
    snprintf(path, PATH_MAX, "%s/%s", album_output(album), album_name(album, index));
}

/* Those of the reading before must not be taken for this one's. */
static void remove_thumbnails(const struct pipeline *pipeline)
{
    for (uint64_t i = 0; i < PHOTOGRAPHS; i++) {
        char path[PATH_MAX];
        output_path(pipeline, i, path);
        unlink(path);
    }
}

static int check_thumbnails(const struct pipeline *pipeline)
{
    unsigned char bytes[65536]; /* more than one takes */
    for (uint64_t i = 0; i < PHOTOGRAPHS; i++) {
        char path[PATH_MAX];
        output_path(pipeline, i, path);
        FILE *file = fopen(path, "rbe");
        if (!file)
            return task_fail(errno, "%.160s: %s", path, strerror(errno));
        size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        if (hash_bytes(HASH_START, bytes, size) != pipeline->expected[i])
            return task_fail(EBADMSG, "%.160s is not as it was made serially", path);
    }
    return 0;
}

/* ---- the survey ---- */

static const char *pipeline_supported(void)
{
    const struct registry_case *entry = registry_case("pipeline");
    return entry ? entry->missing : "there is no case pipeline in this build";
}

static int make_serially(struct pipeline *pipeline)
{
    double seconds;
    int code = time_pool(pipeline, registry_backend("serial"), 1, &seconds);
    for (uint64_t i = 0; i < PHOTOGRAPHS && !code; i++)
        pipeline->expected[i] = arena_slot(&pipeline->workload.arena, i)->value;
    return code;
}

static void pipeline_close(struct survey_run *run)
{
    struct pipeline *pipeline = run->ctx;
    workload_close(&pipeline->workload);
    free(pipeline);
}

static void add_probes(struct survey_run *run)
{
    for (unsigned workers = 1; workers <= POOL_MAX; workers++) {
        survey_add_probe(run, "one pool", workers);
        survey_add_figure(run, "time a photograph", "s");
    }
    for (size_t i = 0; i < SPLITS; i++) {
        const unsigned *split = splits[i];
        char subject[32];
        snprintf(subject, sizeof subject, "split %u:%u:%u", split[0], split[1], split[2]);
        survey_add_probe(run, subject, split[0] + split[1] + split[2]);
        survey_add_figure(run, "time a photograph", "s");
    }
}

static int pipeline_open(struct survey_run *run)
{
    char why[256];
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (!pipeline)
        return task_fail(ENOMEM, "no memory");
    if (workload_open_with(&pipeline->workload, "pipeline", NULL, PHOTOGRAPHS, why, sizeof why) !=
        STATUS_DONE) {
        free(pipeline);
        return task_fail(EIO, "%s", why);
    }
    run->ctx = pipeline;
    int code = make_serially(pipeline);
    if (code) {
        pipeline_close(run);
        return code;
    }
    add_probes(run);
    return 0;
}

static int pipeline_read(
    const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    struct pipeline *pipeline = run->ctx;
    double seconds = 0;
    remove_thumbnails(pipeline);
    int code = probe < POOL_MAX ? time_pool(pipeline, &pool_threads, probe + 1, &seconds)
                                : time_split(pipeline, splits[probe - POOL_MAX], &seconds);
    if (!code)
        code = check_thumbnails(pipeline);
    reading->values[0] = seconds / PHOTOGRAPHS;
    return code;
}

const struct survey survey_pipeline = {
    .name = "pipeline",
    .title = "One pool or a pool for each stage",
    .summary = "thumbnails from and to a slow store: one pool for all, or one a stage with queues",
    .description =
        "Photographs are read from a store that answers after 1 ms, scaled, and written to it (1 "
        "ms "
        "again). Either one pool of threads takes each photograph through all three, or readers, "
        "scalers and writers (r:s:w of them) are pools of their own, joined by queues with room "
        "for 8. Both make the same files, which is checked. Expect a split to be as quick as its "
        "slowest stage: where its sizes fit the stages' times it should come near to one pool of "
        "as "
        "many workers, where they do not its other workers idle, while one pool needs a single "
        "number: whoever is free does what is next. Where the intervals overlap, the figures do "
        "not "
        "tell the two apart. What a split gives in any case is a bound on one stage alone: scalers "
        "as many as CPUs, readers as many as a server allows.",
    .axis = "workers in all",
    .rounds = 8,
    .reading_seconds = 30,
    .supported = pipeline_supported,
    .open = pipeline_open,
    .read = pipeline_read,
    .close = pipeline_close,
};
