/* run: one case, one backend, one size. One region is timed as it comes, without warm-up, so that
 * a whole-command time and this one speak of the same; --vs adds paired blocks. */
#include "../analyze/summary.h"
#include "../analyze/verdict.h"
#include "../measure/cpus.h"
#include "../measure/noise.h"
#include "../measure/registry.h"
#include "../measure/runner.h"
#include "../measure/sweep.h"
#include "../pool/backend.h"
#include "../util/units.h"
#include "commands.h"
#include "forms.h"
#include "json.h"
#include "progress.h"
#include "simulate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAILURES_SHOWN 10

static const struct param options[] = {
    {.name = "backend",
        .letter = 'b',
        .type = PARAM_TEXT,
        .value = "threads",
        .choices = "NAME",
        .help = "how to run the tasks"},
    {.name = "workers",
        .letter = 'n',
        .type = PARAM_LIST,
        .choices = "N",
        .help = "the pool's size; -1: all CPUs, -2: one less (default all CPUs; serial: 1)"},
    {.name = "split",
        .type = PARAM_TEXT,
        .choices = "PxT",
        .help = "hybrid: P processes of T threads each, which make up the pool's size"},
    {.name = "switch-interval",
        .type = PARAM_DURATION,
        .value = "5ms",
        .min = 1e3,
        .max = 60e9,
        .help = "gil: how long a worker waits before it asks for the lock, 1us to 60s"},
    CLI_CASE_OPTIONS,
    {.name = "vs",
        .type = PARAM_CHOICE,
        .choices = "serial",
        .help = "also measure the speedup against serial, in paired blocks"},
    {.name = "blocks",
        .type = PARAM_COUNT,
        .value = "12",
        .min = STAT_PAIRS_MIN,
        .max = 10000,
        .help = "blocks for --vs"},
    {.name = "timeout",
        .type = PARAM_DURATION,
        .min = 1e6,
        .max = 1e18,
        .help =
            "a task that runs for longer is given up: its process is killed, its thread reported"},
    {.name = "retries",
        .type = PARAM_COUNT,
        .value = "0",
        .max = 1e6,
        .help = "how often a task is run again that fails, kills its worker or runs out of time"},
    SIMULATE_OPTIONS,
    CLI_VERDICT_OPTIONS,
    {0},
};

struct run {
    const struct cli *cli;
    struct workload workload;
    struct result *result; /* the sample, and the blocks of --vs */
    unsigned config;       /* of what was asked for */
    struct result_sample sample;
    struct runner_detail detail;
    struct verdict verdict;
    char answer[256];
};

static double tasks_per_second(const struct result_sample *sample)
{
    return sample->wall_s > 0 ? (double)sample->tasks / sample->wall_s : 0;
}

static uint64_t failures_count(const struct run *run)
{
    const struct arena *arena = &run->workload.arena;
    uint64_t failed = atomic_load_explicit(arena->failed, memory_order_relaxed);
    return failed < arena->failures_max ? failed : arena->failures_max;
}

static int by_index(const void *left, const void *right)
{
    const struct task_failure *a = left, *b = right;
    return (a->index > b->index) - (a->index < b->index);
}

static json_t *failures_json(const struct run *run)
{
    json_t *list = json_array();
    for (uint64_t i = 0; i < failures_count(run); i++) {
        const struct task_failure *failure = &run->workload.arena.failures[i];
        char name[512];
        workload_task_name(&run->workload, failure->index, name, sizeof name);
        json_array_append_new(
            list, json_pack("{s:I, s:o, s:o, s:i}", "index", (json_int_t)failure->index, "name",
                      json_text(name), "cause", json_text(failure->message), "worker",
                      (int)failure->worker));
    }
    return list;
}

static json_t *task_times_json(const struct run *run)
{
    json_t *object = json_object();
    const double *times = run->detail.task_times;
    size_t n = run->detail.task_times_count;
    json_object_set_new(object, "p50", n ? json_real(stat_quantile(times, n, 0.5)) : json_null());
    json_object_set_new(object, "p99", n ? json_real(stat_quantile(times, n, 0.99)) : json_null());
    return object;
}

static json_t *speedup_json(const struct run *run)
{
    return json_interval(summary_of(run->result, run->config).speedup);
}

static void print_json(const struct run *run)
{
    const struct result_sample *sample = &run->sample;
    const struct result_config *config = &run->result->configs[run->config];
    char checksum[24];
    snprintf(checksum, sizeof checksum, "0x%016" PRIx64, sample->checksum);
    json_t *root = json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:f, s:f, s:f, s:f, s:f}", "schema",
        "poolbench/run/v1", "case", run->workload.bench->name, "backend", config->backend,
        "workers", (int)config->workers, "tasks", (json_int_t)sample->tasks, "chunk",
        (json_int_t)config->chunk, "wall_s", sample->wall_s, "start_s", sample->start_s, "stop_s",
        sample->stop_s, "cpu_s", sample->cpu_s, "tasks_per_s", tasks_per_second(sample));
    json_set_split(root, config);
    json_object_set_new(root, "task_s", task_times_json(run));
    json_t *counts = json_pack("{s:I, s:I, s:I, s:I, s:I, s:i, s:s}", "peak_memory",
        (json_int_t)sample->peak_memory, "ok", (json_int_t)sample->ok, "errors",
        (json_int_t)sample->errors, "lost", (json_int_t)sample->lost, "timeout",
        (json_int_t)sample->timeout, "cancelled", 0, "checksum", checksum);
    json_object_update(root, counts);
    json_decref(counts);
    if (*run->answer)
        json_object_set_new(root, "result", json_text(run->answer));
    json_object_set_new(root, "failures", failures_json(run));
    if (param_given(run->cli->options, "vs"))
        json_object_set_new(root, "speedup", speedup_json(run));
    if (run->detail.pids) {
        json_t *pids = json_array();
        for (unsigned i = 0; i < config->workers; i++)
            json_array_append_new(pids, json_integer(run->detail.pids[i]));
        json_object_set_new(root, "pids", pids);
    }
    json_set_simulated(root, run->result);
    json_set_verdict(root, &run->verdict);
    json_print(root);
}

static void print_text(const struct run *run)
{
    const struct result_sample *sample = &run->sample;
    const struct result_config *config = &run->result->configs[run->config];
    char wall[32], start[32], stop[32], rate[32];
    simulate_print(run->result);
    printf("%s on %s, %u worker%s: %" PRIu64 " tasks in %s (%s/s; start %s, stop %s)",
        run->workload.bench->name, result_name(config).text, config->workers,
        config->workers == 1 ? "" : "s", sample->tasks,
        units_seconds(wall, sizeof wall, sample->wall_s),
        units_si(rate, sizeof rate, tasks_per_second(sample)),
        units_seconds(start, sizeof start, sample->start_s),
        units_seconds(stop, sizeof stop, sample->stop_s));
    if (sample->errors || sample->lost || sample->timeout)
        printf("; %" PRIu64 " ok, %" PRIu64 " errors, %" PRIu64 " lost, %" PRIu64 " timeout",
            sample->ok, sample->errors, sample->lost, sample->timeout);
    if (*run->answer)
        printf("; result %s", run->answer);
    if (param_given(run->cli->options, "vs")) {
        char text[64];
        struct interval speedup = summary_of(run->result, run->config).speedup;
        printf("; speedup %s against serial", cli_interval(text, sizeof text, speedup));
    }
    printf("; %s\n", verdict_name(run->verdict.level));
}

static void print_messages(const struct run *run)
{
    uint64_t count = failures_count(run);
    for (uint64_t i = 0; i < count && i < FAILURES_SHOWN; i++) {
        const struct task_failure *failure = &run->workload.arena.failures[i];
        fprintf(stderr, "poolbench run: task %" PRIu64 ": %s\n", failure->index, failure->message);
    }
    if (count > FAILURES_SHOWN)
        fprintf(stderr, "poolbench run: ... and %" PRIu64 " more; --json lists them\n",
            count - FAILURES_SHOWN);
    cli_print_reasons(run->cli, &run->verdict);
}

/* ns; 0: none. */
static double timeout_of(const struct run *run)
{
    return param_given(run->cli->options, "timeout")
               ? (double)param_duration(run->cli->options, "timeout")
               : 0;
}

/* Starting many workers takes seconds, as the tasks may. */
static void tell_waiting(const struct runner_spec *spec, double seconds)
{
    char what[128];
    snprintf(what, sizeof what, "%s, %u worker%s, %" PRIu64 " task%s", spec->ops->name,
        spec->workers, spec->workers == 1 ? "" : "s", spec->tasks, spec->tasks == 1 ? "" : "s");
    progress_wait(what, seconds);
}

/* The one region that run is about; its results stay in the arena. */
static enum status take_sample(struct run *run)
{
    const struct result_config *config = &run->result->configs[run->config];
    const struct runner_spec spec = {
        .ops = registry_backend(config->backend),
        .workers = config->workers,
        .threads_each = split_threads(config->split),
        .switch_interval_s = (double)param_duration(run->cli->options, "switch-interval") * 1e-9,
        .chunk = config->chunk,
        .tasks = run->workload.run.tasks,
        .memory = true,
        .task_times = param_flag(run->cli->options, "json"),
        .task_timeout_s = timeout_of(run) * 1e-9,
        .task_retries = (unsigned)param_count(run->cli->options, "retries"),
        .waiting = tell_waiting,
    };
    run->sample = (struct result_sample){.config = run->config};
    int interrupted = runner_sample(&run->workload, &spec, &run->sample, &run->detail);
    progress_clear();
    if (interrupted)
        return STATUS_INTERRUPTED;
    if (*run->sample.failure)
        return cli_fail(run->cli, STATUS_FAILED, "%s", run->sample.failure);
    char why[256];
    if (workload_verify(&run->workload, why, sizeof why))
        return cli_fail(run->cli, STATUS_FAILED, "wrong result: %s", why);
    workload_answer(&run->workload, run->answer, sizeof run->answer);
    qsort(run->workload.arena.failures, failures_count(run), sizeof(struct task_failure), by_index);
    return STATUS_DONE;
}

static enum status judge(struct run *run)
{
    const struct result_sample *sample = &run->sample;
    bool sound = !sample->errors && !sample->lost && !sample->timeout && !sample->checksum_wrong;
    enum status status = sound ? STATUS_DONE : STATUS_FAILED;
    for (size_t i = 0; i < run->result->samples_count; i++)
        if (run->result->samples[i].checksum_wrong || *run->result->samples[i].failure)
            status = STATUS_FAILED;
    return cli_graver(status, cli_strict(run->cli, &run->verdict));
}

/* What was asked for, alone: its sample is the whole result. */
static enum status measure_alone(struct run *run)
{
    struct noise_mark before = noise_mark();
    enum status status = take_sample(run);
    run->result->noise = noise_since(&before);
    run->result->tasks = run->workload.run.tasks;
    result_add_sample(run->result, &run->sample);
    return status;
}

/* The blocks first, because the arena is to hold the sample's results afterwards. */
static enum status measure_against_serial(struct run *run)
{
    const struct sweep_options sweep = {
        .blocks = (unsigned)param_count(run->cli->options, "blocks"), .serial_max_s = 0.5};
    if (sweep_measure(&run->workload, &sweep, run->result))
        return STATUS_INTERRUPTED;
    return take_sample(run);
}

static enum status measure(struct run *run)
{
    enum status status =
        param_given(run->cli->options, "vs") ? measure_against_serial(run) : measure_alone(run);
    if (status)
        return status;
    simulated_mark(run->result);
    run->verdict = verdict_of(run->result);
    if (param_flag(run->cli->options, "json"))
        print_json(run);
    else
        print_text(run);
    print_messages(run);
    return judge(run);
}

/* Fills in the configuration asked for, behind serial where --vs needs it. */
static enum status configure(struct run *run)
{
    const struct param_values *given = run->cli->options;
    const char *backend = param_text(given, "backend"), *workers = param_text(given, "workers");
    enum status status = simulate_begin(run->cli, &backend);
    if (status)
        return status;
    bool serial = strcmp(backend, "serial") == 0;
    bool with_serial = param_given(given, "vs") && !serial;
    if (param_given(given, "vs") &&
        (param_given(given, "timeout") || param_given(given, "retries")))
        return cli_fail(run->cli, STATUS_USAGE,
            "--vs compares whole work; leave --timeout and --retries out, or run without it");
    if (param_given(given, "switch-interval") && strcmp(backend, "gil") != 0)
        return cli_fail(run->cli, STATUS_USAGE, "--switch-interval is for gil alone; add -b gil");
    const struct cli_pools pools = {.backends = backend,
        .sizes = workers,
        .usual_sizes = serial ? "1" : "-1",
        .split = param_text(given, "split"),
        .chunk = param_count(given, "chunk"),
        .with_serial = with_serial};
    if (pools.split && strcmp(pools.split, "all") == 0)
        return cli_fail(
            run->cli, STATUS_USAGE, "run takes one split; `poolbench sweep` takes all of them");
    status = cli_configs(run->cli, run->result, &pools);
    if (status)
        return status;
    run->config = (unsigned)run->result->configs_count - 1;
    if (run->config != with_serial)
        return cli_fail(run->cli, STATUS_USAGE,
            "run takes one backend and one size; `poolbench sweep` takes several");
    return STATUS_DONE;
}

static enum status run_run(const struct cli *cli)
{
    struct run run = {.cli = cli, .result = result_new("run")};
    enum status status = configure(&run);
    if (status == STATUS_DONE)
        status = cli_open(cli, &run.workload, cli->words[0]);
    if (status == STATUS_DONE) {
        run.result->seed = run.workload.run.seed;
        run.result->usable_cpus = cpus_usable();
        status = forms_keep(cli, run.result, run.workload.bench);
        if (status == STATUS_DONE)
            status = measure(&run);
        workload_close(&run.workload);
    }
    free(run.detail.pids);
    result_free(run.result);
    simulated_end();
    return status;
}

const struct cli_command command_run = {
    .name = "run",
    .words = "CASE",
    .summary = "run one case on one backend with one pool size",
    .options = options,
    .words_min = 1,
    .words_max = 1,
    .run = run_run,
};
