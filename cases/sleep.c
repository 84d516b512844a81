/* The pure wait: a task that needs time but no CPU, as a request to a server would, without the
 * server (support/wait.h). */
#include "case.h"

#include "support/wait.h"

#include <errno.h>
#include <stdlib.h>

#define DEFAULT_TASKS 100

struct sleep {
    uint64_t seed;
    uint64_t duration; /* ns */
};

static int sleep_setup(struct case_run *run)
{
    struct sleep *sleep = malloc(sizeof *sleep);
    if (sleep == NULL)
        return task_fail(ENOMEM, "no memory for the parameters");
    sleep->seed = run->seed;
    sleep->duration = param_duration(run->params, "duration");
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->ctx = sleep;
    return 0;
}

static void sleep_teardown(void *ctx)
{
    free(ctx);
}

static int sleep_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    (void)local;
    const struct sleep *sleep = ctx;
    int code = wait_for(sleep->duration);
    if (code != 0)
        return code;
    result->value = hash_mix(sleep->seed, index);
    return 0;
}

/* The form that does not block: a timer a task. */

static void sleep_over(void *data)
{
    struct event *event = data;
    const struct sleep *sleep = event->data;
    event->result->value = hash_mix(sleep->seed, event->index);
    event_end(event, 0);
}

static void sleep_begin(const void *ctx, void *local, struct event *event)
{
    (void)local;
    const struct sleep *sleep = ctx;
    event->data = (void *)(uintptr_t)sleep;
    event->timer.then = sleep_over;
    event->timer.data = event;
    int code = event_timer_set(event->loop, &event->timer, sleep->duration);
    if (code != 0)
        event_end(event, code);
}

static const struct event_form sleep_events = {.begin = sleep_begin};

static void sleep_model(const void *ctx, uint64_t index, double *cpu, double *blocking)
{
    (void)index;
    *cpu = 0;
    *blocking = (double)((const struct sleep *)ctx)->duration;
}

static const struct param sleep_params[] = {
    {.name = "duration",
        .type = PARAM_DURATION,
        .value = "20ms",
        .min = 0,
        .max = 60e9,
        .help = "how long a task waits, 0 to 60s"},
    {.name = NULL},
};

const struct bench_case case_sleep = {
    .name = "sleep",
    .summary = "the pure wait: time without CPU, as in ideal IO",
    .description =
        "Each task sleeps for a fixed duration. Nothing is shared and nothing computed, so the "
        "number of CPUs does not matter: w workers wait for w tasks at once. Expect a straight "
        "line, speedup = workers, far past the CPUs, until the tasks run out or the wake-ups "
        "(a few microseconds of CPU each) fill the CPUs. It is the upper bound for every IO case; "
        "what another IO case falls short of it is the server, the disk or the network.",
    .kind = CASE_IO,
    .params = sleep_params,
    .task = sleep_task,
    .setup = sleep_setup,
    .teardown = sleep_teardown,
    .model = sleep_model,
    .worker_enter = wait_worker_enter,
    .worker_leave = wait_worker_leave,
    .events = &sleep_events,
};
