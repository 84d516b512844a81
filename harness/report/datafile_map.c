/* The data file of the map: the speedup over grain and number of tasks as a grid, the way gnuplot
 * draws contours from: a block a grain, all of the same numbers of tasks. */
#include "datafile.h"

#include "../analyze/crossing.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define NS 1e-9

static const char header[] =
    "# Index 0: title, number of maps. Then two indices a map, first what it is about:\n"
    "#   1 label, 2 ideal speedup, 3 from grain, 4 to, 5 from tasks, 6 to\n"
    "# then its grid, a block a grain, in the columns\n"
    "#   1 grain in seconds (serial's measured time), 2 tasks, 3 speedup, 4 low, 5 high,\n"
    "#   6 paired blocks\n"
    "# Low and high are the 95 % interval's ends; NaN: none, or not measured.\n";

/* What serial takes for a task of the column that begins at point `at`: the median of its cells. */
static double column_s(const struct view_search *map, size_t at)
{
    double *x = calloc(map->points_count, sizeof *x);
    size_t n = 0;
    for (size_t i = at; x && i < map->points_count; i++)
        if (map->points[i].nominal == map->points[at].nominal)
            x[n++] = map->points[i].x * NS;
    double median = x ? stat_median(x, n) : NAN;
    free(x);
    return median;
}

static bool begins_column(const struct view_search *map, size_t at)
{
    return at == 0 || map->points[at].nominal != map->points[at - 1].nominal;
}

/* Sorted by grain, then tasks: the first column has all numbers of tasks, since the shortest tasks
 * are measured in the longest regions. */
static size_t column_length(const struct view_search *map)
{
    size_t n = 1;
    while (n < map->points_count && !begins_column(map, n))
        n++;
    return n;
}

static void put_column(FILE *out, const struct view_search *map, size_t at)
{
    double grain = column_s(map, at);
    for (size_t i = 0; i < column_length(map); i++) {
        const struct bracket_point *cell = bracket_cell(
            map->points, map->points_count, map->points[at].nominal, map->points[i].tasks);
        const struct interval none = {NAN, NAN, NAN};
        datafile_put_number(out, grain);
        fprintf(out, " %" PRIu64, map->points[i].tasks);
        datafile_put_interval(out, cell ? cell->speedup : none);
        fprintf(out, " %zu\n", cell ? cell->n : 0);
    }
}

static void put_about(FILE *out, const struct view *view, const struct view_search *map)
{
    const struct result_config *config = &map->search->config;
    char label[sizeof(struct result_name) + 64], chunk[32] = "";
    if (config->chunk != 1)
        snprintf(
            chunk, sizeof chunk, config->chunk ? ", chunk %" PRIu64 : ", guided", config->chunk);
    snprintf(
        label, sizeof label, "%s \u00d7 %u%s", result_name(config).text, config->workers, chunk);
    datafile_put_text(out, label);
    size_t last = map->points_count - 1;
    while (!begins_column(map, last))
        last--;
    datafile_put_number(out, crossing_target(view->result, config->workers, 1));
    datafile_put_number(out, column_s(map, 0));
    datafile_put_number(out, column_s(map, last));
    fprintf(out, " %" PRIu64 " %" PRIu64 "\n", map->points[0].tasks,
        map->points[column_length(map) - 1].tasks);
}

static bool is_map(const struct view_search *search)
{
    return search->search->axis == RESULT_OF_MAP && search->points_count > 0;
}

void datafile_put_map(FILE *out, const struct view *view)
{
    size_t maps = 0;
    for (size_t i = 0; i < view->searches_count; i++)
        maps += is_map(&view->searches[i]);
    fprintf(out, "# Speedup over grain and number of tasks, derived from %s.json.\n%s", view->label,
        header);
    datafile_put_title(out, view, "speedup over grain and number of tasks");
    fprintf(out, " %zu\n", maps);
    for (size_t i = 0; i < view->searches_count; i++) {
        const struct view_search *map = &view->searches[i];
        if (!is_map(map))
            continue;
        fputs("\n\n# a map\n", out);
        put_about(out, view, map);
        fputs("\n\n# its grid\n", out);
        for (size_t j = 0; j < map->points_count; j++) {
            if (!begins_column(map, j))
                continue;
            if (j > 0)
                fputc('\n', out);
            put_column(out, map, j);
        }
    }
}
