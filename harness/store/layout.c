/* The tables of the result file, in the order of the structs in result.h. results/schema.json says
 * the same in another language; test_result checks one against the other. */
#include "layout.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER(type, member) .offset = offsetof(struct type, member)
#define ARRAY(type, member)                                                                        \
    .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define ROWS(member, table, ...)                                                                   \
    {                                                                                              \
#member, FIELD_ROWS, .offset = offsetof(struct result, member),                            \
                             .count_offset = offsetof(struct result, member##_count),              \
                             .size = sizeof *((struct result *)0)->member, .fields = (table),      \
                             __VA_ARGS__                                                           \
    }
#define END                                                                                        \
    {                                                                                              \
        .key = NULL                                                                                \
    }

static const char *const schemas[] = {RESULT_SCHEMA, NULL};
static const char *const kinds[] = {"", "cpu", "memory", "io", "mixed", "sync", "overhead", NULL};
static const char *const axes[] = {[RESULT_BY_GRAIN] = "grain",
    [RESULT_BY_TASKS] = "tasks",
    [RESULT_BY_CALLS] = "calls",
    [RESULT_OF_REGION] = "region",
    [RESULT_OF_MAP] = "map",
    NULL};

static const struct field noise_fields[] = {
    {"window_s", FIELD_REAL, MEMBER(result_noise, window_s)},
    {"steal_ticks", FIELD_COUNT, MEMBER(result_noise, steal_ticks)},
    {"cpu_ticks", FIELD_COUNT, MEMBER(result_noise, cpu_ticks)},
    {"throttled", FIELD_COUNT, MEMBER(result_noise, throttled)},
    {"swapped_in", FIELD_COUNT, MEMBER(result_noise, swapped_in)},
    {"cpus_changed", FIELD_FLAG, MEMBER(result_noise, cpus_changed)},
    {"others_s", FIELD_REAL, MEMBER(result_noise, others_s)},
    {"psi_cpu", FIELD_REAL, MEMBER(result_noise, psi_cpu), .min = -1},
    {"stalled_us", FIELD_COUNT, MEMBER(result_noise, stalled_us), .optional = true}, END};

static const struct field param_fields[] = {{"name", FIELD_TEXT, MEMBER(result_param, name)},
    {"value", FIELD_TEXT, MEMBER(result_param, value)}, END};

static const struct field config_fields[] = {
    {"backend", FIELD_NAME, ARRAY(result_config, backend), .min = 1},
    {"workers", FIELD_UNSIGNED, MEMBER(result_config, workers)},
    {"chunk", FIELD_COUNT, MEMBER(result_config, chunk)},
    {"split", FIELD_NAME, ARRAY(result_config, split), .min = 1, .optional = true}, END};

static const struct field block_fields[] = {{"at_s", FIELD_REAL, MEMBER(result_block, at_s)},
    {"canary_s", FIELD_REAL, MEMBER(result_block, canary_s)},
    {"pilot", FIELD_FLAG, MEMBER(result_block, pilot), .optional = true}, END};

static const struct field sample_fields[] = {
    {"block", FIELD_UNSIGNED, MEMBER(result_sample, block)},
    {"config", FIELD_UNSIGNED, MEMBER(result_sample, config)},
    {"order", FIELD_UNSIGNED, MEMBER(result_sample, order)},
    {"at_s", FIELD_REAL, MEMBER(result_sample, at_s)},
    {"tasks", FIELD_COUNT, MEMBER(result_sample, tasks)},
    {"regions", FIELD_COUNT, MEMBER(result_sample, regions)},
    {"wall_s", FIELD_REAL, MEMBER(result_sample, wall_s)},
    {"start_s", FIELD_REAL, MEMBER(result_sample, start_s)},
    {"stop_s", FIELD_REAL, MEMBER(result_sample, stop_s)},
    {"cpu_s", FIELD_REAL, MEMBER(result_sample, cpu_s)},
    {"user_s", FIELD_REAL, MEMBER(result_sample, user_s)},
    {"system_s", FIELD_REAL, MEMBER(result_sample, system_s)},
    {"voluntary", FIELD_COUNT, MEMBER(result_sample, voluntary)},
    {"involuntary", FIELD_COUNT, MEMBER(result_sample, involuntary)},
    {"minor_faults", FIELD_COUNT, MEMBER(result_sample, minor_faults)},
    {"major_faults", FIELD_COUNT, MEMBER(result_sample, major_faults)},
    {"ok", FIELD_COUNT, MEMBER(result_sample, ok)},
    {"errors", FIELD_COUNT, MEMBER(result_sample, errors)},
    {"lost", FIELD_COUNT, MEMBER(result_sample, lost)},
    {"timeout", FIELD_COUNT, MEMBER(result_sample, timeout), .optional = true},
    {"died", FIELD_COUNT, MEMBER(result_sample, died), .optional = true},
    {"checksum", FIELD_HEX, MEMBER(result_sample, checksum)},
    {"checksum_wrong", FIELD_FLAG, MEMBER(result_sample, checksum_wrong)},
    {"peak_memory", FIELD_COUNT, MEMBER(result_sample, peak_memory)},
    {"failure", FIELD_NAME, ARRAY(result_sample, failure)}, END};

static const struct field command_fields[] = {
    {"config", FIELD_UNSIGNED, MEMBER(result_command, config)},
    {"text", FIELD_TEXT, MEMBER(result_command, text)}, END};

static const struct field run_fields[] = {{"block", FIELD_UNSIGNED, MEMBER(result_run, block)},
    {"command", FIELD_UNSIGNED, MEMBER(result_run, command)},
    {"order", FIELD_UNSIGNED, MEMBER(result_run, order)},
    {"wall_s", FIELD_REAL, MEMBER(result_run, wall_s)},
    {"user_s", FIELD_REAL, MEMBER(result_run, user_s)},
    {"system_s", FIELD_REAL, MEMBER(result_run, system_s)},
    {"exit_code", FIELD_INTEGER, MEMBER(result_run, exit_code)}, END};

static const struct field search_fields[] = {
    {"backend", FIELD_NAME, ARRAY(result_search, config.backend), .min = 1},
    {"workers", FIELD_UNSIGNED, MEMBER(result_search, config.workers)},
    {"chunk", FIELD_COUNT, MEMBER(result_search, config.chunk)},
    {"split", FIELD_NAME, ARRAY(result_search, config.split), .min = 1, .optional = true},
    {"axis", FIELD_CHOICE, MEMBER(result_search, axis), .choices = axes},
    {"cold", FIELD_FLAG, MEMBER(result_search, cold)},
    {"payload", FIELD_COUNT, MEMBER(result_search, payload), .optional = true},
    {"result", FIELD_COUNT, MEMBER(result_search, result), .optional = true},
    {"target", FIELD_REAL, MEMBER(result_search, target)},
    {"from", FIELD_REAL, MEMBER(result_search, from)},
    {"to", FIELD_REAL, MEMBER(result_search, to)}, END};

static const struct field pair_fields[] = {{"search", FIELD_UNSIGNED, MEMBER(result_pair, search)},
    {"nominal", FIELD_REAL, MEMBER(result_pair, nominal)},
    {"tasks", FIELD_COUNT, MEMBER(result_pair, tasks)},
    {"serial_s", FIELD_REAL, MEMBER(result_pair, serial_s)},
    {"pool_s", FIELD_REAL, MEMBER(result_pair, pool_s)}, END};

static const struct field figure_fields[] = {
    {"subject", FIELD_NAME, ARRAY(result_figure, subject), .min = 1},
    {"x", FIELD_REAL, MEMBER(result_figure, x), .optional = true},
    {"figure", FIELD_NAME, ARRAY(result_figure, figure), .min = 1},
    {"unit", FIELD_NAME, ARRAY(result_figure, unit)}, END};

static const struct field reading_fields[] = {
    {"block", FIELD_UNSIGNED, MEMBER(result_reading, block)},
    {"figure", FIELD_UNSIGNED, MEMBER(result_reading, figure)},
    {"order", FIELD_UNSIGNED, MEMBER(result_reading, order)},
    {"at_s", FIELD_REAL, MEMBER(result_reading, at_s)},
    {"value", FIELD_REAL, MEMBER(result_reading, value), .min = -DBL_MAX},
    {"note", FIELD_NAME, ARRAY(result_reading, note), .optional = true},
    {"failure", FIELD_NAME, ARRAY(result_reading, failure), .optional = true}, END};

const struct field layout_result[] = {{"schema", FIELD_CONSTANT, .choices = schemas},
    {"label", FIELD_NAME, ARRAY(result, label), .min = 1},
    {"started", FIELD_TEXT, MEMBER(result, started)},
    {"command", FIELD_TEXT, MEMBER(result, command)},
    {"machine", FIELD_OBJECT, MEMBER(result, machine)}, {"seed", FIELD_HEX, MEMBER(result, seed)},
    {"complete", FIELD_FLAG, MEMBER(result, complete)},
    {"alpha", FIELD_REAL, MEMBER(result, alpha), .optional = true},
    {"usable_cpus", FIELD_UNSIGNED, MEMBER(result, usable_cpus)},
    {"noise", FIELD_GROUP, MEMBER(result, noise), .fields = noise_fields},
    {"simulated", FIELD_TEXT, MEMBER(result, simulated), .optional = true},
    {"case", FIELD_NAME, ARRAY(result, case_name)},
    {"kind", FIELD_NAME, ARRAY(result, case_kind), .choices = kinds},
    {"summary", FIELD_TEXT, MEMBER(result, case_summary)},
    {"description", FIELD_TEXT, MEMBER(result, case_description)},
    {"tasks", FIELD_COUNT, MEMBER(result, tasks)}, {"even", FIELD_FLAG, MEMBER(result, even)},
    {"answer", FIELD_TEXT, MEMBER(result, answer)}, ROWS(params, param_fields),
    ROWS(configs, config_fields), ROWS(blocks, block_fields), ROWS(samples, sample_fields),
    ROWS(commands, command_fields), ROWS(runs, run_fields), ROWS(searches, search_fields),
    ROWS(pairs, pair_fields), {"survey", FIELD_NAME, ARRAY(result, survey), .optional = true},
    {"title", FIELD_TEXT, MEMBER(result, title), .optional = true},
    {"axis", FIELD_TEXT, MEMBER(result, axis), .optional = true},
    ROWS(figures, figure_fields, .optional = true),
    ROWS(readings, reading_fields, .optional = true), END};

const struct field *layout_rows(const char *key)
{
    const struct field *field = layout_result;
    while (strcmp(field->key, key) != 0)
        field++;
    return field;
}

/* ---- rules between rows ---- */

static int check_index(size_t index, size_t count, const char *list, size_t row, const char *key,
    struct field_trouble *trouble)
{
    if (index < count)
        return 0;
    trouble->list = list;
    trouble->row = row;
    return field_complain(trouble, key, "%zu, but there are %zu of them", index, count);
}

static int check_config(
    const struct result_config *config, const char *list, size_t row, struct field_trouble *trouble)
{
    trouble->list = list;
    trouble->row = row;
    unsigned processes, threads;
    if (config->workers == 0)
        return field_complain(trouble, "workers", "0");
    if (*config->split && (!split_parse(config->split, &processes, &threads) ||
                              processes * threads != config->workers))
        return field_complain(
            trouble, "split", "'%s' is no split of %u workers", config->split, config->workers);
    return 0;
}

static int check_configs(const struct result *result, struct field_trouble *trouble)
{
    for (size_t i = 0; i < result->configs_count; i++)
        if (check_config(&result->configs[i], "configs", i, trouble))
            return -1;
    return 0;
}

static int check_samples(const struct result *result, struct field_trouble *trouble)
{
    for (size_t i = 0; i < result->samples_count; i++) {
        const struct result_sample *sample = &result->samples[i];
        if (check_index(sample->block, result->blocks_count, "samples", i, "block", trouble) ||
            check_index(sample->config, result->configs_count, "samples", i, "config", trouble))
            return -1;
        trouble->list = "samples";
        trouble->row = i;
        if (!*sample->failure && !(sample->wall_s > 0 && sample->regions > 0))
            return field_complain(
                trouble, "wall_s", "no time and no failure; one of them must be there");
    }
    return 0;
}

static int compare_places(const void *left, const void *right)
{
    const struct result_sample *a = *(const struct result_sample *const *)left,
                               *b = *(const struct result_sample *const *)right;
    if (a->block != b->block)
        return a->block < b->block ? -1 : 1;
    if (a->config != b->config)
        return a->config < b->config ? -1 : 1;
    return (a > b) - (a < b);
}

/* A sample that stands there twice would count twice, and make intervals look surer than they are.
 */
static int check_places(const struct result *result, struct field_trouble *trouble)
{
    size_t n = result->samples_count, twice = 0;
    const struct result_sample **sorted = field_must(calloc(n + 1, sizeof *sorted));
    for (size_t i = 0; i < n; i++)
        sorted[i] = &result->samples[i];
    qsort(sorted, n, sizeof *sorted, compare_places);
    for (size_t i = 1; i < n && !twice; i++)
        if (sorted[i]->block == sorted[i - 1]->block && sorted[i]->config == sorted[i - 1]->config)
            twice = (size_t)(sorted[i] - result->samples);
    free(sorted);
    if (!twice)
        return 0;
    trouble->list = "samples";
    trouble->row = twice;
    return field_complain(trouble, "config", "%u, which block %u has already",
        result->samples[twice].config, result->samples[twice].block);
}

static int check_commands(const struct result *result, struct field_trouble *trouble)
{
    for (size_t i = 0; i < result->commands_count; i++)
        if (check_index(result->commands[i].config, result->configs_count, "commands", i, "config",
                trouble))
            return -1;
    for (size_t i = 0; i < result->runs_count; i++)
        if (check_index(
                result->runs[i].command, result->commands_count, "runs", i, "command", trouble))
            return -1;
    return 0;
}

static int check_searches(const struct result *result, struct field_trouble *trouble)
{
    for (size_t i = 0; i < result->searches_count; i++) {
        const struct result_search *search = &result->searches[i];
        if (check_config(&search->config, "searches", i, trouble))
            return -1;
        if (!(search->target > 0))
            return field_complain(trouble, "target", "not above 0");
        if (!(search->from > 0 && search->to >= search->from))
            return field_complain(
                trouble, "from", "%g to %g is no range above 0", search->from, search->to);
    }
    return 0;
}

static int check_pairs(const struct result *result, struct field_trouble *trouble)
{
    for (size_t i = 0; i < result->pairs_count; i++) {
        const struct result_pair *pair = &result->pairs[i];
        if (check_index(pair->search, result->searches_count, "pairs", i, "search", trouble))
            return -1;
        trouble->list = "pairs";
        trouble->row = i;
        if (!(pair->nominal > 0 && pair->tasks > 0))
            return field_complain(trouble, "nominal", "a size or a number of tasks of 0");
        if (!(pair->serial_s > 0 && pair->pool_s > 0))
            return field_complain(trouble, "serial_s", "a time of 0");
    }
    return 0;
}

static int check_readings(const struct result *result, struct field_trouble *trouble)
{
    for (size_t i = 0; i < result->readings_count; i++) {
        const struct result_reading *reading = &result->readings[i];
        if (check_index(reading->block, result->blocks_count, "readings", i, "block", trouble) ||
            check_index(reading->figure, result->figures_count, "readings", i, "figure", trouble))
            return -1;
    }
    return 0;
}

static int check_alpha(const struct result *result, struct field_trouble *trouble)
{
    return result->alpha < 1 ? 0
                             : field_complain(trouble, "alpha", "%g is not below 1", result->alpha);
}

int layout_check(const struct result *result, struct field_trouble *trouble)
{
    return check_alpha(result, trouble) || check_configs(result, trouble) ||
                   check_samples(result, trouble) || check_places(result, trouble) ||
                   check_commands(result, trouble) || check_searches(result, trouble) ||
                   check_pairs(result, trouble) || check_readings(result, trouble)
               ? -1
               : 0;
}
