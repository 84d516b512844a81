/* The table of pictures. */
#include "picture.h"

#include "../analyze/reading.h"
#include "gnuplot.h"
#include "markdown.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* One pool with an interval makes a picture. */
static bool fits_sweep(const struct view *view)
{
    for (size_t i = 0; i < view->rows_count; i++)
        if (!view_is_serial(&view->rows[i]) && isfinite(view->rows[i].summary.speedup.lo))
            return true;
    return false;
}

static bool fits_io(const struct view *view)
{
    return view_is_io(view) && fits_sweep(view);
}

static bool fits_searches(const struct view *view, enum result_axis axis)
{
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct view_search *search = &view->searches[i];
        if (search->search->axis == axis && view_is_breakeven(search) && search->points_count > 1 &&
            search->search->config.workers == view_shown_workers(view))
            return true;
    }
    return false;
}

static bool fits_grain(const struct view *view)
{
    return fits_searches(view, RESULT_BY_GRAIN);
}

static bool fits_tasks(const struct view *view)
{
    return fits_searches(view, RESULT_BY_TASKS);
}

/* Two numbers of bytes make a curve. */
static bool fits_bytes(const struct view *view)
{
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct result_search *search = view->searches[i].search;
        if (search->axis == RESULT_BY_CALLS && search->payload + search->result > 0)
            return true;
    }
    return false;
}

static bool fits_map(const struct view *view)
{
    for (size_t i = 0; i < view->searches_count; i++)
        if (view->searches[i].search->axis == RESULT_OF_MAP && view->searches[i].points_count > 3)
            return true;
    return false;
}

/* More lines than these cannot be told apart. */
#define LINES_MAX 12

static bool fits_axis(const struct view *view)
{
    const struct result *result = view->result;
    size_t subjects = 0;
    for (size_t i = 0; i < result->figures_count; i++)
        subjects += reading_is_first(result, i, READING_SUBJECT);
    return view_has_survey(view) && result->axis && subjects <= LINES_MAX;
}

const struct picture pictures[] = {
    {"speedup", "speedup", "speedup.gp", "speedup against workers", fits_sweep},
    {"efficiency", "speedup", "efficiency.gp", "efficiency against workers", fits_sweep},
    {"throughput", "speedup", "throughput.gp", "tasks a second against workers", fits_io},
    {"grain", "grain", "breakeven-grain.gp", "time a task against its grain", fits_grain},
    {"tasks", "tasks", "breakeven-tasks.gp", "time of all tasks against their number", fits_tasks},
    {"fit", "fit", "fit.gp", "measured throughput, fitted curves and their bands", view_has_fits},
    {"bytes", "bytes", "breakeven-bytes.gp", "cost and break-even against bytes a task",
        fits_bytes},
    {"map", "map", "breakeven-map.gp", "speedup over grain and number of tasks", fits_map},
    {"survey", "survey", "survey.gp", "figures along the axis", fits_axis},
    {0},
};

int picture_draw_all(
    const struct view *view, const char *folder, const char *plots, char *why, size_t size)
{
    static const char *const endings[] = {"svg", "png"};
    char script[PATH_MAX], data[PATH_MAX], path[PATH_MAX];
    for (const struct picture *picture = pictures; picture->name; picture++)
        for (size_t i = 0; i < 2 && picture->fits(view); i++) {
            snprintf(script, sizeof script, "%s/%s", plots, picture->script);
            snprintf(data, sizeof data, "%s/%s.%s.dat", folder, view->label, picture->data);
            snprintf(
                path, sizeof path, "%s/%s.%s.%s", folder, view->label, picture->name, endings[i]);
            if (gnuplot_draw(script, data, path, why, size))
                return -1;
        }
    return 0;
}

static unsigned embed(FILE *out, const struct view *view, const char *folder, bool curves)
{
    char path[PATH_MAX];
    unsigned n = 0;
    for (const struct picture *picture = pictures; picture->name; picture++) {
        if (!picture->fits(view) || (picture->fits == view_has_fits) != curves)
            continue;
        n++;
        snprintf(path, sizeof path, "%s/%s.%s.svg", folder, view->label, picture->name);
        fputs("![", out);
        markdown_text(out, view->label);
        fprintf(out, ": %s](", picture->caption);
        markdown_path(out, path);
        fputs(")\n\n", out);
    }
    return n;
}

unsigned picture_embed_all(FILE *out, const struct view *view, const char *folder)
{
    return embed(out, view, folder, false);
}

unsigned picture_embed_fits(FILE *out, const struct view *view, const char *folder)
{
    return embed(out, view, folder, true);
}
