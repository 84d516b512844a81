/* breakeven: from which grain, and from how many tasks, a pool is faster than serial. */
#include "../measure/breakeven.h"
#include "../analyze/bracket.h"
#include "../util/units.h"
#include "commands.h"
#include "json.h"
#include "progress.h"
#include "record.h"
#include "simulate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The range searched by grain, in ns, and by tasks. */
#define GRAIN_FROM 2.0
#define GRAIN_TO 1e6
#define TASKS_FROM 1.0
#define TASKS_TO 10000.0

static const struct param options[] = {
    {.name = "backend",
        .letter = 'b',
        .type = PARAM_TEXT,
        .value = "threads,processes",
        .choices = "LIST",
        .help = "backends to compare with serial, or all"},
    {.name = "workers",
        .letter = 'n',
        .type = PARAM_LIST,
        .value = "2",
        .help = "pool sizes; -1: all CPUs"},
    {.name = "split",
        .type = PARAM_TEXT,
        .choices = "PxT",
        .help = "hybrid: P processes of T threads each; all: every split of each size"},
    {.name = "by",
        .type = PARAM_CHOICE,
        .value = "both",
        .choices = "grain|tasks|both",
        .help = "the axis: grain (10^6 tasks, fewer for long grains) or number of 10 us tasks"},
    {.name = "chunk",
        .type = PARAM_COUNT,
        .value = "1",
        .min = 1,
        .max = 1e9,
        .help = "tasks that a worker claims at once"},
    {.name = "resolution",
        .type = PARAM_REAL,
        .value = "1.25",
        .min = 1.01,
        .max = 10,
        .help = "how narrow a bracket is to be: its upper end by its lower"},
    {.name = "pairs",
        .type = PARAM_COUNT,
        .value = "26",
        .min = STAT_PAIRS_MIN,
        .max = 1000,
        .help = "paired blocks at one size, at most"},
    {.name = "budget",
        .type = PARAM_DURATION,
        .value = "10s",
        .help = "time for one search; 0: as long as it takes"},
    {.name = "seed", .type = PARAM_COUNT, .help = "seed of the order within a pair"},
    SIMULATE_OPTIONS,
    RECORD_OPTIONS,
    {.name = "json", .type = PARAM_FLAG, .help = "print one JSON object"},
    {0},
};

/* The searches of one configuration: break-even by grain, METG(50) where it is another point, and
 * by tasks, warm and cold. */
static void add_searches(struct result *result, const struct result_config *config, const char *by)
{
    unsigned cpus = result->usable_cpus;
    double metg = 0.5 * (config->workers < cpus ? config->workers : cpus);
    struct result_search search = {.config = *config,
        .target = 1,
        .axis = RESULT_BY_GRAIN,
        .from = GRAIN_FROM,
        .to = GRAIN_TO};
    if (strcmp(by, "tasks") != 0) {
        result_add_search(result, &search);
        search.target = metg;
        if (fabs(metg - 1) > 1e-9)
            result_add_search(result, &search);
    }
    search = (struct result_search){.config = *config,
        .target = 1,
        .axis = RESULT_BY_TASKS,
        .from = TASKS_FROM,
        .to = TASKS_TO};
    if (strcmp(by, "grain") != 0) {
        result_add_search(result, &search);
        search.cold = true;
        result_add_search(result, &search);
    }
}

/* The search of a configuration with these properties, or -1. */
static int find_search(const struct result *result, const struct result_config *config,
    enum result_axis axis, bool cold, double target)
{
    for (size_t i = 0; i < result->searches_count; i++) {
        const struct result_search *search = &result->searches[i];
        if (result_same_pool(&search->config, config) && search->axis == axis &&
            search->cold == cold && fabs(search->target - target) < 1e-9)
            return (int)i;
    }
    return -1;
}

static struct bracket crossing(const struct result *result, int search)
{
    if (search < 0)
        return (struct bracket){BRACKET_UNDECIDED, {NAN, NAN, NAN}};
    struct bracket_point *points;
    size_t n = bracket_points(result, (unsigned)search, &points);
    struct bracket bracket = bracket_of(&result->searches[search], points, n);
    free(points);
    return bracket;
}

/* What the pool adds at a search's smallest size: per task by grain, per region by tasks, in ns. */
static struct interval overhead(const struct result *result, int search, bool per_task)
{
    struct interval none = {NAN, NAN, NAN};
    double *added = calloc(result->pairs_count + 1, sizeof *added), smallest = INFINITY;
    size_t n = 0;
    for (size_t i = 0; i < result->pairs_count && search >= 0; i++)
        if (result->pairs[i].search == (unsigned)search)
            smallest = fmin(smallest, result->pairs[i].nominal);
    for (size_t i = 0; added && i < result->pairs_count; i++) {
        const struct result_pair *pair = &result->pairs[i];
        if (search >= 0 && pair->search == (unsigned)search && pair->nominal <= smallest)
            added[n++] =
                (pair->pool_s - pair->serial_s) * 1e9 / (per_task ? (double)pair->tasks : 1);
    }
    struct interval interval = n ? stat_sign_interval(added, n, STAT_ALPHA) : none;
    free(added);
    return interval;
}

/* One configuration's figures. */
struct row {
    struct interval overhead_ns, region_ns;
    struct bracket grain_ns, tasks_warm, tasks_cold, metg50_ns;
};

static struct row row_of(const struct result *result, const struct result_config *config)
{
    unsigned cpus = result->usable_cpus;
    double metg = 0.5 * (config->workers < cpus ? config->workers : cpus);
    int grain = find_search(result, config, RESULT_BY_GRAIN, false, 1);
    int warm = find_search(result, config, RESULT_BY_TASKS, false, 1);
    return (struct row){
        .overhead_ns = overhead(result, grain, true),
        .region_ns = overhead(result, warm, false),
        .grain_ns = crossing(result, grain),
        .tasks_warm = crossing(result, warm),
        .tasks_cold = crossing(result, find_search(result, config, RESULT_BY_TASKS, true, 1)),
        .metg50_ns = crossing(result, find_search(result, config, RESULT_BY_GRAIN, false, metg)),
    };
}

static json_t *row_json(const struct result *result, const struct result_config *config)
{
    const struct row row = row_of(result, config);
    const struct interval unknown = {NAN, NAN, NAN};
    json_t *object = json_pack("{s:s, s:i, s:I, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o}", "backend",
        config->backend, "workers", (int)config->workers, "chunk", (json_int_t)config->chunk,
        "overhead_ns", json_interval(row.overhead_ns), "region_ns", json_interval(row.region_ns),
        "breakeven_ns", json_interval(row.grain_ns.x), "breakeven_tasks", "warm",
        json_interval(row.tasks_warm.x), "cold", json_interval(row.tasks_cold.x), "metg50_ns",
        json_interval(row.metg50_ns.x), "metg90_ns", json_interval(unknown));
    json_set_split(object, config);
    return object;
}

static void print_json(const struct result *result, const struct verdict *verdict)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < result->configs_count; i++)
        json_array_append_new(rows, row_json(result, &result->configs[i]));
    json_t *root = json_pack("{s:s, s:b, s:o}", "schema", "poolbench/breakeven/v1", "complete",
        result->complete, "rows", rows);
    json_set_simulated(root, result);
    json_set_verdict(root, verdict);
    json_print(root);
}

/* "123 [110, 140] ns", or what is known instead. */
static const char *crossing_text(
    char *text, size_t size, const struct bracket *bracket, const char *unit)
{
    const struct interval x = bracket->x;
    if (bracket->outcome == BRACKET_FOUND)
        snprintf(text, size, "%.3g [%.3g, %.3g] %s", x.value, x.lo, x.hi, unit);
    else if (bracket->outcome == BRACKET_ALWAYS_SLOWER)
        snprintf(text, size, "slower up to %.3g %s", x.lo, unit);
    else if (bracket->outcome == BRACKET_ALWAYS_FASTER)
        snprintf(text, size, "faster from %.3g %s on", x.hi, unit);
    else if (isfinite(x.lo))
        snprintf(text, size, "above %.3g %s, not decided", x.lo, unit);
    else
        snprintf(text, size, "not decided");
    return text;
}

static void print_text(const struct result *result, const struct verdict *verdict)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "BACKEND\tWORKERS\tGRAIN\tTASKS, WARM\tTASKS, COLD\tMETG(50)");
    for (size_t i = 0; i < result->configs_count; i++) {
        const struct row row = row_of(result, &result->configs[i]);
        char grain[64], warm[64], cold[64], metg[64];
        cli_table_row(table, "%s\t%u\t%s\t%s\t%s\t%s", result_name(&result->configs[i]).text,
            result->configs[i].workers, crossing_text(grain, sizeof grain, &row.grain_ns, "ns"),
            crossing_text(warm, sizeof warm, &row.tasks_warm, "tasks"),
            crossing_text(cold, sizeof cold, &row.tasks_cold, "tasks"),
            crossing_text(metg, sizeof metg, &row.metg50_ns, "ns"));
    }
    simulate_print(result);
    printf("break-even: a pool is faster than serial from here on; %s\n",
        verdict_name(verdict->level));
    cli_table_print(table);
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
    for (size_t i = 0; i < result->configs_count; i++)
        add_searches(result, &result->configs[i], param_text(cli->options, "by"));
    enum status status = breakeven_measure(&search, result, why, sizeof why);
    progress_clear();
    if (status && status != STATUS_INTERRUPTED)
        cli_fail(cli, status, "%s", why);
    if (result->pairs_count == 0)
        return status;
    simulated_mark(result);
    struct verdict verdict = verdict_of(result);
    if (param_flag(cli->options, "json"))
        print_json(result, &verdict);
    else
        print_text(result, &verdict);
    cli_print_reasons(cli, &verdict);
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
    const struct cli_pools pools = {.backends = backends,
        .sizes = param_given(cli->options, "workers") ? param_text(cli->options, "workers") : NULL,
        .usual_sizes = param_text(cli->options, "workers"),
        .split = param_text(cli->options, "split"),
        .chunk = param_count(cli->options, "chunk")};
    status = cli_configs(cli, result, &pools);
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
