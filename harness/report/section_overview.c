/* Title and summary: what a reader who stops here should know. Every statement is drawn from the
 * data by a rule that the text names; a REFUSED result makes none. */
#include "markdown.h"
#include "number.h"
#include "section.h"

#include <math.h>
#include <string.h>

static void count_verdicts(const struct input *input, size_t counts[3])
{
    for (size_t i = 0; i < input->views_count; i++)
        counts[input->views[i].verdict.level]++;
}

static void put_machine(FILE *out, const struct input *input)
{
    if (input->views_count == 0) {
        fputs("Nothing was measured: all results are simulated.", out);
        return;
    }
    const struct result *result = input->views[0].result;
    const char *model = json_string_value(json_object_get(result->machine, "cpu_model"));
    size_t counts[3] = {0};
    count_verdicts(input, counts);
    fprintf(out, "Measured on %u usable CPU%s", result->usable_cpus,
        result->usable_cpus == 1 ? "" : "s");
    if (model) {
        fputs(" (", out);
        markdown_text(out, model);
        fputc(')', out);
    }
    fprintf(out, ": %zu result%s, ", input->views_count, input->views_count == 1 ? "" : "s");
    if (counts[VERDICT_TRUSTED] == input->views_count)
        fputs(input->views_count == 1 ? "TRUSTED." : "all TRUSTED.", out);
    else
        fprintf(out, "of which %zu TRUSTED, %zu SUSPECT and %zu REFUSED.", counts[VERDICT_TRUSTED],
            counts[VERDICT_SUSPECT], counts[VERDICT_REFUSED]);
}

static void put_pool(FILE *out, const struct result_config *config)
{
    fprintf(out, "%s, %u worker%s", result_name(config).text, config->workers,
        config->workers == 1 ? "" : "s");
}

static bool may_speak(const struct view *view)
{
    return view->verdict.level != VERDICT_REFUSED;
}

/* The best pool of one case, as part of a sentence. */
static void put_best(FILE *out, const struct view *view, const struct view_row *best)
{
    fputs("**", out);
    markdown_text(out, view->label);
    fprintf(out, "** %s (", number_interval(best->summary.speedup).text);
    put_pool(out, best->config);
    if (best->summary.speedup.hi < 1)
        fputs("; slower than serial", out);
    else if (best->summary.speedup.lo <= 1)
        fputs("; no pool is significantly faster than serial", out);
    fputc(')', out);
}

static void put_cases(FILE *out, const struct input *input)
{
    const char *separator = "";
    for (size_t i = 0; i < input->views_count; i++) {
        const struct view *view = &input->views[i];
        const struct view_row *best = view_best(view);
        if (!best || !may_speak(view))
            continue;
        fputs(*separator ? separator
                         : " Speedup over the serial loop of the pool to pick (the fewest workers "
                           "whose interval overlaps the fastest pool's): ",
            out);
        put_best(out, view, best);
        separator = ", ";
    }
    if (*separator)
        fputc('.', out);
}

/* By grain is said of tasks that are handed out one by one. */
static bool is_told(
    const struct view *view, const struct view_search *search, enum result_axis axis)
{
    return search->search->axis == axis && view_is_breakeven(search) &&
           search->search->config.chunk == 1 &&
           search->search->config.workers == view_shown_workers(view);
}

static bool is_decided(const struct view_search *search)
{
    return search->bracket.outcome != BRACKET_UNDECIDED;
}

static void put_grain(FILE *out, const struct view_search *search)
{
    const struct interval x = stat_scaled(search->bracket.x, 1e-9);
    if (search->bracket.outcome == BRACKET_FOUND)
        fprintf(out, "**%s**", number_seconds_interval(x).text);
    else if (search->bracket.outcome == BRACKET_ALWAYS_SLOWER)
        fprintf(out, "more than %s, the longest tried,", number_seconds(x.lo).text);
    else
        fprintf(out, "no more than %s, the shortest tried,", number_seconds(x.hi).text);
    fputs(" (", out);
    put_pool(out, &search->search->config);
    fputc(')', out);
}

static void put_tasks(FILE *out, const struct view_search *search)
{
    const struct interval x = search->bracket.x;
    if (search->bracket.outcome == BRACKET_FOUND)
        fprintf(out, "**%s**", number_count_interval(x).text);
    else if (search->bracket.outcome == BRACKET_ALWAYS_SLOWER)
        fprintf(out, "more than %s", number_whole((uint64_t)x.lo).text);
    else
        fprintf(out, "%s or fewer", number_whole((uint64_t)x.hi).text);
    fputs(search->search->cold ? " cold (" : " warm (", out);
    put_pool(out, &search->search->config);
    fputc(')', out);
}

static void put_breakeven(FILE *out, const struct view *view, enum result_axis axis,
    const char *opening, void (*put)(FILE *, const struct view_search *))
{
    const char *separator = "";
    for (size_t i = 0; i < view->searches_count; i++) {
        if (!is_told(view, &view->searches[i], axis) || !is_decided(&view->searches[i]))
            continue;
        fputs(*separator ? separator : opening, out);
        put(out, &view->searches[i]);
        separator = ", ";
    }
    if (*separator)
        fputc('.', out);
}

static void put_undecided(FILE *out, const struct view *view)
{
    const char *separator = "";
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct view_search *search = &view->searches[i];
        enum result_axis axis = search->search->axis;
        if (!is_told(view, search, axis) || is_decided(search))
            continue;
        fputs(*separator ? separator : " No crossing was found, only a tie, ", out);
        fputs(axis == RESULT_BY_GRAIN ? "by grain ("
              : search->search->cold  ? "by tasks, cold ("
                                      : "by tasks, warm (",
            out);
        put_pool(out, &search->search->config);
        fputc(')', out);
        separator = ", ";
    }
    if (*separator)
        fputc('.', out);
}

static void put_warning(FILE *out, const struct input *input)
{
    const char *separator = "";
    for (size_t i = 0; i < input->views_count; i++) {
        const struct view *view = &input->views[i];
        if (may_speak(view))
            continue;
        fputs(*separator ? separator : " Left out here, because REFUSED: ", out);
        fputs("**", out);
        markdown_text(out, view->label);
        fputs("**", out);
        separator = ", ";
    }
    if (*separator)
        fputc('.', out);
}

static void put_crossings(FILE *out, const struct view *view)
{
    char opening[128];
    snprintf(opening, sizeof opening, " Of tasks of %s it takes at least ",
        number_seconds(view_task_s(view)).text);
    put_breakeven(out, view, RESULT_BY_GRAIN,
        " For a pool to be faster, each of many tasks must take at least ", put_grain);
    put_breakeven(out, view, RESULT_BY_TASKS, opening, put_tasks);
    put_undecided(out, view);
}

void section_overview(FILE *out, const struct report *report)
{
    const struct input *input = &report->input;
    fputs("# What pools are worth on ", out);
    markdown_text(out, input->host);
    fputs("\n\n", out);
    put_machine(out, input);
    put_cases(out, input);
    for (size_t i = 0; i < input->views_count; i++)
        if (may_speak(&input->views[i]))
            put_crossings(out, &input->views[i]);
    put_warning(out, input);
    fputs("\n\n", out);
}
