/* How long an interactive thread waits beside work: it wakes at fixed times, does next to nothing,
 * and notes how late it has its answer. Worker and work are tasks of one pool, so that the same
 * code runs on every backend: one task that wakes, and one a worker that only computes.
 *
 * Times are from when the wake-up was due, not from when it came, and every due time counts: one
 * that passes while the thread still waits for an earlier one has its answer when that one has, and
 * is late by what has passed since. Left out, the longest waits would count once instead of as
 * often as somebody would have waited (coordinated omission). */
#include "../../cases/support/chain.h"
#include "../analyze/stat.h"
#include "../measure/clock.h"
#include "../measure/registry.h"
#include "../pool/backend.h"
#include "../pool/mapping.h"
#include "survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define PERIOD_NS 2000000u /* from one due time to the next */
#define DUE_LEAST 200
#define WAKES_LEAST 100 /* for a p99; a wake-up that comes late serves several due times ... */
#define DUE_MOST 2000   /* ... but no more due times than this */
#define STEPS 20000     /* multiplications of work between two check points, some 20 us */

static const char *const backends[] = {"threads", "processes", "gil"};
static const unsigned sizes[] = {1, 2, 4};
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define IDLE "no load"

/* Shared by the tasks, which may be processes. */
struct scene {
    _Atomic unsigned woke; /* tasks that have begun */
    _Atomic bool over;
    unsigned tasks;
    size_t count;
    double late_s[DUE_MOST];
};

/* Until the interactive task has had enough. */
static int work(struct scene *scene)
{
    while (!atomic_load_explicit(&scene->over, memory_order_relaxed)) { /* pairs with wake */
        chain_multiply(1, STEPS);
        task_checkpoint();
    }
    return 0;
}

static uint64_t sleep_until(uint64_t due)
{
    const struct timespec at = {
        .tv_sec = (time_t)(due / 1000000000), .tv_nsec = (long)(due % 1000000000)};
    blocking_begin();
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
    blocking_end();
    return clock_now();
}

static int wake(struct scene *scene)
{
    prctl(PR_SET_TIMERSLACK, 1UL); /* best effort: else up to 50 us late */
    while (atomic_load(&scene->woke) < scene->tasks)
        sleep_until(clock_now() + PERIOD_NS);
    uint64_t now = clock_now(), due = now;
    unsigned wakes = 0;
    while (scene->count < DUE_MOST && (scene->count < DUE_LEAST || wakes < WAKES_LEAST)) {
        due += PERIOD_NS;
        if (now < due) {
            now = sleep_until(due);
            wakes++;
        }
        scene->late_s[scene->count++] = (double)(now - due) * 1e-9;
    }
    atomic_store_explicit(&scene->over, true, memory_order_relaxed); /* pairs with work */
    return 0;
}

static int latency_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct scene *scene = (struct scene *)(uintptr_t)ctx;
    (void)local;
    result->value = index;
    atomic_fetch_add(&scene->woke, 1);
    return index == 0 ? wake(scene) : work(scene);
}

/* A region of all tasks at once, each on a worker of its own. */
static int run_tasks(const struct pool_ops *ops, struct scene *scene)
{
    char why[SURVEY_NOTE_MAX];
    struct arena arena;
    const struct pool_config config = {
        .workers = scene->tasks, .task = latency_task, .ctx = scene, .arena = &arena};
    if (arena_make(&arena, scene->tasks, 0))
        return task_fail(errno, "no memory for %u tasks", scene->tasks);
    struct pool *pool = pool_start(ops, &config, why, sizeof why);
    int code = pool ? 0 : task_fail(errno, "%s", why);
    if (!code && pool_map(pool, scene->tasks, 1))
        code = EIO; /* with pool_map's message */
    pool_stop(pool);
    if (!code && *arena.failed > 0)
        code = task_fail(EIO, "%s", arena.failures[0].message);
    arena_free(&arena);
    return code;
}

static int latency_read(
    const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    const char *subject = survey_subject(run, probe);
    bool idle = strcmp(subject, IDLE) == 0;
    int fd;
    struct scene *scene = mapping_make(sizeof *scene, true, &fd);
    if (!scene)
        return task_fail(errno, "no memory for the times: %s", strerror(errno));
    scene->tasks = idle ? 1 : 1 + (unsigned)survey_x(run, probe);
    int code = run_tasks(registry_backend(idle ? "threads" : subject), scene);
    if (!code) {
        reading->values[0] = stat_quantile(scene->late_s, scene->count, 0.5);
        reading->values[1] = stat_quantile(scene->late_s, scene->count, 0.99);
    }
    mapping_free(scene, sizeof *scene, fd);
    return code;
}

static void add(struct survey_run *run, const char *subject, double workers)
{
    survey_add_probe(run, subject, workers);
    survey_add_figure(run, "p50", "s");
    survey_add_figure(run, "p99", "s");
}

static int latency_open(struct survey_run *run)
{
    for (size_t j = 0; j < COUNT(sizes); j++)
        add(run, IDLE, sizes[j]);
    for (size_t i = 0; i < COUNT(backends); i++)
        for (size_t j = 0; j < COUNT(sizes); j++)
            add(run, backends[i], sizes[j]);
    return 0;
}

const struct survey survey_latency = {
    .name = "latency",
    .title = "An interactive thread beside work",
    .summary =
        "how late a thread that wakes every 2 ms has its answer, beside workers that compute",
    .description =
        "One task of a pool sleeps until fixed times, 2 ms apart, and notes how long after each it "
        "could compute again, a time that passes meanwhile included; beside it each worker "
        "computes without end. On threads and processes "
        "the scheduler decides: it prefers who has slept, so most answers come within "
        "microseconds, and the late ones wait for a time slice, where workers take all CPUs. On "
        "gil the sleeper must first have the lock, which a computing worker keeps for the switch "
        "interval of 5 ms, however many CPUs are idle, and each further worker may have its turn "
        "before: that is the convoy effect, which CPython has as well. Without load the time is "
        "that of a timer and a wake-up.",
    .axis = "computing workers",
    .rounds = 6,
    .reading_seconds = 20,
    .open = latency_open,
    .read = latency_read,
};
