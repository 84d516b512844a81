/* Two tables: the keys that a user may give, and the backends with what is usual for them. The
 * usual costs were measured on one virtual machine with 2 CPUs (docs/sim.md has the command); they
 * are of the right order of magnitude elsewhere, and no more than that. */
#include "model.h"

#include "../util/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1e9
#define SPREADS "constant|uniform|exponential|lognormal|pareto"

#define COST(key, text)                                                                            \
    {                                                                                              \
        .name = (key), .type = PARAM_DURATION, .min = 0, .max = SECOND, .help = (text)             \
    }
#define SHARE(key, text)                                                                           \
    {                                                                                              \
        .name = (key), .type = PARAM_REAL, .min = 0, .max = 1, .help = (text)                      \
    }

const struct param model_params[] = {
    {.name = "as",
        .type = PARAM_TEXT,
        .choices = "BACKEND",
        .help = "what the backend sim stands for (default threads)"},
    {.name = "cores", .type = PARAM_COUNT, .min = 1, .max = 65536, .help = "cores (default 16)"},
    COST("call", "CPU of a task's call, in the serial loop too"),
    COST("dispatch", "CPU that the pool adds to each task"),
    COST("claim", "CPU of claiming a chunk; one at a time where the pool has one queue"),
    COST("steal", "CPU of taking tasks from another worker"),
    COST("resume", "CPU of waking from a blocking stretch, in the serial loop too"),
    COST("region", "a region's own cost"),
    COST("wake", "until the first sleeping worker has begun"),
    COST("wake-each", "how much later each further worker begins"),
    COST("start", "starting a worker"),
    COST("start-pool", "starting a pool, whatever its size"),
    COST("stop", "stopping a worker"),
    COST("stop-pool", "stopping a pool, whatever its size"),
    {.name = "quantum",
        .type = PARAM_DURATION,
        .min = 1e3,
        .max = SECOND,
        .help = "how long a worker keeps a core that others wait for (default 3ms)"},
    {.name = "interval",
        .type = PARAM_DURATION,
        .min = 1e3,
        .max = SECOND,
        .help = "how long a worker keeps the interpreter lock of gil (default 5ms)"},
    COST("change", "CPU of a worker's turn on a core after another's"),
    SHARE("critical", "share of a task's CPU time under a lock that all tasks share"),
    SHARE("coherence", "share by which that grows with each other worker"),
    SHARE("memory", "share of a core's memory demand that a task has"),
    {.name = "bandwidth",
        .type = PARAM_REAL,
        .min = 0,
        .max = 1e6,
        .help = "how many such full demands the memory serves (default: any number)"},
    SHARE("noise", "standard deviation of ln(time) from sample to sample"),
    {.name = "task",
        .type = PARAM_DURATION,
        .min = 0,
        .max = 3600 * SECOND,
        .help = "mean length of a task (default: what the case says)"},
    {.name = "spread",
        .type = PARAM_CHOICE,
        .value = "constant",
        .choices = SPREADS,
        .help = "how lengths spread around task"},
    {.name = "shape",
        .type = PARAM_REAL,
        .min = 0.01,
        .max = 100,
        .help = "of lognormal: deviation of the logarithm; of pareto: exponent (default 1 and 2)"},
    SHARE("blocking", "share of task that blocks instead of computing"),
    {.name = NULL},
};

static const char *const spreads[] = {[LENGTH_CONSTANT] = "constant",
    [LENGTH_UNIFORM] = "uniform",
    [LENGTH_EXPONENTIAL] = "exponential",
    [LENGTH_LOGNORMAL] = "lognormal",
    [LENGTH_PARETO] = "pareto"};

/* Where the numbers of model_params go. */
static const struct {
    const char *key;
    size_t offset;
} numbers[] = {
    {"call", offsetof(struct sim_model, call)},
    {"dispatch", offsetof(struct sim_model, dispatch)},
    {"claim", offsetof(struct sim_model, claim)},
    {"steal", offsetof(struct sim_model, steal)},
    {"resume", offsetof(struct sim_model, resume)},
    {"region", offsetof(struct sim_model, region)},
    {"wake", offsetof(struct sim_model, wake)},
    {"wake-each", offsetof(struct sim_model, wake_each)},
    {"start", offsetof(struct sim_model, start)},
    {"start-pool", offsetof(struct sim_model, start_pool)},
    {"stop", offsetof(struct sim_model, stop)},
    {"stop-pool", offsetof(struct sim_model, stop_pool)},
    {"quantum", offsetof(struct sim_model, quantum)},
    {"interval", offsetof(struct sim_model, interval)},
    {"change", offsetof(struct sim_model, change)},
    {"critical", offsetof(struct sim_model, critical)},
    {"coherence", offsetof(struct sim_model, coherence)},
    {"memory", offsetof(struct sim_model, memory)},
    {"bandwidth", offsetof(struct sim_model, bandwidth)},
    {"noise", offsetof(struct sim_model, noise)},
    {"task", offsetof(struct sim_model, task)},
    {"shape", offsetof(struct sim_model, shape)},
    {"blocking", offsetof(struct sim_model, blocking)},
};
#define NUMBERS (sizeof numbers / sizeof *numbers)

#define USUAL                                                                                      \
    .cores = 16, .call = 2, .resume = 19e3, .quantum = 3e6, .interval = 5e6, .change = 1500
#define WAKING .wake = 20e3, .wake_each = 8e3
#define STARTING .start = 35e3, .start_pool = 150e3, .stop = 35e3
#define THREADS                                                                                    \
    USUAL, WAKING, STARTING, .caller_works = true, .dispatch = 0.3, .claim = 6, .steal = 80,       \
                             .region = 80
#define PROCESSES                                                                                  \
    USUAL, WAKING, .share = SIM_STEAL, .dispatch = 0.3, .claim = 8, .steal = 80, .region = 350,    \
                   .start = 350e3, .start_pool = 450e3, .stop = 280e3, .stop_pool = 440e3
#define EACH USUAL, .share = SIM_QUEUE, .chunk_of_one = true, .region = 200

static const struct sim_model usual[] = {
    {.as = "threads", .share = SIM_STEAL, THREADS},
    {.as = "processes", PROCESSES},
    {.as = "spawn", PROCESSES},
    {.as = "hybrid", PROCESSES},
    {.as = "gil", .share = SIM_STEAL, THREADS, .one_at_a_time = true},
    {.as = "openmp", .share = SIM_QUEUE, THREADS},
    {.as = "openmp-static", .share = SIM_STATIC, THREADS},
    {.as = "queue",
        USUAL,
        WAKING,
        STARTING,
        .share = SIM_QUEUE,
        .dispatch = 0.3,
        .claim = 60,
        .region = 5e3},
    {.as = "thread-per-task", EACH, .claim = 35e3},
    {.as = "process-per-task", EACH, .claim = 600e3},
};
#define USUAL_COUNT (sizeof usual / sizeof *usual)

static const struct sim_model *usual_of(const char *backend)
{
    for (size_t i = 0; i < USUAL_COUNT; i++)
        if (strcmp(usual[i].as, backend) == 0)
            return &usual[i];
    return NULL;
}

bool model_knows(const char *backend)
{
    return usual_of(backend) != NULL;
}

static void name_all(char *text, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < USUAL_COUNT && length < size; i++)
        length +=
            (size_t)snprintf(text + length, size - length, "%s%s", i ? ", " : "", usual[i].as);
}

/* With what a duration has below a nanosecond. */
static double number_of(const struct param_values *given, const char *key)
{
    double ns = 0;
    if (param_find(model_params, key)->type != PARAM_DURATION)
        return param_real(given, key);
    units_parse_nanoseconds(param_text(given, key), &ns); /* param_set has taken it */
    return ns;
}

static void set_given(struct sim_model *model, const struct param_values *given)
{
    for (size_t i = 0; i < NUMBERS; i++)
        if (param_given(given, numbers[i].key))
            *(double *)(void *)((char *)model + numbers[i].offset) =
                number_of(given, numbers[i].key);
    if (param_given(given, "cores"))
        model->cores = (unsigned)param_count(given, "cores");
    model->spread = LENGTH_CONSTANT;
    while (strcmp(spreads[model->spread], param_text(given, "spread")) != 0)
        model->spread++;
}

static int check(const struct sim_model *model, char *why, size_t size)
{
    if (model->spread == LENGTH_PARETO && model->shape <= 1) {
        snprintf(
            why, size, "shape=%g: pareto lengths have no mean; give a shape above 1", model->shape);
        return -1;
    }
    if (model->task <= 0 && (model->blocking > 0 || model->spread != LENGTH_CONSTANT)) {
        snprintf(
            why, size, "blocking and spread are of tasks whose length is given; add task=TIME");
        return -1;
    }
    return 0;
}

int model_give(struct sim_model *model, const struct param_values *given, char *why, size_t size)
{
    set_given(model, given);
    if (model->shape <= 0)
        model->shape = model->spread == LENGTH_PARETO ? 2 : 1;
    return check(model, why, size);
}

int model_make(struct sim_model *model, const char *backend, const struct param_values *given,
    char *why, size_t size)
{
    char names[256];
    const struct sim_model *known = usual_of(backend);
    if (!known) {
        name_all(names, sizeof names);
        snprintf(why, size, "backend %s cannot be simulated; there are %s", backend, names);
        return -1;
    }
    *model = *known;
    return given ? model_give(model, given, why, size) : 0;
}

/* One "key=value" of the text. */
static int read_pair(
    struct param_values *values, const char *pair, size_t length, char *why, size_t size)
{
    char name[32], value[64], reason[512];
    size_t split = strcspn(pair, "=");
    if (split == 0 || split >= length || split >= sizeof name ||
        length - split - 1 >= sizeof value) {
        snprintf(why, size, "\"%.*s\" is not of the form KEY=VALUE", (int)length, pair);
        return -1;
    }
    snprintf(name, sizeof name, "%.*s", (int)split, pair);
    snprintf(value, sizeof value, "%.*s", (int)(length - split - 1), pair + split + 1);
    if (param_set(values, name, value, reason, sizeof reason) == 0)
        return 0;
    snprintf(why, size, "%s", reason);
    return -1;
}

int model_read(struct param_values *values, const char *text, char *why, size_t size)
{
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        if (read_pair(values, at, length, why, size))
            return -1;
        at += length;
        if (*at == '\0')
            return 0;
    }
}

/* Behind the point, for four digits in all. */
static int digits_of(double value)
{
    int digits = 3 - (int)floor(log10(value));
    return digits < 0 ? 0 : digits;
}

const char *model_write(const struct sim_model *model, char *text, size_t size)
{
    int length = snprintf(text, size, "as=%s,cores=%u", model->as, model->cores);
    for (size_t i = 0; i < NUMBERS && (size_t)length < size; i++) {
        double value = *(const double *)(const void *)((const char *)model + numbers[i].offset);
        bool duration = param_find(model_params, numbers[i].key)->type == PARAM_DURATION;
        bool of_spread = numbers[i].offset == offsetof(struct sim_model, shape);
        if (value != 0 && !(of_spread && model->spread == LENGTH_CONSTANT))
            length += snprintf(text + length, size - (size_t)length, ",%s=%.*f%s", numbers[i].key,
                digits_of(value), value, duration ? "ns" : "");
    }
    if (model->spread != LENGTH_CONSTANT && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, ",spread=%s", spreads[model->spread]);
    return text;
}
