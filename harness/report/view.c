/* Deriving a view. Orders are total (backend, chunk, workers, then the file's own order), so that
 * the same samples give the same tables on every libc. */
#include "view.h"

#include "../analyze/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory) {
        fputs("poolbench: out of memory for the report\n", stderr);
        abort();
    }
    return memory;
}

bool view_is_serial(const struct view_row *row)
{
    return strcmp(row->config->backend, "serial") == 0;
}

bool view_is_io(const struct view *view)
{
    return strcmp(view->result->case_kind, "io") == 0;
}

bool view_is_simulated(const struct view *view)
{
    return view->result->simulated != NULL;
}

bool view_has_sweep(const struct view *view)
{
    return view->rows_count > 0;
}

bool view_has_searches(const struct view *view, enum result_axis axis)
{
    for (size_t i = 0; i < view->searches_count; i++)
        if (view->searches[i].search->axis == axis)
            return true;
    return false;
}

bool view_has_survey(const struct view *view)
{
    return view->result->figures_count > 0;
}

bool view_has_fits(const struct view *view)
{
    for (size_t i = 0; i < view->fits_count; i++)
        if (view->fits[i].fitted)
            return true;
    return false;
}

static int compare_unsigned(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_rows(const void *a, const void *b)
{
    const struct view_row *x = a, *y = b;
    int order = view_is_serial(y) - view_is_serial(x);
    if (!order)
        order = strcmp(x->config->backend, y->config->backend);
    if (!order)
        order = compare_unsigned(x->config->chunk, y->config->chunk);
    if (!order)
        order = compare_unsigned(x->config->workers, y->config->workers);
    return order ? order : compare_unsigned(x->index, y->index);
}

/* By backend and size first: the rows of the break-even table. */
static int compare_searches(const void *a, const void *b)
{
    const struct view_search *x = a, *y = b;
    int order = strcmp(x->search->config.backend, y->search->config.backend);
    if (!order)
        order = compare_unsigned(x->search->config.workers, y->search->config.workers);
    if (!order)
        order = compare_unsigned(x->search->config.chunk, y->search->config.chunk);
    return order ? order : compare_unsigned(x->index, y->index);
}

/* A break-even file has configurations too, but no samples of them. */
static void make_rows(struct view *view)
{
    const struct result *result = view->result;
    if (result->samples_count == 0 && result->searches_count > 0)
        return;
    view->rows_count = result->configs_count;
    view->rows = allocate(view->rows_count, sizeof *view->rows);
    for (unsigned i = 0; i < view->rows_count; i++)
        view->rows[i] = (struct view_row){
            .index = i, .config = &result->configs[i], .summary = summary_of(result, i)};
    qsort(view->rows, view->rows_count, sizeof *view->rows, compare_rows);
}

static void make_searches(struct view *view)
{
    const struct result *result = view->result;
    view->searches_count = result->searches_count;
    view->searches = allocate(view->searches_count, sizeof *view->searches);
    for (unsigned i = 0; i < view->searches_count; i++) {
        struct view_search *search = &view->searches[i];
        search->index = i;
        search->search = &result->searches[i];
        search->points_count = bracket_points(result, i, &search->points);
        search->bracket = bracket_of(search->search, search->points, search->points_count);
    }
    qsort(view->searches, view->searches_count, sizeof *view->searches, compare_searches);
}

static void make_fit(struct view_fit *fit, const struct result *result, const char *backend)
{
    const struct fit_options options = {.replicates = FIT_REPLICATES, .seed = result->seed};
    struct squares_row *rows;
    size_t count = series_rows(result, backend, &rows, fit->why, sizeof fit->why);
    fit->backend = backend;
    if (count > 0) {
        fit->fitted = fit_all(&fit->fit, rows, count, &options) == 0;
        snprintf(fit->why, sizeof fit->why, "%s", fit->fit.models[CURVE_AMDAHL].why);
    }
    for (size_t i = 0; i < count; i++)
        fit->most = fmax(fit->most, rows[i].n);
    free(rows);
}

static void make_fits(struct view *view)
{
    while (series_backend(view->result, view->fits_count))
        view->fits_count++;
    view->fits = allocate(view->fits_count, sizeof *view->fits);
    for (size_t i = 0; i < view->fits_count; i++)
        make_fit(&view->fits[i], view->result, series_backend(view->result, i));
}

void view_make(struct view *view, const char *label, struct result *result)
{
    *view = (struct view){.result = result, .verdict = verdict_of(result)};
    view->label = memcpy(allocate(strlen(label) + 1, 1), label, strlen(label) + 1);
    make_rows(view);
    make_searches(view);
    make_fits(view);
}

void view_clear(struct view *view)
{
    for (size_t i = 0; i < view->searches_count; i++)
        free(view->searches[i].points);
    free(view->searches);
    for (size_t i = 0; i < view->fits_count; i++)
        for (size_t j = 0; j < CURVE_LAWS; j++)
            fit_clear(&view->fits[i].fit.models[j]);
    free(view->fits);
    free(view->rows);
    free(view->label);
    result_free(view->result);
}

static bool has_interval(const struct view_row *row)
{
    return !view_is_serial(row) && isfinite(row->summary.speedup.value) &&
           !isnan(row->summary.speedup.lo);
}

/* The fastest of those with an interval; `gains`: of those significantly faster than serial. */
static const struct view_row *fastest_of(const struct view *view, bool gains)
{
    const struct view_row *fastest = NULL;
    for (const struct view_row *row = view->rows; row < view->rows + view->rows_count; row++)
        if (has_interval(row) && (!gains || row->summary.speedup.lo > 1) &&
            (!fastest || row->summary.speedup.value > fastest->summary.speedup.value))
            fastest = row;
    return fastest;
}

const struct view_row *view_best(const struct view *view)
{
    const struct view_row *fastest = fastest_of(view, true), *best = NULL;
    bool gains = fastest != NULL;
    if (!gains)
        fastest = fastest_of(view, false);
    if (!fastest)
        return NULL;
    for (const struct view_row *row = view->rows; row < view->rows + view->rows_count; row++) {
        if (!has_interval(row) || (gains && row->summary.speedup.lo <= 1) ||
            row->summary.speedup.hi < fastest->summary.speedup.lo)
            continue;
        if (!best || row->config->workers < best->config->workers ||
            (row->config->workers == best->config->workers &&
                row->summary.speedup.value > best->summary.speedup.value))
            best = row;
    }
    return best;
}

const struct view_row *view_best_of(const struct view *view, const char *backend)
{
    const struct view_row *fastest = NULL, *best = NULL, *end = view->rows + view->rows_count;
    for (const struct view_row *row = view->rows; row < end; row++)
        if (strcmp(row->config->backend, backend) == 0 && has_interval(row) &&
            (!fastest || row->summary.speedup.value > fastest->summary.speedup.value))
            fastest = row;
    for (const struct view_row *row = view->rows; fastest && row < end; row++)
        if (strcmp(row->config->backend, backend) == 0 && has_interval(row) &&
            row->summary.speedup.hi >= fastest->summary.speedup.lo &&
            (!best || row->config->workers < best->config->workers))
            best = row;
    return best;
}

const struct view_row *view_find(const struct view *view, const char *backend, unsigned workers)
{
    for (size_t i = 0; i < view->rows_count; i++)
        if (view->rows[i].config->workers == workers &&
            strcmp(view->rows[i].config->backend, backend) == 0)
            return &view->rows[i];
    return NULL;
}

bool view_is_breakeven(const struct view_search *search)
{
    return fabs(search->search->target - 1) < 1e-9;
}

unsigned view_shown_workers(const struct view *view)
{
    unsigned shown = 0, cpus = view->result->usable_cpus;
    for (size_t i = 0; i < view->searches_count; i++) {
        unsigned workers = view->searches[i].search->config.workers;
        if (shown != cpus && (workers == cpus || workers > shown))
            shown = workers;
    }
    return shown;
}

double view_serial_s(
    const struct view *view, const struct view_search *search, const struct bracket_point *point)
{
    const struct result *result = view->result;
    double *seconds = allocate(result->pairs_count, sizeof *seconds);
    size_t n = 0;
    for (size_t i = 0; i < result->pairs_count; i++)
        if (result->pairs[i].search == search->index && result->pairs[i].nominal == point->nominal)
            seconds[n++] = result->pairs[i].serial_s;
    double median = stat_median(seconds, n);
    free(seconds);
    return median;
}

double view_task_s(const struct view *view)
{
    const struct result *result = view->result;
    double *seconds = allocate(result->pairs_count, sizeof *seconds);
    size_t n = 0;
    for (size_t i = 0; i < result->pairs_count; i++)
        if (result->searches[result->pairs[i].search].axis == RESULT_BY_TASKS &&
            result->pairs[i].tasks > 0)
            seconds[n++] = result->pairs[i].serial_s / (double)result->pairs[i].tasks;
    double median = stat_median(seconds, n);
    free(seconds);
    return median;
}
