/* Break-even: from which grain, and from how many tasks, a pool is worth it. */
#include "markdown.h"
#include "number.h"
#include "picture.h"
#include "section.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool same_config(const struct view_search *a, const struct view_search *b)
{
    return result_same_pool(&a->search->config, &b->search->config) &&
           a->search->config.chunk == b->search->config.chunk;
}

/* The search of the same configuration with these properties, or NULL. */
static const struct view_search *find(const struct view *view, const struct view_search *like,
    enum result_axis axis, bool cold, double target)
{
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct view_search *search = &view->searches[i];
        if (same_config(search, like) && search->search->axis == axis &&
            search->search->cold == cold && fabs(search->search->target - target) < 1e-9)
            return search;
    }
    return NULL;
}

static struct number size_text(const struct view_search *search, double x)
{
    return search->search->axis == RESULT_BY_GRAIN ? number_seconds(x * 1e-9)
                                                   : number_whole((uint64_t)x);
}

static struct number crossing_text(const struct view_search *search)
{
    const struct interval x = search->bracket.x;
    return search->search->axis == RESULT_BY_GRAIN ? number_seconds_interval((struct interval){
                                                         x.value * 1e-9, x.lo * 1e-9, x.hi * 1e-9})
                                                   : number_count_interval(x);
}

/* Tied at one end or both: what is known of the other. */
static void put_undecided(FILE *out, const struct view_search *search)
{
    const struct interval x = search->bracket.x;
    if (isfinite(x.lo))
        fprintf(out, "not reached, tied beyond %s", size_text(search, x.lo).text);
    else if (isfinite(x.hi))
        fprintf(out, "below %s, tied there", size_text(search, x.hi).text);
    else
        fputs("undecided, tied", out);
}

/* A cell: the bracket, or in words what the whole range shows. */
static void put_crossing(
    FILE *out, const struct view_search *search, const char *never, const char *always)
{
    if (!search || search->points_count == 0) {
        fputs(" not measured |", out);
        return;
    }
    const struct bracket_point *last = &search->points[search->points_count - 1];
    fputc(' ', out);
    switch (search->bracket.outcome) {
    case BRACKET_FOUND:
        fprintf(out, "%s |", crossing_text(search).text);
        return;
    case BRACKET_ALWAYS_SLOWER:
        fputs(never, out);
        break;
    case BRACKET_ALWAYS_FASTER:
        fputs(always, out);
        break;
    case BRACKET_UNDECIDED:
        put_undecided(out, search);
        break;
    }
    fprintf(out, " (tried %s to %s) |", size_text(search, search->points->x).text,
        size_text(search, last->x).text);
}

static void put_row(FILE *out, const struct view *view, const struct view_search *like)
{
    static const char slower[] = "always slower than serial",
                      faster[] = "always faster than serial";
    const struct result_config *config = &like->search->config;
    double ideal = fmin(config->workers, view->result->usable_cpus);
    fprintf(out, "| %s | %u%s |", result_name(config).text, config->workers,
        config->workers > view->result->usable_cpus ? " \u2020" : "");
    if (config->chunk > 0)
        fprintf(out, " %" PRIu64 " |", config->chunk);
    else
        fputs(" guided |", out);
    put_crossing(out, find(view, like, RESULT_BY_GRAIN, false, 1), slower, faster);
    put_crossing(out, find(view, like, RESULT_BY_TASKS, false, 1), slower, faster);
    put_crossing(out, find(view, like, RESULT_BY_TASKS, true, 1), slower, faster);
    put_crossing(out, find(view, like, RESULT_BY_GRAIN, false, 0.5 * ideal),
        "efficiency always below 0.5", "efficiency always above 0.5");
    fputc('\n', out);
}

static void put_explanation(FILE *out, const struct view *view)
{
    double seconds = view_task_s(view);
    fputs(
        "From which size of task, and from how many tasks, is a pool faster than serial? Where it "
        "always or never is, the table says so, with the range tried.",
        out);
    if (isfinite(seconds))
        fprintf(out, " Tasks by number cost %s each on one core.", number_seconds(seconds).text);
    fputs("\n\n", out);
}

static void put_view(FILE *out, const struct report *report, const struct view *view)
{
    put_explanation(out, view);
    if (view->verdict.level != VERDICT_TRUSTED)
        fprintf(out, "> **%s**: see the reasons above%s\n\n", verdict_name(view->verdict.level),
            view->verdict.level == VERDICT_REFUSED ? ". Do not use these numbers." : "");
    fputs("| backend | workers | chunk | by grain | by tasks, warm | by tasks, cold | METG(50) |\n"
          "| --- | ---: | ---: | --- | --- | --- | --- |\n",
        out);
    for (size_t i = 0; i < view->searches_count; i++)
        if (i == 0 || !same_config(&view->searches[i], &view->searches[i - 1]))
            put_row(out, view, &view->searches[i]);
    fputc('\n', out);
    if (report->pictures)
        picture_embed_all(out, view, report->link);
    if (view->result->command) {
        fputs("Measured by ", out);
        markdown_code(out, view->result->command);
        fputs("\n\n", out);
    }
}

void section_breakeven(FILE *out, const struct report *report)
{
    for (size_t i = 0; i < report->input.views_count; i++) {
        const struct view *view = &report->input.views[i];
        if (view->searches_count == 0)
            continue;
        fputs("## Break-even", out);
        if (strcmp(view->label, "breakeven") != 0) {
            fputs(": ", out);
            markdown_text(out, view->label);
        }
        fputs("\n\n", out);
        put_view(out, report, view);
    }
}
