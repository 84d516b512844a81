/* Samples in virtual time. */
#include "simulated.h"

#include "../pool/backend.h"
#include "../sim/simulate.h"
#include "../util/interrupt.h"
#include "costs.h"
#include "cpus.h"
#include "registry.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODELS_MAX 16
#define PILOT_SECONDS 0.05 /* even tasks are timed for so long at least */
#define CPUS_VARIABLE "POOLBENCH_CPUS"

/* What the process simulates. */
static struct {
    bool on, from_machine;
    const struct param_values *given;
    const char *first; /* backend */
    uint64_t seed, samples;
    char *cpus; /* what the environment said before */
    struct sim_model models[MODELS_MAX];
    const char *names[MODELS_MAX]; /* the backends that they are for */
    size_t models_count;
} state;

/* What a workload's tasks are; made when they are first needed. */
struct simulated_tasks {
    struct sim_tasks tasks;
    bool ran; /* really: the arena has their results */
};

/* ---- what is simulated ---- */

/* The environment is what every part of the program asks for the number of CPUs. */
static void set_cpus(unsigned cpus)
{
    char text[16];
    snprintf(text, sizeof text, "%u", cpus);
    setenv(CPUS_VARIABLE, text, 1);
}

static void restore_cpus(void)
{
    if (state.cpus)
        setenv(CPUS_VARIABLE, state.cpus, 1);
    else
        unsetenv(CPUS_VARIABLE);
}

static unsigned cores_given(void)
{
    struct sim_model usual;
    char why[256];
    if (param_given(state.given, "cores"))
        return (unsigned)param_count(state.given, "cores");
    if (state.from_machine || state.cpus || model_make(&usual, "threads", NULL, why, sizeof why))
        return cpus_usable();
    return usual.cores;
}

void simulated_begin(const struct simulated_request *request)
{
    const char *cpus = getenv(CPUS_VARIABLE);
    state.on = true;
    state.from_machine = request->from_machine;
    state.given = request->given;
    state.seed = request->seed;
    state.first = request->backend ? request->backend : "sim";
    state.cpus = cpus ? strdup(cpus) : NULL;
    state.samples = state.models_count = 0;
    set_cpus(cores_given());
}

void simulated_end(void)
{
    if (!state.on)
        return;
    restore_cpus();
    free(state.cpus);
    param_free((struct param_values *)(uintptr_t)state.given);
    memset(&state, 0, sizeof state);
}

bool simulated_is_on(void)
{
    return state.on;
}

static const char *stands_for(const char *backend)
{
    const char *as = param_text(state.given, "as");
    return strcmp(backend, "sim") == 0 ? (as ? as : "threads") : backend;
}

int simulated_check(const char *backend, char *why, size_t size)
{
    struct sim_model model;
    return model_make(&model, stands_for(backend), state.given, why, size);
}

/* What was measured here, and over it again what was given. */
static enum status measure_costs(struct sim_model *model, char *why, size_t size)
{
    struct sim_model measured = *model;
    unsigned cores = cpus_usable();
    restore_cpus();
    enum status status = costs_measure(&measured, why, size);
    set_cpus(cores);
    if (status == STATUS_DONE)
        *model = measured;
    if (status == STATUS_DONE && model_give(model, state.given, why, size))
        status = STATUS_USAGE;
    return status;
}

/* The model of a backend, or NULL with one line in why. */
static const struct sim_model *model_of(const char *backend, char *why, size_t size)
{
    for (size_t i = 0; i < state.models_count; i++)
        if (strcmp(state.names[i], backend) == 0)
            return &state.models[i];
    struct sim_model model;
    if (state.models_count == MODELS_MAX) {
        snprintf(why, size, "no more than %d backends are simulated at once", MODELS_MAX);
        return NULL;
    }
    if (model_make(&model, stands_for(backend), state.given, why, size))
        return NULL;
    if (state.from_machine && measure_costs(&model, why, size))
        return NULL;
    model.cores = cpus_usable();
    state.names[state.models_count] = backend;
    state.models[state.models_count] = model;
    return &state.models[state.models_count++];
}

/* Of serial, whose loop has no pool: what the machine costs is the same in each model. */
static const struct sim_model *machine_model(char *why, size_t size)
{
    return model_of(state.first, why, size);
}

/* ---- what its tasks are ---- */

static int draw_tasks(struct sim_tasks *tasks, const struct sim_model *model, uint64_t count)
{
    if (model->spread == LENGTH_CONSTANT) {
        *tasks =
            tasks_alike(count, model->task * (1 - model->blocking), model->task * model->blocking);
        return 0;
    }
    if (tasks_make(tasks, count))
        return -1;
    for (uint64_t i = 0; i < count; i++) {
        double length = length_draw(model->spread, model->shape, model->task, state.seed, i);
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

static int time_tasks(struct simulated_tasks *made, struct workload *workload,
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
        status = use_times(&made->tasks, workload, model, &sample, detail);
    made->ran = sample.tasks == workload->run.tasks;
    free(detail);
    return status;
}

static int make_tasks(
    struct workload *workload, const struct sim_model *model, char *why, size_t size)
{
    struct simulated_tasks *made = calloc(1, sizeof *made);
    int status = !made ? -1 : 0;
    snprintf(
        why, size, "no memory for %llu simulated tasks", (unsigned long long)workload->run.tasks);
    if (made && model->task > 0)
        status = draw_tasks(&made->tasks, model, workload->run.tasks);
    else if (made && workload->bench->model && !state.from_machine)
        status = ask_case(&made->tasks, workload);
    else if (made)
        status = time_tasks(made, workload, model, why, size);
    if (status)
        free(made);
    else
        workload->simulated = made;
    return status;
}

void simulated_forget(struct workload *workload)
{
    if (workload->simulated)
        tasks_free(&workload->simulated->tasks);
    free(workload->simulated);
}

/* The tasks of one region. Those of a subset are even, so that any will do. */
static struct sim_tasks tasks_of(const struct sim_tasks *all, uint64_t count)
{
    struct sim_tasks some = *all;
    some.count = count;
    return some;
}

/* ---- a sample ---- */

static void count_outcome(
    const struct workload *workload, const struct runner_spec *spec, struct result_sample *sample)
{
    if (!workload->simulated->ran) {
        sample->ok = spec->tasks;
        return;
    }
    struct workload_outcome outcome = workload_outcome(workload, spec->tasks, NULL);
    sample->ok = outcome.ok;
    sample->errors = outcome.errors;
    sample->lost = outcome.lost;
    sample->checksum = outcome.checksum;
}

static void fill_sample(struct result_sample *sample, const struct runner_spec *spec,
    const struct simulate_outcome *outcome, double noise)
{
    double factor = exp(noise * length_normal(state.seed, state.samples++)) * 1e-9;
    double around = spec->cold ? outcome->start + outcome->stop : 0;
    sample->tasks = spec->tasks;
    sample->regions = 1;
    sample->wall_s = fmax(1, outcome->region + around) * factor; /* a time of 0 is none */
    sample->start_s = outcome->start * 1e-9;
    sample->stop_s = outcome->stop * 1e-9;
    sample->cpu_s = sample->user_s = outcome->cpu * factor;
}

/* Times of single tasks, evenly spread as a real sample's. */
static void fill_detail(
    struct runner_detail *detail, const struct runner_spec *spec, const double *latency)
{
    uint64_t stride = 1;
    while (stride * RUNNER_TASK_TIMES < spec->tasks)
        stride *= 2;
    *detail = (struct runner_detail){0};
    for (uint64_t i = 0; latency && i < spec->tasks; i += stride)
        detail->task_times[detail->task_times_count++] = latency[i] * 1e-9;
}

static int run_region(const struct sim_model *model, const struct sim_tasks *tasks,
    const struct runner_spec *spec, struct runner_detail *detail, struct simulate_outcome *outcome)
{
    struct simulate_watch watch = {
        .latency = detail && spec->task_times ? calloc(tasks->count + 1, sizeof(double)) : NULL};
    int status;
    if (strcmp(spec->ops->name, "serial") == 0) {
        *outcome = simulate_serial(model, tasks);
        for (uint64_t i = 0; watch.latency && i < tasks->count; i++)
            watch.latency[i] = tasks_cpu(tasks, i, i + 1) + tasks_blocking(tasks, i);
        status = 0;
    } else
        status = simulate_region(model, tasks, spec->workers, spec->chunk, &watch, outcome);
    if (detail)
        fill_detail(detail, spec, watch.latency);
    free(watch.latency);
    return status;
}

int simulated_sample(struct workload *workload, const struct runner_spec *spec,
    struct result_sample *sample, struct runner_detail *detail)
{
    char *why = sample->failure;
    size_t size = sizeof sample->failure;
    bool serial = strcmp(spec->ops->name, "serial") == 0;
    struct simulate_outcome outcome;
    if (spec->workers > SIMULATE_WORKERS_MAX) {
        snprintf(why, size, "a simulated pool has at most %d workers, not %u", SIMULATE_WORKERS_MAX,
            spec->workers);
        return interrupt_requested() ? -1 : 0;
    }
    const struct sim_model *model =
        serial ? machine_model(why, size) : model_of(spec->ops->name, why, size);
    if (!model || (!workload->simulated && make_tasks(workload, model, why, size)))
        return interrupt_requested() ? -1 : 0;
    const struct sim_tasks tasks = tasks_of(&workload->simulated->tasks, spec->tasks);
    snprintf(why, size, "no memory to simulate %u workers", spec->workers);
    if (run_region(model, &tasks, spec, detail, &outcome))
        return interrupt_requested() ? -1 : 0;
    *why = '\0';
    fill_sample(sample, spec, &outcome, model->noise);
    count_outcome(workload, spec, sample);
    return interrupt_requested() ? -1 : 0;
}

/* ---- the result ---- */

static void write_models(FILE *text)
{
    char model[MODEL_TEXT_MAX];
    if (state.from_machine)
        fputs("costs and lengths measured on this machine where not given: ", text);
    for (size_t i = 0; i < state.models_count; i++)
        fprintf(text, "%s%s", i ? "; " : "", model_write(&state.models[i], model, sizeof model));
}

void simulated_mark(struct result *result)
{
    size_t size;
    FILE *text = state.on ? open_memstream(&result->simulated, &size) : NULL;
    if (!text)
        return;
    write_models(text);
    fclose(text);
    result->usable_cpus = cpus_usable();
    result->noise = (struct result_noise){.psi_cpu = -1};
    for (size_t i = 0; i < result->blocks_count; i++)
        result->blocks[i].at_s = result->blocks[i].canary_s = 0;
    for (size_t i = 0; i < result->samples_count; i++)
        result->samples[i].at_s = 0;
}
