/* What a form reports, in memory that it shares with the program. One report a form; forms write it
 * by the functions of demo.h, drive.c reads it when they have ended. */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include "../demo.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum report_kind { REPORT_EVENT, REPORT_SHOWED, REPORT_CANNOT };

struct report_figure {
    _Atomic bool complete; /* false where its writer was killed in between */
    double value;
    char unit[DEMO_UNIT_MAX];
    char name[DEMO_LINE_MAX];
};

struct report_line {
    _Atomic bool complete;
    enum report_kind kind;
    char text[DEMO_LINE_MAX];
};

struct demo_report {
    _Atomic unsigned figures_count, lines_count; /* begun, also beyond what there is room for */
    _Atomic unsigned showed;                     /* how often demo_showed was called */
    _Atomic unsigned cannot;
    struct report_figure figures[DEMO_FIGURES_MAX];
    struct report_line lines[DEMO_LINES_MAX];
};

/* The i-th figure or line, NULL behind the last; *at goes on behind it, over those that are not
 * complete. Starts with 0. */
const struct report_figure *report_figure_next(const struct demo_report *report, unsigned *at);
const struct report_line *report_line_next(const struct demo_report *report, unsigned *at);

/* The figure of that name, or NULL. */
const struct report_figure *report_figure_named(const struct demo_report *report, const char *name);

/* How many figures and lines there was no room for. */
unsigned report_dropped(const struct demo_report *report);

#endif
