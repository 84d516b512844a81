/* From a least-squares curve to what is said of it. The covariance is that of all the law's
 * coefficients even where one is at its bound: data that puts it there does not know it exactly. */
#include "fit.h"

#include "bootstrap.h"
#include "student.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond, Student's t is the normal distribution to four digits. */
#define DF_MAX 10000

static const struct interval none = {NAN, NAN, NAN};

static size_t df_of(const struct fit_model *model)
{
    return model->df < DF_MAX ? model->df : DF_MAX;
}

/* ---- coefficients ---- */

static struct interval t_interval(size_t coefficient, double value, double off)
{
    double most = coefficient == CURVE_SIGMA ? 1 : INFINITY;
    return (struct interval){value, fmax(0, value - off), fmin(most, value + off)};
}

static double figure_coefficient(const struct curve *curve, double coefficient)
{
    return curve->at[(size_t)coefficient];
}

/* 0 where there is no peak. */
static double figure_inverse_peak(const struct curve *curve, double unused)
{
    (void)unused;
    return 1 / curve_peak(curve);
}

static struct interval bootstrap(
    const struct fit_model *model, double (*figure)(const struct curve *, double), double at)
{
    return bootstrap_interval(
        &model->curve, model->refits, model->refits_count, df_of(model), figure, at);
}

static void set_coefficients(
    struct fit_model *model, double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS])
{
    double t = student_quantile(1 - STAT_ALPHA / 2, df_of(model));
    for (size_t j = 0; j < CURVE_COEFFICIENTS; j++) {
        struct fit_coefficient *at = &model->at[j];
        *at = (struct fit_coefficient){none, NAN, none};
        if (j >= curve_coefficients(model->curve.law))
            continue;
        at->se = model->rse * sqrt(inverse[j][j]);
        at->t = t_interval(j, model->curve.at[j], t * at->se);
        at->bootstrap = bootstrap(model, figure_coefficient, (double)j);
    }
}

/* What rounding alone leaves counts as nothing, so that of exact curves the simpler one wins. */
static double aicc_of(const struct fit_model *model, const struct squares_size *sizes)
{
    double n = (double)model->rows, k = (double)curve_coefficients(model->curve.law) + 1;
    double most = 0;
    for (size_t i = 0; i < model->sizes; i++)
        most = fmax(most, sizes[i].mean);
    double left = fmax(model->rss / n, pow(1e3 * DBL_EPSILON * most, 2));
    return n - k - 1 > 0 ? n * log(left) + 2 * k + 2 * k * (k + 1) / (n - k - 1) : NAN;
}

/* ---- what follows from them ---- */

struct interval fit_throughput(const struct fit_model *model, double n)
{
    return bootstrap(model, curve_throughput, n);
}

static void set_peak(struct fit_model *model)
{
    double limit = curve_limit(&model->curve);
    model->has_peak = model->at[CURVE_KAPPA].t.lo > 0;
    model->limit = isfinite(limit) && limit > 0 ? limit : NAN;
    const struct interval inverse = bootstrap(model, figure_inverse_peak, 0);
    model->peak_n = model->has_peak
                        ? (struct interval){1 / inverse.value, 1 / inverse.hi, 1 / inverse.lo}
                        : none;
}

/* ---- a law ---- */

static int refuse(struct fit_model *model, const char *cause)
{
    snprintf(model->why, sizeof model->why, "%s", cause);
    return -1;
}

static int describe(struct fit_model *model, const struct bootstrap_sample *sample,
    const struct fit_options *options)
{
    double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS];
    if (squares_inverse(&model->curve, sample->sizes, sample->sizes_count, inverse))
        return refuse(model, "these sizes do not determine its coefficients");
    model->df = model->rows - curve_coefficients(model->curve.law);
    model->rss = squares_left(&model->curve, sample->sizes, sample->sizes_count);
    model->rse = sqrt(model->rss / (double)model->df);
    model->aicc = aicc_of(model, sample->sizes);
    model->refits = options->replicates ? calloc(options->replicates, sizeof *model->refits) : NULL;
    if (model->refits)
        model->refits_count = bootstrap_refits(
            &model->curve, sample, inverse, options->replicates, options->seed, model->refits);
    set_coefficients(model, inverse);
    set_peak(model);
    model->fitted = true;
    return 0;
}

int fit_law(struct fit_model *model, enum curve_law law, const struct squares_row *rows,
    size_t count, const struct fit_options *options)
{
    struct squares_size *sizes;
    size_t needed = curve_coefficients(law) + FIT_SIZES_BEYOND;
    *model = (struct fit_model){.curve.law = law, .rows = count};
    model->sizes = squares_sizes(rows, count, &sizes);
    int status = 0;
    if (count > 0 && model->sizes == 0) {
        snprintf(model->why, sizeof model->why, "more than %d distinct sizes", SQUARES_SIZES_MAX);
        status = -1;
    } else if (model->sizes < needed) {
        snprintf(model->why, sizeof model->why,
            "%zu coefficients need at least %zu distinct sizes to be checked, not %zu",
            needed - FIT_SIZES_BEYOND, needed, model->sizes);
        status = -1;
    } else if (squares_fit(law, sizes, model->sizes, NULL, &model->curve))
        status = refuse(model, "no set of coefficients fits best");
    const struct bootstrap_sample sample = {rows, count, sizes, model->sizes};
    if (status == 0)
        status = describe(model, &sample, options);
    free(sizes);
    return status;
}

/* Without AICc's correction, which too few rows leave undefined, only laws with as many
 * coefficients meet, and there it is the sum of squares that decides. */
static bool is_better(const struct fit_model *a, const struct fit_model *b)
{
    if (isnan(a->aicc) != isnan(b->aicc))
        return isnan(b->aicc);
    return isnan(a->aicc) ? a->rss < b->rss : a->aicc < b->aicc;
}

void fit_clear(struct fit_model *model)
{
    free(model->refits);
    model->refits = NULL;
    model->refits_count = 0;
}

int fit_all(struct fit *fit, const struct squares_row *rows, size_t count,
    const struct fit_options *options)
{
    fit->chosen = -1;
    for (int law = 0; law < CURVE_LAWS; law++) {
        struct fit_model *model = &fit->models[law];
        if (fit_law(model, (enum curve_law)law, rows, count, options) == 0 &&
            (fit->chosen < 0 || is_better(model, &fit->models[fit->chosen])))
            fit->chosen = law;
    }
    return fit->chosen < 0 ? -1 : 0;
}
