/* What was computed and not measured, apart from all that was. A simulated result LABEL.sim is a
 * prediction of the measured result LABEL: both stand side by side, with the error. */
#include "markdown.h"
#include "number.h"
#include "picture.h"
#include "section.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ENDING ".sim"

/* The errors of predictions: predicted time / measured time - 1. */
struct errors {
    double *parts; /* absolute */
    size_t count;
    double worst;
};

static void add_error(struct errors *errors, double error)
{
    double *parts = realloc(errors->parts, (errors->count + 1) * sizeof *parts);
    if (!parts)
        abort();
    errors->parts = parts;
    errors->parts[errors->count++] = fabs(error);
    errors->worst = fmax(errors->worst, fabs(error));
}

/* The measured sweep that the view predicts, or NULL. */
static const struct view *measured_of(const struct input *input, const struct view *view)
{
    size_t length = strlen(view->label), ending = strlen(ENDING);
    if (length <= ending || strcmp(view->label + length - ending, ENDING) != 0)
        return NULL;
    for (size_t i = 0; i < input->views_count; i++)
        if (strlen(input->views[i].label) == length - ending &&
            strncmp(input->views[i].label, view->label, length - ending) == 0 &&
            view_has_sweep(&input->views[i]))
            return &input->views[i];
    return NULL;
}

static const struct view_row *same_row(const struct view *view, const struct view_row *row)
{
    for (size_t i = 0; i < view->rows_count; i++)
        if (result_same_config(view->rows[i].config, row->config))
            return &view->rows[i];
    return NULL;
}

static void put_pool(FILE *out, const struct view_row *row)
{
    fprintf(out, "| %s | %u | ", result_name(row->config).text, row->config->workers);
}

static void put_prediction(FILE *out, const struct view_row *predicted,
    const struct view_row *measured, struct errors *errors)
{
    double error = predicted->summary.task_s.value / measured->summary.task_s.value - 1;
    put_pool(out, predicted);
    fprintf(out, "%s | %s | %s | %s | ", number_plain(predicted->summary.speedup.value).text,
        number_interval(measured->summary.speedup).text,
        number_seconds(predicted->summary.task_s.value).text,
        number_seconds(measured->summary.task_s.value).text);
    if (isfinite(error)) {
        add_error(errors, error);
        fprintf(out, "%+.1f %% |\n", 100 * error);
    } else
        fputs("\u2013 |\n", out);
}

static void put_errors(FILE *out, struct errors *errors)
{
    if (errors->count > 0)
        fprintf(out,
            "Median error of %zu prediction%s of the time a task: **%s** (largest: %s).\n\n",
            errors->count, errors->count == 1 ? "" : "s",
            number_percent(stat_median(errors->parts, errors->count)).text,
            number_percent(errors->worst).text);
}

static void put_predictions(
    FILE *out, const struct view *view, const struct view *measured, struct errors *all)
{
    struct errors errors = {0};
    fputs("Predicted beside measured (", out);
    markdown_code(out, measured->label);
    if (measured->verdict.level == VERDICT_REFUSED)
        fputs(", which is REFUSED: no judgement of the model", out);
    fputs(
        "):\n\n| backend | workers | speedup, predicted | measured [95 %] | time a task, predicted "
        "| measured | error |\n| --- | ---: | ---: | --- | ---: | ---: | ---: |\n",
        out);
    for (size_t i = 0; i < view->rows_count; i++) {
        const struct view_row *row = same_row(measured, &view->rows[i]);
        if (row && !view_is_serial(row))
            put_prediction(out, &view->rows[i], row, &errors);
    }
    fputc('\n', out);
    put_errors(out, &errors);
    for (size_t i = 0; i < errors.count; i++)
        add_error(all, errors.parts[i]);
    free(errors.parts);
}

static void put_rows(FILE *out, const struct view *view)
{
    fputs("| backend | workers | speedup | efficiency | time a task |\n"
          "| --- | ---: | --- | ---: | ---: |\n",
        out);
    for (size_t i = 0; i < view->rows_count; i++) {
        const struct summary *summary = &view->rows[i].summary;
        put_pool(out, &view->rows[i]);
        fprintf(out, "%s | %s | %s |\n", number_interval(summary->speedup).text,
            number_plain(summary->efficiency.value).text,
            number_seconds(summary->task_s.value).text);
    }
    fputc('\n', out);
}

static void put_crossing(FILE *out, const struct view_search *search)
{
    const struct interval x = search->bracket.x;
    bool grain = search->search->axis == RESULT_BY_GRAIN;
    if (search->bracket.outcome != BRACKET_FOUND)
        fputs("not within the range searched", out);
    else if (grain)
        fputs(number_seconds_interval(stat_scaled(x, 1e-9)).text, out);
    else
        fprintf(out, "%s tasks", number_count_interval(x).text);
}

/* The rest of what a break-even result holds is no search; a map has its picture. */
static bool looks_for_crossing(const struct result_search *search)
{
    return search->axis == RESULT_BY_GRAIN || search->axis == RESULT_BY_TASKS;
}

static void put_searches(FILE *out, const struct view *view)
{
    bool begun = false;
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct result_search *search = view->searches[i].search;
        if (!looks_for_crossing(search))
            continue;
        if (!begun)
            fputs("| backend | workers | speedup of | from |\n| --- | ---: | ---: | --- |\n", out);
        begun = true;
        fprintf(out, "| %s | %u | %s%s | ", result_name(&search->config).text,
            search->config.workers, number_plain(search->target).text,
            search->cold ? ", cold" : "");
        put_crossing(out, &view->searches[i]);
        fputs(" |\n", out);
    }
    if (begun)
        fputc('\n', out);
}

static void put_view(
    FILE *out, const struct report *report, const struct view *view, struct errors *all)
{
    const struct view *measured = measured_of(&report->input, view);
    fputs("### ", out);
    markdown_text(out, view->label);
    fputs(" (simulated)\n\nModel: ", out);
    markdown_code(out, view->result->simulated);
    fputs("\n\n", out);
    if (measured)
        put_predictions(out, view, measured, all);
    else if (view_has_sweep(view))
        put_rows(out, view);
    else
        put_searches(out, view);
    if (report->pictures)
        picture_embed_all(out, view, report->link);
    if (view->result->command) {
        fputs("Simulated by ", out);
        markdown_code(out, view->result->command);
        fputs("\n\n", out);
    }
}

void section_simulated(FILE *out, const struct report *report)
{
    struct errors all = {0};
    const struct input *input = &report->input;
    if (input->simulated_count == 0)
        return;
    fputs("## Simulated, not measured\n\n"
          "Times in this chapter are virtual: a discrete-event model computed them from costs "
          "(docs/sim.md). No number of another chapter comes from here.\n\n",
        out);
    for (size_t i = 0; i < input->simulated_count; i++)
        put_view(out, report, &input->simulated[i], &all);
    if (input->simulated_count > 1 && all.count > 0) {
        fputs("All predictions together. ", out);
        put_errors(out, &all);
    }
    free(all.parts);
}
