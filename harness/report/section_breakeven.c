/* Break-even: from which grain, and from how many tasks, a pool is worth it. */
#include "../analyze/cost.h"
#include "../analyze/crossing.h"
#include "markdown.h"
#include "number.h"
#include "picture.h"
#include "section.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_config(const struct view_search *a, const struct view_search *b)
{
    return result_same_config(&a->search->config, &b->search->config);
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
    return bracket_counts_tasks(search->search) ? number_whole((uint64_t)x)
                                                : number_seconds(x * 1e-9);
}

static struct number ns_text(struct interval ns)
{
    return number_seconds_interval(stat_scaled(ns, 1e-9));
}

static struct number crossing_text(const struct view_search *search)
{
    return bracket_counts_tasks(search->search) ? number_count_interval(search->bracket.x)
                                                : ns_text(search->bracket.x);
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

/* What stands for a time that was not measured. */
static const char *added_text(struct number *text, struct interval ns)
{
    *text = ns_text(ns);
    return isnan(ns.value) ? "not measured" : text->text;
}

static void put_pool(FILE *out, const struct view *view, const struct result_config *config)
{
    fprintf(out, "| %s | %u%s |", result_name(config).text, config->workers,
        config->workers > view->result->usable_cpus ? " \u2020" : "");
}

static void put_row(FILE *out, const struct view *view, const struct view_search *like,
    const struct crossing *costs)
{
    static const char slower[] = "always slower than serial",
                      faster[] = "always faster than serial";
    const struct result_config *config = &like->search->config;
    struct number text[2];
    double ideal = crossing_target(view->result, config->workers, 1);
    put_pool(out, view, config);
    if (config->chunk > 0)
        fprintf(out, " %" PRIu64 " |", config->chunk);
    else
        fputs(" guided |", out);
    put_crossing(out, find(view, like, RESULT_BY_GRAIN, false, 1), slower, faster);
    put_crossing(out, find(view, like, RESULT_BY_TASKS, false, 1), slower, faster);
    put_crossing(out, find(view, like, RESULT_BY_TASKS, true, 1), slower, faster);
    put_crossing(out, find(view, like, RESULT_BY_GRAIN, false, 0.5 * ideal),
        "efficiency always below 0.5", "efficiency always above 0.5");
    put_crossing(out, find(view, like, RESULT_BY_GRAIN, false, 0.9 * ideal),
        "efficiency always below 0.9", "efficiency always above 0.9");
    fprintf(out, " %s | %s |\n", added_text(&text[0], costs->overhead_ns),
        added_text(&text[1], costs->region_ns));
}

static bool is_pool(const struct view_search *search)
{
    return search->search->axis == RESULT_BY_GRAIN || search->search->axis == RESULT_BY_TASKS;
}

static void put_pools(
    FILE *out, const struct view *view, const struct crossing *rows, size_t rows_count)
{
    const struct view_search *last = NULL;
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct view_search *search = &view->searches[i];
        if (!is_pool(search) || (last && same_config(search, last)))
            continue;
        if (!last)
            fputs("| backend | workers | chunk | by grain | by tasks, warm | by tasks, cold | "
                  "METG(50) | METG(90) | a task adds | a region adds |\n"
                  "| --- | ---: | ---: | --- | --- | --- | --- | --- | --- | --- |\n",
                out);
        last = search;
        put_row(out, view, search, crossing_find(rows, rows_count, search->search));
    }
    if (last)
        fputc('\n', out);
}

static void put_carried(FILE *out, const struct view *view, const struct view_search *search,
    const struct crossing *row)
{
    struct number text;
    put_pool(out, view, row->config);
    fprintf(out, " %s | %s |", number_whole(row->payload).text, number_whole(row->result).text);
    put_crossing(out, search, "always slower than serial", "always faster than serial");
    fprintf(out, " %s |\n", added_text(&text, row->overhead_ns));
}

/* Break-even where tasks are calls that carry bytes. */
static void put_bytes(
    FILE *out, const struct view *view, const struct crossing *rows, size_t rows_count)
{
    bool any = false;
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct view_search *search = &view->searches[i];
        if (search->search->axis != RESULT_BY_CALLS)
            continue;
        if (!any)
            fputs("Here each task is handed over by itself, with bytes that are copied to its "
                  "worker and others that come back. The grain counts serial's reading and writing "
                  "of them, without the copies.\n\n"
                  "| backend | workers | bytes there | bytes back | by grain | a task adds |\n"
                  "| --- | ---: | ---: | ---: | --- | --- |\n",
                out);
        any = true;
        put_carried(out, view, search, crossing_find(rows, rows_count, search->search));
    }
    if (any)
        fputc('\n', out);
}

static void put_cost(FILE *out, const struct view *view)
{
    char text[512];
    struct cost *costs;
    size_t n = cost_of_searches(view->result, &costs);
    if (n > 0)
        fprintf(out,
            "The smallest pool that beats the serial loop at some grain (COST; all pools judged "
            "together): %s.\n\n",
            cost_text(text, sizeof text, costs, n));
    free(costs);
}

static bool has_map(const struct view *view)
{
    return view_has_searches(view, RESULT_OF_MAP);
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
    fputs(" What a task or region adds is the pool's time beyond an ideal share of serial's, with "
          "empty tasks.\n\n",
        out);
    if (has_map(view))
        fputs("The map shows the speedup for each grain and number of tasks: a pool needs both, "
              "tasks that are long enough and enough of them.\n\n",
            out);
}

static void put_view(FILE *out, const struct report *report, const struct view *view)
{
    put_explanation(out, view);
    if (view->verdict.level != VERDICT_TRUSTED)
        fprintf(out, "> **%s**: see the reasons above%s\n\n", verdict_name(view->verdict.level),
            view->verdict.level == VERDICT_REFUSED ? ". Do not use these numbers." : "");
    struct crossing *rows;
    size_t n = crossing_all(view->result, &rows);
    put_pools(out, view, rows, n);
    put_bytes(out, view, rows, n);
    free(rows);
    put_cost(out, view);
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
