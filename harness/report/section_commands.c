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

/* The ratio that a command should show by the times measured inside: serial's whole time, in which
 * serial's region gives way to the pool's, with its start and stop. NAN: not known. */
static double expected_ratio(const struct result *result, const struct summary *pool)
{
    int serial = summary_serial(result);
    for (unsigned i = 0; serial >= 0 && i < result->commands_count; i++) {
        if (result->commands[i].config != (unsigned)serial)
            continue;
        double whole = median_seconds(result, i);
        double region = summary_of(result, (unsigned)serial).region_s;
        return whole / (whole - region + pool->region_s + pool->start_s + pool->stop_s);
    }
    return NAN;
}

static void put_expected(FILE *out, struct interval whole, double expected)
{
    if (isfinite(whole.value) && isfinite(expected))
        fprintf(out, "%.2f | %+.1f %% | ", expected, 100 * (whole.value / expected - 1));
    else
        fputs("\u2013 | \u2013 | ", out);
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
    fprintf(out, " | %s | %u | %s | ", result_name(config).text, config->workers,
        number_seconds(median_seconds(result, command)).text);
    if (serial) {
        fputs("1 | 1 | 1 | 1 | \u2013 | ", out);
    } else {
        fprintf(out, "%s | %s | %s | ", number_interval(inside.speedup).text,
            number_interval(inside.cold).text, number_interval(whole).text);
        put_expected(out, whole, expected_ratio(result, &inside));
    }
    if (failed)
        fprintf(out, "**%zu failed** |\n", failed);
    else
        fputs("none |\n", out);
}

static const char heading[] =
    "## Whole commands\n\n"
    "The same tasks as commands, timed from outside by hyperfine: a call a block, every command "
    "once in random order. Ratios are serial's time / the pool's: inside the program with the pool "
    "warm, with its start and stop counted, and of the whole commands. A command also loads the "
    "program and sets the case up, as long for serial as for a pool; the expected ratio is that of "
    "serial's whole command to the same with serial's region replaced by the pool's start, region "
    "and stop.\n\n"
    "| case | backend | workers | median time | inside, warm | inside, with start and stop | whole "
    "command | expected | whole against expected | failed runs |\n"
    "| --- | --- | ---: | ---: | --- | --- | --- | ---: | ---: | --- |\n";

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
