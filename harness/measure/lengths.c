/* Lengths of simulated tasks. */
#include "lengths.h"

#include "registry.h"
#include "runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PILOT_SECONDS 0.05 /* even tasks are timed for so long at least */

static int draw_tasks(
    struct sim_tasks *tasks, const struct sim_model *model, uint64_t count, uint64_t seed)
{
    if (model->spread == LENGTH_CONSTANT) {
        *tasks =
            tasks_alike(count, model->task * (1 - model->blocking), model->task * model->blocking);
        return 0;
    }
    if (tasks_make(tasks, count))
        return -1;
    for (uint64_t i = 0; i < count; i++) {
        double length = length_draw(model->spread, model->shape, model->task, seed, i);
        tasks_set(tasks, i, length * (1 - model->blocking), length * model->blocking);
    }
    return 0;
}

static int ask_case(struct sim_tasks *tasks, const struct workload *workload)
{
    double cpu = 0, blocking = 0;
    uint64_t count = workload->run.tasks;
    if (workload->run.even) {
        workload->bench->model(workload->run.ctx, 0, &cpu, &blocking);
        *tasks = tasks_alike(count, cpu, blocking);
        return 0;
    }
    if (tasks_make(tasks, count))
        return -1;
    for (uint64_t i = 0; i < count; i++) {
        workload->bench->model(workload->run.ctx, i, &cpu, &blocking);
        tasks_set(tasks, i, cpu, blocking);
    }
    return 0;
}

/* The part of a task that blocks: as the case says, or what of its time was no CPU time. */
static double blocking_share(const struct workload *workload, const struct result_sample *sample)
{
    double cpu = 0, blocking = 0;
    if (workload->bench->model)
        workload->bench->model(workload->run.ctx, 0, &cpu, &blocking);
    if (cpu + blocking > 0)
        return blocking / (cpu + blocking);
    double share = workload->bench->model ? 0 : 1 - sample->cpu_s / sample->wall_s;
    return share > 0.05 ? share : 0; /* less is the clocks' */
}

/* A length as measured in a serial loop, which had the model's call and waking in it, too. */
static void split_length(double length, double blocking_share_of, const struct sim_model *model,
    double *cpu, double *blocking)
{
    bool blocks = blocking_share_of > 0;
    *cpu = fmax(0, length * (1 - blocking_share_of) - model->call);
    *blocking = blocks ? fmax(0, length * blocking_share_of - model->resume) : 0;
}

static int use_times(struct sim_tasks *tasks, const struct workload *workload,
    const struct sim_model *model, const struct result_sample *sample,
    const struct runner_detail *detail)
{
    uint64_t count = workload->run.tasks, timed = detail->task_times_count;
    double mean = sample->wall_s * 1e9 / (double)(sample->regions * sample->tasks), sum = 0, cpu,
           blocking, share = blocking_share(workload, sample);
    if (workload->run.even) {
        split_length(mean, share, model, &cpu, &blocking);
        *tasks = tasks_alike(count, cpu, blocking);
        return 0;
    }
    if (tasks_make(tasks, count))
        return -1;
    for (uint64_t i = 0; i < timed; i++)
        sum += detail->task_times[i];
    for (uint64_t i = 0; i < count; i++) { /* the region's own time has no clock readings in it */
        double time = detail->task_times[i * timed / count];
        split_length(mean * time / sum * (double)timed, share, model, &cpu, &blocking);
        tasks_set(tasks, i, cpu, blocking);
    }
    return 0;
}

/* Runs the serial loop in real time. Even tasks whose results nobody needs are run only until it is
 * known how long they take. Returns -1 after a signal. */
static int time_serially(
    const struct workload *workload, struct result_sample *sample, struct runner_detail *detail)
{
    bool some = workload->run.even && workload->bench->model;
    struct runner_spec spec = {.ops = registry_backend("serial"),
        .workers = 1,
        .least_seconds = some ? PILOT_SECONDS : 0,
        .warm_up = some,
        .task_times = !workload->run.even};
    for (uint64_t tasks = some ? 1 : workload->run.tasks;; tasks *= 4) {
        *sample = (struct result_sample){0};
        spec.tasks = tasks < workload->run.tasks ? tasks : workload->run.tasks;
        if (runner_measure((struct workload *)(uintptr_t)workload, &spec, sample, detail))
            return -1;
        if (*sample->failure || spec.tasks == workload->run.tasks || sample->regions == 1)
            return 0;
    }
}

static int time_tasks(struct sim_tasks *tasks, bool *ran, struct workload *workload,
    const struct sim_model *model, char *why, size_t size)
{
    struct result_sample sample = {0};
    struct runner_detail *detail = calloc(1, sizeof *detail);
    int status = detail ? time_serially(workload, &sample, detail) : -1;
    if (status == 0 && *sample.failure) {
        snprintf(why, size, "%s", sample.failure);
        status = -1;
    }
    if (status == 0)
        status = use_times(tasks, workload, model, &sample, detail);
    *ran = sample.tasks == workload->run.tasks;
    free(detail);
    return status;
}

int lengths_make(struct sim_tasks *tasks, bool *ran, struct workload *workload,
    const struct lengths_request *request, char *why, size_t size)
{
    uint64_t count = workload->run.tasks;
    *ran = false;
    snprintf(why, size, "no memory for %llu simulated tasks", (unsigned long long)count);
    if (request->model->task > 0)
        return draw_tasks(tasks, request->model, count, request->seed);
    if (workload->bench->model && !request->timed)
        return ask_case(tasks, workload);
    return time_tasks(tasks, ran, workload, request->model, why, size);
}
