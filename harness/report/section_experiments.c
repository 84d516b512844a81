/* The source material's experiments: what Python tutorials on joblib, multiprocessing,
 * multiprocessing.dummy, threading and concurrent.futures report, and what was measured here.
 * Their figures are single runs on machines that they do not name; ratios compare, seconds do not.
 */
#include "markdown.h"
#include "number.h"
#include "section.h"

#include <math.h>
#include <string.h>

#define UNNAMED NAN

static const struct experiment {
    const char *name;
    const char *seconds;       /* theirs */
    const char *ratio, *ideal; /* theirs */
    const char *label;         /* of our result file */
    const char *backend;       /* the one that is theirs in C */
    unsigned workers;          /* 0: as many as usable CPUs */
} experiments[] = {
    {"URL fetch, pool of 4", "14.4 s to 3.1 s", "4.6", "4", "http", "threads", 4},
    {"URL fetch, pool of 8", "14.4 s to 1.4 s", "10.3", "8", "http", "threads", 8},
    {"URL fetch, pool of 13", "14.4 s to 1.3 s", "11.1", "13", "http", "threads", 13},
    {"HTTP requests, joblib, 50 threads", "100 in 17 s, 1,000 in 5 s", "34", "50", "http",
        "threads", 50},
    {"thumbnails of about 6,000 images, processes", "27.9 s to 5.6 s", "5.0", "cores not named",
        "thumbnails", "processes", 0},
    {"sum of i + i\u00b2 + i\u00b3 below 10\u2076, twice, 2 threads", "3.43 s to 4.51 s", "0.76",
        "2", "powersum", "threads", 2},
    {"the same, 2 processes", "3.43 s to 1.78 s", "1.93", "2", "powersum", "processes", 2},
    {"20 sleeps of 1 s, 4 workers", "rounds of 4", "3.9", "4", "sleep-20", "threads", 4},
    {"20 sleeps of 1 s, 3 workers", "rounds of 3", "2.8", "2.9", "sleep-20", "threads", 3},
};
#define EXPERIMENTS (sizeof experiments / sizeof *experiments)

/* Why figures may differ, by our label. */
static const struct {
    const char *label, *text;
} differences[] = {
    {"http",
        "theirs fetch pages of the web; the 8-worker figure lies above its ideal, as there were "
        "neither repeats nor an interval. Ours asks a server on this machine that waits before "
        "it answers, unless `urls` is given"},
    {"thumbnails", "theirs are photographs on disk, in Python; ours are made by the program "
                   "unless `input` is given"},
    {"powersum",
        "their 0.76 is the Python interpreter's lock, which lets one thread compute at "
        "a time; C threads have none. Ours may add up more numbers, so that a region is long "
        "enough to time"},
    {"sleep-20", "their seconds are read off the time stamps of the rounds; ours may wait for a "
                 "shorter time, which makes the pool's own cost weigh more"},
};
#define DIFFERENCES (sizeof differences / sizeof *differences)

static const struct view *view_named(const struct input *input, const char *label)
{
    for (size_t i = 0; i < input->views_count; i++)
        if (strcmp(input->views[i].label, label) == 0 && view_has_sweep(&input->views[i]))
            return &input->views[i];
    return NULL;
}

/* The best speedup that could be: even waits run in whole rounds, computing is bound by CPUs. */
static double ideal_of(const struct view *view, unsigned workers)
{
    double tasks = (double)view->result->tasks;
    if (view_is_io(view) && view->result->even && tasks > 0)
        return tasks / ceil(tasks / workers);
    return summary_ideal(view->result, workers);
}

static const struct view_row *serial_row(const struct view *view)
{
    return view->rows_count > 0 && view_is_serial(&view->rows[0]) ? &view->rows[0] : NULL;
}

static void put_ours(FILE *out, const struct view *view, const struct view_row *row)
{
    const struct view_row *serial = serial_row(view);
    fprintf(out, "%s, %u |", result_name(row->config).text, row->config->workers);
    if (serial)
        fprintf(out, " %s to %s |", number_seconds(serial->summary.region_s).text,
            number_seconds(row->summary.region_s).text);
    else
        fputs(" \u2013 |", out);
    fprintf(out, " %s%s%s | %.3g |\n", number_interval(row->summary.speedup).text,
        view->verdict.level == VERDICT_TRUSTED ? "" : " ",
        view->verdict.level == VERDICT_TRUSTED ? "" : verdict_name(view->verdict.level),
        ideal_of(view, row->config->workers));
}

static void put_experiment(
    FILE *out, const struct input *input, const struct experiment *experiment)
{
    const struct view *view = view_named(input, experiment->label);
    const struct view_row *row = NULL;
    if (view)
        row = view_find(view, experiment->backend,
            experiment->workers ? experiment->workers : view->result->usable_cpus);
    fprintf(out, "| %s | %s | %s | %s | ", experiment->name, experiment->seconds, experiment->ratio,
        experiment->ideal);
    if (row && isfinite(row->summary.speedup.value))
        put_ours(out, view, row);
    else
        fputs("not measured in this profile | \u2013 | \u2013 | \u2013 |\n", out);
}

static void put_difference(FILE *out, const struct view *view, const char *text)
{
    const struct result *result = view->result;
    fputs("- ", out);
    markdown_text(out, view->label);
    fprintf(out, ": %s. Here: %s tasks", text, number_whole(result->tasks).text);
    for (size_t i = 0; i < result->params_count; i++) {
        char parameter[512];
        snprintf(
            parameter, sizeof parameter, "%s=%s", result->params[i].name, result->params[i].value);
        fputs(", ", out);
        markdown_code(out, parameter);
    }
    fputs(".\n", out);
}

void section_experiments(FILE *out, const struct report *report)
{
    fputs("## The source material's experiments\n\n"
          "This suite replaces Python tutorials; their experiments, and the same here. Their "
          "figures are single runs on machines that they do not name: compare ratios, not "
          "seconds. Seconds are serial's and the pool's, of all tasks.\n\n"
          "| experiment | theirs | ratio | ideal | here: backend, workers | time | ratio [95 %] | "
          "ideal |\n"
          "| --- | --- | ---: | ---: | --- | --- | --- | ---: |\n",
        out);
    for (size_t i = 0; i < EXPERIMENTS; i++)
        put_experiment(out, &report->input, &experiments[i]);
    fputs("\nWhat differs:\n\n", out);
    for (size_t i = 0; i < DIFFERENCES; i++) {
        const struct view *view = view_named(&report->input, differences[i].label);
        if (view)
            put_difference(out, view, differences[i].text);
    }
    fputc('\n', out);
}
