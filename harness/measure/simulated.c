/* Samples in virtual time. */
#include "simulated.h"

#include "../pool/backend.h"
#include "../sim/simulate.h"
#include "../util/hash.h"
#include "../util/interrupt.h"
#include "costs.h"
#include "cpus.h"
#include "lengths.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODELS_MAX 16
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

static int make_tasks(
    struct workload *workload, const struct sim_model *model, char *why, size_t size)
{
    struct simulated_tasks *made = calloc(1, sizeof *made);
    const struct lengths_request request = {
        .model = model, .seed = state.seed, .timed = state.from_machine};
    if (!made) {
        snprintf(why, size, "no memory to simulate a workload");
        return -1;
    }
    if (lengths_make(&made->tasks, &made->ran, workload, &request, why, size)) {
        free(made);
        return -1;
    }
    workload->simulated = made;
    return 0;
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
    double factor = exp(noise * hash_normal(state.seed, state.samples++)) * 1e-9;
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
    uint64_t stride = tap_stride(spec->tasks);
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
