/* Text and JSON of a comparison. Both say what the ratio is, and what it cannot know. */
#include "compare_output.h"

#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL 64

static bool is_within(const struct comparison *comparison)
{
    return comparison->a.count > 0 && comparison->b.count == 0;
}

static const char *ratio_is(const struct comparison *comparison)
{
    return comparison->of == COMPARE_SPEEDUP
               ? "B's speedup / A's: above 1, B gains more over its own serial loop"
               : "A's time / B's time of a task: above 1, B is faster";
}

/* The one thing that the numbers cannot hold; NULL: nothing. */
static const char *caveat_of(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->rows_count; i++)
        if (comparison->rows[i].design == COMPARE_TWO_RUNS)
            return "one run a side: what differs from run to run of the same thing is not in these "
                   "intervals; measure several and give A1,A2,... B1,B2,...";
    for (size_t i = 0; i < comparison->rows_count; i++)
        if (comparison->rows[i].design == COMPARE_FEW_RUNS && !*comparison->rows[i].reason)
            return "few runs a side: these intervals take the runs' medians for normal; more runs "
                   "need no such thing";
    return NULL;
}

static size_t compared_count(const struct comparison *comparison)
{
    size_t count = 0;
    for (size_t i = 0; i < comparison->rows_count; i++)
        count += isnan(comparison->rows[i].p) ? 0 : 1;
    return count;
}

/* ---- text ---- */

/* Two runs that differ much leave everything open; digits would say nothing. */
#define SHOWN_MAX 1000

static const char *bound_text(char *text, double bound)
{
    snprintf(text, CELL / 4, bound < SHOWN_MAX ? "%.3f" : "%.1g", bound);
    return text;
}

static const char *ratio_text(char *text, struct interval ratio)
{
    char value[CELL / 4], lo[CELL / 4], hi[CELL / 4];
    if (isnan(ratio.value))
        snprintf(text, CELL, "-");
    else
        snprintf(text, CELL, "%s [%s, %s]", bound_text(value, ratio.value),
            bound_text(lo, ratio.lo), bound_text(hi, ratio.hi));
    return text;
}

static const char *p_text(char *text, double p)
{
    if (isnan(p))
        snprintf(text, CELL, "-");
    else if (p < 1e-4)
        snprintf(text, CELL, "<0.0001");
    else
        snprintf(text, CELL, "%.4f", p);
    return text;
}

static const char *detectable_text(char *text, double detectable)
{
    double percent = 100 * (detectable - 1);
    if (!isfinite(detectable))
        snprintf(text, CELL, "-");
    else if (percent > SHOWN_MAX)
        snprintf(text, CELL, ">%d %%", SHOWN_MAX);
    else
        snprintf(text, CELL, "%.1f %%", percent);
    return text;
}

static const char *config_text(char *text, size_t size, const struct result_config *config)
{
    int length = snprintf(text, size, "%s, %u", result_name(config).text, config->workers);
    if (config->chunk && length > 0 && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, ", chunk %" PRIu64, config->chunk);
    return text;
}

/* "12", or "12/10" where the sides differ. */
static const char *count_text(char *text, const struct compare_row *row)
{
    if (row->a_count == row->b_count)
        snprintf(text, CELL, "%zu", row->a_count);
    else
        snprintf(text, CELL, "%zu/%zu", row->a_count, row->b_count);
    return text;
}

static bool by_label(const struct comparison *comparison)
{
    return comparison->a.folders || comparison->b.folders;
}

/* A folder may hold several files of one case, and their labels tell them apart. */
static const char *name_of(const struct comparison *comparison, size_t row)
{
    return by_label(comparison) ? comparison->labels[row] : comparison->results[row]->case_name;
}

static void print_row(
    const struct comparison *comparison, struct cli_table *table, const struct compare_row *row)
{
    char a[2 * RESULT_NAME_MAX], b[2 * RESULT_NAME_MAX];
    char count[CELL], ratio[CELL], p[CELL], detectable[CELL];
    bool within = is_within(comparison);
    cli_table_row(table, "%s\t%s%s%s\t%s\t%s\t%s\t%s\t%s%s%s",
        name_of(comparison, (size_t)(row - comparison->rows)), config_text(a, sizeof a, &row->a),
        within ? "\t" : "", within ? config_text(b, sizeof b, &row->b) : "", count_text(count, row),
        ratio_text(ratio, row->ratio), p_text(p, row->p_adjusted),
        detectable_text(detectable, row->detectable), compare_verdict_name(row->verdict),
        *row->reason ? ": " : "", row->reason);
}

static void print_table(const struct comparison *comparison)
{
    struct cli_table *table = cli_table_new();
    bool within = is_within(comparison);
    cli_table_row(table, "%s\t%s\tN\tRATIO [95 %%]\tP\tDETECTABLE\tB IS",
        by_label(comparison) ? "LABEL" : "CASE", within ? "A\tB" : "BACKEND, WORKERS");
    for (size_t i = 0; i < comparison->rows_count; i++)
        print_row(comparison, table, &comparison->rows[i]);
    cli_table_print(table);
}

static const char *commit_of(const struct result *result)
{
    const char *commit = json_string_value(json_object_get(result->machine, "commit"));
    return commit ? commit : "unknown";
}

static void print_side(const char *name, const struct compare_side *side)
{
    for (size_t i = 0; i < side->count; i++)
        printf("%s: %s (%s%s, commit %s%s)\n", name, side->files[i].path,
            side->files[i].result->simulated ? "simulated, not measured; " : "",
            verdict_name(side->files[i].verdict.level), commit_of(side->files[i].result),
            side->files[i].result->complete ? "" : ", incomplete");
}

void compare_print_text(const struct comparison *comparison)
{
    if (comparison->old)
        printf("A: commit %s\nB: commit %s\nmeasured side by side: %s\n", comparison->old,
            comparison->new, verdict_name(comparison->verdict->level));
    print_side(is_within(comparison) ? "within" : "A", &comparison->a);
    print_side("B", &comparison->b);
    for (size_t i = 0; i < comparison->differences_count; i++) {
        const struct provenance_difference *difference = &comparison->differences[i];
        printf("differs: %s: %s against %s\n", difference->what, difference->a, difference->b);
    }
    if (comparison->forced)
        puts("forced: --force took what would have been refused");
    printf("ratio: %s; p after Holm over %zu comparison%s\n", ratio_is(comparison),
        compared_count(comparison), compared_count(comparison) == 1 ? "" : "s");
    print_table(comparison);
    for (size_t i = 0; i < comparison->left_count; i++)
        printf("not compared: %s: %s\n", comparison->left[i].label, comparison->left[i].why);
    if (caveat_of(comparison))
        printf("note: %s\n", caveat_of(comparison));
    puts("detectable: the difference that such samples would show about 3 times in 4");
}

/* ---- JSON ---- */

static json_t *config_json(const struct result_config *config)
{
    json_t *object = json_pack("{s:s, s:i, s:I}", "backend", config->backend, "workers",
        (int)config->workers, "chunk", (json_int_t)config->chunk);
    json_set_split(object, config);
    return object;
}

static json_t *row_json(const struct comparison *comparison, size_t i)
{
    const struct compare_row *row = &comparison->rows[i];
    json_t *object = config_json(&row->b);
    json_object_set_new(object, "case", json_text(comparison->results[i]->case_name));
    json_object_set_new(object, "label", json_text(comparison->labels[i]));
    if (is_within(comparison))
        json_object_set_new(object, "against", config_json(&row->a));
    json_object_set_new(object, "method", json_string(compare_method(row->design)));
    json_object_set_new(object, "unit", json_string(compare_unit(row->design)));
    json_object_set_new(object, "count_a", json_integer((json_int_t)row->a_count));
    json_object_set_new(object, "count_b", json_integer((json_int_t)row->b_count));
    json_object_set_new(object, "ratio", json_interval(row->ratio));
    json_object_set_new(object, "p", json_number(row->p));
    json_object_set_new(object, "p_adjusted", json_number(row->p_adjusted));
    json_object_set_new(object, "detectable", json_number(row->detectable));
    json_object_set_new(object, "verdict", json_string(compare_verdict_name(row->verdict)));
    json_object_set_new(object, "reason", json_text(row->reason));
    json_object_set_new(
        object, "regression", json_boolean(compare_regressed(row, comparison->threshold)));
    return object;
}

static json_t *side_json(const struct compare_side *side)
{
    json_t *files = json_array();
    for (size_t i = 0; i < side->count; i++) {
        const struct compare_file *file = &side->files[i];
        json_t *object = json_pack("{s:o, s:o, s:o}", "file", json_text(file->path), "label",
            json_text(file->label), "commit", json_text(commit_of(file->result)));
        json_set_simulated(object, file->result);
        json_set_verdict(object, &file->verdict);
        json_array_append_new(files, object);
    }
    return files;
}

static json_t *differences_json(const struct comparison *comparison)
{
    json_t *list = json_array();
    for (size_t i = 0; i < comparison->differences_count; i++) {
        const struct provenance_difference *difference = &comparison->differences[i];
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:o}", "group",
                      provenance_group_name(difference->group), "what", difference->what, "a",
                      json_text(difference->a), "b", json_text(difference->b)));
    }
    return list;
}

static json_t *left_json(const struct comparison *comparison)
{
    json_t *list = json_array();
    for (size_t i = 0; i < comparison->left_count; i++)
        json_array_append_new(
            list, json_pack("{s:o, s:o}", "label", json_text(comparison->left[i].label), "reason",
                      json_text(comparison->left[i].why)));
    return list;
}

void compare_print_json(const struct comparison *comparison)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < comparison->rows_count; i++)
        json_array_append_new(rows, row_json(comparison, i));
    json_t *root = json_pack("{s:s, s:s, s:s, s:f, s:b, s:o, s:o, s:o, s:o, s:o}", "schema",
        "poolbench/compare/v1", "of", comparison->of == COMPARE_SPEEDUP ? "speedup" : "time",
        "ratio_is", ratio_is(comparison), "threshold", comparison->threshold, "forced",
        comparison->forced, "a", side_json(&comparison->a), "b", side_json(&comparison->b),
        "differences", differences_json(comparison), "rows", rows, "not_compared",
        left_json(comparison));
    const char *caveat = caveat_of(comparison);
    json_object_set_new(root, "note", caveat ? json_string(caveat) : json_null());
    if (comparison->old) {
        json_object_set_new(root, "old", json_text(comparison->old));
        json_object_set_new(root, "new", json_text(comparison->new));
        json_set_verdict(root, comparison->verdict);
    }
    json_print(root);
}
