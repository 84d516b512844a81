/* What one use of each call of the pool's API costs: the figures of docs/crosswalk.md. Calls carry
 * 8 bytes there and back. */
#include "arm.h"

#include "harness/measure/clock.h"
#include "harness/measure/registry.h"
#include "harness/share/event.h"
#include "harness/share/semaphore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CALLS 256 /* futures at once, where a figure is a mean over some */

struct bench {
    struct pool *pool;
    struct imap *imap;
    uint64_t done;           /* callbacks that have run */
    struct event *gate;      /* blocked workers wait for it */
    struct semaphore *begun; /* given by a blocked worker */
    double cancel_s;         /* in future_cancel alone */
    uint64_t cancels;
};

static int echo(struct pool_call *call)
{
    memcpy(call->result, call->payload, call->payload_size);
    call->result_size = call->payload_size;
    return 0;
}

static struct pool *start(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    const struct pool_config config = {.workers = arm->workers ? arm->workers : BENCH_WORKERS,
        .task = workload->bench->task,
        .ctx = workload->run.ctx,
        .worker_enter = workload->bench->worker_enter,
        .worker_leave = workload->bench->worker_leave,
        .arena = &workload->arena,
        .calls_max = 2 * CALLS,
        .call_size = 64};
    return pool_start(
        registry_backend(arm->backend), &config, sample->failure, sizeof sample->failure);
}

/* The mean of an operation that is repeated on a warm pool, over `count` calls in it. */
static int time_operation(
    int (*operation)(void *), struct bench *bench, uint64_t count, struct sample *sample)
{
    int status = operation(bench) || arm_repeat(operation, bench, &sample->seconds);
    sample->seconds /= (double)count;
    if (status)
        snprintf(sample->failure, sizeof sample->failure, "%s", task_message(EIO));
    return status ? -1 : 0;
}

static int time_on_pool(int (*operation)(void *), uint64_t count, const struct arm *arm,
    struct workload *workload, struct sample *sample)
{
    struct bench bench = {.pool = start(arm, workload, sample)};
    if (!bench.pool)
        return -1;
    int status = time_operation(operation, &bench, count, sample);
    pool_stop(bench.pool);
    return status;
}

/* ---- one at a time ---- */

static int apply(void *context)
{
    const struct bench *bench = context;
    uint64_t number = 7, result = 0;
    size_t size = sizeof result;
    return pool_apply(bench->pool, echo, &number, sizeof number, &result, &size) ||
           result != number;
}

int cost_apply(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    return time_on_pool(apply, 1, arm, workload, sample);
}

static int submit_one(void *context)
{
    const struct bench *bench = context;
    uint64_t number = 7;
    struct future *future = pool_submit(bench->pool, echo, &number, sizeof number, NULL);
    int code = future ? future_get(future, NULL, NULL, -1) : errno;
    future_free(future);
    return code;
}

int cost_submit_one(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    return time_on_pool(submit_one, 1, arm, workload, sample);
}

static int map_async(void *context)
{
    const struct bench *bench = context;
    struct future *region = pool_map_async(bench->pool, 2, 1);
    int code = region ? future_get(region, NULL, NULL, -1) : errno;
    future_free(region);
    return code;
}

int cost_map_async(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    return time_on_pool(map_async, 1, arm, workload, sample);
}

/* ---- many at once ---- */

static bool next_item(void *state, uint64_t number, void *payload, size_t *size)
{
    (void)state;
    memcpy(payload, &number, sizeof number);
    *size = sizeof number;
    return true;
}

static int take_item(void *context)
{
    const struct bench *bench = context;
    const struct future *future = pool_imap_next(bench->imap, NULL, -1);
    return !future || future_status(future) != FUTURE_OK;
}

static int time_imap(
    bool ordered, const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct bench bench = {.pool = start(arm, workload, sample)};
    if (!bench.pool)
        return -1;
    bench.imap = pool_imap(bench.pool, echo, next_item, NULL, 0, ordered);
    int status = -1;
    if (bench.imap) {
        status = time_operation(take_item, &bench, 1, sample);
        pool_imap_end(bench.imap);
    } else {
        snprintf(sample->failure, sizeof sample->failure, "%s", task_message(errno));
    }
    pool_stop(bench.pool);
    return status;
}

int cost_imap(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    return time_imap(true, arm, workload, sample);
}

int cost_imap_unordered(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    return time_imap(false, arm, workload, sample);
}

/* Submits up to CALLS calls. Returns how many are there. */
static size_t submit_some(
    struct bench *bench, struct future **futures, const struct pool_options *options)
{
    size_t count = 0;
    for (uint64_t i = 0; i < CALLS; i++)
        if ((futures[count] = pool_submit(bench->pool, echo, &i, sizeof i, options)))
            count++;
    return count;
}

static int free_some(struct future *const *futures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        future_free(futures[i]);
    return count == CALLS ? 0 : -1;
}

static int wait_all(void *context)
{
    struct bench *bench = context;
    struct future *futures[CALLS];
    size_t count = submit_some(bench, futures, NULL);
    int code = pool_wait(bench->pool, futures, count, POOL_WAIT_ALL, -1);
    return free_some(futures, count) || code;
}

int cost_wait_all(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    return time_on_pool(wait_all, CALLS, arm, workload, sample);
}

static int take_completed(void *context)
{
    struct bench *bench = context;
    struct future *futures[CALLS];
    size_t count = submit_some(bench, futures, NULL), taken = 0;
    struct pool_completed *set = pool_as_completed(bench->pool, futures, count);
    while (set && pool_completed_next(set, -1))
        taken++;
    if (set)
        pool_completed_end(set);
    return free_some(futures, count) || taken != count;
}

int cost_completed(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    return time_on_pool(take_completed, CALLS, arm, workload, sample);
}

static int note_done(struct future *future, void *argument)
{
    (void)future;
    ((struct bench *)argument)->done++;
    return 0;
}

static int call_back(void *context)
{
    struct bench *bench = context;
    struct future *futures[CALLS];
    const struct pool_options options = {.on_done = note_done, .argument = bench};
    bench->done = 0;
    size_t count = submit_some(bench, futures, &options);
    int code = pool_wait(bench->pool, futures, count, POOL_WAIT_ALL, -1);
    return free_some(futures, count) || code || bench->done != count;
}

int cost_callback(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    return time_on_pool(call_back, CALLS, arm, workload, sample);
}

/* ---- cancelling: calls behind one that has the only worker ---- */

static int block(struct pool_call *call)
{
    struct bench *bench;
    memcpy(&bench, call->payload, sizeof bench);
    semaphore_release(bench->begun, 1);
    return event_wait(bench->gate, -1);
}

static int cancel_some(struct bench *bench)
{
    struct future *futures[CALLS];
    size_t cancelled = 0;
    event_clear(bench->gate);
    struct future *blocker = pool_submit(bench->pool, block, &bench, sizeof bench, NULL);
    if (!blocker || semaphore_acquire(bench->begun, -1))
        return -1;
    size_t count = submit_some(bench, futures, NULL);
    uint64_t begin = clock_now();
    for (size_t i = 0; i < count; i++)
        cancelled += future_cancel(futures[i]);
    bench->cancel_s += clock_since(begin);
    bench->cancels += count;
    event_set(bench->gate);
    int code = future_get(blocker, NULL, NULL, -1);
    future_free(blocker);
    return free_some(futures, count) || code || cancelled != count;
}

static int time_cancels(struct bench *bench, struct sample *sample)
{
    while (bench->cancel_s < SAMPLE_SECONDS)
        if (cancel_some(bench)) {
            snprintf(sample->failure, sizeof sample->failure, "%s", task_message(EIO));
            return -1;
        }
    sample->seconds = bench->cancel_s / (double)bench->cancels;
    return 0;
}

int cost_cancel(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct bench bench = {.gate = event_make(), .begun = semaphore_make(0, false)};
    int status = -1;
    if (!bench.gate || !bench.begun)
        snprintf(sample->failure, sizeof sample->failure, "no memory: %s", strerror(errno));
    else if ((bench.pool = start(arm, workload, sample)))
        status = time_cancels(&bench, sample);
    if (bench.pool)
        pool_stop(bench.pool);
    return status; /* what is mapped ends with the process */
}
