/* One part a case: what it does, one table, its answer, pictures, the command. */
#include "../analyze/cost.h"
#include "markdown.h"
#include "number.h"
#include "picture.h"
#include "section.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put_verdict(FILE *out, const struct view *view)
{
    if (view->verdict.level == VERDICT_TRUSTED && view->result->complete)
        return;
    fprintf(out, "> **%s%s**", verdict_name(view->verdict.level),
        view->result->complete ? "" : ", incomplete");
    for (size_t i = 0; i < view->verdict.count; i++) {
        fputs(i ? "; " : ": ", out);
        markdown_text(out, view->verdict.reasons[i]);
    }
    fputs(view->verdict.level == VERDICT_REFUSED ? ". Do not use these numbers.\n\n" : "\n\n", out);
}

/* How many tasks serial ran in its blocks; 0: it has no sample. */
static uint64_t serial_tasks(const struct result *result)
{
    int serial = summary_serial(result);
    for (size_t i = 0; i < result->samples_count; i++)
        if ((int)result->samples[i].config == serial && !*result->samples[i].failure)
            return result->samples[i].tasks;
    return 0;
}

static void put_parameters(FILE *out, const struct view *view)
{
    const struct result *result = view->result;
    uint64_t subset = serial_tasks(result);
    size_t blocks = summary_blocks(result);
    fprintf(out, "%s tasks", number_whole(result->tasks).text);
    for (size_t i = 0; i < result->params_count; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s=%s", result->params[i].name, result->params[i].value);
        fputs(", ", out);
        markdown_code(out, text);
    }
    fprintf(out, "; %zu block%s", blocks, blocks == 1 ? "" : "s");
    if (blocks < result->blocks_count)
        fprintf(out, " after a pilot of %zu", result->blocks_count - blocks);
    if (subset > 0 && subset < result->tasks)
        fprintf(out,
            "; serial, which would take too long, ran a random subset of %s tasks in each block, "
            "scaled per task",
            number_whole(subset).text);
    fputs(".\n\n", out);
}

/* Errors and losses, and samples that are no numbers. */
static void put_faults(FILE *out, const struct summary *summary)
{
    if (!summary->errors && !summary->lost && !summary->wrong && !summary->failed) {
        fputs("none", out);
        return;
    }
    fprintf(out, "%" PRIu64 " errors, %" PRIu64 " lost", summary->errors, summary->lost);
    if (summary->wrong)
        fprintf(out, ", **%zu sample%s wrong**", summary->wrong, summary->wrong == 1 ? "" : "s");
    if (summary->failed)
        fprintf(out, ", **%zu sample%s failed**", summary->failed, summary->failed == 1 ? "" : "s");
}

static void put_row(FILE *out, const struct view *view, const struct view_row *row)
{
    const struct summary *summary = &row->summary;
    bool serial = view_is_serial(row);
    fprintf(out, "| %s", result_name(row->config).text);
    if (row->config->chunk > 0)
        fprintf(out, ", chunk %" PRIu64, row->config->chunk);
    fprintf(out, " | %u%s | %s | %s | %s | %s | %s | %s | ", row->config->workers,
        row->config->workers > view->result->usable_cpus ? " \u2020" : "",
        serial ? "1" : number_interval(summary->speedup).text,
        serial ? "\u2013" : number_plain(summary->efficiency.value).text,
        number_rate(summary->tasks_per_s.value).text, number_seconds(summary->task_s.value).text,
        serial ? "\u2013" : number_seconds(summary->start_s).text,
        serial ? "\u2013" : number_seconds(summary->stop_s).text);
    put_faults(out, summary);
    fputs(" |\n", out);
}

static void put_table(FILE *out, const struct view *view)
{
    fputs(
        "| backend | workers | speedup [95 %] | efficiency | tasks/s | time a task | start | stop "
        "| errors |\n"
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- |\n",
        out);
    for (size_t i = 0; i < view->rows_count; i++)
        put_row(out, view, &view->rows[i]);
    fputc('\n', out);
}

static bool seen_before(const struct result *result, size_t sample)
{
    for (size_t i = 0; i < sample; i++)
        if (result->samples[i].config == result->samples[sample].config &&
            strcmp(result->samples[i].failure, result->samples[sample].failure) == 0)
            return true;
    return false;
}

/* Why samples have no time: each cause once a configuration. */
static void put_failures(FILE *out, const struct result *result)
{
    bool any = false;
    for (size_t i = 0; i < result->samples_count; i++) {
        const struct result_sample *sample = &result->samples[i];
        if (!*sample->failure || seen_before(result, i))
            continue;
        const struct result_config *config = &result->configs[sample->config];
        fprintf(out, "- %s, %u worker%s, failed: ", result_name(config).text, config->workers,
            config->workers == 1 ? "" : "s");
        markdown_text(out, sample->failure);
        fputc('\n', out);
        any = true;
    }
    if (any)
        fputc('\n', out);
}

/* All pools judged together. */
static void put_cost(FILE *out, const struct result *result)
{
    char text[512];
    struct cost *costs;
    struct family family = family_of(result);
    size_t n = cost_of_sweep(result, &family, &costs);
    if (n > 0)
        fprintf(out, "The smallest pool that beats the serial loop (COST): %s.\n\n",
            cost_text(text, sizeof text, costs, n));
    free(costs);
    family_free(&family);
}

static void put_answer(FILE *out, const struct result *result)
{
    if (!result->answer)
        return;
    fputs("Answer: ", out);
    markdown_code(out, result->answer);
    fputs("\n\n", out);
}

/* What the case does; said once of several sweeps of it. */
static void put_description(FILE *out, const struct report *report, const struct view *view)
{
    const struct result *result = view->result;
    if (!result->case_description || !*result->case_description)
        return;
    fprintf(out, "Case `%s` (%s)", result->case_name, result->case_kind);
    for (const struct view *above = report->input.views; above < view; above++)
        if (strcmp(above->result->case_name, result->case_name) == 0) {
            fputs(", which is described above.\n\n", out);
            return;
        }
    fputs(". ", out);
    markdown_text(out, result->case_description);
    fputs("\n\n", out);
}

static void put_case(FILE *out, const struct report *report, const struct view *view)
{
    const struct result *result = view->result;
    fputs("### ", out);
    markdown_text(out, view->label);
    if (result->case_summary) {
        fputs(": ", out);
        markdown_text(out, result->case_summary);
    }
    fputs("\n\n", out);
    put_verdict(out, view);
    put_description(out, report, view);
    put_parameters(out, view);
    put_table(out, view);
    put_cost(out, result);
    put_failures(out, result);
    put_answer(out, result);
    if (report->pictures && !picture_embed_all(out, view, report->link))
        fputs("No picture: no pool has an interval.\n\n", out);
    if (result->command) {
        fputs("Measured by ", out);
        markdown_code(out, result->command);
        fputs("\n\n", out);
    }
}

void section_cases(FILE *out, const struct report *report)
{
    bool any = false;
    for (size_t i = 0; i < report->input.views_count; i++) {
        const struct view *view = &report->input.views[i];
        if (!view_has_sweep(view))
            continue;
        if (!any)
            fputs("## Cases\n\n", out);
        any = true;
        put_case(out, report, view);
    }
}
