/* The table and the file. Raw samples are stored in the order in which they were taken; what else
 * stands in a row follows from them. */
#include "sheet.h"

#include "harness/cli/cli.h"
#include "harness/cli/json.h"
#include "harness/util/atomic_file.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SCHEMA "poolbench/bench/v1"
#define DUMP_FLAGS (JSON_ENCODE_ANY | JSON_REAL_PRECISION(12))

/* ---- the table ---- */

static const char *figure_text(char *text, size_t size, const struct outcome *outcome, unsigned arm)
{
    double seconds = outcome->medians[arm];
    if (isnan(seconds))
        snprintf(text, size, "-");
    else
        snprintf(text, size, "%.4g %s", row_scaled(outcome->row, seconds), row_unit(outcome->row));
    return text;
}

static const char *peer_text(char *text, size_t size, const struct outcome *outcome)
{
    char name[128], figure[64];
    if (!outcome->reference)
        snprintf(text, size, "-");
    else
        snprintf(text, size, "%s: %s",
            arm_name(outcome->arms[outcome->reference], name, sizeof name),
            figure_text(figure, sizeof figure, outcome, outcome->reference));
    return text;
}

static bool has_target(const struct row *row)
{
    return row->kind != ROW_FIGURE && row->kind != ROW_WORKS;
}

static const char *target_text(char *text, size_t size, const struct row *row)
{
    if (row->kind == ROW_WORKS)
        snprintf(text, size, "works");
    else if (!has_target(row))
        snprintf(text, size, "-");
    else
        snprintf(text, size, "%g%s%s", row->target, row->kind == ROW_RATIO ? "" : " ",
            row->kind == ROW_RATIO ? "" : row_unit(row));
    return text;
}

static void print_row(struct cli_table *table, const struct outcome *outcome)
{
    char name[128], ours[64], peer[256], interval[128] = "-", target[64];
    const struct row *row = outcome->row;
    const struct interval *e = &outcome->estimate;
    if (!(isnan(e->value) && isnan(e->lo) && isnan(e->hi)) && row->kind != ROW_WORKS)
        cli_interval(interval, sizeof interval, outcome->estimate);
    cli_table_row(table, "%s\t%s\t%s: %s\t%s\t%s\t%s\t%s", row->name, row->what,
        arm_name(&row->ours, name, sizeof name), figure_text(ours, sizeof ours, outcome, 0),
        peer_text(peer, sizeof peer, outcome), interval, target_text(target, sizeof target, row),
        outcome_word(outcome));
}

static void print_note(const struct outcome *outcome)
{
    if (*outcome->missing)
        printf("%s: peer missing: %s\n", outcome->row->name, outcome->missing);
    if (*outcome->failure)
        printf("%s: %s: %s\n", outcome->row->name, outcome_word(outcome), outcome->failure);
}

void sheet_print(const struct outcome *outcomes, size_t count)
{
    struct cli_table *table = cli_table_new();
    cli_table_row(table, "row\twhat\tours\tpeer\tratio or figure [95 %%]\tat most\tmet");
    for (size_t i = 0; i < count; i++)
        print_row(table, &outcomes[i]);
    cli_table_print(table);
    for (size_t i = 0; i < count; i++)
        print_note(&outcomes[i]);
}

/* ---- the file ---- */

static json_t *arm_json(const struct outcome *outcome, unsigned i)
{
    char name[128];
    const struct arm *arm = outcome->arms[i];
    return json_pack("{s:s, s:s?, s:i, s:I, s:o}", "name", arm_name(arm, name, sizeof name),
        "backend", arm->backend, "workers", (int)(arm->workers ? arm->workers : BENCH_WORKERS),
        "chunk", (json_int_t)arm->chunk, "median_s", json_number(outcome->medians[i]));
}

static json_t *arms_json(const struct outcome *outcome)
{
    json_t *arms = json_array();
    for (unsigned i = 0; i < outcome->arms_count; i++)
        json_array_append_new(arms, arm_json(outcome, i));
    return arms;
}

static json_t *samples_json(const struct outcome *outcome)
{
    json_t *samples = json_array();
    for (size_t i = 0; i < outcome->samples_count; i++) {
        const struct taken *taken = &outcome->samples[i];
        json_array_append_new(
            samples, json_pack("{s:i, s:i, s:i, s:f}", "block", (int)taken->block, "arm",
                         (int)taken->arm, "order", (int)taken->order, "seconds", taken->seconds));
    }
    return samples;
}

/* true, false, or null where nothing can be said. */
static json_t *met_json(const struct outcome *outcome)
{
    switch (outcome->level) {
    case OUTCOME_MET:
    case OUTCOME_PERHAPS:
        return json_true();
    case OUTCOME_NOT_MET:
        return json_false();
    default:
        return json_null();
    }
}

static json_t *row_json(const struct outcome *outcome)
{
    static const char *const kinds[] = {"figure", "ratio", "absolute", "search", "works"};
    const struct row *row = outcome->row;
    char ours[128], peer[128];
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:s?, s:I}", "name", row->name,
        "what", row->what, "kind", kinds[row->kind], "unit", row_unit(row), "ours",
        arm_name(&row->ours, ours, sizeof ours), "peer",
        outcome->reference ? arm_name(outcome->arms[outcome->reference], peer, sizeof peer) : NULL,
        "param", row->param, "tasks", (json_int_t)row->tasks);
    json_object_set_new(
        object, row->kind == ROW_RATIO ? "ratio" : "figure", json_interval(outcome->estimate));
    json_object_set_new(object, "target", json_number(has_target(row) ? row->target : NAN));
    json_object_set_new(object, "met", met_json(outcome));
    json_object_set_new(object, "outcome", json_string(outcome_word(outcome)));
    json_object_set_new(object, "missing", json_text(outcome->missing));
    json_object_set_new(object, "failure", json_text(outcome->failure));
    json_object_set_new(object, "arms", arms_json(outcome));
    json_object_set_new(object, "samples", samples_json(outcome));
    return object;
}

static json_t *noise_json(const struct result_noise *noise)
{
    return json_pack("{s:f, s:I, s:I, s:I, s:I, s:b, s:f, s:f}", "window_s", noise->window_s,
        "steal_ticks", (json_int_t)noise->steal_ticks, "cpu_ticks", (json_int_t)noise->cpu_ticks,
        "throttled", (json_int_t)noise->throttled, "swapped_in", (json_int_t)noise->swapped_in,
        "cpus_changed", noise->cpus_changed, "others_s", noise->others_s, "psi_cpu",
        noise->psi_cpu);
}

static json_t *document(const struct outcome *outcomes, size_t count, const struct result *result,
    const struct verdict *verdict)
{
    char seed[32];
    snprintf(seed, sizeof seed, "0x%016" PRIx64, result->seed);
    json_t *root = json_pack("{s:s, s:s?, s:s?, s:O, s:s, s:b, s:i, s:o}", "schema", SCHEMA,
        "started", result->started, "command", result->command, "machine", result->machine, "seed",
        seed, "complete", result->complete, "usable_cpus", (int)result->usable_cpus, "noise",
        noise_json(&result->noise));
    json_set_verdict(root, verdict);
    json_t *canaries = json_array(), *list = json_array();
    for (size_t i = 0; i < result->blocks_count; i++)
        json_array_append_new(canaries, json_real(result->blocks[i].canary_s));
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, row_json(&outcomes[i]));
    json_object_set_new(root, "canaries_s", canaries);
    json_object_set_new(root, "rows", list);
    return root;
}

/* A line a key, and a line a row, as the other results have it. */
static void print_document(FILE *out, json_t *root)
{
    const char *key, *separator = "{";
    json_t *value, *item;
    size_t i;
    json_object_foreach (root, key, value) {
        fprintf(out, "%s\n \"%s\": ", separator, key);
        separator = ",";
        if (strcmp(key, "rows") != 0) {
            json_dumpf(value, out, DUMP_FLAGS);
            continue;
        }
        fputc('[', out);
        json_array_foreach (value, i, item) {
            fputs(i ? ",\n  " : "\n  ", out);
            json_dumpf(item, out, DUMP_FLAGS);
        }
        fputs("\n ]", out);
    }
    fputs("\n}\n", out);
}

/* Best effort: what could not be made, opening the file tells. */
static void make_folders(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, 0777);
        *slash = '/';
    }
}

int sheet_save(const struct outcome *outcomes, size_t count, const struct result *result,
    const struct verdict *verdict, const char *path, char *why, size_t size)
{
    make_folders(path);
    struct atomic_file *file = atomic_open(path, why, size);
    if (!file)
        return -1;
    json_t *root = document(outcomes, count, result, verdict);
    print_document(atomic_stream(file), root);
    json_decref(root);
    return atomic_commit(file, why, size);
}
