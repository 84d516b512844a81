/* Text and JSON of break-even results. A table is printed only where something for it was
 * measured. */
#include "crossings.h"

#include "../analyze/cost.h"
#include "../analyze/crossing.h"
#include "../util/units.h"
#include "cli.h"
#include "json.h"
#include "simulate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL 64

/* ---- JSON ---- */

static json_t *row_json(const struct crossing *row)
{
    json_t *object = json_pack("{s:s, s:i, s:I, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o}", "backend",
        row->config->backend, "workers", (int)row->config->workers, "chunk",
        (json_int_t)row->config->chunk, "overhead_ns", json_interval(row->overhead_ns), "region_ns",
        json_interval(row->region_ns), "breakeven_ns", json_interval(row->breakeven_ns.x),
        "breakeven_tasks", "warm", json_interval(row->tasks_warm.x), "cold",
        json_interval(row->tasks_cold.x), "metg50_ns", json_interval(row->metg50_ns.x), "metg90_ns",
        json_interval(row->metg90_ns.x));
    json_set_split(object, row->config);
    if (row->calls) {
        json_object_set_new(object, "payload_bytes", json_integer((json_int_t)row->payload));
        json_object_set_new(object, "result_bytes", json_integer((json_int_t)row->result));
    }
    return object;
}

static json_t *map_json(const struct result *result, unsigned search)
{
    const struct result_config *config = &result->searches[search].config;
    struct bracket_point *points;
    size_t n = bracket_points(result, search, &points);
    json_t *cells = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(
            cells, json_pack("{s:o, s:I, s:o, s:I}", "grain_ns", json_number(points[i].x), "tasks",
                       (json_int_t)points[i].tasks, "speedup", json_interval(points[i].speedup),
                       "pairs", (json_int_t)points[i].n));
    free(points);
    json_t *object = json_pack("{s:s, s:i, s:I, s:o}", "backend", config->backend, "workers",
        (int)config->workers, "chunk", (json_int_t)config->chunk, "cells", cells);
    json_set_split(object, config);
    return object;
}

void crossings_print_json(const struct result *result, const struct verdict *verdict)
{
    json_t *rows = json_array(), *maps = json_array();
    struct crossing *crossings;
    size_t n = crossing_all(result, &crossings);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(rows, row_json(&crossings[i]));
    free(crossings);
    for (unsigned i = 0; i < result->searches_count; i++)
        if (result->searches[i].axis == RESULT_OF_MAP)
            json_array_append_new(maps, map_json(result, i));
    json_t *root = json_pack("{s:s, s:b, s:o, s:o}", "schema", "poolbench/breakeven/v1", "complete",
        result->complete, "rows", rows, "maps", maps);
    struct cost *costs;
    n = cost_of_searches(result, &costs);
    json_set_cost(root, costs, n);
    free(costs);
    json_set_simulated(root, result);
    json_set_verdict(root, verdict);
    json_print(root);
}

/* ---- text ---- */

static const char *time_text(char *text, double ns)
{
    return units_seconds(text, CELL, ns * 1e-9);
}

static const char *count_text(char *text, double tasks)
{
    snprintf(text, CELL, tasks < 100 ? "%.3g" : "%.0f", tasks);
    return text;
}

/* "123 [110, 140] ns", or "1.1 µs [950 ns, 1.3 µs]" where units differ. */
static const char *interval_text(
    char *text, struct interval x, const char *(*put)(char *text, double x))
{
    char value[CELL], lo[CELL], hi[CELL];
    put(value, x.value);
    put(lo, x.lo);
    put(hi, x.hi);
    const char *unit = value + strcspn(value, " ");
    size_t lo_digits = strcspn(lo, " "), hi_digits = strcspn(hi, " ");
    if (strcmp(unit, lo + lo_digits) == 0 && strcmp(unit, hi + hi_digits) == 0)
        snprintf(text, 4 * CELL, "%.*s [%.*s, %.*s]%s", (int)(unit - value), value, (int)lo_digits,
            lo, (int)hi_digits, hi, unit);
    else
        snprintf(text, 4 * CELL, "%s [%s, %s]", value, lo, hi);
    return text;
}

/* A crossing's interval, or what is known instead. */
static const char *crossing_text(
    char *text, const struct bracket *bracket, const char *(*put)(char *text, double x))
{
    char lo[CELL], hi[CELL];
    const struct interval x = bracket->x;
    put(lo, x.lo);
    put(hi, x.hi);
    if (bracket->outcome == BRACKET_FOUND)
        interval_text(text, x, put);
    else if (bracket->outcome == BRACKET_ALWAYS_SLOWER)
        snprintf(text, 4 * CELL, "not up to %s", lo);
    else if (bracket->outcome == BRACKET_ALWAYS_FASTER)
        snprintf(text, 4 * CELL, "from %s on", hi);
    else if (isfinite(x.lo))
        snprintf(text, 4 * CELL, "above %s, not decided", lo);
    else if (isfinite(x.hi))
        snprintf(text, 4 * CELL, "below %s, not decided", hi);
    else
        snprintf(text, 4 * CELL, "-");
    return text;
}

static const char *added_text(char *text, struct interval ns)
{
    return isnan(ns.value) ? "-" : interval_text(text, ns, time_text);
}

static const char *chunk_text(char *text, const struct result_config *config)
{
    snprintf(text, CELL, "%" PRIu64, config->chunk);
    return config->chunk ? text : "auto";
}

static bool any_axis(const struct result *result, enum result_axis axis)
{
    for (size_t i = 0; i < result->searches_count; i++)
        if (result->searches[i].axis == axis)
            return true;
    return false;
}

static void print_by_grain(const struct crossing *rows, size_t n)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "BACKEND\tWORKERS\tCHUNK\tBREAK-EVEN\tMETG(50)\tMETG(90)\tA TASK ADDS");
    for (size_t i = 0; i < n; i++) {
        const struct crossing *row = &rows[i];
        char cells[4][4 * CELL], chunk[CELL];
        if (row->calls)
            continue;
        cli_table_row(table, "%s\t%u\t%s\t%s\t%s\t%s\t%s", result_name(row->config).text,
            row->config->workers, chunk_text(chunk, row->config),
            crossing_text(cells[0], &row->breakeven_ns, time_text),
            crossing_text(cells[1], &row->metg50_ns, time_text),
            crossing_text(cells[2], &row->metg90_ns, time_text),
            added_text(cells[3], row->overhead_ns));
    }
    cli_table_print(table);
}

static void print_by_tasks(const struct crossing *rows, size_t n)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "BACKEND\tWORKERS\tCHUNK\tTASKS, WARM\tTASKS, COLD\tA REGION ADDS");
    for (size_t i = 0; i < n; i++) {
        const struct crossing *row = &rows[i];
        char cells[3][4 * CELL], chunk[CELL];
        if (row->calls)
            continue;
        cli_table_row(table, "%s\t%u\t%s\t%s\t%s\t%s", result_name(row->config).text,
            row->config->workers, chunk_text(chunk, row->config),
            crossing_text(cells[0], &row->tasks_warm, count_text),
            crossing_text(cells[1], &row->tasks_cold, count_text),
            added_text(cells[2], row->region_ns));
    }
    cli_table_print(table);
}

static void print_calls(const struct crossing *rows, size_t n)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "BACKEND\tWORKERS\tPAYLOAD\tRESULT\tBREAK-EVEN\tA TASK ADDS");
    for (size_t i = 0; i < n; i++) {
        const struct crossing *row = &rows[i];
        char cells[2][4 * CELL], bytes[2][CELL];
        if (!row->calls)
            continue;
        cli_table_row(table, "%s\t%u\t%s\t%s\t%s\t%s", result_name(row->config).text,
            row->config->workers, units_si(bytes[0], CELL, (double)row->payload),
            units_si(bytes[1], CELL, (double)row->result),
            crossing_text(cells[0], &row->breakeven_ns, time_text),
            added_text(cells[1], row->overhead_ns));
    }
    cli_table_print(table);
}

/* A line a number of tasks, as the smallest grain has them all; a column a grain. */
static void print_map_row(struct cli_table *table, const struct bracket_point *points, size_t n,
    uint64_t tasks, bool header)
{
    char line[1024], text[CELL];
    int length = header ? snprintf(line, sizeof line, "TASKS")
                        : snprintf(line, sizeof line, "%" PRIu64, tasks);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && points[i].nominal == points[i - 1].nominal)
            continue;
        const struct bracket_point *cell = bracket_cell(points, n, points[i].nominal, tasks);
        snprintf(line + length, sizeof line - (size_t)length, "\t%s",
            header ? time_text(text, points[i].nominal)
                   : cli_number(text, sizeof text, cell ? cell->speedup.value : NAN));
        length = (int)strlen(line);
    }
    cli_table_row(table, "%s", line);
}

static void print_map(const struct result *result, unsigned search)
{
    const struct result_config *config = &result->searches[search].config;
    struct bracket_point *points;
    size_t n = bracket_points(result, search, &points);
    struct cli_table *table = cli_table_new();
    print_map_row(table, points, n, 0, true);
    for (size_t i = 0; i < n && points[i].nominal == points[0].nominal; i++)
        print_map_row(table, points, n, points[i].tasks, false);
    printf("speedup of %s, %u worker%s, by grain (across) and number of tasks (down)\n",
        result_name(config).text, config->workers, config->workers == 1 ? "" : "s");
    cli_table_print(table);
    free(points);
}

static void print_cost(const struct result *result)
{
    char text[512];
    struct cost *costs;
    size_t n = cost_of_searches(result, &costs);
    if (n > 0)
        printf("smallest pool that beats serial at some grain (COST): %s\n",
            cost_text(text, sizeof text, costs, n));
    free(costs);
}

void crossings_print(const struct result *result, const struct verdict *verdict)
{
    struct crossing *rows;
    size_t n = crossing_all(result, &rows);
    simulate_print(result);
    printf("break-even: %s\n", verdict_name(verdict->level));
    if (any_axis(result, RESULT_BY_GRAIN))
        print_by_grain(rows, n);
    if (any_axis(result, RESULT_BY_TASKS))
        print_by_tasks(rows, n);
    if (any_axis(result, RESULT_BY_CALLS))
        print_calls(rows, n);
    print_cost(result);
    for (unsigned i = 0; i < result->searches_count; i++)
        if (result->searches[i].axis == RESULT_OF_MAP)
            print_map(result, i);
    free(rows);
}
