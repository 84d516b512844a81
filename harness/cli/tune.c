/* tune: the smallest pool size that is statistically tied with the best, of a case, a plug-in or
 * any command. */
#include "../measure/tune.h"
#include "../analyze/summary.h"
#include "../measure/command.h"
#include "../measure/cpus.h"
#include "../measure/noise.h"
#include "../measure/plugin.h"
#include "../measure/tune_case.h"
#include "commands.h"
#include "forms.h"
#include "progress.h"
#include "record.h"
#include "simulate.h"
#include "tune_answer.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where --max is not given. Tasks that wait want more workers than CPUs, nobody knows how many; of
 * a command nobody knows whether it waits. */
#define MAX_IO 256
#define MAX_COMMAND 32

static const struct param options[] = {
    {.name = "backend",
        .letter = 'b',
        .type = PARAM_TEXT,
        .value = "threads",
        .choices = "LIST",
        .help = "backends to choose from"},
    {.name = "goal",
        .type = PARAM_CHOICE,
        .value = "throughput",
        .choices = "throughput|p99|efficiency",
        .help = "most tasks a second; lowest time that 99 % of tasks take; or most tasks a second "
                "of the sizes that reach --min-efficiency"},
    {.name = "min-efficiency",
        .type = PARAM_REAL,
        .value = "0.8",
        .min = 0.01,
        .max = 1,
        .help = "speedup over 1 worker by workers (cpu cases: by CPUs at most) that a size must "
                "reach, with any goal if given"},
    {.name = "max-mem",
        .type = PARAM_COUNT,
        .min = 1,
        .max = 1e18,
        .choices = "SIZE",
        .help = "leave sizes out that need more memory (PSS of all workers; commands: RSS): 500M"},
    {.name = "within",
        .type = PARAM_PERCENT,
        .value = "2%",
        .min = 0.001,
        .max = 0.5,
        .help = "sizes that cost at most so much more than the best are as good"},
    {.name = "max",
        .type = PARAM_COUNT,
        .min = 1,
        .max = 4096,
        .help =
            "largest size to try (default: 2 x CPUs; io and mixed cases 256; commands 32 or 2 x "
            "CPUs; no more than tasks)"},
    {.name = "budget",
        .type = PARAM_DURATION,
        .value = "60s",
        .help = "time for all of it; 0: as long as it takes"},
    {.name = "blocks",
        .type = PARAM_COUNT,
        .value = "30",
        .min = 2,
        .max = 10000,
        .help = "rounds at most"},
    {.name = "env",
        .type = PARAM_TEXT,
        .choices = "NAME",
        .help = "the command takes its number of workers from this variable"},
    {.name = "jobs",
        .type = PARAM_TEXT,
        .choices = "LINE",
        .help = "instead of a command: a line for sh, with {n}"},
    CLI_CASE_OPTIONS,
    SIMULATE_OPTIONS,
    RECORD_OPTIONS,
    CLI_VERDICT_OPTIONS,
    {0},
};

/* ---- options ---- */

/* Whether what is tuned is a command and not a case. */
static bool is_command(const struct cli *cli)
{
    return cli->words_behind > 0 || param_given(cli->options, "env") ||
           param_given(cli->options, "jobs");
}

static struct tune_options read_options(const struct cli *cli)
{
    const struct param_values *given = cli->options;
    const char *goal = param_text(given, "goal");
    bool efficient = strcmp(goal, "efficiency") == 0 || param_given(given, "min-efficiency");
    return (struct tune_options){
        .goal = strcmp(goal, "p99") == 0 ? TUNE_P99 : TUNE_THROUGHPUT,
        .within = param_real(given, "within"),
        .efficiency_min = efficient ? param_real(given, "min-efficiency") : 0,
        .memory_max = param_given(given, "max-mem") ? param_count(given, "max-mem") : 0,
        .max = param_given(given, "max") ? (unsigned)param_count(given, "max") : 0,
        .cpus = cpus_usable(),
        .blocks_max = (unsigned)param_count(given, "blocks"),
        .budget_s = (double)param_duration(given, "budget") * 1e-9,
        .seed = param_given(given, "seed") ? param_count(given, "seed") : WORKLOAD_SEED,
    };
}

static bool keeps(const struct cli *cli)
{
    return param_given(cli->options, "output") || param_given(cli->options, "label") ||
           param_given(cli->options, "host");
}

/* A result to keep, where one is asked for, or just to measure into. */
static enum status begin(const struct cli *cli, const char *label, struct result **result)
{
    if (keeps(cli))
        return record_begin(cli, label, result);
    *result = result_new("tune");
    (*result)->usable_cpus = cpus_usable();
    return STATUS_DONE;
}

/* ---- measuring and telling ---- */

static void tell_troubles(const struct tune_answer *answer)
{
    const struct tune *tune = &answer->search.goal;
    for (size_t i = 0; i < tune->count; i++) {
        const struct tune_point *trouble =
            tune_trouble(&answer->search, &answer->options, tune->candidates[i].size);
        if (trouble && *trouble->failure)
            cli_fail(answer->cli, STATUS_FAILED, "%s, %u worker%s: %s", answer->subject,
                trouble->size.workers, trouble->size.workers == 1 ? "" : "s", trouble->failure);
    }
}

static bool any_failure(const struct tune_answer *answer)
{
    for (size_t i = 0; i < answer->search.count; i++)
        if (*answer->search.points[i].failure)
            return true;
    for (size_t i = 0; i < answer->result->samples_count; i++)
        if (answer->result->samples[i].errors)
            return true;
    return false;
}

/* Whatever ended it, what was measured is judged, told and kept. */
static enum status conclude(struct tune_answer *answer, enum status status, const char *why)
{
    const struct cli *cli = answer->cli;
    progress_clear();
    if (status && status != STATUS_INTERRUPTED)
        cli_fail(cli, status, "%s", why);
    tell_troubles(answer);
    if (answer->search.count == 0)
        return status;
    simulated_mark(answer->result);
    answer->verdict = verdict_of(answer->result);
    if (answer->search.goal.recommended == TUNE_NONE)
        status = cli_graver(
            status, cli_fail(cli, STATUS_FAILED, "%s: no size could be measured%s", answer->subject,
                        answer->options.memory_max ? " within --max-mem" : ""));
    else
        tune_answer_print(answer);
    cli_print_reasons(cli, &answer->verdict);
    if (any_failure(answer))
        status = cli_graver(status, STATUS_FAILED);
    status = cli_graver(status, cli_strict(cli, &answer->verdict));
    return keeps(cli) ? cli_graver(status, record_save(cli, answer->result)) : status;
}

static enum status search(
    struct tune_answer *answer, const struct tune_source *source, char *why, size_t size)
{
    struct noise_mark before = noise_mark();
    answer->options.progress = progress_hook(answer->subject);
    enum status status = tune_measure(&answer->search, &answer->options, source, why, size);
    answer->result->noise = noise_since(&before);
    answer->result->complete = answer->search.complete;
    return status;
}

/* ---- a case ---- */

static unsigned default_max(const struct workload *workload, unsigned cpus)
{
    bool waits = workload->bench->kind == CASE_IO || workload->bench->kind == CASE_MIXED;
    unsigned max = waits ? MAX_IO : 2 * cpus;
    return workload->run.tasks < max ? (unsigned)workload->run.tasks : max;
}

/* The backends to choose from become the result's first configurations, of 1 worker each. */
static enum status choose_backends(struct tune_answer *answer, const char *backends)
{
    const struct cli_pools pools = {
        .backends = backends, .sizes = "1", .chunk = param_count(answer->cli->options, "chunk")};
    enum status status = cli_configs(answer->cli, answer->result, &pools);
    if (status == STATUS_DONE && summary_serial(answer->result) >= 0)
        status = cli_fail(answer->cli, STATUS_USAGE,
            "serial has no workers to tune; give backends with pools, as -b threads,processes");
    return status;
}

static enum status measure_case(struct tune_answer *answer, struct workload *workload)
{
    struct tune_options *tune = &answer->options;
    unsigned groups = (unsigned)answer->result->configs_count;
    struct result_config *pools = calloc(groups, sizeof *pools);
    char why[1024];
    if (!pools)
        return cli_fail(answer->cli, STATUS_FAILED, "no memory for the backends");
    memcpy(pools, answer->result->configs, groups * sizeof *pools);
    if (!tune->max)
        tune->max = default_max(workload, tune->cpus);
    tune->ideal_cpus = workload->bench->kind == CASE_IO ? 0 : tune->cpus;
    record_case(answer->result, workload);
    struct tune_case source_case = {.workload = workload,
        .result = answer->result,
        .pools = pools,
        .task_times = tune->goal == TUNE_P99,
        .memory = tune->memory_max > 0};
    struct tune_source source;
    enum status status =
        tune_case_begin(&source_case, groups, &answer->search, &source, why, sizeof why);
    answer->pools = pools;
    if (status == STATUS_DONE)
        status = search(answer, &source, why, sizeof why);
    status = conclude(answer, status, why);
    free(pools);
    return status;
}

static enum status tune_a_case(struct tune_answer *answer, const char *backends)
{
    const struct cli *cli = answer->cli;
    struct workload workload;
    char label[RESULT_NAME_MAX];
    if (cli->words_count != 1)
        return cli_fail(cli, STATUS_USAGE,
            "give one case, the path of a plug-in, or a command behind --: poolbench tune -- ./cmd "
            "--threads {n}");
    plugin_label(cli->words[0], label, sizeof label);
    enum status status = begin(cli, label, &answer->result);
    if (status == STATUS_DONE)
        status = choose_backends(answer, backends);
    if (status == STATUS_DONE)
        status = cli_open(cli, &workload, cli->words[0]);
    if (status)
        return status;
    answer->subject = workload.bench->name;
    if (workload.run.tasks == 0)
        status = cli_fail(
            cli, STATUS_USAGE, "%s has no tasks; give their number with -N", answer->subject);
    else
        status = forms_keep(cli, answer->result, workload.bench);
    if (status == STATUS_DONE)
        status = measure_case(answer, &workload);
    workload_close(&workload);
    return status;
}

/* ---- a command ---- */

static bool is_variable(const char *name)
{
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && *at != '_')
            return false;
    return *name && !isdigit((unsigned char)*name);
}

static bool has_mark(const struct command *command)
{
    bool found = command->line && strstr(command->line, COMMAND_MARK);
    for (size_t i = 0; i < command->words_count; i++)
        found |= strstr(command->words[i], COMMAND_MARK) != NULL;
    return found;
}

static enum status read_command(const struct cli *cli, struct command *command)
{
    static const char *const for_cases[] = {
        "backend", "tasks", "chunk", "param", "min-efficiency", "sim", "from-machine", NULL};
    *command = (struct command){.words = cli->words,
        .words_count = (size_t)cli->words_count,
        .line = param_text(cli->options, "jobs"),
        .variable = param_text(cli->options, "env")};
    for (const char *const *name = for_cases; *name; name++)
        if (param_given(cli->options, *name))
            return cli_fail(cli, STATUS_USAGE, "--%s is for cases, not for commands", *name);
    if (strcmp(param_text(cli->options, "goal"), "throughput") != 0)
        return cli_fail(
            cli, STATUS_USAGE, "a command's tasks cannot be seen; its goal is throughput");
    if ((command->line != NULL) == (command->words_count > 0))
        return cli_fail(cli, STATUS_USAGE,
            "give a command behind --, or a line for sh with --jobs, and not both");
    if (command->variable && !is_variable(command->variable))
        return cli_fail(
            cli, STATUS_USAGE, "--env: \"%s\" is not a variable's name", command->variable);
    if (!command->variable && !has_mark(command))
        return cli_fail(cli, STATUS_USAGE,
            "nothing in the command says how many workers; write {n} where their number goes, or "
            "name its variable with --env");
    return STATUS_DONE;
}

static enum status tune_a_command(struct tune_answer *answer, struct command *command)
{
    const struct cli *cli = answer->cli;
    struct tune_options *tune = &answer->options;
    struct tune_source source;
    char why[1024];
    enum status status = read_command(cli, command);
    if (status == STATUS_DONE)
        status = begin(cli, "command", &answer->result);
    if (status)
        return status;
    if (!tune->max)
        tune->max = 2 * tune->cpus > MAX_COMMAND ? 2 * tune->cpus : MAX_COMMAND;
    answer->command = command;
    answer->subject = "command";
    answer->result->seed = tune->seed;
    struct tune_command timed = {
        .command = command, .result = answer->result, .memory = tune->memory_max > 0};
    status = tune_command_begin(&timed, &source, why, sizeof why);
    if (status)
        return cli_fail(cli, status, "%s", why);
    status = conclude(answer, search(answer, &source, why, sizeof why), why);
    tune_command_end(&timed);
    return status;
}

static enum status tune_run(const struct cli *cli)
{
    struct tune_answer answer = {.cli = cli, .search = {.alone_wall_s = NAN, .alone_cpu_s = NAN}};
    struct command command;
    const char *backends = param_text(cli->options, "backend");
    enum status status = is_command(cli) ? STATUS_DONE : simulate_begin(cli, &backends);
    answer.options = read_options(cli); /* knows the CPUs, which may be simulated */
    if (status == STATUS_DONE)
        status =
            is_command(cli) ? tune_a_command(&answer, &command) : tune_a_case(&answer, backends);
    tune_search_free(&answer.search);
    result_free(answer.result);
    simulated_end();
    return status;
}

const struct cli_command command_tune = {
    .name = "tune",
    .words = "CASE | PLUGIN.so | -- COMMAND",
    .summary = "the smallest pool size that is tied with the best",
    .options = options,
    .words_max = 100000,
    .run = tune_run,
};
