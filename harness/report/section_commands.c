/* Whole commands: the same work timed from outside by hyperfine, program start and set-up
 * included, beside what was measured inside. The two must agree where those cost little. */
#include "markdown.h"
#include "number.h"
#include "section.h"

#include <math.h>
#include <stdlib.h>

/* Median wall time of a command's successful runs; NAN: none. */
static double median_seconds(const struct result *result, unsigned command)
{
    double *seconds = calloc(result->runs_count + 1, sizeof *seconds);
    size_t n = 0;
    for (size_t i = 0; seconds && i < result->runs_count; i++)
        if (result->runs[i].command == command && result->runs[i].exit_code == 0)
            seconds[n++] = result->runs[i].wall_s;
    double median = stat_median(seconds, n);
    free(seconds);
    return median;
}

static bool overlap(struct interval a, struct interval b)
{
    return a.lo <= b.hi && b.lo <= a.hi;
}

/* "-1.2 %", and whether the intervals allow for it. */
static void put_difference(FILE *out, struct interval whole, struct interval inside)
{
    if (!isfinite(whole.value) || !isfinite(inside.value)) {
        fputs("\u2013 | ", out);
        return;
    }
    fprintf(out, "%+.1f %%%s | ", 100 * (whole.value / inside.value - 1),
        overlap(whole, inside) ? ", intervals overlap" : "");
}

static void put_command(FILE *out, const struct view *view, unsigned command)
{
    const struct result *result = view->result;
    unsigned index = result->commands[command].config;
    const struct result_config *config = &result->configs[index];
    bool serial = (int)index == summary_serial(result);
    struct summary inside = summary_of(result, index);
    size_t failed;
    struct interval whole = summary_command(result, command, &failed);
    fputs("| ", out);
    markdown_text(out, view->label);
    fprintf(out, " | %s | %u | %s | ", config->backend, config->workers,
        number_seconds(median_seconds(result, command)).text);
    if (serial) {
        fputs("1 | 1 | 1 | \u2013 | ", out);
    } else {
        fprintf(out, "%s | %s | %s | ", number_interval(whole).text,
            number_interval(inside.cold).text, number_interval(inside.speedup).text);
        put_difference(out, whole, inside.cold);
    }
    if (failed)
        fprintf(out, "**%zu failed** |\n", failed);
    else
        fputs("none |\n", out);
}

static const char heading[] =
    "## Whole commands\n\n"
    "The same tasks as commands, timed from outside by hyperfine: a call a block, every command "
    "once in random order. Serial's time / the command's, beside the ratio measured inside the "
    "program, with the pool's start and stop counted and without. A command also loads the "
    "program and sets the case up, once for serial and once for the pool, which draws its ratio "
    "towards 1.\n\n"
    "| case | backend | workers | median time | ratio, whole command | ratio inside, with start "
    "and stop | ratio inside, warm | whole against inside | failed runs |\n"
    "| --- | --- | ---: | ---: | --- | --- | --- | --- | --- |\n";

void section_commands(FILE *out, const struct report *report)
{
    bool any = false;
    for (size_t i = 0; i < report->input.views_count; i++) {
        const struct view *view = &report->input.views[i];
        if (view->result->runs_count == 0)
            continue;
        if (!any)
            fputs(heading, out);
        any = true;
        for (unsigned j = 0; j < view->result->commands_count; j++)
            put_command(out, view, j);
    }
    if (any)
        fputc('\n', out);
}
