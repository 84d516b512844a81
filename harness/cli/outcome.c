/* A sweep's table and JSON. */
#include "outcome.h"

#include "../analyze/cost.h"
#include "../analyze/stopping.h"
#include "../util/units.h"
#include "json.h"
#include "simulate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends "; 3 lost" to notes, or nothing where there are none. */
static void note_count(char *notes, size_t size, uint64_t count, const char *what)
{
    size_t length = strlen(notes);
    if (count > 0)
        snprintf(
            notes + length, size - length, "%s%" PRIu64 " %s", length ? "; " : "", count, what);
}

static void write_notes(char *notes, size_t size, const struct result *result,
    const struct result_config *config, const struct summary *summary)
{
    *notes = '\0';
    note_count(notes, size, summary->errors, "errors");
    note_count(notes, size, summary->lost, "lost");
    note_count(notes, size, summary->wrong, "wrong");
    note_count(notes, size, summary->failed, "failed");
    size_t length = strlen(notes);
    if (config->workers > result->usable_cpus)
        snprintf(notes + length, size - length, "%smore workers than CPUs", length ? "; " : "");
}

static void add_row(struct cli_table *table, const struct result *result,
    const struct result_config *config, const struct family_member *member)
{
    const struct summary *summary = &member->summary;
    char speedup[64], efficiency[32], rate[32], start[32], stop[32], notes[128];
    write_notes(notes, sizeof notes, result, config, summary);
    cli_table_row(table, "%s\t%u\t%s\t%s\t%s\t%s\t%s\t%s\t%s", result_name(config).text,
        config->workers, cli_interval(speedup, sizeof speedup, summary->speedup),
        family_side_name(member->side),
        cli_number(efficiency, sizeof efficiency, summary->efficiency.value),
        units_si(rate, sizeof rate, summary->tasks_per_s.value),
        units_seconds(start, sizeof start, summary->start_s),
        units_seconds(stop, sizeof stop, summary->stop_s), notes);
}

static void print_cost(const struct outcome *outcome)
{
    char text[512];
    struct cost *costs;
    size_t n = cost_of_sweep(outcome->result, &outcome->family, &costs);
    if (n > 0)
        printf(
            "smallest pool that beats serial (COST): %s\n", cost_text(text, sizeof text, costs, n));
    free(costs);
}

void outcome_text(const struct outcome *outcome)
{
    const struct result *result = outcome->result;
    size_t blocks = summary_blocks(result), pilot = result->blocks_count - blocks;
    char after[48] = "";
    struct cli_table *table = cli_table_new();
    cli_table_row(table,
        "BACKEND\tWORKERS\tSPEEDUP [95 %%]\tVS SERIAL\tEFFICIENCY\tTASKS/S\tSTART\tSTOP\tNOTES");
    for (size_t i = 0; i < outcome->family.count; i++)
        add_row(table, result, &result->configs[i], &outcome->family.members[i]);
    if (pilot > 0)
        snprintf(after, sizeof after, " after a pilot of %zu", pilot);
    simulate_print(result);
    printf("%s: %" PRIu64 " tasks, %zu block%s%s, %s\n", result->case_name, result->tasks, blocks,
        blocks == 1 ? "" : "s", after, verdict_name(outcome->verdict.level));
    cli_table_print(table);
    print_cost(outcome);
}

static json_t *means_json(const struct fieller *means)
{
    json_t *object = json_interval(means->ratio);
    json_object_set_new(object, "unbounded", json_boolean(means->outcome == FIELLER_UNBOUNDED));
    return object;
}

static json_t *row_json(const struct result_config *config, const struct family_member *member)
{
    const struct summary *summary = &member->summary;
    json_t *object = json_pack("{s:s, s:i, s:I, s:o, s:o, s:s?, s:o, s:o}", "backend",
        config->backend, "workers", (int)config->workers, "chunk", (json_int_t)config->chunk,
        "speedup", json_interval(summary->speedup), "p", json_number(member->p), "against_serial",
        member->side == FAMILY_NONE ? NULL : family_side_name(member->side), "speedup_of_means",
        means_json(&summary->means), "efficiency", json_interval(summary->efficiency));
    json_t *rest = json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "tasks_per_s",
        json_interval(summary->tasks_per_s), "mean_tasks_per_s",
        json_number(summary->mean_tasks_per_s), "start_s", json_number(summary->start_s), "stop_s",
        json_number(summary->stop_s), "far_out", (json_int_t)summary->far_out, "errors",
        (json_int_t)summary->errors, "lost", (json_int_t)summary->lost);
    json_object_update(object, rest);
    json_decref(rest);
    json_set_split(object, config);
    return object;
}

/* Null: a fixed number of blocks was asked for. */
static json_t *half_width_json(const struct outcome *outcome)
{
    if (outcome->half_width == 0)
        return json_null();
    return json_pack("{s:f, s:o}", "asked", outcome->half_width, "reached",
        json_number(stopping_reached(outcome->result)));
}

void outcome_json(const struct outcome *outcome)
{
    const struct result *result = outcome->result;
    size_t blocks = summary_blocks(result);
    json_t *rows = json_array();
    for (size_t i = 0; i < outcome->family.count; i++)
        json_array_append_new(rows, row_json(&result->configs[i], &outcome->family.members[i]));
    json_t *root = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:b, s:o}", "schema",
        "poolbench/sweep/v1", "case", result->case_name, "tasks", (json_int_t)result->tasks,
        "blocks", (json_int_t)blocks, "pilot_blocks", (json_int_t)(result->blocks_count - blocks),
        "blocks_min", (json_int_t)outcome->family.blocks_min, "half_width",
        half_width_json(outcome), "complete", result->complete, "rows", rows);
    json_set_simulated(root, result);
    struct cost *costs;
    size_t n = cost_of_sweep(result, &outcome->family, &costs);
    json_set_cost(root, costs, n);
    free(costs);
    json_set_verdict(root, &outcome->verdict);
    json_print(root);
}

static void tell_half_width(const struct cli *cli, const struct outcome *outcome)
{
    const struct result *result = outcome->result;
    double reached = stopping_reached(result);
    char text[64] = "no interval";
    if (outcome->half_width == 0 || reached <= outcome->half_width)
        return;
    if (isfinite(reached))
        snprintf(text, sizeof text, "%.3g %%", 100 * reached);
    cli_fail(cli, STATUS_DONE, "half-width %.3g %% not reached, but %s, with %zu blocks: %s",
        100 * outcome->half_width, text, summary_blocks(result),
        !result->complete ? "stopped early; a longer --budget lets it go on"
        : result->alpha > 0
            ? "that was the last look; without --quick it takes as many as a pilot tells"
            : "the pilot was quieter than these; a smaller --half-width takes more");
}

static void tell_too_few(const struct cli *cli, const struct family *family)
{
    if (family->blocks < family->blocks_min)
        cli_fail(cli, STATUS_DONE,
            "%zu block%s cannot show a difference in %zu comparison%s with serial at once; take "
            "%zu or more",
            family->blocks, family->blocks == 1 ? "" : "s", family->compared,
            family->compared == 1 ? "" : "s", family->blocks_min);
}

void outcome_tell(const struct cli *cli, const struct outcome *outcome)
{
    cli_print_reasons(cli, &outcome->verdict);
    tell_half_width(cli, outcome);
    tell_too_few(cli, &outcome->family);
}
