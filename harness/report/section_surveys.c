/* Surveys: a chapter each, tables and, where there is an axis, a picture. */
#include "../analyze/reading.h"
#include "markdown.h"
#include "number.h"
#include "picture.h"
#include "python_speedups.h"
#include "section.h"

#include <math.h>
#include <string.h>

/* A cell: the median and its interval, or why there is none. */
static void put_value(FILE *out, const struct result *result, int figure)
{
    if (figure < 0) {
        fputs(" |", out);
        return;
    }
    const struct reading_summary summary = reading_summary(result, (unsigned)figure);
    if (summary.failed == summary.taken)
        fputs(" none |", out);
    else
        fprintf(out, " %s |", number_in(summary.value, result->figures[figure].unit).text);
}

/* What the readings of a subject say in words: each text once, with how many of them say it. */
static void put_notes(FILE *out, const struct result *result, const char *subject)
{
    const char *last = "", *last_failure = "";
    fputc(' ', out);
    for (unsigned i = 0; i < result->figures_count; i++) {
        if (strcmp(result->figures[i].subject, subject) != 0)
            continue;
        const struct reading_summary summary = reading_summary(result, i);
        if (summary.failed && strcmp(summary.failure, last_failure) != 0) {
            fprintf(out, "%s**%zu of %zu failed:** ", *last_failure || *last ? "; " : "",
                summary.failed, summary.taken);
            markdown_text(out, summary.failure);
            last_failure = summary.failure;
        }
        if (*summary.note && strcmp(summary.note, last) != 0) {
            fputs(*last || *last_failure ? "; " : "", out);
            markdown_text(out, summary.note);
            last = summary.note;
        }
    }
    fputs(" |\n", out);
}

static bool has_notes(const struct result *result)
{
    for (size_t i = 0; i < result->readings_count; i++)
        if (*result->readings[i].note || *result->readings[i].failure)
            return true;
    return false;
}

/* ---- without an axis: a row a subject, a column a figure ---- */

static void put_figures(FILE *out, const struct result *result)
{
    bool notes = has_notes(result);
    fputs("| |", out);
    for (size_t i = 0; i < result->figures_count; i++)
        if (reading_is_first(result, i, READING_FIGURE)) {
            fputc(' ', out);
            markdown_text(out, result->figures[i].figure);
            fputs(" |", out);
        }
    fputs(notes ? " |\n| --- |" : "\n| --- |", out);
    for (size_t i = 0; i < result->figures_count; i++)
        if (reading_is_first(result, i, READING_FIGURE))
            fputs(" --- |", out);
    fputs(notes ? " --- |\n" : "\n", out);
    for (size_t i = 0; i < result->figures_count; i++) {
        const char *subject = result->figures[i].subject;
        if (!reading_is_first(result, i, READING_SUBJECT))
            continue;
        fputs("| ", out);
        markdown_text(out, subject);
        fputs(" |", out);
        for (size_t j = 0; j < result->figures_count; j++)
            if (reading_is_first(result, j, READING_FIGURE))
                put_value(out, result, reading_find(result, subject, 0, result->figures[j].figure));
        if (notes)
            put_notes(out, result, subject);
        else
            fputc('\n', out);
    }
    fputc('\n', out);
}

/* ---- with an axis: a table a figure, a row a subject, a column an x ---- */

static void put_axis_heading(FILE *out, const struct result *result, bool notes)
{
    size_t columns = 0;
    fputs("| |", out);
    for (size_t i = 0; i < result->figures_count; i++)
        if (reading_is_first(result, i, READING_X)) {
            fprintf(out, " %s |", number_rate(result->figures[i].x).text);
            columns++;
        }
    fputs(notes ? " |\n| --- |" : "\n| --- |", out);
    for (size_t i = 0; i < columns + notes; i++)
        fputs(" --- |", out);
    fputc('\n', out);
}

static bool has_figure(const struct result *result, const char *subject, const char *figure)
{
    for (size_t i = 0; i < result->figures_count; i++)
        if (strcmp(result->figures[i].subject, subject) == 0 &&
            strcmp(result->figures[i].figure, figure) == 0)
            return true;
    return false;
}

static void put_along_axis(FILE *out, const struct result *result, const char *figure, bool notes)
{
    fputs("**", out);
    markdown_text(out, figure);
    fputs("**, by ", out);
    markdown_text(out, result->axis);
    fputs(":\n\n", out);
    put_axis_heading(out, result, notes);
    for (size_t i = 0; i < result->figures_count; i++) {
        const char *subject = result->figures[i].subject;
        if (!reading_is_first(result, i, READING_SUBJECT) || !has_figure(result, subject, figure))
            continue;
        fputs("| ", out);
        markdown_text(out, subject);
        fputs(" |", out);
        for (size_t j = 0; j < result->figures_count; j++)
            if (reading_is_first(result, j, READING_X))
                put_value(out, result, reading_find(result, subject, result->figures[j].x, figure));
        if (notes)
            put_notes(out, result, subject);
        else
            fputc('\n', out);
    }
    fputc('\n', out);
}

static void put_axis(FILE *out, const struct result *result)
{
    bool notes = has_notes(result);
    for (size_t i = 0; i < result->figures_count; i++)
        if (reading_is_first(result, i, READING_FIGURE)) {
            put_along_axis(out, result, result->figures[i].figure, notes);
            notes = false; /* said once */
        }
}

/* ---- a chapter ---- */

static void put_survey(FILE *out, const struct report *report, const struct view *view)
{
    const struct result *result = view->result;
    fputs("## ", out);
    markdown_text(out, result->title ? result->title : result->survey);
    fputs("\n\n", out);
    markdown_text(out, result->case_description ? result->case_description : "");
    fprintf(out,
        "\n\nMedians of %zu interleaved round%s%s; each reading in a process of its own. Verdict: "
        "%s. ",
        result->blocks_count, result->blocks_count == 1 ? "" : "s",
        result->blocks_count < STAT_PAIRS_MIN ? ", too few for intervals"
                                              : " with their 95 % intervals",
        verdict_name(view->verdict.level));
    markdown_code(out, result->command ? result->command : "");
    fputs("\n\n", out);
    if (result->axis)
        put_axis(out, result);
    else
        put_figures(out, result);
    if (strcmp(result->survey, "python") == 0) {
        python_put_speedups(out, result);
        python_put_lock(out, result);
    }
    if (report->pictures)
        picture_embed_all(out, view, report->link);
}

void section_surveys(FILE *out, const struct report *report)
{
    for (size_t i = 0; i < report->input.views_count; i++)
        if (view_has_survey(&report->input.views[i]))
            put_survey(out, report, &report->input.views[i]);
}
