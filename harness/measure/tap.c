/* The tap's task function and hooks, in the sample's process, its forks, and worker processes that
 * have nothing of it but the bytes that it sends them. */
#include "tap.h"

#include "../pool/backend.h"
#include "../pool/mapping.h"
#include "clock.h"
#include "reopen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t tap_stride(uint64_t tasks)
{
    uint64_t stride = 1;
    while (stride * TAP_TIMES < tasks)
        stride *= 2;
    return stride;
}

static int tap_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct tap *tap = ctx;
    const struct workload *workload = tap->workload;
    uint64_t real = tap->indices ? tap->indices[index] : index;
    if (!tap->times || (index & (tap->stride - 1)) != 0)
        return workload->bench->task(workload->run.ctx, local, real, result);
    uint64_t start = clock_now();
    int code = workload->bench->task(workload->run.ctx, local, real, result);
    tap->times[index / tap->stride] = clock_since(start);
    return code;
}

static int tap_enter(const void *ctx, void **local)
{
    const struct workload *workload = ((const struct tap *)ctx)->workload;
    return workload->bench->worker_enter ? workload->bench->worker_enter(workload->run.ctx, local)
                                         : 0;
}

static void tap_leave(const void *ctx, void *local)
{
    const struct workload *workload = ((const struct tap *)ctx)->workload;
    if (workload->bench->worker_leave)
        workload->bench->worker_leave(workload->run.ctx, local);
}

/* ---- the non-blocking form ---- */

static int tap_events_enter(const void *ctx, struct event_loop *loop, unsigned most, void **local)
{
    const struct workload *workload = ((const struct tap *)ctx)->workload;
    const struct event_form *events = workload->bench->events;
    return events->enter ? events->enter(workload->run.ctx, loop, most, local) : 0;
}

static void tap_events_leave(const void *ctx, struct event_loop *loop, void *local)
{
    const struct workload *workload = ((const struct tap *)ctx)->workload;
    if (workload->bench->events->leave)
        workload->bench->events->leave(workload->run.ctx, loop, local);
}

/* The start of a timed task stands where its time will. */
static void note_time(struct event *event)
{
    double *time = event->around;
    *time = (double)clock_now() * 1e-9 - *time;
}

static void tap_begin(const void *ctx, void *local, struct event *event)
{
    const struct tap *tap = ctx;
    uint64_t index = event->index;
    if (tap->times && (index & (tap->stride - 1)) == 0) {
        double *time = &tap->times[index / tap->stride];
        *time = (double)clock_now() * 1e-9;
        event->around = time;
        event->ended = note_time;
    }
    event->index = tap->indices ? tap->indices[index] : index;
    tap->workload->bench->events->begin(tap->workload->run.ctx, local, event);
}

static const struct event_form tap_events = {
    .enter = tap_events_enter,
    .leave = tap_events_leave,
    .begin = tap_begin,
};

/* ---- in a worker process that is not forked by the sample's ---- */

/* What it is made of there; the indices and the case's `again` lie behind it. */
struct tap_copy {
    uint64_t stride, indices;
    size_t times_size; /* of the mapping that the times go to; 0: not timed */
};

static int remade_enter(const void *ctx, void **local)
{
    return reopen_enter(((const struct tap *)ctx)->workload->run.ctx, local);
}

static void remade_leave(const void *ctx, void *local)
{
    reopen_leave(((const struct tap *)ctx)->workload->run.ctx, local);
}

static int remake_tap(const void *bytes, size_t size, struct pool_config *config)
{
    static struct tap tap;
    const struct tap_copy *copy = bytes;
    const uint64_t *indices = (const uint64_t *)(copy + 1), *again = indices + copy->indices;
    tap.stride = copy->stride;
    tap.indices = copy->indices ? indices : NULL;
    if (copy->times_size) {
        tap.times = mapping_open(copy->times_size, config->remake_fd);
        if (!tap.times)
            return task_fail(errno, "the sample's report: %s", strerror(errno));
    }
    tap.workload = reopen_case(again, size - (size_t)((const char *)again - (const char *)bytes));
    config->task = tap_task;
    config->ctx = &tap;
    config->worker_enter = remade_enter;
    config->worker_leave = remade_leave;
    return tap.workload ? 0 : EIO;
}

static void let_remake(struct pool_config *config, const struct tap *tap)
{
    const struct workload *workload = tap->workload;
    size_t indices = tap->indices ? tap->tasks * sizeof *tap->indices : 0;
    size_t size = sizeof(struct tap_copy) + indices + workload->again_size;
    struct tap_copy *copy = workload->again ? malloc(size) : NULL;
    if (!copy) /* the backend that needs it says so */
        return;
    *copy = (struct tap_copy){.stride = tap->stride,
        .indices = tap->indices ? tap->tasks : 0,
        .times_size = tap->times ? tap->times_size : 0};
    if (tap->indices)
        memcpy(copy + 1, tap->indices, indices);
    memcpy((char *)(copy + 1) + indices, workload->again, workload->again_size);
    config->remake = remake_tap;
    config->remake_bytes = copy;
    config->remake_size = size;
}

void tap_use(struct tap *tap, struct pool_config *config)
{
    tap->stride = tap_stride(tap->tasks);
    config->task = tap_task;
    config->ctx = tap;
    config->worker_enter = tap_enter;
    config->worker_leave = tap_leave;
    config->events = tap->workload->bench->events ? &tap_events : NULL;
    let_remake(config, tap);
}

/* ---- tasks that are calls ---- */

/* In a worker, and in the serial loop. */
static int tap_call(struct pool_call *call)
{
    uint64_t index = carry_unpack(call);
    int code = tap_task(call->ctx, call->local, index, carry_result(call));
    carry_pack(call, index);
    return code;
}

static int tap_alone(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct tap *tap = ctx;
    return carry_alone(&tap->carry, tap_call, ctx, local, index, result);
}

int tap_carry(struct tap *tap, const struct pool_ops *ops, struct pool_config *config,
    size_t payload, size_t result)
{
    if (carry_make(&tap->carry, payload, result, config->workers))
        return -1;
    if (strcmp(ops->name, "serial") == 0) {
        config->task = tap_alone;
        return 0;
    }
    config->calls_max = tap->carry.window;
    config->call_size = tap->carry.call_size;
    return 0;
}

int tap_map(struct tap *tap, struct pool *pool, uint64_t tasks)
{
    return carry_map(pool, tap_call, &tap->carry, tasks);
}
