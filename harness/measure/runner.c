/* Samples in processes of their own. What the child finds out, it writes to a shared mapping; what
 * its tasks yield stands in the workload's arena, which is shared as well. */
#include "runner.h"

#include "../pool/backend.h"
#include "../pool/mapping.h"
#include "../util/interrupt.h"
#include "carry.h"
#include "clock.h"
#include "memory.h"
#include "reopen.h"
#include "simulated.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How often who waits for a sample is told. */
#define WARM_UP_SECONDS 5e-3
#define WAITING_MS 1000

/* What the child reports; task times and pids lie behind it. */
struct report {
    bool finished;
    uint64_t regions;
    double wall_s, start_s, stop_s, cpu_s;
    uint64_t peak_memory, died;
    char failure[sizeof((struct result_sample *)0)->failure];
    double task_times[RUNNER_TASK_TIMES];
    pid_t pids[];
};

/* The task function's stand-in where a subset is run or tasks are timed. */
struct tap {
    const struct workload *workload;
    const uint64_t *indices;
    double *times;       /* NULL: not timed */
    uint64_t stride;     /* every stride-th task is; a power of two */
    struct carry *carry; /* the owner's, where tasks are calls */
};

static uint64_t timing_stride(const struct runner_spec *spec)
{
    uint64_t stride = 1;
    while (stride * RUNNER_TASK_TIMES < spec->tasks)
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

/* A task that is a call: in a worker, and in the serial loop. */
static int tap_call(struct pool_call *call)
{
    uint64_t index = carry_unpack(call);
    int code = tap_task(call->ctx, call->local, index, carry_result(call));
    carry_pack(call, index);
    return code;
}

static int tap_alone(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    return carry_alone(((const struct tap *)ctx)->carry, tap_call, ctx, local, index, result);
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

/* ---- the tap in a worker process that is not forked by the sample's ---- */

/* What it is made of there; the indices and the case's `again` lie behind it. */
struct tap_copy {
    uint64_t stride, indices;
    size_t report_size; /* of the report that the times go to; 0: not timed */
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
    if (copy->report_size) {
        struct report *report = mapping_open(copy->report_size, config->remake_fd);
        if (!report)
            return task_fail(errno, "the sample's report: %s", strerror(errno));
        tap.times = report->task_times;
    }
    tap.workload = reopen_case(again, size - (size_t)((const char *)again - (const char *)bytes));
    config->task = tap_task;
    config->ctx = &tap;
    config->worker_enter = remade_enter;
    config->worker_leave = remade_leave;
    return tap.workload ? 0 : EIO;
}

/* Gives the sample's pool what such a process needs; it is kept until the sample's end. */
static void let_remake_tap(struct pool_config *config, const struct tap *tap,
    const struct runner_spec *spec, size_t report_size)
{
    const struct workload *workload = tap->workload;
    size_t indices = tap->indices ? spec->tasks * sizeof *tap->indices : 0;
    size_t size = sizeof(struct tap_copy) + indices + workload->again_size;
    struct tap_copy *copy = workload->again ? malloc(size) : NULL;
    if (!copy) /* the backend that needs it says so */
        return;
    *copy = (struct tap_copy){.stride = tap->stride,
        .indices = tap->indices ? spec->tasks : 0,
        .report_size = tap->times ? report_size : 0};
    if (tap->indices)
        memcpy(copy + 1, tap->indices, indices);
    memcpy((char *)(copy + 1) + indices, workload->again, workload->again_size);
    config->remake = remake_tap;
    config->remake_bytes = copy;
    config->remake_size = size;
}

static void let_remake(struct pool_config *config, const struct workload *workload)
{
    config->remake = workload->again ? reopen_remake : NULL;
    config->remake_bytes = workload->again;
    config->remake_size = workload->again_size;
}

/* ---- the sample's process ---- */

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

/* CPU seconds of the calling process and, where they are others, of the workers, those included
 * that have ended. */
static double cpu_seconds(const struct pool *pool)
{
    struct timespec used;
    struct rusage ended;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    getrusage(RUSAGE_CHILDREN, &ended);
    double sum = (double)used.tv_sec + (double)used.tv_nsec * 1e-9 + seconds_of(ended.ru_utime) +
                 seconds_of(ended.ru_stime);
    unsigned step = pool->config.threads_each; /* a process's workers follow each other */
    for (unsigned i = 0; pool->ops->processes && i < pool->config.workers; i += step) {
        clockid_t clock; /* best effort: a worker may just have died */
        pid_t pid = pool_worker_pid(pool, i);
        if (pid && clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0)
            sum += (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
    }
    return sum;
}

struct child {
    const struct runner_spec *spec;
    struct pool_config config;
    struct report *report;
    struct pool *pool;
    struct carry carry;
};

static int child_start(struct child *child)
{
    uint64_t start = clock_now();
    child->pool = pool_start(
        child->spec->ops, &child->config, child->report->failure, sizeof child->report->failure);
    child->report->start_s = clock_since(start);
    return child->pool ? 0 : -1;
}

static void child_stop(struct child *child)
{
    uint64_t start = clock_now();
    pool_stop(child->pool);
    child->report->stop_s = clock_since(start);
}

/* What fails leaves no workers behind. */
static int child_map(struct child *child, uint64_t tasks)
{
    if (child->config.calls_max ? carry_map(child->pool, tap_call, &child->carry, tasks) == 0
                                : pool_map(child->pool, tasks, child->spec->chunk) == 0)
        return 0;
    snprintf(child->report->failure, sizeof child->report->failure, "%s", task_message(EIO));
    child_stop(child);
    return -1;
}

/* Regions in batches of 1, 2, 4, ... so that the clock is read seldom, until the time is long
 * enough. A cold region has a pool of its own. */
static int time_regions(struct child *child)
{
    const struct runner_spec *spec = child->spec;
    struct report *report = child->report;
    for (uint64_t batch = 1;; batch *= 2) {
        uint64_t start = clock_now();
        for (uint64_t i = 0; i < batch; i++) {
            if (spec->cold && child_start(child))
                return -1;
            if (child_map(child, spec->tasks))
                return -1;
            if (spec->cold)
                child_stop(child);
        }
        report->wall_s += clock_since(start);
        report->regions += batch;
        if (report->wall_s >= spec->least_seconds)
            return 0;
    }
}

/* Two tasks a worker make its connections, buffers and pages, whatever the region's length; so do
 * two in each place that calls have. Longer regions follow until the scheduler has spread the
 * workers over the CPUs, which it leaves undone as long as they only wait. */
static int warm_up(struct child *child)
{
    uint64_t places = child->config.calls_max, most = child->spec->tasks;
    uint64_t tasks = 2 * (places ? places : child->spec->workers);
    for (uint64_t start = clock_now();; tasks *= 2) {
        if (tasks > most)
            tasks = most;
        if (child_map(child, tasks))
            return -1;
        if (clock_since(start) >= WARM_UP_SECONDS)
            return 0;
    }
}

/* Notes where the workers live, and returns how many live elsewhere than noted before. */
static uint64_t note_pids(struct child *child)
{
    uint64_t moved = 0;
    for (unsigned i = 0; i < child->spec->workers; i++) {
        pid_t pid = pool_worker_pid(child->pool, i);
        moved += pid != child->report->pids[i];
        child->report->pids[i] = pid;
    }
    return moved;
}

static int warm_sample(struct child *child)
{
    struct report *report = child->report;
    if (child_start(child) || (child->spec->warm_up && warm_up(child)))
        return -1;
    note_pids(child);
    double before = cpu_seconds(child->pool);
    if (time_regions(child))
        return -1;
    report->cpu_s = fmax(0, cpu_seconds(child->pool) - before); /* a worker may just have died */
    if (child->pool->ops->tend) /* the dead get their successors; best effort */
        child->pool->ops->tend(child->pool);
    report->died = note_pids(child);
    if (child->spec->memory)
        report->peak_memory =
            memory_pss(report->pids, child->spec->ops->processes ? child->spec->workers : 0);
    child_stop(child);
    return 0;
}

/* Serial's tasks carry their bytes in the loop; it has no calls. */
static int let_carry(struct child *child, struct tap *tap)
{
    const struct runner_spec *spec = child->spec;
    if (!spec->calls)
        return 0;
    if (carry_make(&child->carry, spec->payload, spec->result, spec->workers)) {
        snprintf(child->report->failure, sizeof child->report->failure,
            "no memory for payloads of %zu and results of %zu bytes", spec->payload, spec->result);
        return -1;
    }
    tap->carry = &child->carry;
    if (strcmp(spec->ops->name, "serial") == 0) {
        child->config.task = tap_alone;
        return 0;
    }
    child->config.calls_max = child->carry.window;
    child->config.call_size = child->carry.call_size;
    return 0;
}

static _Noreturn void child_main(struct workload *workload, const struct runner_spec *spec,
    struct report *report, size_t report_size, int report_fd)
{
    struct tap tap = {
        .workload = workload,
        .indices = spec->indices,
        .times = spec->task_times ? report->task_times : NULL,
        .stride = timing_stride(spec),
    };
    bool tapped = tap.indices || tap.times || spec->calls;
    struct child child = {
        .spec = spec,
        .report = report,
        .config =
            {
                .workers = spec->workers,
                .threads_each = spec->threads_each,
                .task = tapped ? tap_task : workload->bench->task,
                .ctx = tapped ? &tap : workload->run.ctx,
                .worker_enter = tapped ? tap_enter : workload->bench->worker_enter,
                .worker_leave = tapped ? tap_leave : workload->bench->worker_leave,
                .arena = &workload->arena,
                .task_timeout_s = spec->task_timeout_s,
                .task_retries = spec->task_retries,
                .remake_fd = report_fd,
            },
    };
    if (tapped)
        let_remake_tap(&child.config, &tap, spec, report_size);
    else
        let_remake(&child.config, workload);
    arena_populate(&workload->arena);
    int failed = let_carry(&child, &tap);
    if (!failed)
        failed = spec->cold ? time_regions(&child) : warm_sample(&child);
    report->finished = !failed;
    _exit(failed ? 1 : 0);
}

static void fill_rusage(struct result_sample *sample, const struct rusage *usage)
{
    sample->user_s = seconds_of(usage->ru_utime);
    sample->system_s = seconds_of(usage->ru_stime);
    sample->voluntary = (uint64_t)usage->ru_nvcsw;
    sample->involuntary = (uint64_t)usage->ru_nivcsw;
    sample->minor_faults = (uint64_t)usage->ru_minflt;
    sample->major_faults = (uint64_t)usage->ru_majflt;
}

/* Why a child that is gone has no time to report. */
static void explain(struct result_sample *sample, int status)
{
    if (*sample->failure)
        return;
    if (WIFSIGNALED(status))
        snprintf(sample->failure, sizeof sample->failure,
            "the sample's process was killed by signal %d (%s)", WTERMSIG(status),
            strsignal(WTERMSIG(status)));
    else
        snprintf(sample->failure, sizeof sample->failure,
            "the sample's process exited with status %d", WEXITSTATUS(status));
}

static void fill_sample(struct result_sample *sample, const struct runner_spec *spec,
    const struct report *report, int status)
{
    sample->tasks = spec->tasks;
    sample->regions = report->regions;
    sample->wall_s = report->wall_s;
    sample->start_s = report->start_s;
    sample->stop_s = report->stop_s;
    sample->cpu_s = report->cpu_s;
    sample->peak_memory = report->peak_memory;
    sample->died = report->died;
    memcpy(sample->failure, report->failure, sizeof sample->failure);
    if (!report->finished)
        explain(sample, status);
}

static void judge(
    struct workload *workload, const struct runner_spec *spec, struct result_sample *sample)
{
    struct workload_outcome outcome = workload_outcome(workload, spec->tasks, spec->indices);
    sample->ok = outcome.ok;
    sample->errors = outcome.errors;
    sample->lost = outcome.lost;
    sample->timeout = outcome.timeout;
    sample->checksum = outcome.checksum;
    sample->checksum_wrong = outcome.wrong;
    if (strcmp(spec->ops->name, "serial") == 0)
        workload_learn(workload, spec->tasks, spec->indices);
}

static void fill_detail(
    struct runner_detail *detail, const struct runner_spec *spec, const struct report *report)
{
    uint64_t stride = timing_stride(spec);
    detail->task_times_count =
        spec->tasks && report->finished ? (size_t)((spec->tasks + stride - 1) / stride) : 0;
    memcpy(detail->task_times, report->task_times, sizeof detail->task_times);
    size_t size = spec->workers * sizeof *detail->pids;
    detail->pids = spec->ops->processes ? malloc(size) : NULL;
    if (detail->pids)
        memcpy(detail->pids, report->pids, size);
}

/* Best effort: nobody is told where there are no pidfds, or after a signal. */
static void tell_until_over(const struct runner_spec *spec, pid_t pid)
{
    uint64_t start = clock_now();
    struct pollfd over = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    if (over.fd < 0)
        return;
    while (poll(&over, 1, WAITING_MS) == 0)
        spec->waiting(spec, clock_since(start));
    close(over.fd);
}

int runner_sample(struct workload *workload, const struct runner_spec *spec,
    struct result_sample *sample, struct runner_detail *detail)
{
    if (simulated_is_on())
        return simulated_sample(workload, spec, sample, detail);
    if (!spec->ops->simulated)
        return runner_measure(workload, spec, sample, detail);
    snprintf(sample->failure, sizeof sample->failure,
        "backend %s has virtual times alone; do not measure it beside others", spec->ops->name);
    return 0;
}

int runner_measure(struct workload *workload, const struct runner_spec *spec,
    struct result_sample *sample, struct runner_detail *detail)
{
    if (interrupt_requested())
        return -1;
    size_t size = sizeof(struct report) + spec->workers * sizeof(pid_t);
    int fd;
    struct report *report = mapping_make(size, true, &fd); /* shared with the child */
    if (!report) {
        snprintf(sample->failure, sizeof sample->failure, "no memory for a sample's report: %s",
            strerror(errno));
        return 0;
    }
    arena_reset(&workload->arena, spec->tasks);
    fflush(NULL);
    pid_t pid = interrupt_fork();
    if (pid == 0)
        child_main(workload, spec, report, size, fd);
    int status = 0;
    struct rusage usage = {0};
    if (pid > 0) {
        if (spec->waiting)
            tell_until_over(spec, pid);
        while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
            ;
        interrupt_forget();
    } else {
        snprintf(report->failure, sizeof report->failure, "fork: %s", strerror(errno));
    }
    fill_sample(sample, spec, report, status);
    fill_rusage(sample, &usage);
    judge(workload, spec, sample);
    if (detail)
        fill_detail(detail, spec, report);
    mapping_free(report, size, fd);
    return interrupt_requested() ? -1 : 0;
}
