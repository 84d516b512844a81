/* What the report needs of one result file, derived once: rows in the order of the tables, the
 * verdict, and the points and brackets of break-even searches. */
#ifndef REPORT_VIEW_H
#define REPORT_VIEW_H

#include "../analyze/bracket.h"
#include "../analyze/fit.h"
#include "../analyze/summary.h"
#include "../analyze/verdict.h"
#include "../store/result.h"

struct view_row {
    unsigned index; /* into the result's configs */
    const struct result_config *config;
    struct summary summary;
};

struct view_search {
    unsigned index; /* into the result's searches */
    const struct result_search *search;
    struct bracket_point *points;
    size_t points_count;
    struct bracket bracket;
};

struct view_fit {
    const char *backend;
    bool fitted;   /* at least one law is */
    char why[256]; /* if not: a clause */
    struct fit fit;
    double most; /* the largest size */
};

struct view {
    char *label; /* the file's name without .json */
    struct result *result;
    struct verdict verdict;
    struct view_row *rows; /* of a sweep: serial first, then by backend, chunk and workers */
    size_t rows_count;
    struct view_search *searches; /* by backend, workers and chunk; as in the file within */
    size_t searches_count;
    struct view_fit *fits; /* of a sweep: a backend each but serial, as in the file */
    size_t fits_count;
};

/* Derives everything; result is the view's from now on. Out of memory aborts with a message. */
void view_make(struct view *view, const char *label, struct result *result);
void view_clear(struct view *view);

/* The configuration to name where only one can be: the fewest workers whose interval of the speedup
 * overlaps that of the fastest; where any pool is significantly faster than serial, among those
 * that are. NULL: no pool has an interval. */
const struct view_row *view_best(const struct view *view);

/* Of one backend: the fewest workers whose interval overlaps that of its fastest size, whether that
 * is faster than serial or not. NULL: none has an interval. */
const struct view_row *view_best_of(const struct view *view, const char *backend);

/* The row of a backend and a size, default chunk before others. NULL: not measured. */
const struct view_row *view_find(const struct view *view, const char *backend, unsigned workers);

bool view_is_serial(const struct view_row *row);
bool view_is_io(const struct view *view);
bool view_is_simulated(const struct view *view);

/* Whether it holds a sweep's samples; break-even's searches. */
bool view_has_sweep(const struct view *view);
bool view_has_searches(const struct view *view, enum result_axis axis);

/* Whether it holds a survey's readings. */
bool view_has_survey(const struct view *view);

/* Whether a curve could be fitted to any backend's samples. */
bool view_has_fits(const struct view *view);

/* Whether a search looks for speedup 1, and not for METG(50) elsewhere. */
bool view_is_breakeven(const struct view_search *search);

/* The pool size to speak of where one must do: the usable CPUs, or the largest searched if they
 * were not. 0: no searches. */
unsigned view_shown_workers(const struct view *view);

/* Median seconds of serial's region in the pairs of one point of a search. */
double view_serial_s(
    const struct view *view, const struct view_search *search, const struct bracket_point *point);

/* What a task of the searches by number of tasks costs on one core, in seconds; NAN: none. */
double view_task_s(const struct view *view);

#endif
