/* What limits the curves: the law of scalability that each backend's samples fit best. */
#include "markdown.h"
#include "number.h"
#include "picture.h"
#include "section.h"

#include <math.h>

static const char explanation[] =
    "Amdahl's law, Gustafson's and the USL (Gunther 2007) are fitted to each backend's samples by "
    "least squares, and the one that AICc prefers is shown, with 95 % t intervals. **\u03bb** is "
    "the throughput of one worker; **\u03c3** the part of the work that only one worker at a time "
    "can do; **\u03ba** the cost of keeping each pair of workers consistent, by which throughput "
    "has a peak. No peak is named where \u03ba's interval includes 0. \u2020 marks sizes beyond "
    "the usable CPUs: there \u03c3 of a case that computes says that the CPUs run out, not what "
    "the code shares. \u2021 marks laws "
    "that do not describe the data (lack of fit, p < 0.05: sizes are further from the curve than "
    "samples of one size are apart); their intervals take each size for one sample.\n\n";

/* With the laws' short numbers as they are: kappa may be 1e-6. */
static struct number coefficient(struct interval interval)
{
    struct number number = {"\u2013"};
    if (!isnan(interval.value))
        snprintf(number.text, sizeof number.text, "%.3g [%.3g, %.3g]", interval.value, interval.lo,
            interval.hi);
    return number;
}

static void put_row(FILE *out, const struct view *view, const struct view_fit *fit)
{
    const struct fit_model *model = &fit->fit.models[fit->fit.chosen];
    fputs("| ", out);
    markdown_text(out, view->label);
    fprintf(out, " | %s | %zu, to %.0f%s | %s%s | %s | %s | %s | ", fit->backend, model->sizes,
        fit->most, fit->most > view->result->usable_cpus ? " \u2020" : "",
        curve_title(model->curve.law), model->lack_p < STAT_ALPHA ? " \u2021" : "",
        coefficient(model->at[CURVE_LAMBDA].t).text, coefficient(model->at[CURVE_SIGMA].t).text,
        coefficient(model->at[CURVE_KAPPA].t).text);
    if (model->has_peak)
        fprintf(out, "%s tasks/s at %s workers |",
            number_rate(curve_throughput(&model->curve, model->peak_n.value)).text,
            number_count_interval(model->peak_n).text);
    else
        fputs("\u2013 |", out);
    fprintf(out, " %s |\n", number_rate(model->limit).text);
}

static void put_table(FILE *out, const struct report *report)
{
    fputs("| result | backend | sizes | law | \u03bb, tasks/s | \u03c3 | \u03ba | peak | limit, "
          "tasks/s |\n| --- | --- | ---: | --- | --- | --- | --- | --- | ---: |\n",
        out);
    for (size_t i = 0; i < report->input.views_count; i++) {
        const struct view *view = &report->input.views[i];
        for (size_t j = 0; j < view->fits_count; j++)
            if (view->fits[j].fitted)
                put_row(out, view, &view->fits[j]);
    }
    fputc('\n', out);
}

/* Backends without a fit, a line each with the reason. */
static void put_left_out(FILE *out, const struct report *report)
{
    unsigned n = 0;
    for (size_t i = 0; i < report->input.views_count; i++) {
        const struct view *view = &report->input.views[i];
        for (size_t j = 0; j < view->fits_count; j++) {
            if (view->fits[j].fitted)
                continue;
            fputs(n++ ? "" : "Not fitted:\n\n", out);
            fputs("- ", out);
            markdown_text(out, view->label);
            fprintf(out, ", %s: ", view->fits[j].backend);
            markdown_text(out, view->fits[j].why);
            fputc('\n', out);
        }
    }
    if (n)
        fputc('\n', out);
}

void section_fits(FILE *out, const struct report *report)
{
    bool any = false, sweeps = false;
    for (size_t i = 0; i < report->input.views_count; i++) {
        any = any || view_has_fits(&report->input.views[i]);
        sweeps = sweeps || report->input.views[i].fits_count > 0;
    }
    if (!sweeps)
        return;
    fputs("## What limits the curve\n\n", out);
    if (any) {
        fputs(explanation, out);
        put_table(out, report);
    }
    put_left_out(out, report);
    for (size_t i = 0; i < report->input.views_count && report->pictures; i++)
        picture_embed_fits(out, &report->input.views[i], report->link);
}
