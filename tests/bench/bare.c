/* Bare figures: what the hardware and the system ask for the same work without a pool. */
#include "arm.h"

#include "harness/measure/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the task itself ---- */

struct alone {
    const struct workload *workload;
    void *local;
    uint64_t tasks;
};

static int call_tasks(void *context)
{
    const struct alone *alone = context;
    const struct workload *workload = alone->workload;
    for (uint64_t i = 0; i < alone->tasks; i++)
        if (workload->bench->task(
                workload->run.ctx, alone->local, i, arena_slot(&workload->arena, i)))
            return -1;
    return 0;
}

static int time_alone(const struct workload *workload, uint64_t tasks, struct sample *sample)
{
    const struct bench_case *bench = workload->bench;
    struct alone alone = {.workload = workload, .tasks = tasks};
    int status = bench->worker_enter ? bench->worker_enter(workload->run.ctx, &alone.local) : 0;
    if (status == 0)
        status = call_tasks(&alone) || arm_repeat(call_tasks, &alone, &sample->seconds);
    if (bench->worker_leave)
        bench->worker_leave(workload->run.ctx, alone.local);
    if (status)
        snprintf(sample->failure, sizeof sample->failure, "%s", task_message(EIO));
    return status ? -1 : 0;
}

double bare_task_seconds(const struct workload *workload)
{
    struct sample sample = {0};
    time_alone(workload, workload->run.tasks, &sample);
    return sample.seconds / (double)workload->run.tasks;
}

int bare_task(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    (void)arm;
    int status = time_alone(workload, workload->run.tasks, sample);
    sample->seconds /= (double)workload->run.tasks;
    return status;
}

int bare_loop(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    (void)arm;
    arena_populate(&workload->arena);
    return time_alone(workload, workload->run.tasks, sample);
}

int bare_sleeps(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    uint64_t rounds = (workload->run.tasks + arm->workers - 1) / arm->workers;
    sample->seconds = (double)rounds * (double)param_duration(workload->params, "duration") * 1e-9;
    return 0;
}

/* ---- threads and processes ---- */

#define BARE_MAX 16

struct bare {
    const struct workload *workload;
    uint64_t count; /* threads or children, one a task */
    uint64_t index;
};

static void *thread_main(void *argument)
{
    const struct bare *bare = argument;
    const struct workload *workload = bare->workload;
    workload->bench->task(
        workload->run.ctx, NULL, bare->index, arena_slot(&workload->arena, bare->index));
    return NULL;
}

static int create_and_join(void *context)
{
    const struct bare *bare = context;
    pthread_t threads[BARE_MAX];
    struct bare tasks[BARE_MAX];
    uint64_t made = 0;
    while (made < bare->count) {
        tasks[made] = (struct bare){.workload = bare->workload, .index = made};
        if (pthread_create(&threads[made], NULL, thread_main, &tasks[made]))
            break;
        made++;
    }
    for (uint64_t i = 0; i < made; i++)
        pthread_join(threads[i], NULL);
    return made == bare->count ? 0 : -1;
}

static int fork_and_wait(void *context)
{
    const struct bare *bare = context;
    pid_t children[BARE_MAX];
    uint64_t made = 0;
    while (made < bare->count && (children[made] = fork()) > 0)
        made++;
    if (made < bare->count && children[made] == 0)
        _exit(0);
    for (uint64_t i = 0; i < made; i++)
        while (waitpid(children[i], NULL, 0) < 0 && errno == EINTR)
            ;
    return made == bare->count ? 0 : -1;
}

static int time_bare(
    int (*region)(void *), const struct arm *arm, struct workload *workload, struct sample *sample)
{
    struct bare bare = {.workload = workload, .count = workload->run.tasks};
    (void)arm;
    if (bare.count > BARE_MAX) {
        snprintf(sample->failure, sizeof sample->failure, "more than %d tasks", BARE_MAX);
        return -1;
    }
    int status = region(&bare) || arm_repeat(region, &bare, &sample->seconds);
    if (status)
        snprintf(sample->failure, sizeof sample->failure, "%s", strerror(errno));
    return status ? -1 : 0;
}

int bare_threads(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    return time_bare(create_and_join, arm, workload, sample);
}

int bare_forks(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    return time_bare(fork_and_wait, arm, workload, sample);
}
