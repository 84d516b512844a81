/* The laws, one formula each. All that is special about one of them is in this file. */
#include "curve.h"

#include <math.h>

static const struct {
    const char *name, *title;
    size_t coefficients;
} laws[CURVE_LAWS] = {
    [CURVE_AMDAHL] = {"amdahl", "Amdahl", 2},
    [CURVE_GUSTAFSON] = {"gustafson", "Gustafson", 2},
    [CURVE_USL] = {"usl", "USL", 3},
};

const char *curve_name(enum curve_law law)
{
    return laws[law].name;
}

const char *curve_title(enum curve_law law)
{
    return laws[law].title;
}

size_t curve_coefficients(enum curve_law law)
{
    return laws[law].coefficients;
}

/* What divides lambda N: Amdahl's is USL's without kappa. */
static double divisor(const struct curve *curve, double n)
{
    return 1 + (n - 1) * (curve->at[CURVE_SIGMA] + curve->at[CURVE_KAPPA] * n);
}

double curve_throughput(const struct curve *curve, double n)
{
    double lambda = curve->at[CURVE_LAMBDA];
    if (curve->law == CURVE_GUSTAFSON)
        return lambda * (n - curve->at[CURVE_SIGMA] * (n - 1));
    return lambda * n / divisor(curve, n);
}

void curve_slopes(const struct curve *curve, double n, double slopes[CURVE_COEFFICIENTS])
{
    double lambda = curve->at[CURVE_LAMBDA];
    if (curve->law == CURVE_GUSTAFSON) {
        slopes[CURVE_LAMBDA] = n - curve->at[CURVE_SIGMA] * (n - 1);
        slopes[CURVE_SIGMA] = -lambda * (n - 1);
        slopes[CURVE_KAPPA] = 0;
        return;
    }
    double below = divisor(curve, n), fall = -lambda * n / (below * below);
    slopes[CURVE_LAMBDA] = n / below;
    slopes[CURVE_SIGMA] = fall * (n - 1);
    slopes[CURVE_KAPPA] = curve->law == CURVE_USL ? fall * n * (n - 1) : 0;
}

double curve_peak(const struct curve *curve)
{
    if (curve->at[CURVE_KAPPA] <= 0)
        return INFINITY;
    return fmax(1, sqrt((1 - curve->at[CURVE_SIGMA]) / curve->at[CURVE_KAPPA]));
}

double curve_limit(const struct curve *curve)
{
    double sigma = curve->at[CURVE_SIGMA];
    if (curve->at[CURVE_KAPPA] > 0)
        return 0;
    if (curve->law == CURVE_GUSTAFSON)
        return sigma < 1 ? INFINITY : curve->at[CURVE_LAMBDA];
    return sigma > 0 ? curve->at[CURVE_LAMBDA] / sigma : INFINITY;
}
