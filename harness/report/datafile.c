/* The data files' layout. Scripts in plots/ rely on it: index 0 says what the file is about, so
 * that a picture needs no argument but the file. */
#include "datafile.h"

#include "../util/atomic_file.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define NS 1e-9

/* A quoted text. gnuplot knows no escapes there. */
void datafile_put_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++)
        fputc(*text == '"' ? '\'' : *text, out);
    fputc('"', out);
}

void datafile_put_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, " %.6g", value);
    else
        fputs(" NaN", out);
}

void datafile_put_interval(FILE *out, struct interval interval)
{
    datafile_put_number(out, interval.value);
    datafile_put_number(out, interval.lo);
    datafile_put_number(out, interval.hi);
}

/* A picture travels alone: what must not be believed, or was not measured, says so in its title. */
void datafile_put_title(FILE *out, const struct view *view, const char *name)
{
    char title[2 * RESULT_NAME_MAX];
    snprintf(title, sizeof title, "%s%s%s%s", name, view_is_simulated(view) ? " (simulated)" : "",
        view->verdict.level == VERDICT_TRUSTED ? "" : ", ",
        view->verdict.level == VERDICT_TRUSTED ? "" : verdict_name(view->verdict.level));
    datafile_put_text(out, title);
}

static const char speedup_header[] =
    "# Index 0: title, kind, usable CPUs. Then one index a backend (and chunk, and threads a\n"
    "# process, where a size has several splits), serial first, in the columns\n"
    "#   1 backend, 2 chunk (0: guided), 3 workers,\n"
    "#   4 speedup, 5 low, 6 high,         7 efficiency, 8 low, 9 high,\n"
    "#   10 tasks a second, 11 low, 12 high,   13 seconds a task, 14 low, 15 high,\n"
    "#   16 threads a process (0: all splits are one curve, or there are none)\n"
    "# Low and high are the 95 % interval's ends; NaN: none.\n";

static bool same_kind(const struct view_row *a, const struct view_row *b)
{
    return strcmp(a->config->backend, b->config->backend) == 0 &&
           a->config->chunk == b->config->chunk;
}

/* The threads of a process that tell the row's curve from others of its backend; 0 where each size
 * has one split, so that all are one curve. */
static unsigned series_threads(const struct view *view, const struct view_row *row)
{
    for (size_t i = 0; i < view->rows_count; i++)
        for (size_t j = 0; j < i && same_kind(row, &view->rows[i]); j++)
            if (same_kind(row, &view->rows[j]) &&
                view->rows[i].config->workers == view->rows[j].config->workers)
                return split_threads(row->config->split);
    return 0;
}

static bool same_series(const struct view *view, const struct view_row *a, const struct view_row *b)
{
    return same_kind(a, b) && series_threads(view, a) == series_threads(view, b);
}

static bool begins_series(const struct view *view, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (same_series(view, &view->rows[i], &view->rows[row]))
            return false;
    return true;
}

static void put_row(FILE *out, const struct view *view, const struct view_row *row)
{
    datafile_put_text(out, row->config->backend);
    fprintf(out, " %llu %u", (unsigned long long)row->config->chunk, row->config->workers);
    datafile_put_interval(out, row->summary.speedup);
    datafile_put_interval(out, row->summary.efficiency);
    datafile_put_interval(out, row->summary.tasks_per_s);
    datafile_put_interval(out, row->summary.task_s);
    fprintf(out, " %u\n", series_threads(view, row));
}

static void put_sweep(FILE *out, const struct view *view)
{
    fprintf(out, "# Speedup, efficiency and throughput, derived from %s.json.\n%s", view->label,
        speedup_header);
    datafile_put_title(out, view, view->label);
    fputc(' ', out);
    datafile_put_text(out, view->result->case_kind);
    fprintf(out, " %u\n", view->result->usable_cpus);
    for (size_t i = 0; i < view->rows_count; i++) {
        if (!begins_series(view, i))
            continue;
        fprintf(out, "\n\n# %s\n", view->rows[i].config->backend);
        for (size_t j = i; j < view->rows_count; j++)
            if (same_series(view, &view->rows[i], &view->rows[j]))
                put_row(out, view, &view->rows[j]);
    }
}

static const char search_header[] =
    "# Index 0: title, workers of the pools whose curves are drawn, range of x to draw (from, "
    "to).\n"
    "# Index 1, a line a search:\n"
    "#   1 label, 2 workers, 3 backend, 4 cold, 5 outcome, 6 crossing, 7 low, 8 high,\n"
    "#   9 serial's time there\n"
    "# Then one index a search, in the columns\n"
    "#   1 backend, 2 workers, 3 chunk, 4 cold, 5 x, 6 pool's time, 7 low, 8 high,\n"
    "#   9 serial's time, 10 speedup, 11 low, 12 high, 13 paired blocks\n"
    "# Low and high are the 95 % interval's ends, of a crossing its bracket's; NaN: none.\n";

static const char *outcome_name(enum bracket_outcome outcome)
{
    switch (outcome) {
    case BRACKET_FOUND:
        return "found";
    case BRACKET_ALWAYS_SLOWER:
        return "always-slower";
    case BRACKET_ALWAYS_FASTER:
        return "always-faster";
    case BRACKET_UNDECIDED:
        break;
    }
    return "undecided";
}

static bool is_drawn(const struct view_search *search, enum result_axis axis)
{
    return search->search->axis == axis && view_is_breakeven(search) && search->points_count > 0;
}

/* Serial's time at x: that of the nearest point, scaled to x. */
static double serial_at(const struct view *view, const struct view_search *search, double x)
{
    const struct bracket_point *nearest = search->points;
    for (size_t i = 1; i < search->points_count; i++)
        if (fabs(log(search->points[i].x / x)) < fabs(log(nearest->x / x)))
            nearest = &search->points[i];
    return view_serial_s(view, search, nearest) / (double)nearest->tasks * x;
}

/* Label of a search: "threads x 2, cold". */
static void put_label(FILE *out, const struct view_search *search)
{
    const struct result_search *of = search->search;
    char label[sizeof(struct result_name) + 64], chunk[32] = "";
    if (of->config.chunk > 1)
        snprintf(chunk, sizeof chunk, ", chunk %llu", (unsigned long long)of->config.chunk);
    snprintf(label, sizeof label, "%s \u00d7 %u%s%s", result_name(&of->config).text,
        of->config.workers, chunk,
        of->axis == RESULT_BY_GRAIN ? ""
        : of->cold                  ? ", cold"
                                    : ", warm");
    datafile_put_text(out, label);
}

static void put_crossing(FILE *out, const struct view *view, const struct view_search *search)
{
    const struct result_search *of = search->search;
    const struct interval x = stat_scaled(search->bracket.x, of->axis == RESULT_BY_GRAIN ? NS : 1);
    bool found = search->bracket.outcome == BRACKET_FOUND;
    put_label(out, search);
    fprintf(out, " %u ", of->config.workers);
    datafile_put_text(out, of->config.backend);
    fprintf(out, " %d %s", of->cold, outcome_name(search->bracket.outcome));
    datafile_put_interval(out, x);
    datafile_put_number(out, !found                        ? NAN
                             : of->axis == RESULT_BY_GRAIN ? x.value
                                                           : serial_at(view, search, x.value));
    fputc('\n', out);
}

/* By grain, times are of one task; by tasks, of the region. */
static void put_point(FILE *out, const struct view *view, const struct view_search *search,
    const struct bracket_point *point)
{
    const struct result_search *of = search->search;
    bool by_grain = of->axis == RESULT_BY_GRAIN;
    double serial = by_grain ? point->x * NS : view_serial_s(view, search, point);
    const struct interval speedup = point->speedup;
    datafile_put_text(out, of->config.backend);
    fprintf(out, " %u %llu %d", of->config.workers, (unsigned long long)of->config.chunk, of->cold);
    datafile_put_number(out, by_grain ? point->x * NS : point->x);
    datafile_put_interval(
        out, (struct interval){serial / speedup.value, serial / speedup.hi, serial / speedup.lo});
    datafile_put_number(out, serial);
    datafile_put_interval(out, speedup);
    fprintf(out, " %zu\n", point->n);
}

/* What the x axis must hold: the curves that are drawn and every bracket, in SI units. */
struct range {
    double from, to;
};

static void extend(struct range *range, double x)
{
    range->from = fmin(range->from, x); /* fmin and fmax pass over NAN */
    range->to = fmax(range->to, x);
}

static struct range range_drawn(const struct view *view, enum result_axis axis)
{
    struct range range = {INFINITY, 0};
    double unit = axis == RESULT_BY_GRAIN ? NS : 1;
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct view_search *search = &view->searches[i];
        if (!is_drawn(search, axis))
            continue;
        extend(&range, search->bracket.x.lo * unit);
        extend(&range, search->bracket.x.hi * unit);
        bool curve = search->search->config.workers == view_shown_workers(view);
        for (size_t j = 0; j < search->points_count && curve; j++)
            extend(&range, search->points[j].x * unit);
    }
    return range;
}

static void put_searches(FILE *out, const struct view *view, enum result_axis axis)
{
    const struct range range = range_drawn(view, axis);
    fprintf(out, "# Break-even by %s, derived from %s.json.\n%s",
        axis == RESULT_BY_GRAIN ? "grain" : "number of tasks", view->label, search_header);
    datafile_put_title(out, view,
        axis == RESULT_BY_GRAIN ? "break-even by grain" : "break-even by number of tasks");
    fprintf(out, " %u", view_shown_workers(view));
    datafile_put_number(out, range.from);
    datafile_put_number(out, range.to);
    fputs("\n\n\n# crossings\n", out);
    for (size_t i = 0; i < view->searches_count; i++)
        if (is_drawn(&view->searches[i], axis))
            put_crossing(out, view, &view->searches[i]);
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct view_search *search = &view->searches[i];
        if (!is_drawn(search, axis))
            continue;
        fprintf(out, "\n\n# %s, %u workers%s\n", search->search->config.backend,
            search->search->config.workers, search->search->cold ? ", cold" : "");
        for (size_t j = 0; j < search->points_count; j++)
            put_point(out, view, search, &search->points[j]);
    }
}

static void put_grain(FILE *out, const struct view *view)
{
    put_searches(out, view, RESULT_BY_GRAIN);
}

static void put_tasks(FILE *out, const struct view *view)
{
    put_searches(out, view, RESULT_BY_TASKS);
}

static const char fit_header[] =
    "# Index 0: title, kind, usable CPUs. Then two indices a backend, what was measured (medians) "
    "and\n"
    "# the fitted curve, both in the columns\n"
    "#   1 backend, 2 law, 3 workers, 4 tasks a second, 5 low, 6 high\n"
    "# Low and high are the 95 % interval's ends; NaN: none.\n";

/* Points of a curve, from 1 to twice the largest size that was measured. */
#define CURVE_POINTS 80

static void put_fit(FILE *out, const struct view *view, const struct view_fit *fit)
{
    const struct fit_model *model = &fit->fit.models[fit->fit.chosen];
    const char *law = curve_title(model->curve.law);
    fprintf(out, "\n\n# %s\n", fit->backend);
    for (size_t i = 0; i < view->rows_count; i++) {
        const struct view_row *row = &view->rows[i];
        if (strcmp(row->config->backend, fit->backend) != 0)
            continue;
        fprintf(out, "\"%s\" \"%s\" %u", fit->backend, law, row->config->workers);
        datafile_put_interval(out, row->summary.tasks_per_s);
        fputc('\n', out);
    }
    fprintf(out, "\n\n# %s, fitted\n", fit->backend);
    for (int i = 0; i <= CURVE_POINTS; i++) {
        double n = pow(2 * fit->most, (double)i / CURVE_POINTS);
        fprintf(out, "\"%s\" \"%s\"", fit->backend, law);
        datafile_put_number(out, n);
        datafile_put_interval(out, fit_throughput(model, n));
        fputc('\n', out);
    }
}

static void put_fits(FILE *out, const struct view *view)
{
    fprintf(
        out, "# Fitted curves of throughput, derived from %s.json.\n%s", view->label, fit_header);
    datafile_put_title(out, view, view->label);
    fputc(' ', out);
    datafile_put_text(out, view->result->case_kind);
    fprintf(out, " %u\n", view->result->usable_cpus);
    for (size_t i = 0; i < view->fits_count; i++)
        if (view->fits[i].fitted)
            put_fit(out, view, &view->fits[i]);
}

static int write_one(const struct view *view, const char *folder, const char *name,
    void (*put)(FILE *, const struct view *), char *why, size_t size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s.%s.dat", folder, view->label, name);
    struct atomic_file *file = atomic_open(path, why, size);
    if (!file)
        return -1;
    put(atomic_stream(file), view);
    return atomic_commit(file, why, size);
}

int datafile_write_all(const struct view *view, const char *folder, char *why, size_t size)
{
    if (view_has_sweep(view) && write_one(view, folder, "speedup", put_sweep, why, size))
        return -1;
    if (view_has_fits(view) && write_one(view, folder, "fit", put_fits, why, size))
        return -1;
    if (view_has_searches(view, RESULT_BY_GRAIN) &&
        write_one(view, folder, "grain", put_grain, why, size))
        return -1;
    if (view_has_searches(view, RESULT_BY_TASKS) &&
        write_one(view, folder, "tasks", put_tasks, why, size))
        return -1;
    if (view_has_searches(view, RESULT_BY_CALLS) &&
        write_one(view, folder, "bytes", datafile_put_bytes, why, size))
        return -1;
    if (view_has_searches(view, RESULT_OF_MAP) &&
        write_one(view, folder, "map", datafile_put_map, why, size))
        return -1;
    if (view_has_survey(view) && view->result->axis &&
        write_one(view, folder, "survey", datafile_put_survey, why, size))
        return -1;
    return 0;
}
