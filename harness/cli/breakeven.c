/* breakeven: from which grain, and from how many tasks, a pool is faster than serial; what bytes
 * that travel with the tasks change of it; and the map over grain and number of tasks. */
#include "../measure/breakeven.h"
#include "../analyze/crossing.h"
#include "../measure/registry.h"
#include "../pool/backend.h"
#include "../util/units.h"
#include "commands.h"
#include "crossings.h"
#include "forms.h"
#include "progress.h"
#include "record.h"
#include "simulate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The ranges searched: by grain from the empty task on, in ns; by tasks. */
#define GRAIN_FROM BREAKEVEN_EMPTY_NS
#define GRAIN_TO 1e7
#define TASKS_FROM 1.0
#define TASKS_TO 10000.0
#define MAP_FROM 100.0
#define MAP_TO 1e6

#define BYTES_MAX 1000000000u

static const struct param options[] = {
    CLI_POOLS_OPTIONS("2"),
    {.name = "by",
        .type = PARAM_CHOICE,
        .value = "both",
        .choices = "grain|tasks|both",
        .help = "the axis: grain (10^6 tasks, fewer for long grains) or number of 10 us tasks"},
    {.name = "bytes",
        .type = PARAM_TEXT,
        .choices = "LIST",
        .help = "instead: by grain, where each task carries so many bytes (0,1k,64k,1M)"},
    {.name = "carry",
        .type = PARAM_CHOICE,
        .value = "both",
        .choices = "payload|result|both",
        .help = "which way those bytes go: to the worker, back, or so many each way"},
    {.name = "map",
        .type = PARAM_FLAG,
        .help = "instead: the speedup on a grid of grains and numbers of tasks"},
    {.name = "chunk",
        .type = PARAM_TEXT,
        .value = "1",
        .choices = "LIST",
        .help = "tasks that a worker claims at once: 1,16,auto (auto: guided)"},
    {.name = "resolution",
        .type = PARAM_REAL,
        .value = "1.2",
        .min = 1.01,
        .max = 10,
        .help = "how narrow a bracket is to be: its upper end by its lower"},
    {.name = "pairs",
        .type = PARAM_COUNT,
        .value = "26",
        .min = STAT_PAIRS_MIN,
        .max = 1000,
        .help = "paired blocks at one size, at most; the map's blocks"},
    {.name = "budget",
        .type = PARAM_DURATION,
        .value = "10s",
        .help = "time for one search or map; 0: as long as it takes"},
    {.name = "seed", .type = PARAM_COUNT, .help = "seed of the order within a pair"},
    SIMULATE_OPTIONS,
    RECORD_OPTIONS,
    CLI_VERDICT_OPTIONS,
    {0},
};

/* ---- what to search for ---- */

static void add_search(struct result *result, const struct result_search *like, double target)
{
    struct result_search search = *like;
    for (size_t i = 0; i < result->searches_count; i++)
        if (bracket_same_curve(&result->searches[i], like) &&
            fabs(result->searches[i].target - target) < 1e-9)
            return; /* METG(50) of 2 workers is their break-even */
    search.target = target;
    result_add_search(result, &search);
}

/* Break-even, METG(50) and METG(90), each a search where it is a point of its own. */
static void add_grain(struct result *result, const struct result_config *config)
{
    const struct result_search search = {
        .config = *config, .axis = RESULT_BY_GRAIN, .from = GRAIN_FROM, .to = GRAIN_TO};
    add_search(result, &search, 1);
    add_search(result, &search, crossing_target(result, config->workers, 0.5));
    add_search(result, &search, crossing_target(result, config->workers, 0.9));
}

/* Warm, cold, and what a region costs. */
static void add_tasks(struct result *result, const struct result_config *config)
{
    struct result_search search = {
        .config = *config, .axis = RESULT_BY_TASKS, .from = TASKS_FROM, .to = TASKS_TO};
    add_search(result, &search, 1);
    search.cold = true;
    add_search(result, &search, 1);
    search.cold = false;
    search.axis = RESULT_OF_REGION;
    search.from = search.to = config->workers;
    add_search(result, &search, 1);
}

static void add_map(struct result *result, const struct result_config *config)
{
    const struct result_search search = {
        .config = *config, .axis = RESULT_OF_MAP, .from = MAP_FROM, .to = MAP_TO};
    add_search(result, &search, 1);
}

/* Appends the configurations of every chunk in the list. */
static enum status add_configs(const struct cli *cli, struct result *result, const char *backends)
{
    char item[32];
    struct cli_pools pools = {.backends = backends,
        .sizes = param_given(cli->options, "workers") ? param_text(cli->options, "workers") : NULL,
        .usual_sizes = param_text(cli->options, "workers"),
        .split = param_text(cli->options, "split")};
    enum status status = STATUS_DONE;
    const char *at = param_text(cli->options, "chunk");
    while (!status && cli_list_next(&at, item, sizeof item)) {
        bool guided = strcmp(item, "auto") == 0;
        if (!guided && (units_parse_count(item, &pools.chunk) || pools.chunk == 0))
            return cli_fail(cli, STATUS_USAGE,
                "--chunk: \"%s\" is not a number of tasks from 1, or auto (1,16,auto)", item);
        if (guided)
            pools.chunk = 0;
        status = cli_configs(cli, result, &pools);
    }
    return status ? status : forms_keep(cli, result, registry_case("spin")->bench);
}

/* Searches by grain for every number of bytes in the list. */
static enum status add_bytes(
    const struct cli *cli, struct result *result, const struct result_config *config)
{
    const char *carry = param_text(cli->options, "carry"), *at = param_text(cli->options, "bytes");
    char item[32];
    while (cli_list_next(&at, item, sizeof item)) {
        uint64_t bytes;
        if (units_parse_count(item, &bytes) || bytes > BYTES_MAX)
            return cli_fail(cli, STATUS_USAGE,
                "--bytes: \"%s\" is not a number of bytes from 0 to 1G (0,1k,64k,1M)", item);
        const struct result_search search = {.config = *config,
            .axis = RESULT_BY_CALLS,
            .payload = strcmp(carry, "result") == 0 ? 0 : bytes,
            .result = strcmp(carry, "payload") == 0 ? 0 : bytes,
            .from = GRAIN_FROM,
            .to = GRAIN_TO};
        add_search(result, &search, 1);
    }
    return STATUS_DONE;
}

/* Only what has calls can carry bytes: the backends that know workers_min (pool.h). Of `all`, the
 * others are left out, and it is said which. */
static enum status keep_callable(const struct cli *cli, struct result *result)
{
    size_t kept = 0;
    bool all = strcmp(param_text(cli->options, "backend"), "all") == 0;
    for (size_t i = 0; i < result->configs_count; i++) {
        const struct result_config *config = &result->configs[i];
        if (registry_backend(config->backend)->shrinks) {
            result->configs[kept++] = *config;
            continue;
        }
        if (!all)
            return cli_fail(cli, STATUS_USAGE,
                "backend %s runs regions only, so that no bytes travel with its tasks; --bytes is "
                "for threads, gil, processes, hybrid and spawn",
                config->backend);
        fprintf(stderr, "poolbench breakeven: %s, %u worker%s, left out: it has no calls\n",
            config->backend, config->workers, config->workers == 1 ? "" : "s");
    }
    result->configs_count = kept;
    return STATUS_DONE;
}

/* ---- the command ---- */

static enum status add_searches(const struct cli *cli, struct result *result)
{
    const char *by = param_text(cli->options, "by");
    bool bytes = param_given(cli->options, "bytes"), map = param_flag(cli->options, "map");
    bool axes = param_given(cli->options, "by") || (!bytes && !map);
    for (size_t i = 0; i < result->configs_count; i++) {
        const struct result_config *config = &result->configs[i];
        if (axes && strcmp(by, "tasks") != 0)
            add_grain(result, config);
        if (axes && strcmp(by, "grain") != 0)
            add_tasks(result, config);
        if (map)
            add_map(result, config);
        enum status status = bytes ? add_bytes(cli, result, config) : STATUS_DONE;
        if (status)
            return status;
    }
    return STATUS_DONE;
}

static enum status check_options(const struct cli *cli)
{
    bool bytes = param_given(cli->options, "bytes");
    if (bytes && param_given(cli->options, "chunk"))
        return cli_fail(cli, STATUS_USAGE,
            "--chunk does not go with --bytes, where tasks are handed over one by one");
    if (bytes && simulated_is_on())
        return cli_fail(cli, STATUS_USAGE,
            "--bytes is measured only: the simulator has no model of what bytes cost");
    if (!bytes && param_given(cli->options, "carry"))
        return cli_fail(
            cli, STATUS_USAGE, "--carry says which way --bytes go; give how many (0,1k,64k,1M)");
    return STATUS_DONE;
}

static enum status plan(const struct cli *cli, struct result *result, const char *backends)
{
    enum status status = check_options(cli);
    if (status == STATUS_DONE)
        status = add_configs(cli, result, backends);
    if (status == STATUS_DONE && param_given(cli->options, "bytes"))
        status = keep_callable(cli, result);
    return status ? status : add_searches(cli, result);
}

static enum status measure(const struct cli *cli, struct result *result)
{
    const struct breakeven_options search = {
        .resolution = param_real(cli->options, "resolution"),
        .pairs_max = (unsigned)param_count(cli->options, "pairs"),
        .budget_s = (double)param_duration(cli->options, "budget") * 1e-9,
        .progress = progress_hook(result->label),
    };
    char why[512];
    enum status status = breakeven_measure(&search, result, why, sizeof why);
    progress_clear();
    if (status && status != STATUS_INTERRUPTED)
        cli_fail(cli, status, "%s", why);
    if (result->pairs_count == 0)
        return status;
    simulated_mark(result);
    struct verdict verdict = verdict_of(result);
    if (param_flag(cli->options, "json"))
        crossings_print_json(result, &verdict);
    else
        crossings_print(result, &verdict);
    cli_print_reasons(cli, &verdict);
    status = cli_graver(status, cli_strict(cli, &verdict));
    return cli_graver(status, record_save(cli, result));
}

static enum status breakeven_run(const struct cli *cli)
{
    struct result *result;
    const char *backends = param_text(cli->options, "backend");
    enum status status = simulate_begin(cli, &backends);
    if (status == STATUS_DONE)
        status = record_begin(cli, "breakeven", &result);
    if (status) {
        simulated_end();
        return status;
    }
    result->seed =
        param_given(cli->options, "seed") ? param_count(cli->options, "seed") : WORKLOAD_SEED;
    status = plan(cli, result, backends);
    if (status == STATUS_DONE)
        status = measure(cli, result);
    result_free(result);
    simulated_end();
    return status;
}

const struct cli_command command_breakeven = {
    .name = "breakeven",
    .words = "",
    .summary = "the grain and the number of tasks from which a pool beats serial",
    .options = options,
    .run = breakeven_run,
};
