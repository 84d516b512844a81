/* survey: figures that are no speed-up, read in rounds, into one result file. */
#include "../survey/survey.h"
#include "../analyze/reading.h"
#include "../survey/measure.h"
#include "../survey/registry.h"
#include "../util/units.h"
#include "commands.h"
#include "json.h"
#include "progress.h"
#include "record.h"

#include <stdio.h>
#include <string.h>

static const struct param options[] = {
    {.name = "rounds",
        .type = PARAM_COUNT,
        .min = 1,
        .max = 100000,
        .help = "rounds in which every figure is read once (default: the survey's; 6 for "
                "intervals)"},
    {.name = "only", .type = PARAM_TEXT, .choices = "LIST", .help = "these subjects alone"},
    {.name = "budget", .type = PARAM_DURATION, .help = "begin no round after this time"},
    {.name = "seed", .type = PARAM_COUNT, .help = "seed of everything random"},
    RECORD_OPTIONS,
    CLI_VERDICT_OPTIONS,
    {0},
};

/* A value in its unit, as people read it. */
static const char *value_text(char *text, size_t size, double value, const char *unit)
{
    if (strcmp(unit, "s") == 0)
        return units_seconds(text, size, value);
    units_si(text, size, value);
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s%s", *unit ? " " : "", unit);
    return text;
}

/* What its probe's readings say in words, with the first of its figures that has them. */
static void write_notes(char *notes, size_t size, const struct result *result, unsigned figure)
{
    struct reading_summary summary = reading_summary(result, figure);
    snprintf(notes, size, "%s%s%s", summary.failure, *summary.failure && *summary.note ? "; " : "",
        summary.note);
    const struct result_figure *row = &result->figures[figure];
    if (figure == 0 || strcmp(row[-1].subject, row->subject) != 0 || row[-1].x != row->x)
        return;
    struct reading_summary before = reading_summary(result, figure - 1);
    if (strcmp(before.note, summary.note) == 0 && strcmp(before.failure, summary.failure) == 0)
        *notes = '\0';
}

static void add_row(
    struct cli_table *table, const struct result *result, const struct result_figure *figure)
{
    unsigned at = (unsigned)(figure - result->figures);
    char value[32], lo[32], hi[32], x[32] = "", notes[512];
    struct reading_summary summary = reading_summary(result, at);
    write_notes(notes, sizeof notes, result, at);
    if (figure->x > 0)
        units_si(x, sizeof x, figure->x);
    cli_table_row(table, "%s\t%s\t%s\t%s\t[%s, %s]\t%zu\t%s", figure->subject, x, figure->figure,
        value_text(value, sizeof value, summary.value.value, figure->unit),
        value_text(lo, sizeof lo, summary.value.lo, figure->unit),
        value_text(hi, sizeof hi, summary.value.hi, figure->unit), summary.taken - summary.failed,
        notes);
}

static void print_text(const struct result *result, const struct verdict *verdict)
{
    struct cli_table *table = cli_table_new();
    printf("%s: %zu round%s, %s\n", result->survey, result->blocks_count,
        result->blocks_count == 1 ? "" : "s", verdict_name(verdict->level));
    if (result->axis)
        printf("x: %s\n", result->axis);
    cli_table_row(
        table, "SUBJECT\t%s\tFIGURE\tMEDIAN\t[95 %%]\tREADINGS\tNOTES", result->axis ? "X" : "");
    for (size_t i = 0; i < result->figures_count; i++)
        add_row(table, result, &result->figures[i]);
    cli_table_print(table);
}

static json_t *row_json(const struct result *result, unsigned figure)
{
    const struct result_figure *row = &result->figures[figure];
    struct reading_summary summary = reading_summary(result, figure);
    return json_pack("{s:s, s:o, s:s, s:s, s:o, s:I, s:I, s:o, s:o}", "subject", row->subject, "x",
        row->x > 0 ? json_number(row->x) : json_null(), "figure", row->figure, "unit", row->unit,
        "median", json_interval(summary.value), "readings", (json_int_t)summary.taken, "failed",
        (json_int_t)summary.failed, "failure", json_text(summary.failure), "note",
        json_text(summary.note));
}

static void print_json(const struct result *result, const struct verdict *verdict)
{
    json_t *rows = json_array();
    for (unsigned i = 0; i < result->figures_count; i++)
        json_array_append_new(rows, row_json(result, i));
    json_t *root = json_pack("{s:s, s:s, s:s?, s:I, s:b, s:o}", "schema", "poolbench/survey/v1",
        "survey", result->survey, "axis", result->axis, "rounds", (json_int_t)result->blocks_count,
        "complete", result->complete, "rows", rows);
    json_set_verdict(root, verdict);
    json_print(root);
}

/* How many readings failed; a figure that has no value is no failure. The first cause is told. */
static enum status tell_failures(const struct cli *cli, const struct result *result)
{
    size_t failed = 0;
    const struct result_reading *first = NULL;
    for (size_t i = 0; i < result->readings_count; i++) {
        const struct result_reading *reading = &result->readings[i];
        if (!*reading->failure || strcmp(reading->failure, SURVEY_NO_VALUE) == 0)
            continue;
        first = first ? first : reading;
        failed++;
    }
    if (!first)
        return STATUS_DONE;
    return cli_fail(cli, STATUS_FAILED, "%zu of %zu readings failed; the first, of %s: %s", failed,
        result->readings_count, result->figures[first->figure].subject, first->failure);
}

/* The file is written whatever happened, as long as something was read. */
static enum status conclude(const struct cli *cli, const struct result *result, enum status status)
{
    progress_clear();
    if (result->readings_count == 0)
        return status;
    struct verdict verdict = verdict_of(result);
    if (param_flag(cli->options, "json"))
        print_json(result, &verdict);
    else
        print_text(result, &verdict);
    cli_print_reasons(cli, &verdict);
    status = cli_graver(status, tell_failures(cli, result));
    status = cli_graver(status, cli_strict(cli, &verdict));
    return cli_graver(status, record_save(cli, result));
}

static enum status take(const struct cli *cli, const struct survey *survey)
{
    char why[1024] = "";
    struct result *result;
    const struct survey_options survey_options = {
        .rounds = (unsigned)param_count(cli->options, "rounds"),
        .only = param_text(cli->options, "only"),
        .budget_s = (double)param_duration(cli->options, "budget") * 1e-9,
        .seed = param_count(cli->options, "seed"),
        .progress = progress_hook(survey->name),
    };
    enum status status = record_begin(cli, survey->name, &result);
    if (status)
        return status;
    status = survey_measure(survey, &survey_options, result, why, sizeof why);
    if (*why)
        cli_fail(cli, status, "%s", why);
    status = conclude(cli, result, status);
    result_free(result);
    return status;
}

static enum status survey_run(const struct cli *cli)
{
    const char *name = cli->words[0];
    const struct survey *survey = registry_survey(name);
    const char *reason = survey && survey->supported ? survey->supported() : NULL;
    if (reason)
        return cli_fail(cli, STATUS_UNAVAILABLE, "survey %s: %s", name, reason);
    return survey ? take(cli, survey)
                  : cli_fail(cli, STATUS_USAGE,
                        "unknown survey \"%s\"; `poolbench list` shows those that there are", name);
}

const struct cli_command command_survey = {
    .name = "survey",
    .words = "NAME",
    .summary = "figures that are no speed-up (latencies, costs, losses), read in rounds",
    .options = options,
    .words_min = 1,
    .words_max = 1,
    .run = survey_run,
};
