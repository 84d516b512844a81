/* Samples in processes of their own. What the child finds out, it writes to a shared mapping; what
 * its tasks yield stands in the workload's arena, which is shared as well. */
#include "runner.h"

#include "../pool/backend.h"
#include "../pool/mapping.h"
#include "../util/interrupt.h"
#include "clock.h"
#include "memory.h"
#include "reopen.h"
#include "simulated.h"
#include "tap.h"

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

/* What the child reports; the pids lie behind it. */
struct report {
    double task_times[TAP_TIMES]; /* where its tap expects them */
    bool finished;
    uint64_t regions;
    double wall_s, start_s, stop_s, cpu_s;
    uint64_t peak_memory, died;
    char failure[sizeof((struct result_sample *)0)->failure];
    pid_t pids[];
};

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
    struct tap tap;
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
    if (child->config.calls_max ? tap_map(&child->tap, child->pool, tasks) == 0
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

static int let_carry(struct child *child)
{
    const struct runner_spec *spec = child->spec;
    if (!spec->calls ||
        tap_carry(&child->tap, spec->ops, &child->config, spec->payload, spec->result) == 0)
        return 0;
    snprintf(child->report->failure, sizeof child->report->failure,
        "no memory for payloads of %zu and results of %zu bytes", spec->payload, spec->result);
    return -1;
}

/* The case's own task where nothing has to stand around it. */
static void use_case(struct pool_config *config, const struct workload *workload)
{
    config->task = workload->bench->task;
    config->ctx = workload->run.ctx;
    config->worker_enter = workload->bench->worker_enter;
    config->worker_leave = workload->bench->worker_leave;
    config->events = workload->bench->events;
    config->remake = workload->again ? reopen_remake : NULL;
    config->remake_bytes = workload->again;
    config->remake_size = workload->again_size;
}

static _Noreturn void child_main(struct workload *workload, const struct runner_spec *spec,
    struct report *report, size_t report_size, int report_fd)
{
    struct child child = {
        .spec = spec,
        .report = report,
        .config =
            {
                .workers = spec->workers,
                .threads_each = spec->threads_each,
                .switch_interval_s = spec->switch_interval_s,
                .arena = &workload->arena,
                .task_timeout_s = spec->task_timeout_s,
                .task_retries = spec->task_retries,
                .remake_fd = report_fd,
            },
        .tap =
            {
                .workload = workload,
                .tasks = spec->tasks,
                .indices = spec->indices,
                .times = spec->task_times ? report->task_times : NULL,
                .times_size = report_size,
            },
    };
    if (spec->indices || spec->task_times || spec->calls)
        tap_use(&child.tap, &child.config);
    else
        use_case(&child.config, workload);
    arena_populate(&workload->arena);
    int failed = let_carry(&child);
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
    uint64_t stride = tap_stride(spec->tasks);
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
