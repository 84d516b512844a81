/* sweep: one case over backends and sizes in blocks, into one result file; or a whole profile. */
#include "../measure/sweep.h"
#include "../analyze/summary.h"
#include "../measure/cpus.h"
#include "../measure/whole.h"
#include "../util/interrupt.h"
#include "../util/units.h"
#include "commands.h"
#include "json.h"
#include "profile.h"
#include "progress.h"
#include "record.h"
#include "simulate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_MAX_SECONDS 0.5

static const struct param options[] = {
    {.name = "profile",
        .type = PARAM_CHOICE,
        .choices = PROFILE_NAMES,
        .help = "instead of a case: all that the report needs"},
    {.name = "backend",
        .letter = 'b',
        .type = PARAM_TEXT,
        .value = "threads,processes",
        .choices = "LIST",
        .help = "backends to compare with serial, or all"},
    {.name = "workers",
        .letter = 'n',
        .type = PARAM_LIST,
        .value = "1,2,4",
        .help = "pool sizes; -1: all CPUs"},
    {.name = "split",
        .type = PARAM_TEXT,
        .choices = "PxT",
        .help = "hybrid: P processes of T threads each; all: every split of each size"},
    CLI_CASE_OPTIONS,
    {.name = "blocks",
        .type = PARAM_COUNT,
        .value = "12",
        .min = STAT_PAIRS_MIN,
        .max = 100000,
        .help = "rounds in which serial and every configuration run once"},
    {.name = "budget",
        .type = PARAM_DURATION,
        .help = "begin no block after this time, once there are 6"},
    {.name = "whole",
        .type = PARAM_LIST,
        .help = "also time whole commands with hyperfine, at these sizes"},
    SIMULATE_OPTIONS,
    RECORD_OPTIONS,
    {.name = "json", .type = PARAM_FLAG, .help = "print one JSON object"},
    {.name = "strict", .type = PARAM_FLAG, .help = "exit with 3 when the verdict is REFUSED"},
    {0},
};

static void print_text(const struct result *result, const struct verdict *verdict)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(
        table, "BACKEND\tWORKERS\tSPEEDUP [95 %%]\tEFFICIENCY\tTASKS/S\tSTART\tSTOP\tNOTES");
    for (unsigned i = 0; i < result->configs_count; i++) {
        const struct result_config *config = &result->configs[i];
        struct summary summary = summary_of(result, i);
        char speedup[64], efficiency[32], rate[32], start[32], stop[32], notes[128] = "";
        int length = 0;
        if (summary.errors || summary.lost)
            length = snprintf(notes, sizeof notes, "%" PRIu64 " errors, %" PRIu64 " lost ",
                summary.errors, summary.lost);
        if (summary.wrong || summary.failed)
            length += snprintf(notes + length, sizeof notes - (size_t)length,
                "%zu wrong, %zu failed samples ", summary.wrong, summary.failed);
        if (config->workers > result->usable_cpus)
            snprintf(notes + length, sizeof notes - (size_t)length, "more workers than CPUs");
        cli_table_row(table, "%s\t%u\t%s\t%s\t%s\t%s\t%s\t%s", result_name(config).text,
            config->workers, cli_interval(speedup, sizeof speedup, summary.speedup),
            cli_number(efficiency, sizeof efficiency, summary.efficiency.value),
            units_si(rate, sizeof rate, summary.tasks_per_s.value),
            units_seconds(start, sizeof start, summary.start_s),
            units_seconds(stop, sizeof stop, summary.stop_s), notes);
    }
    simulate_print(result);
    printf("%s: %" PRIu64 " tasks, %zu block%s, %s\n", result->case_name, result->tasks,
        result->blocks_count, result->blocks_count == 1 ? "" : "s", verdict_name(verdict->level));
    cli_table_print(table);
}

static json_t *row_json(const struct result *result, unsigned i)
{
    const struct result_config *config = &result->configs[i];
    struct summary summary = summary_of(result, i);
    json_t *object = json_pack("{s:s, s:i, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "backend",
        config->backend, "workers", (int)config->workers, "chunk", (json_int_t)config->chunk,
        "speedup", json_interval(summary.speedup), "efficiency", json_interval(summary.efficiency),
        "tasks_per_s", json_interval(summary.tasks_per_s), "start_s", json_number(summary.start_s),
        "stop_s", json_number(summary.stop_s), "errors", (json_int_t)summary.errors, "lost",
        (json_int_t)summary.lost);
    json_set_split(object, config);
    return object;
}

static void print_json(const struct result *result, const struct verdict *verdict)
{
    json_t *rows = json_array();
    for (unsigned i = 0; i < result->configs_count; i++)
        json_array_append_new(rows, row_json(result, i));
    json_t *root = json_pack("{s:s, s:s, s:I, s:I, s:b, s:o}", "schema", "poolbench/sweep/v1",
        "case", result->case_name, "tasks", (json_int_t)result->tasks, "blocks",
        (json_int_t)result->blocks_count, "complete", result->complete, "rows", rows);
    json_set_simulated(root, result);
    json_set_verdict(root, verdict);
    json_print(root);
}

/* The configurations with the sizes of --whole, serial included, as commands. */
static void add_commands(const struct cli *cli, struct result *result)
{
    int64_t *sizes;
    int count = units_parse_list(param_text(cli->options, "whole"), &sizes);
    unsigned *configs = calloc(result->configs_count, sizeof *configs), n = 0;
    for (unsigned i = 0; configs && i < result->configs_count; i++) {
        bool wanted = strcmp(result->configs[i].backend, "serial") == 0;
        for (int j = 0; j < count; j++)
            wanted |= cpus_workers(sizes[j]) == result->configs[i].workers;
        if (wanted)
            configs[n++] = i;
    }
    whole_add_commands(result, configs, n, cli->options);
    free(configs);
    free(sizes);
}

static bool has_size(const struct result *result, int64_t size)
{
    for (size_t i = 0; i < result->configs_count; i++)
        if (result->configs[i].workers == cpus_workers(size) &&
            strcmp(result->configs[i].backend, "serial") != 0)
            return true;
    return false;
}

/* Better told now than after minutes of measuring. */
static enum status check_whole(const struct cli *cli, const struct result *result)
{
    char why[256];
    int64_t *sizes, missing = 0;
    if (!param_given(cli->options, "whole"))
        return STATUS_DONE;
    int count = units_parse_list(param_text(cli->options, "whole"), &sizes);
    for (int i = count; i-- > 0;)
        if (!has_size(result, sizes[i]))
            missing = sizes[i];
    bool all = count > 0 && missing == 0 && has_size(result, sizes[0]);
    free(sizes);
    if (!all)
        return cli_fail(cli, STATUS_USAGE,
            "--whole asks for %" PRId64 " workers, which -n does not; add it there", missing);
    enum status status = whole_check(why, sizeof why);
    return status ? cli_fail(cli, status, "%s", why) : STATUS_DONE;
}

static enum status measure_whole(const struct cli *cli, struct result *result)
{
    char why[512];
    add_commands(cli, result);
    enum status status = whole_measure(result, (unsigned)result->blocks_count, why, sizeof why);
    if (status != STATUS_DONE)
        result->complete = false;
    if (status != STATUS_DONE && status != STATUS_INTERRUPTED)
        return cli_fail(cli, status, "%s", why);
    for (unsigned i = 0; i < result->commands_count; i++) {
        size_t failed;
        summary_command(result, i, &failed);
        if (failed)
            status = cli_graver(
                status, cli_fail(cli, STATUS_FAILED, "%zu of %zu runs failed: %s", failed,
                            result->runs_count / result->commands_count, result->commands[i].text));
    }
    return status;
}

static enum status measure(const struct cli *cli, struct workload *workload, struct result *result)
{
    const struct sweep_options sweep = {
        .blocks = (unsigned)param_count(cli->options, "blocks"),
        .budget_s = (double)param_duration(cli->options, "budget") * 1e-9,
        .serial_max_s = SERIAL_MAX_SECONDS,
        .progress = progress_hook(result->label),
    };
    enum status status = check_whole(cli, result);
    record_case(result, workload);
    if (status == STATUS_DONE && sweep_measure(workload, &sweep, result))
        return STATUS_INTERRUPTED;
    return status;
}

/* The result file is written whatever happened, as long as a block was begun. */
static enum status conclude(const struct cli *cli, struct result *result, enum status status)
{
    progress_clear();
    simulated_mark(result);
    if (result->samples_count == 0)
        return status;
    struct verdict verdict = verdict_of(result);
    if (param_flag(cli->options, "json"))
        print_json(result, &verdict);
    else
        print_text(result, &verdict);
    cli_print_reasons(cli, &verdict);
    for (unsigned i = 0; i < result->configs_count; i++) {
        struct summary summary = summary_of(result, i);
        if (summary.wrong || summary.failed || summary.lost || summary.errors)
            status = cli_graver(status, STATUS_FAILED);
    }
    if (verdict.level == VERDICT_REFUSED && param_flag(cli->options, "strict"))
        status = cli_graver(status, STATUS_REFUSED);
    return cli_graver(status, record_save(cli, result));
}

static enum status sweep_case(const struct cli *cli, const char *name)
{
    struct workload workload;
    struct result *result;
    const char *backends = param_text(cli->options, "backend");
    enum status status = simulate_begin(cli, &backends);
    if (status == STATUS_DONE)
        status = record_begin(cli, name, &result);
    if (status) {
        simulated_end();
        return status;
    }
    const struct cli_pools pools = {.backends = backends,
        .sizes = param_given(cli->options, "workers") ? param_text(cli->options, "workers") : NULL,
        .usual_sizes = param_text(cli->options, "workers"),
        .split = param_text(cli->options, "split"),
        .chunk = param_count(cli->options, "chunk"),
        .with_serial = true};
    status = cli_configs(cli, result, &pools);
    if (status == STATUS_DONE)
        status = cli_open(cli, &workload, name);
    if (status == STATUS_DONE) {
        status = measure(cli, &workload, result);
        workload_close(&workload);
        if (status == STATUS_DONE && param_given(cli->options, "whole"))
            status = measure_whole(cli, result);
        status = conclude(cli, result, status);
    }
    result_free(result);
    simulated_end();
    return status;
}

static enum status sweep_run(const struct cli *cli)
{
    const char *profile = param_text(cli->options, "profile");
    if ((profile == NULL) == (cli->words_count == 0))
        return cli_fail(cli, STATUS_USAGE, "give a case or --profile, and not both");
    for (const struct param *option = options; profile && option->name; option++)
        if (param_given(cli->options, option->name) && strcmp(option->name, "profile") != 0 &&
            strcmp(option->name, "host") != 0)
            return cli_fail(
                cli, STATUS_USAGE, "--%s does not go with --profile, which sets it", option->name);
    return profile ? profile_run(cli, profile) : sweep_case(cli, cli->words[0]);
}

const struct cli_command command_sweep = {
    .name = "sweep",
    .words = "CASE | --profile NAME",
    .summary = "measure a case on several backends and sizes against serial, in blocks",
    .options = options,
    .words_max = 1,
    .run = sweep_run,
};
