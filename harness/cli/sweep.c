/* sweep: one case over backends and sizes in blocks, into one result file; or a whole profile. */
#include "../measure/sweep.h"
#include "../analyze/summary.h"
#include "../measure/cpus.h"
#include "../measure/hyperfine.h"
#include "../measure/plugin.h"
#include "../measure/whole.h"
#include "../util/interrupt.h"
#include "../util/units.h"
#include "commands.h"
#include "forms.h"
#include "outcome.h"
#include "profile.h"
#include "progress.h"
#include "record.h"
#include "simulate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_MAX_SECONDS 0.5
#define HALF_WIDTH 0.05 /* of --quick, where none is given */

static const struct param options[] = {
    {.name = "profile",
        .type = PARAM_CHOICE,
        .choices = PROFILE_NAMES,
        .help = "instead of a case: all that the report needs"},
    CLI_POOLS_OPTIONS("1,2,4"),
    CLI_CASE_OPTIONS,
    {.name = "blocks",
        .type = PARAM_COUNT,
        .value = "12",
        .min = STAT_PAIRS_MIN,
        .max = 100000,
        .help = "rounds in which serial and every configuration run once"},
    {.name = "half-width",
        .type = PARAM_PERCENT,
        .min = 0.0001,
        .max = 1,
        .help = "instead: a pilot, then as many blocks as make every speedup this sure"},
    {.name = "quick",
        .type = PARAM_FLAG,
        .help = "without a pilot: look after 8, 16, ... 128 blocks (at 5% if none is given)"},
    {.name = "budget",
        .type = PARAM_DURATION,
        .help = "begin no block after this time, once there are 6 that count (--quick: 8)"},
    {.name = "whole",
        .type = PARAM_LIST,
        .help = "also time whole commands with hyperfine, at these sizes"},
    SIMULATE_OPTIONS,
    RECORD_OPTIONS,
    CLI_VERDICT_OPTIONS,
    {0},
};

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
    whole_add_commands(result, cli->words[0], configs, n, cli->options);
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
    enum status status = hyperfine_check(why, sizeof why);
    return status ? cli_fail(cli, status, "%s", why) : STATUS_DONE;
}

static enum status measure_whole(const struct cli *cli, struct result *result)
{
    char why[512];
    add_commands(cli, result);
    enum status status = whole_measure(result, (unsigned)summary_blocks(result), why, sizeof why);
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

/* How long to go on, by the options. */
static struct sweep_options plan(const struct cli *cli)
{
    struct sweep_options sweep = {
        .blocks = (unsigned)param_count(cli->options, "blocks"),
        .mode = STOPPING_FIXED,
        .budget_s = (double)param_duration(cli->options, "budget") * 1e-9,
        .serial_max_s = SERIAL_MAX_SECONDS,
    };
    bool asked = param_given(cli->options, "half-width");
    if (asked || param_flag(cli->options, "quick")) {
        sweep.mode = param_flag(cli->options, "quick") ? STOPPING_QUICK : STOPPING_PILOT;
        sweep.half_width = asked ? param_real(cli->options, "half-width") : HALF_WIDTH;
    }
    return sweep;
}

static enum status measure(const struct cli *cli, struct workload *workload, struct result *result)
{
    struct sweep_options sweep = plan(cli);
    sweep.progress = progress_hook(result->label);
    progress_goal(sweep.half_width, sweep.budget_s);
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
    struct outcome outcome = {.result = result,
        .verdict = verdict_of(result),
        .family = family_of(result),
        .half_width = plan(cli).half_width};
    if (param_flag(cli->options, "json"))
        outcome_json(&outcome);
    else
        outcome_text(&outcome);
    outcome_tell(cli, &outcome);
    for (size_t i = 0; i < outcome.family.count; i++) {
        const struct summary *summary = &outcome.family.members[i].summary;
        if (summary->wrong || summary->failed || summary->lost || summary->errors)
            status = cli_graver(status, STATUS_FAILED);
    }
    family_free(&outcome.family);
    status = cli_graver(status, cli_strict(cli, &outcome.verdict));
    return cli_graver(status, record_save(cli, result));
}

static enum status sweep_case(const struct cli *cli, const char *name)
{
    struct workload workload;
    struct result *result;
    char label[PATH_MAX];
    const char *backends = param_text(cli->options, "backend");
    enum status status = simulate_begin(cli, &backends);
    if (status == STATUS_DONE)
        status = record_begin(cli, plugin_label(name, label, sizeof label), &result);
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
        status = forms_keep(cli, result, workload.bench);
        if (status == STATUS_DONE)
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
    if (param_given(cli->options, "blocks") && plan(cli).mode != STOPPING_FIXED)
        return cli_fail(cli, STATUS_USAGE,
            "--blocks is a fixed number; leave it out, or --half-width and --quick");
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
