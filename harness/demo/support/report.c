/* A place is claimed by counting up, then filled in, then marked as complete: no lock, which a form
 * that is killed would leave held. */
#include "report.h"

#include "../../measure/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *demo_kind_name(enum demo_kind kind)
{
    static const char *const names[] = {"safety", "liveness", "loss", "speed"};
    return names[kind];
}

const char *demo_reason(const struct demo *demo)
{
    return demo->supported ? demo->supported() : NULL;
}

/* The release pairs with the reader's acquire in report_*_next. */
void demo_figure(const struct demo_run *run, double value, const char *unit, const char *name, ...)
{
    unsigned at = atomic_fetch_add_explicit(&run->report->figures_count, 1, memory_order_relaxed);
    if (at >= DEMO_FIGURES_MAX)
        return;
    struct report_figure *figure = &run->report->figures[at];
    figure->value = value;
    snprintf(figure->unit, sizeof figure->unit, "%s", unit);
    va_list arguments;
    va_start(arguments, name);
    vsnprintf(figure->name, sizeof figure->name, name, arguments);
    va_end(arguments);
    atomic_store_explicit(&figure->complete, true, memory_order_release);
}

static void add_line(
    struct demo_report *report, enum report_kind kind, const char *format, va_list arguments)
{
    unsigned at = atomic_fetch_add_explicit(&report->lines_count, 1, memory_order_relaxed);
    if (at >= DEMO_LINES_MAX)
        return;
    struct report_line *line = &report->lines[at];
    line->kind = kind;
    vsnprintf(line->text, sizeof line->text, format, arguments);
    atomic_store_explicit(&line->complete, true, memory_order_release);
}

void demo_event(const struct demo_run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_line(run->report, REPORT_EVENT, format, arguments);
    va_end(arguments);
}

void demo_showed(const struct demo_run *run, const char *format, ...)
{
    atomic_fetch_add_explicit(&run->report->showed, 1, memory_order_relaxed);
    va_list arguments;
    va_start(arguments, format);
    add_line(run->report, REPORT_SHOWED, format, arguments);
    va_end(arguments);
}

void demo_cannot(const struct demo_run *run, const char *format, ...)
{
    atomic_fetch_add_explicit(&run->report->cannot, 1, memory_order_relaxed);
    va_list arguments;
    va_start(arguments, format);
    add_line(run->report, REPORT_CANNOT, format, arguments);
    va_end(arguments);
    _exit(1);
}

double demo_seconds(const struct demo_run *run, double most)
{
    uint64_t now = clock_now();
    double left = now < run->deadline ? (double)(run->deadline - now) * 1e-9 : 0;
    return most < 0.75 * left ? most : 0.75 * left;
}

const struct report_figure *report_figure_next(const struct demo_report *report, unsigned *at)
{
    while (*at < DEMO_FIGURES_MAX) {
        const struct report_figure *figure = &report->figures[(*at)++];
        if (atomic_load_explicit(&figure->complete, memory_order_acquire))
            return figure;
    }
    return NULL;
}

const struct report_line *report_line_next(const struct demo_report *report, unsigned *at)
{
    while (*at < DEMO_LINES_MAX) {
        const struct report_line *line = &report->lines[(*at)++];
        if (atomic_load_explicit(&line->complete, memory_order_acquire))
            return line;
    }
    return NULL;
}

const struct report_figure *report_figure_named(const struct demo_report *report, const char *name)
{
    unsigned at = 0;
    for (const struct report_figure *figure; (figure = report_figure_next(report, &at));)
        if (strcmp(figure->name, name) == 0)
            return figure;
    return NULL;
}

static unsigned beyond(unsigned count, unsigned room)
{
    return count > room ? count - room : 0;
}

/* Relaxed: the form has ended. */
unsigned report_dropped(const struct demo_report *report)
{
    return beyond(atomic_load_explicit(&report->figures_count, memory_order_relaxed),
               DEMO_FIGURES_MAX) +
           beyond(atomic_load_explicit(&report->lines_count, memory_order_relaxed), DEMO_LINES_MAX);
}
