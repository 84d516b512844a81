/* From a least-squares curve to what is said of it. The covariance is that of all the law's
 * coefficients even where one is at its bound: data that puts it there does not know it exactly. */
#include "fit.h"

#include "bootstrap.h"
#include "fisher.h"
#include "student.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond, Student's t is the normal distribution to four digits. */
#define DF_MAX 10000

static const struct interval none = {NAN, NAN, NAN};

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
        &model->curve, model->refits, model->refits_count, model->interval_df, figure, at);
}

static void set_coefficients(struct fit_model *model, double deviation,
    double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS])
{
    double t = student_quantile(1 - STAT_ALPHA / 2, model->interval_df);
    for (size_t j = 0; j < CURVE_COEFFICIENTS; j++) {
        struct fit_coefficient *at = &model->at[j];
        *at = (struct fit_coefficient){none, NAN, none};
        if (j >= curve_coefficients(model->curve.law))
            continue;
        at->se = deviation * sqrt(inverse[j][j]);
        at->t = t_interval(j, model->curve.at[j], t * at->se);
        at->bootstrap = bootstrap(model, figure_coefficient, (double)j);
    }
}

/* A mean square that is no more than rounding. */
static double rounding_of(const struct fit_model *model, const struct squares_size *sizes)
{
    double most = 0;
    for (size_t i = 0; i < model->sizes; i++)
        most = fmax(most, sizes[i].mean);
    return pow(1e3 * DBL_EPSILON * most, 2);
}

/* What rounding alone leaves counts as nothing, so that of exact curves the simpler one wins. */
static double aicc_of(const struct fit_model *model, const struct squares_size *sizes)
{
    double n = (double)model->rows, k = (double)curve_coefficients(model->curve.law) + 1;
    double left = fmax(model->rss / n, rounding_of(model, sizes));
    return n - k - 1 > 0 ? n * log(left) + 2 * k + 2 * k * (k + 1) / (n - k - 1) : NAN;
}

/* Sets the test of lack of fit and the degrees of freedom that follow. Returns the deviation of a
 * row that intervals are to be made with. */
static double set_lack(struct fit_model *model, const struct squares_size *sizes)
{
    double within = 0;
    size_t within_df = model->rows - model->sizes;
    size_t lack_df = model->sizes - curve_coefficients(model->curve.law);
    for (size_t i = 0; i < model->sizes; i++)
        within += sizes[i].within;
    double lack = fmax(0, model->rss - within) / (double)lack_df;
    model->interval_df = model->df < DF_MAX ? model->df : DF_MAX;
    model->lack_p = NAN;
    if (within_df == 0)
        return model->rse;
    double pure = fmax(within / (double)within_df, rounding_of(model, sizes));
    model->lack_p = fisher_above(lack / pure, lack_df, within_df);
    if (model->lack_p >= STAT_ALPHA)
        return model->rse;
    model->interval_df = lack_df;
    return sqrt(lack);
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

static int describe(
    struct fit_model *model, const struct squares_size *sizes, const struct fit_options *options)
{
    double inverse[CURVE_COEFFICIENTS][CURVE_COEFFICIENTS];
    if (squares_inverse(&model->curve, sizes, model->sizes, inverse))
        return refuse(model, "these sizes do not determine its coefficients");
    model->df = model->rows - curve_coefficients(model->curve.law);
    model->rss = squares_left(&model->curve, sizes, model->sizes);
    model->rse = sqrt(model->rss / (double)model->df);
    model->aicc = aicc_of(model, sizes);
    double deviation = set_lack(model, sizes);
    model->refits = options->replicates ? calloc(options->replicates, sizeof *model->refits) : NULL;
    if (model->refits)
        model->refits_count = bootstrap_refits(&model->curve, sizes, model->sizes, deviation,
            options->replicates, options->seed, model->refits);
    set_coefficients(model, deviation, inverse);
    set_peak(model);
    model->fitted = true;
    return 0;
}

/* Whether there are enough distinct sizes, and not too many. */
static int check_sizes(struct fit_model *model)
{
    size_t p = curve_coefficients(model->curve.law);
    if (model->rows > 0 && model->sizes == 0)
        snprintf(model->why, sizeof model->why, "more than %d distinct sizes", SQUARES_SIZES_MAX);
    else if (model->sizes < p + FIT_SIZES_BEYOND)
        snprintf(model->why, sizeof model->why,
            "its %zu coefficients need at least %zu distinct sizes, and there %s %zu", p,
            p + FIT_SIZES_BEYOND, model->sizes == 1 ? "is" : "are", model->sizes);
    else
        return 0;
    return -1;
}

int fit_law(struct fit_model *model, enum curve_law law, const struct squares_row *rows,
    size_t count, const struct fit_options *options)
{
    struct squares_size *sizes;
    *model = (struct fit_model){.curve.law = law, .rows = count};
    model->sizes = squares_sizes(rows, count, &sizes);
    int status = check_sizes(model);
    if (status == 0 && squares_fit(law, sizes, model->sizes, NULL, &model->curve))
        status = refuse(model, "no set of coefficients fits best");
    if (status == 0)
        status = describe(model, sizes, options);
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
